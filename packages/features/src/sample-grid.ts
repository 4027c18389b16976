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

/*
 * A gateway has a thousand grids and comes by each once in a second or two, when nothing of it is in a cache any more: what
 * is looked at together lies together, as numbers in two columns instead of a dozen.
 */

/** Of one input in one open row: the sample that the row takes, and the newest in it, which rows after it keep. */
const taken = { value: 0, us: 1, good: 2, endValue: 3, endUs: 4, endGood: 5 } as const;
const takenWidth = 6;
/**
 * Of one input: the last known, from closed rows and from before the first; the last row in which it had a sample in time;
 * until when its value is proven.
 */
const last = { value: 0, us: 1, good: 2, row: 3, heldUs: 4 } as const;
const lastWidth = 5;

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
  /** By slot: how many inputs it has taken, then each as in `taken`; NaN as time where no sample came yet. */
  readonly #ring: Float64Array;
  readonly #slotWidth: number;
  /** Rows of the ring that have taken a sample. */
  #openRows = 0;
  /** By input, as in `last`. */
  readonly #last: Float64Array;
  /** Every input had a sample in the row that was closed last: none that comes for it now is late. */
  #wasFull = false;
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
    this.#slotWidth = 1 + takenWidth * inputs;
    this.#ring = new Float64Array(openRowsMax * this.#slotWidth);
    this.#last = new Float64Array(lastWidth * inputs);
    for (let input = 0; input < inputs; input++) {
      for (let slot = 0; slot < openRowsMax; slot++) {
        this.#ring[this.#placeOf(slot, input) + taken.us] = NaN;
      }
      const at = lastWidth * input;
      this.#last[at + last.us] = -Infinity;
      this.#last[at + last.row] = -1;
      this.#last[at + last.heldUs] = -Infinity;
    }
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
      const held = this.#last;
      const own = lastWidth * input;
      // A second sample in a row that has taken one of this input is not late: rows take the first.
      if (row > this.#begin && held[own + last.row] !== row) this.#late++;
      // What rows to come keep. A value that has not changed since yesterday is older than every row.
      if (measuredUs >= (held[own + last.us] ?? NaN)) {
        held[own + last.value] = value;
        held[own + last.us] = measuredUs;
        held[own + last.good] = usable;
      }
      return;
    }
    // Closes what this sample leaves behind, before its own place in the ring is needed.
    if (row >= this.#next + openRowsMax) this.#closeUntil(row - openRowsMax + 2);
    this.#newestUs = Math.max(this.#newestUs, measuredUs);
    const ring = this.#ring;
    const slot = row % openRowsMax;
    const place = this.#placeOf(slot, input);
    if (Number.isNaN(ring[place + taken.us])) {
      const count = slot * this.#slotWidth;
      const before = ring[count] ?? 0;
      if (before === 0) this.#openRows++;
      ring[count] = before + 1;
      ring[place + taken.value] = value;
      ring[place + taken.us] = measuredUs;
      ring[place + taken.good] = usable;
      ring[place + taken.endUs] = -Infinity;
    }
    if (measuredUs >= (ring[place + taken.endUs] ?? NaN)) {
      ring[place + taken.endValue] = value;
      ring[place + taken.endUs] = measuredUs;
      ring[place + taken.endGood] = usable;
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
    const held = this.#last;
    let at = from;
    for (let own = lastWidth * input; at < to; at++, own += lastWidth) {
      const us = measuredUs[at] ?? NaN;
      if (!(us >= beginUs && us < endUs)) break;
      if (maybeLate && held[own + last.row] !== row) this.#late++;
      if (us >= (held[own + last.us] ?? NaN)) {
        const number = value[at] ?? NaN;
        held[own + last.value] = number;
        held[own + last.us] = us;
        // The difference is 0 for finite numbers only.
        held[own + last.good] = (status[at] ?? 0) >>> 30 === 0 && number - number === 0 ? 1 : 0;
      }
    }
    return at;
  }

  /**
   * The device proves that what it said last of an input still holds: rows up to `us` keep it, however short the hold. A
   * value that was bad stays bad.
   */
  holdUntil(input: number, us: number): void {
    const place = lastWidth * input + last.heldUs;
    this.#last[place] = Math.max(this.#last[place] ?? NaN, us);
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
      if (!passed && this.#takenIn(this.#next % openRowsMax) !== this.#inputs) return;
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
    if (row <= this.#next || this.#openRows > 0) return;
    let keptUs = -Infinity;
    for (let input = 0; input < this.#inputs; input++) {
      const own = lastWidth * input;
      const lastUs = this.#last[own + last.us] ?? -Infinity;
      if (lastUs === -Infinity) continue;
      keptUs = Math.max(keptUs, lastUs + this.#holdUs, this.#last[own + last.heldUs] ?? -Infinity);
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
    const [ring, held] = [this.#ring, this.#last];
    for (let input = 0; input < this.#inputs; input++) {
      const place = this.#placeOf(slot, input);
      const own = lastWidth * input;
      if (Number.isNaN(ring[place + taken.us])) {
        const reason = this.#reason(own, endUs);
        this.#why[input] = reason;
        this.#row[input] = reason === undefined ? (held[own + last.value] ?? NaN) : NaN;
        continue;
      }
      // A value in this row is fresh however short the hold.
      const good = ring[place + taken.good] === 1;
      this.#why[input] = good ? undefined : "bad";
      this.#row[input] = good ? (ring[place + taken.value] ?? NaN) : NaN;
      held[own + last.value] = ring[place + taken.endValue] ?? NaN;
      held[own + last.us] = ring[place + taken.endUs] ?? NaN;
      held[own + last.good] = ring[place + taken.endGood] ?? 0;
      held[own + last.row] = row;
      ring[place + taken.us] = NaN;
    }
    const count = this.#takenIn(slot);
    this.#wasFull = count === this.#inputs;
    if (count > 0) this.#openRows--;
    ring[slot * this.#slotWidth] = 0;
    this.#sink(row, this.#row, this.#why);
  }

  /** @param own place of the input in `#last`. @returns why an input without a sample in the row has no value, either */
  #reason(own: number, endUs: number): MissingReason | undefined {
    const held = this.#last;
    const lastUs = held[own + last.us] ?? -Infinity;
    if (lastUs === -Infinity) return "absent";
    const provenUs = held[own + last.heldUs] ?? -Infinity;
    if (endUs > Math.max(lastUs + this.#holdUs + this.#gridUs, provenUs)) return "stale";
    return held[own + last.good] === 1 ? undefined : "bad";
  }

  #takenIn(slot: number): number {
    return this.#ring[slot * this.#slotWidth] ?? 0;
  }

  #placeOf(slot: number, input: number): number {
    return slot * this.#slotWidth + 1 + takenWidth * input;
  }
}
