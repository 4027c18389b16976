/** Why a row has no value of an input. */
export type MissingReason = "bad" | "stale" | "absent";

/** Samples side by side, as a batch has them; a status is an OPC UA code, good where its two highest bits are 0. */
export interface SampleRun {
  readonly measuredUs: Float64Array;
  readonly value: Float64Array;
  readonly status: Uint32Array;
}

/** Takes rows in order. `values` and `missing` are reused after the call. */
export type RowSink = (
  row: number,
  /** NaN where the input has none. */
  values: Float64Array,
  missing: readonly (MissingReason | undefined)[],
) => void;

// Rows that may be open at once. Inputs that are further apart in time than this do not belong to one window; the late
// one is counted and passed over.
const openRowsMax = 64;
// An hour at one row a second: what says nothing for longer, proven or not, begins its windows anew.
const silentRowsMax = 3_600;

/**
 * Puts samples of several inputs on the rows of a time grid. A row takes the first sample of each input in it; an input
 * without one keeps its newest value for `holdMs`, and for as long as its device proves it (`holdUntil`). A row is closed
 * when every input has a sample in it, or when some input is `graceMs` past its end. So what a row holds depends on the
 * samples, their times and the proofs alone, as long as those of one input come in order and none comes later than the
 * grace; those that do are counted in `late`.
 */
export class SampleGrid {
  readonly #gridUs: number;
  readonly #holdUs: number;
  readonly #graceUs: number;
  readonly #inputs: number;
  readonly #sink: RowSink;
  /** The first open row; later ones stand in the ring, `row % openRowsMax`. */
  #next = -1;
  #begin = -1;
  #newestUs = -Infinity;
  readonly #value: Float64Array;
  /** NaN where no sample came yet. */
  readonly #atUs: Float64Array;
  readonly #good: Uint8Array;
  /** The newest in each open row: what rows after it keep. */
  readonly #endValue: Float64Array;
  readonly #endUs: Float64Array;
  readonly #endGood: Uint8Array;
  readonly #taken: Int32Array;
  /** The last known of each input, from closed rows and from before the first. */
  readonly #lastValue: Float64Array;
  readonly #lastUs: Float64Array;
  readonly #lastGood: Uint8Array;
  /** The last row in which each input had a sample in time. */
  readonly #lastRow: Float64Array;
  /** Every input had a sample in the row that was closed last: none that comes for it now is late. */
  #wasFull = false;
  /** Until when the value of each input is proven. */
  readonly #heldUs: Float64Array;
  readonly #row: Float64Array;
  readonly #why: (MissingReason | undefined)[];
  #late = 0;

  /** @param inputs how many; samples name theirs by its place */
  constructor(
    grid: { readonly gridMs: number; readonly holdMs: number; readonly graceMs: number },
    inputs: number,
    sink: RowSink,
  ) {
    this.#gridUs = grid.gridMs * 1_000;
    this.#holdUs = grid.holdMs * 1_000;
    this.#graceUs = Math.min(grid.graceMs * 1_000, (openRowsMax - 2) * this.#gridUs);
    this.#inputs = inputs;
    this.#sink = sink;
    const places = openRowsMax * inputs;
    this.#value = new Float64Array(places);
    this.#atUs = new Float64Array(places).fill(NaN);
    this.#good = new Uint8Array(places);
    this.#endValue = new Float64Array(places);
    this.#endUs = new Float64Array(places);
    this.#endGood = new Uint8Array(places);
    this.#taken = new Int32Array(openRowsMax);
    this.#lastValue = new Float64Array(inputs);
    this.#lastUs = new Float64Array(inputs).fill(-Infinity);
    this.#lastGood = new Uint8Array(inputs);
    this.#lastRow = new Float64Array(inputs).fill(-1);
    this.#heldUs = new Float64Array(inputs).fill(-Infinity);
    this.#row = new Float64Array(inputs);
    this.#why = new Array<MissingReason | undefined>(inputs).fill(undefined);
  }

  /** Samples whose row was closed already. */
  get late(): number {
    return this.#late;
  }

