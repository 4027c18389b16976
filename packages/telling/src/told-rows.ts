import type { SampleColumns, Scalar } from "@millwright/wire-contract";

/** Rows that were found worth telling, as columns that grow with use and are filled again after each frame. */
export class ToldRows {
  #tag: Int32Array = new Int32Array(firstRows);
  #measuredUs: Float64Array = new Float64Array(firstRows);
  #value: Float64Array = new Float64Array(firstRows);
  #status: Uint32Array = new Uint32Array(firstRows);
  readonly #wide = new Map<number, Scalar>();
  #count = 0;

  get count(): number {
    return this.#count;
  }

  push(tag: number, measuredUs: number, value: number, status: number, wide?: Scalar): void {
    if (this.#count === this.#tag.length) this.#grow();
    const row = this.#count++;
    this.#tag[row] = tag;
    this.#measuredUs[row] = measuredUs;
    this.#value[row] = value;
    this.#status[row] = status;
    if (wide !== undefined) this.#wide.set(row, wide);
  }

  /** What was pushed since `clear`; views that the next `push` or `clear` may change. */
  columns(): SampleColumns {
    const columns = {
      count: this.#count,
      tag: this.#tag.subarray(0, this.#count),
      measuredUs: this.#measuredUs.subarray(0, this.#count),
      value: this.#value.subarray(0, this.#count),
      status: this.#status.subarray(0, this.#count),
    };
    return this.#wide.size === 0 ? columns : { ...columns, wide: this.#wide };
  }

  clear(): void {
    this.#count = 0;
    this.#wide.clear();
  }

  #grow(): void {
    const rows = this.#tag.length * 2;
    const tag = new Int32Array(rows);
    const measuredUs = new Float64Array(rows);
    const value = new Float64Array(rows);
    const status = new Uint32Array(rows);
    tag.set(this.#tag);
    measuredUs.set(this.#measuredUs);
    value.set(this.#value);
    status.set(this.#status);
    this.#tag = tag;
    this.#measuredUs = measuredUs;
    this.#value = value;
    this.#status = status;
  }
}

/** A live frame is sealed at about so many (architecture 7). */
const firstRows = 1_024;
