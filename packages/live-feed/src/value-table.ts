/**
 * The newest value of every tag, as columns by dictionary index: what both pages show. A value knows when it was
 * measured, received, last changed, and last proven to hold, because age on a screen is the age of the last proof.
 */
import {
  isWide,
  status as statusCodes,
  TagBook,
  type LiveValue,
  type SampleColumns,
  type Scalar,
  type TagDefinition,
  type TagId,
  type TagTraits,
} from "@millwright/wire-contract";

/** What is known of a tag: nothing, a number, or what a double cannot hold. */
const knownNumber = 1;
const knownWide = 2;

export class ValueTable {
  #book = TagBook.of([]);
  #known = new Uint8Array(0);
  #value = new Float64Array(0);
  #status = new Uint32Array(0);
  #measuredUs = new Float64Array(0);
  #receivedUs = new Float64Array(0);
  #changedUs = new Float64Array(0);
  #confirmedUs = new Float64Array(0);
  /** No proof of a single tag is later than this. */
  #latestUs = 0;
  readonly #wide = new Map<number, Scalar>();
  readonly #deviceConfirmedUs = new Map<string, number>();
  readonly #listeners = new Set<(tags: readonly string[]) => void>();

  constructor(tags: TagBook | readonly TagDefinition[]) {
    this.know(tags);
  }

  get book(): TagBook {
    return this.#book;
  }

