/**
 * The newest value of every tag, as columns by dictionary index: what both pages show. A value knows when it was
 * measured, received, last changed, and last proven to hold, because age on a screen is the age of the last proof.
 */
import { isWide, type LiveValue, type Scalar, type TagDefinition } from "@millwright/wire-contract";

import type { SampleBatch } from "../hand-over.ts";

export class CurrentValues {
  readonly #tags: readonly TagDefinition[];
  readonly #known: Uint8Array;
  readonly #value: Float64Array;
  readonly #wide = new Map<number, Scalar>();
  readonly #status: Uint32Array;
  readonly #measuredUs: Float64Array;
  readonly #receivedUs: Float64Array;
  readonly #changedUs: Float64Array;
  readonly #confirmedUs: Float64Array;
  readonly #deviceConfirmedUs = new Map<string, number>();
  readonly #listeners = new Set<(tags: readonly string[]) => void>();
  readonly #byIndex: (TagDefinition | undefined)[] = [];
  readonly #byId = new Map<string, TagDefinition>();

  /** @param tags those that the settings declare; the dictionary also knows tags that are gone */
  constructor(tags: readonly TagDefinition[]) {
    this.#tags = tags;
    const size = this.#tags.reduce((max, tag) => Math.max(max, tag.index), -1) + 1;
    this.#known = new Uint8Array(size);
    this.#value = new Float64Array(size).fill(NaN);
    this.#status = new Uint32Array(size);
    this.#measuredUs = new Float64Array(size);
    this.#receivedUs = new Float64Array(size);
    this.#changedUs = new Float64Array(size);
    this.#confirmedUs = new Float64Array(size);
    for (const tag of this.#tags) {
      this.#byIndex[tag.index] = tag;
      this.#byId.set(tag.id, tag);
    }
  }

  /** Takes samples in the order of acquisition. Late ones (a device's history) never set a current value. */
  apply(batch: SampleBatch): void {
    if (batch.late) return;
    const changed = this.#listeners.size > 0 ? new Set<number>() : undefined;
    for (let row = 0; row < batch.count; row++) {
      const index = batch.tag[row] ?? -1;
      const value = batch.value[row] ?? NaN;
      const code = batch.status[row] ?? 0;
      const wide = batch.wide?.get(row);
      const same =
        this.#known[index] === 1 &&
        this.#status[index] === code &&
        (wide === undefined
          ? Object.is(this.#value[index], value) && !this.#wide.has(index)
          : sameWide(this.#wide.get(index), wide));
      if (!same) this.#changedUs[index] = batch.measuredUs[row] ?? batch.receivedUs;
      this.#known[index] = 1;
      this.#value[index] = value;
      if (wide === undefined) this.#wide.delete(index);
      else this.#wide.set(index, wide);
      this.#status[index] = code;
      this.#measuredUs[index] = batch.measuredUs[row] ?? NaN;
      this.#receivedUs[index] = batch.receivedUs;
      this.#confirmedUs[index] = batch.receivedUs;
      changed?.add(index);
    }
    if (changed !== undefined) this.#tell(changed);
  }

  /** A proof without a value: for the tags named, or for all of the device. */
  confirm(device: string, atUs: number, tags?: readonly number[]): void {
    if (tags === undefined) {
      this.#deviceConfirmedUs.set(device, atUs);
      return;
    }
    for (const index of tags) this.#confirmedUs[index] = atUs;
    // A page learns of the proof as of a change: the row it receives carries the new time.
    if (this.#listeners.size > 0) this.#tell(new Set(tags));
  }

  /** When each device last proved all its values at once, µs. */
  confirmed(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#deviceConfirmedUs);
  }

  /** @param ids all tags when empty; unknown ids are left out */
  values(ids: readonly string[]): readonly LiveValue[] {
    const tags = ids.length === 0 ? this.#tags : ids.flatMap((id) => this.#byId.get(id) ?? []);
    return tags.map((tag) => this.#toLive(tag));
  }

  onChanged(listener: (tags: readonly string[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #tell(changed: ReadonlySet<number>): void {
    const ids: string[] = [];
    for (const index of changed) {
      const tag = this.#byIndex[index];
      if (tag !== undefined) ids.push(tag.id);
    }
    for (const listener of this.#listeners) listener(ids);
  }

  #toLive(tag: TagDefinition): LiveValue {
    const index = tag.index;
    const known = this.#known[index] === 1;
    return {
      t: tag.id,
      v: known ? toJson(tag, this.#value[index] ?? NaN, this.#wide.get(index)) : null,
      s: this.#status[index] ?? 0,
      m: this.#measuredUs[index] ?? 0,
      r: this.#receivedUs[index] ?? 0,
      // A device that is away proves nothing, and its tags say so by their status; until then the later proof counts.
      c: known
        ? Math.max(this.#confirmedUs[index] ?? 0, this.#deviceConfirmedUs.get(tag.device) ?? 0)
        : 0,
      u: this.#changedUs[index] ?? 0,
    };
  }
}

function sameWide(a: Scalar | undefined, b: Scalar): boolean {
  if (a instanceof Uint8Array && b instanceof Uint8Array) {
    return a.length === b.length && a.every((byte, at) => byte === b[at]);
  }
  return a === b;
}

/** JSON has no NaN, no infinities, no 64-bit integers and no bytes: those travel as text. */
function toJson(
  tag: TagDefinition,
  value: number,
  wide: Scalar | undefined,
): number | string | boolean {
  if (wide !== undefined) {
    if (wide instanceof Uint8Array) return Buffer.from(wide).toString("base64");
    return typeof wide === "bigint" ? wide.toString() : wide;
  }
  if (tag.type === "bool") return value !== 0;
  return Number.isFinite(value) ? value : isWide(tag.type) ? "" : String(value);
}
