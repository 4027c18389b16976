/**
 * How long ago each value was last proven, on the monotonic clock: a clock that is set must not make an old value fresh,
 * nor a fresh one old. Only tags that commands look at are followed.
 */
import { severityOf, type DeviceId } from "@millwright/wire-contract";

import type { SampleBatch, TagView } from "../../hand-over.ts";
import type { Reading } from "./tag-terms.ts";

/** Nearly always, and so one for all. */
const none: readonly number[] = [];

export class Proofs {
  readonly #view: TagView;
  readonly #deviceOf: ReadonlyMap<number, DeviceId>;
  readonly #devices: ReadonlySet<DeviceId>;
  /** 1 where a tag is followed: what each sample is asked. */
  readonly #followed: Uint8Array;
  readonly #provenMs = new Map<number, number>();
  readonly #deviceProvenMs = new Map<DeviceId, number>();

  /** @param deviceOf the tags to follow, by dictionary index */
  constructor(view: TagView, deviceOf: ReadonlyMap<number, DeviceId>) {
    this.#view = view;
    this.#deviceOf = deviceOf;
    this.#devices = new Set(deviceOf.values());
    this.#followed = new Uint8Array(Math.max(-1, ...deviceOf.keys()) + 1);
    for (const index of deviceOf.keys()) this.#followed[index] = 1;
  }

  /** Samples came, which the view already shows. @returns the tags among them that are followed */
  watch(batch: SampleBatch, nowMs: number): readonly number[] {
    if (batch.late || !this.#devices.has(batch.device)) return none;
    let found: number[] | undefined;
    for (let row = 0; row < batch.count; row++) {
      const index = batch.tag[row] ?? -1;
      if (this.#followed[index] !== 1) continue;
      this.#provenMs.set(index, nowMs);
      (found ??= []).push(index);
    }
    return found ?? none;
  }

  /**
   * The device said that its values still hold.
   *
   * @param indices all of the device when absent
   * @returns the tags among them that are followed, and were read before
   */
  proven(device: DeviceId, nowMs: number, indices?: readonly number[]): readonly number[] {
    if (!this.#devices.has(device)) return none;
    if (indices === undefined) this.#deviceProvenMs.set(device, nowMs);
    const found = [...(indices ?? this.#deviceOf.keys())].filter(
      (index) => this.#deviceOf.get(index) === device && this.#provenMs.has(index),
    );
    if (indices !== undefined) for (const index of found) this.#provenMs.set(index, nowMs);
    return found;
  }

  reading(index: number, nowMs: number): Reading {
    const device = this.#deviceOf.get(index);
    const ownMs = this.#provenMs.get(index);
    const value = this.#view.value(index);
    if (device === undefined || ownMs === undefined || value === undefined) {
      return { kind: "unknown", why: "it has not been read since the start" };
    }
    const code = this.#view.status(index);
    if (severityOf(code) !== "good") {
      return { kind: "unknown", why: `its quality is ${severityOf(code)}` };
    }
    const ageMs = nowMs - Math.max(ownMs, this.#deviceProvenMs.get(device) ?? -Infinity);
    if (ageMs > this.#view.freshForUs(index) / 1_000) {
      return { kind: "unknown", why: `it is stale, ${Math.round(ageMs / 1_000)} s old` };
    }
    return { kind: "good", value };
  }
}