  /** Takes the tags that there are now; values of those that stay are kept. */
  know(tags: TagBook | readonly TagDefinition[]): void {
    this.#book = tags instanceof TagBook ? tags : TagBook.of(tags);
    const size = (this.#book.indices.at(-1) ?? -1) + 1;
    if (size <= this.#known.length) return;
    this.#known = grown(this.#known, new Uint8Array(size));
    this.#value = grown(this.#value, new Float64Array(size));
    this.#status = grown(this.#status, new Uint32Array(size));
    this.#measuredUs = grown(this.#measuredUs, new Float64Array(size));
    this.#receivedUs = grown(this.#receivedUs, new Float64Array(size));
    this.#changedUs = grown(this.#changedUs, new Float64Array(size));
    this.#confirmedUs = grown(this.#confirmedUs, new Float64Array(size));
  }

  /** True while a page looks: only then is it worth collecting which tags changed. */
  get watched(): boolean {
    return this.#listeners.size > 0;
  }

  /** Sets the current value of a tag. An index that the table does not know is left alone. */
  set(
    tag: number,
    value: number,
    wide: Scalar | undefined,
    status: number,
    measuredUs: number,
    receivedUs: number,
  ): void {
    if (tag < 0 || tag >= this.#known.length) return;
    const same =
      this.#known[tag] === (wide === undefined ? knownNumber : knownWide) &&
      this.#status[tag] === status &&
      (wide === undefined
        ? Object.is(this.#value[tag], value)
        : sameWide(this.#wide.get(tag), wide));
    if (!same) this.#changedUs[tag] = measuredUs;
    if (wide !== undefined) this.#wide.set(tag, wide);
    else if (this.#known[tag] === knownWide) this.#wide.delete(tag);
    this.#known[tag] = wide === undefined ? knownNumber : knownWide;
    this.#value[tag] = value;
    this.#status[tag] = status;
    this.#measuredUs[tag] = measuredUs;
    this.#receivedUs[tag] = receivedUs;
    // What a broker or an edge node kept says what was, not what is: it proves nothing (field practice 45).
    if (status === statusCodes.uncertainLastUsable) return;
    this.#latestUs = Math.max(this.#latestUs, receivedUs);
    this.#confirmedUs[tag] = Math.max(this.#confirmedUs[tag] ?? 0, receivedUs);
  }

  /**
   * `set` for each row of samples that were received together. Everything that a device says comes through here, and
   * nearly all of it is numbers of neighbouring tags, which are taken a run at a time.
   */
  setRows(rows: SampleColumns, receivedUs: number): void {
    const { count, tag, value, status, measuredUs, wide } = rows;
    for (let row = 0; row < count;) {
      const end = wide === undefined ? this.#runFrom(rows, row) : row;
      if (end > row) {
        this.#setRun(rows, row, end, receivedUs);
        row = end;
        continue;
      }
      this.set(
        tag[row] ?? -1,
        value[row] ?? NaN,
        wide?.get(row),
        status[row] ?? 0,
        measuredUs[row] ?? receivedUs,
        receivedUs,
      );
      row++;
    }
  }

  /** Where the run of rows ends that begins at `row`: numbers that prove what they say, of tags with rising index. */
  #runFrom({ count, tag, value, status }: SampleColumns, row: number): number {
    const known = this.#known;
    const first = tag[row] ?? -1;
    if (first < 0) return row;
    const max = Math.min(count, row + known.length - first);
    let at = row;
    while (
      at < max &&
      tag[at] === first + at - row &&
      known[first + at - row] === knownNumber &&
      status[at] !== statusCodes.uncertainLastUsable &&
      value[at] === value[at]
    )
      at++;
    return at;
  }

  #setRun(rows: SampleColumns, row: number, end: number, receivedUs: number): void {
    const first = rows.tag[row] ?? 0;
    const last = first + end - row;
    const values = rows.value;
    const codes = rows.status;
    const [value, status, changedUs] = [this.#value, this.#status, this.#changedUs];
    for (let at = row, tag = first; at < end; at++, tag++) {
      const number = values[at] ?? NaN;
      const code = codes[at] ?? 0;
      const before = value[tag] ?? NaN;
      // Zeros of either sign are equal and not the same.
      const same = before === number && (number !== 0 || Object.is(before, number));
      if (same && status[tag] === code) continue;
      changedUs[tag] = rows.measuredUs[at] ?? receivedUs;
      value[tag] = number;
      status[tag] = code;
    }
    this.#measuredUs.set(rows.measuredUs.subarray(row, end), first);
    this.#receivedUs.fill(receivedUs, first, last);
    if (receivedUs >= this.#latestUs) {
      this.#latestUs = receivedUs;
      this.#confirmedUs.fill(receivedUs, first, last);
      return;
    }
    for (let tag = first; tag < last; tag++) {
      this.#confirmedUs[tag] = Math.max(this.#confirmedUs[tag] ?? 0, receivedUs);
    }
  }

  /** A proof without a value: for the tags named, or for all of the device. */
  confirm(device: string, atUs: number, tags?: readonly number[]): void {
    if (tags === undefined) {
      this.#deviceConfirmedUs.set(device, atUs);
      return;
    }
    for (const index of tags) this.#confirmedUs[index] = atUs;
    this.#latestUs = Math.max(this.#latestUs, atUs);
    // A page learns of the proof as of a change: the row it receives carries the new time.
    this.tell(new Set(tags));
  }

  /** When one value was last proven to hold, alone or with all of its device, and how good it is. */
  proofOf(index: number): {
    readonly known: boolean;
    readonly status: number;
    readonly confirmedUs: number;
  } {
    const device = this.#book.traitsOf(index)?.device ?? "";
    return {
      known: this.#known[index] !== 0,
      status: this.#status[index] ?? 0,
      confirmedUs: Math.max(
        this.#confirmedUs[index] ?? 0,
        this.#deviceConfirmedUs.get(device) ?? 0,
      ),
    };
  }

  /**
   * The newest value as it came: a number (of a Boolean tag 0 or 1), or what a double cannot hold; undefined before the
   * first. Nothing is allocated, for those who look at each sample.
   */
  valueAt(index: number): Scalar | undefined {
    const known = this.#known[index];
    return known === knownNumber
      ? this.#value[index]
      : known === knownWide
        ? this.#wide.get(index)
        : undefined;
  }

  /** Of the newest value; 0 before the first. */
  statusAt(index: number): number {
    return this.#status[index] ?? 0;
  }

  /** When the newest value was measured, µs; 0 before the first. */
  measuredUsAt(index: number): number {
    return this.#measuredUs[index] ?? 0;
  }

  /** When the newest value was last proven to hold, alone or with all of its device, µs; 0 before the first. */
  confirmedUsAt(index: number): number {
    const alone = this.#confirmedUs[index] ?? 0;
    if (this.#known[index] === 0 || this.#deviceConfirmedUs.size === 0) return alone;
    const device = this.#book.traitsOf(index)?.device ?? "";
    return Math.max(alone, this.#deviceConfirmedUs.get(device) ?? 0);
  }

  /** When each device last proved all its values at once, µs. */
  confirmed(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#deviceConfirmedUs);
  }

  /** @param ids all tags when empty; unknown ids are left out */
  values(ids: readonly string[]): readonly LiveValue[] {
    const wanted =
      ids.length === 0
        ? [...this.#book.indices]
        : ids.flatMap((id) => this.#book.indexOf(id) ?? []);
    return wanted.flatMap((index) => {
      const [id, traits] = [this.#book.idOf(index), this.#book.traitsOf(index)];
      return id === undefined || traits === undefined ? [] : this.#toLive(index, id, traits);
    });
  }

  onChanged(listener: (tags: readonly string[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Tells those who look which tags changed. */
  tell(changed: ReadonlySet<number>): void {
    if (this.#listeners.size === 0) return;
    const ids: string[] = [];
    for (const index of changed) {
      const id = this.#book.idOf(index);
      if (id !== undefined) ids.push(id);
    }
    for (const listener of this.#listeners) listener(ids);
  }

  #toLive(index: number, id: TagId, tag: TagTraits): LiveValue {
    const known = this.#known[index] !== 0;
    return {
      t: id,
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

function grown<T extends Uint8Array | Uint32Array | Float64Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

function sameWide(a: Scalar | undefined, b: Scalar): boolean {
  if (a instanceof Uint8Array && b instanceof Uint8Array) {
    return a.length === b.length && a.every((byte, at) => byte === b[at]);
  }
  return a === b;
}

/** JSON has no NaN, no infinities, no 64-bit integers and no bytes: those travel as text. */
function toJson(
  tag: TagTraits,
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
