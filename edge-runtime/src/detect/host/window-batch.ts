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

interface Columns {
  readonly rows: Int32Array;
  readonly slots: Int32Array;
  readonly askers: Int32Array;
  readonly endsUs: Float64Array;
  readonly inputs: Float32Array;
}

/** Windows that there is room for at the start. */
const placesFirst = 8;

/**
 * Collects windows of one unit until they are sent. Grows to what one turn of the loop brings, and stays so large. What is sent
 * takes its columns along, and brings them back when it is answered: nothing is copied, and in the long run nothing allocated.
 */
export class WindowBatch {
  readonly #width: number;
  #count = 0;
  #columns: Columns;
  /** Came back, and wait until those of now are taken. */
  #spare: Columns | undefined;

  /** @param width numbers of a window */
  constructor(width: number) {
    this.#width = width;
    this.#columns = columnsFor(placesFirst, width);
  }

  get count(): number {
    return this.#count;
  }

  add(row: number, slot: number, asker: number, endUs: number, input: ArrayLike<number>): void {
    if (this.#count === this.#columns.rows.length) this.#grow();
    const { rows, slots, askers, endsUs, inputs } = this.#columns;
    const at = this.#count++;
    rows[at] = row;
    slots[at] = slot;
    askers[at] = asker;
    endsUs[at] = endUs;
    // By hand: a call of `set` costs more than the few numbers of a window.
    const width = this.#width;
    const from = at * width;
    for (let each = 0; each < width; each++) inputs[from + each] = input[each] ?? NaN;
  }

  take(id: number, unit: number): WindowRequest {
    const count = this.#count;
    const { rows, slots, askers, endsUs, inputs } = this.#columns;
    this.#count = 0;
    this.#columns = this.#spare ?? columnsFor(placesFirst, this.#width);
    this.#spare = undefined;
    return {
      id,
      unit,
      rows: rows.subarray(0, count),
      slots: slots.subarray(0, count),
      askers: askers.subarray(0, count),
      endsUs: endsUs.subarray(0, count),
      inputs: inputs.subarray(0, count * this.#width),
    };
  }

  /** It was answered, and nobody looks at it any more: its columns are filled again. @param request that was taken here */
  giveBack({ rows, slots, askers, endsUs, inputs }: WindowRequest): void {
    const places = rows.buffer.byteLength / rows.BYTES_PER_ELEMENT;
    if (places < (this.#spare?.rows.length ?? 0)) return;
    this.#spare = {
      rows: new Int32Array(rows.buffer),
      slots: new Int32Array(slots.buffer),
      askers: new Int32Array(askers.buffer),
      endsUs: new Float64Array(endsUs.buffer),
      inputs: new Float32Array(inputs.buffer),
    };
  }

  #grow(): void {
    const before = this.#columns;
    const after = columnsFor(2 * before.rows.length, this.#width);
    this.#columns = {
      rows: larger(before.rows, after.rows),
      slots: larger(before.slots, after.slots),
      askers: larger(before.askers, after.askers),
      endsUs: larger(before.endsUs, after.endsUs),
      inputs: larger(before.inputs, after.inputs),
    };
  }
}

function columnsFor(places: number, width: number): Columns {
  return {
    rows: new Int32Array(places),
    slots: new Int32Array(places),
    askers: new Int32Array(places),
    endsUs: new Float64Array(places),
    inputs: new Float32Array(places * width),
  };
}

function larger<Column extends Int32Array | Float64Array | Float32Array>(
  from: Column,
  into: Column,
): Column {
  into.set(from);
  return into;
}
