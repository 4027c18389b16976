/** Windows on their way to a detect host, in columns. */

/** Windows of one unit that are run together. Kept until they are answered, so that a crash takes none but the one that it came with. */
export interface WindowRequest {
  readonly id: number;
  readonly unit: number;
  readonly rows: Int32Array;
  readonly slots: Int32Array;
  /** Who asked: a number that means something to him alone. */
  readonly askers: Int32Array;
  /** Ends of the windows, µs. */
  readonly endsUs: Float64Array;
  /** One window after the other. */
  readonly inputs: Float32Array;
}

/** Collects windows of one unit until they are sent. Grows to what one turn of the loop brings, and stays so large. */
export class WindowBatch {
  readonly #width: number;
  #count = 0;
  #rows = new Int32Array(8);
  #slots = new Int32Array(8);
  #askers = new Int32Array(8);
  #endsUs = new Float64Array(8);
  #inputs: Float32Array;

  /** @param width numbers of a window */
  constructor(width: number) {
    this.#width = width;
    this.#inputs = new Float32Array(8 * width);
  }

  get count(): number {
    return this.#count;
  }

  add(row: number, slot: number, asker: number, endUs: number, input: ArrayLike<number>): void {
    if (this.#count === this.#rows.length) this.#grow();
    const at = this.#count++;
    this.#rows[at] = row;
    this.#slots[at] = slot;
    this.#askers[at] = asker;
    this.#endsUs[at] = endUs;
    // By hand: a call of `set` costs more than the few numbers of a window.
    const width = this.#width;
    const from = at * width;
    for (let each = 0; each < width; each++) this.#inputs[from + each] = input[each] ?? NaN;
  }

  take(id: number, unit: number): WindowRequest {
    const count = this.#count;
    this.#count = 0;
    return {
      id,
      unit,
      rows: this.#rows.slice(0, count),
      slots: this.#slots.slice(0, count),
      askers: this.#askers.slice(0, count),
      endsUs: this.#endsUs.slice(0, count),
      inputs: this.#inputs.slice(0, count * this.#width),
    };
  }

  #grow(): void {
    const places = this.#rows.length * 2;
    this.#rows = larger(this.#rows, new Int32Array(places));
    this.#slots = larger(this.#slots, new Int32Array(places));
    this.#askers = larger(this.#askers, new Int32Array(places));
    this.#endsUs = larger(this.#endsUs, new Float64Array(places));
    this.#inputs = larger(this.#inputs, new Float32Array(places * this.#width));
  }
}

function larger<Column extends Int32Array | Float64Array | Float32Array>(
  from: Column,
  into: Column,
): Column {
  into.set(from);
  return into;
}