  /** Takes one sample. `good` false: the device says that the value is not to be used. */
  push(input: number, measuredUs: number, value: number, good: boolean): void {
    const row = Math.floor(measuredUs / this.#gridUs);
    const usable = good && Number.isFinite(value) ? 1 : 0;
    if (this.#next < 0) {
      // The row in which we begin may have lost its beginning: it would hold another sample than a run from before.
      this.#begin = row;
      this.#next = row + 1;
    }
    if (row < this.#next) {
      // A second sample in a row that has taken one of this input is not late: rows take the first.
      if (row > this.#begin && this.#lastRow[input] !== row) this.#late++;
      // What rows to come keep. A value that has not changed since yesterday is older than every row.
      if (measuredUs >= (this.#lastUs[input] ?? NaN)) {
        this.#lastValue[input] = value;
        this.#lastUs[input] = measuredUs;
        this.#lastGood[input] = usable;
      }
      return;
    }
    // Closes what this sample leaves behind, before its own place in the ring is needed.
    if (row >= this.#next + openRowsMax) this.#closeUntil(row - openRowsMax + 2);
    this.#newestUs = Math.max(this.#newestUs, measuredUs);
    const slot = row % openRowsMax;
    const place = slot * this.#inputs + input;
    if (Number.isNaN(this.#atUs[place])) {
      this.#taken[slot] = (this.#taken[slot] ?? 0) + 1;
      this.#value[place] = value;
      this.#atUs[place] = measuredUs;
      this.#good[place] = usable;
      this.#endUs[place] = -Infinity;
    }
    if (measuredUs >= (this.#endUs[place] ?? NaN)) {
      this.#endValue[place] = value;
      this.#endUs[place] = measuredUs;
      this.#endGood[place] = usable;
    }
    this.#closeDue();
  }

  /**
   * Takes samples of neighbouring inputs for as long as they lie in the row that was closed last, as `push` would one by one:
   * of inputs that are read many times a row these are nearly all, and rows to come keep no more than the newest of them.
   *
   * @param input of the first
   * @param from,to places of the run
   * @returns the place of the first that it did not take, which is for `push`
   */
  keepRun(input: number, run: SampleRun, from: number, to: number): number {
    if (this.#next < 0) return from;
    const row = this.#next - 1;
    const beginUs = row * this.#gridUs;
    const endUs = this.#next * this.#gridUs;
    const maybeLate = row > this.#begin && !this.#wasFull;
    const { measuredUs, value, status } = run;
    const [lastValue, lastUs, lastGood] = [this.#lastValue, this.#lastUs, this.#lastGood];
    let at = from;
    for (let own = input; at < to; at++, own++) {
      const us = measuredUs[at] ?? NaN;
      if (!(us >= beginUs && us < endUs)) break;
      if (maybeLate && this.#lastRow[own] !== row) this.#late++;
      if (us >= (lastUs[own] ?? NaN)) {
        const number = value[at] ?? NaN;
        lastValue[own] = number;
        lastUs[own] = us;
        // The difference is 0 for finite numbers only.
        lastGood[own] = (status[at] ?? 0) >>> 30 === 0 && number - number === 0 ? 1 : 0;
      }
    }
    return at;
  }

  /**
   * The device proves that what it said last of an input still holds: rows up to `us` keep it, however short the hold. A
   * value that was bad stays bad.
   */
  holdUntil(input: number, us: number): void {
    this.#heldUs[input] = Math.max(this.#heldUs[input] ?? NaN, us);
  }

  /** No sample before `us` is on its way any more: rows that end `graceMs` before it are closed. */
  advance(us: number): void {
    if (this.#next < 0) return;
    this.#newestUs = Math.max(this.#newestUs, us);
    this.#closeDue();
  }

  /** Closes every row that holds a sample: the end of a backtest or of an export. */
  finish(): void {
    if (this.#next >= 0) this.#closeUntil(Math.floor(this.#newestUs / this.#gridUs) + 1);
  }

  #closeDue(): void {
    for (;;) {
      const passed = this.#newestUs >= (this.#next + 1) * this.#gridUs + this.#graceUs;
      if (!passed && this.#taken[this.#next % openRowsMax] !== this.#inputs) return;
      if (passed) this.#skipSilence(Math.floor((this.#newestUs - this.#graceUs) / this.#gridUs));
      // Nothing is left to close where the silence reached up to now.
      if (passed && this.#newestUs < (this.#next + 1) * this.#gridUs + this.#graceUs) return;
      this.#close();
    }
  }

  #closeUntil(row: number): void {
    while (this.#next < row) {
      this.#skipSilence(row);
      if (this.#next < row) this.#close();
    }
  }

  /**
   * After a long silence of all inputs, rows without a value would be closed one by one for hours. The first of them
   * says what is missing; then the grid goes on at `row`, or where the next sample is.
   */
  #skipSilence(row: number): void {
    if (row <= this.#next || this.#taken.some((count) => count > 0)) return;
    let keptUs = -Infinity;
    for (let input = 0; input < this.#inputs; input++) {
      const lastUs = this.#lastUs[input] ?? -Infinity;
      if (lastUs === -Infinity) continue;
      keptUs = Math.max(keptUs, lastUs + this.#holdUs, this.#heldUs[input] ?? -Infinity);
    }
    const silent = keptUs < (this.#next - 2) * this.#gridUs;
    if (silent || row - this.#next > silentRowsMax) {
      this.#next = row;
      this.#wasFull = false;
    }
  }

  #close(): void {
    const row = this.#next++;
    const slot = row % openRowsMax;
    const endUs = (row + 1) * this.#gridUs;
    for (let input = 0; input < this.#inputs; input++) {
      const place = slot * this.#inputs + input;
      if (Number.isNaN(this.#atUs[place])) {
        const reason = this.#reason(input, endUs);
        this.#why[input] = reason;
        this.#row[input] = reason === undefined ? (this.#lastValue[input] ?? NaN) : NaN;
        continue;
      }
      // A value in this row is fresh however short the hold.
      const good = this.#good[place] === 1;
      this.#why[input] = good ? undefined : "bad";
      this.#row[input] = good ? (this.#value[place] ?? NaN) : NaN;
      this.#lastValue[input] = this.#endValue[place] ?? NaN;
      this.#lastUs[input] = this.#endUs[place] ?? NaN;
      this.#lastGood[input] = this.#endGood[place] ?? 0;
      this.#lastRow[input] = row;
      this.#atUs[place] = NaN;
    }
    this.#wasFull = this.#taken[slot] === this.#inputs;
    this.#taken[slot] = 0;
    this.#sink(row, this.#row, this.#why);
  }

  /** Why an input without a sample in the row has no value, either. */
  #reason(input: number, endUs: number): MissingReason | undefined {
    const lastUs = this.#lastUs[input] ?? -Infinity;
    if (lastUs === -Infinity) return "absent";
    const keptUs = Math.max(lastUs + this.#holdUs + this.#gridUs, this.#heldUs[input] ?? -Infinity);
    if (endUs > keptUs) return "stale";
    return this.#lastGood[input] === 1 ? undefined : "bad";
  }
}
