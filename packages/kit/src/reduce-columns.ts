/**
 * A line of many samples as a chart can show it: for each pixel column the first, the least, the greatest and the last
 * sample, so that a peak of one sample in a day is still seen. Where nothing trustworthy was recorded the line breaks:
 * no line is ever drawn across a gap.
 */
export interface ReducedLine {
  /** µs, rising. */
  readonly times: Float64Array;
  /** NaN breaks the line. */
  readonly values: Float64Array;
}

/** What is drawn: a range of time, µs, both ends within it, on so many columns. */
export interface ColumnWindow {
  readonly fromUs: number;
  readonly toUs: number;
  readonly columns: number;
  /** Ranges in which samples are known to be missing, µs; each breaks the line. */
  readonly gaps: readonly { readonly fromUs: number; readonly toUs: number }[];
}

/**
 * @param times µs, in any order; equal times keep their order
 * @param status OPC UA status codes; a bad one (severity 2 and up) breaks the line at its time
 * @param gaps ranges in which samples are known to be missing, µs; each breaks the line
 * @returns at most four points and one break for each column, and two breaks for each gap
 */
export function reducePerColumn(
  times: Float64Array,
  values: Float64Array,
  status: Uint32Array,
  fromUs: number,
  toUs: number,
  columns: number,
  gaps: ColumnWindow["gaps"] = [],
): ReducedLine {
  const window = { fromUs, toUs, columns, gaps };
  const reducer = new ColumnReducer(window);
  // Nearly always they are in order already, and then nothing is sorted.
  if (reducer.add(times, values, status)) return reducer.finish();
  const rows = rowsInTime(times, fromUs, toUs);
  const sorted = new ColumnReducer(window);
  sorted.add(
    Float64Array.from(rows, (row) => times[row] ?? NaN),
    Float64Array.from(rows, (row) => values[row] ?? NaN),
    Uint32Array.from(rows, (row) => status[row] ?? 0),
  );
  return sorted.finish();
}

/** The same of samples that come part by part, so that a day of them never lies in memory together. */
export class ColumnReducer {
  readonly #window: ColumnWindow;
  readonly #usPerColumn: number;
  readonly #breaks: readonly number[];
  readonly #times: number[] = [];
  readonly #values: number[] = [];
  #nextBreak = 0;
  #column = -1;
  /** The samples of the column: their place among all, time and value; no place before there is one. */
  #firstAt = -1;
  #firstUs = NaN;
  #firstValue = NaN;
  #leastAt = -1;
  #leastUs = NaN;
  #least = NaN;
  #greatestAt = -1;
  #greatestUs = NaN;
  #greatest = NaN;
  #lastAt = -1;
  #lastUs = NaN;
  #lastValue = NaN;
  /** Samples so far, and the time of the last. */
  #count = 0;
  #beforeUs = -Infinity;

  constructor(window: ColumnWindow) {
    const { fromUs, toUs, columns, gaps } = window;
    this.#window = window;
    this.#usPerColumn = (toUs - fromUs) / columns;
    this.#breaks = gaps
      .filter((gap) => gap.toUs >= fromUs && gap.fromUs <= toUs)
      // Who claims a gap may not know to the sample where it begins and ends, and some stand within its edges. In the
      // middle there is none, or more than half of what was missing has come after all.
      .flatMap((gap) => [gap.fromUs, (gap.fromUs + gap.toUs) / 2])
      .filter((us) => us <= toUs)
      .sort((a, b) => a - b);
  }

  /**
   * Samples that come after those before; what lies out of the window is left out.
   * @returns false when one lies before its predecessor: then the line is of no use
   */
  add(times: Float64Array, values: Float64Array, status: Uint32Array): boolean {
    const { fromUs, toUs } = this.#window;
    const end = times.length;
    let beforeUs = this.#beforeUs;
    // What decides for each sample is in the hands of the loop; a column and a break are many samples apart.
    let stopUs = this.#stopUs();
    for (let row = 0; row < end; row++) {
      const time = times[row] ?? NaN;
      if (!(time >= fromUs && time <= toUs)) continue;
      if (time < beforeUs) return false;
      beforeUs = time;
      const value = values[row] ?? NaN;
      const bad = (status[row] ?? 0) >= badFrom || Number.isNaN(value);
      if (bad || time >= stopUs) {
        this.#turn(time, bad);
        if (bad) {
          stopUs = -Infinity;
          continue;
        }
        stopUs = this.#stopUs();
      }
      const at = this.#count++;
      if (this.#firstAt < 0) {
        this.#firstAt = this.#leastAt = this.#greatestAt = at;
        this.#firstUs = this.#leastUs = this.#greatestUs = time;
        this.#firstValue = this.#least = this.#greatest = value;
      } else if (value < this.#least) {
        this.#leastAt = at;
        this.#leastUs = time;
        this.#least = value;
      } else if (value > this.#greatest) {
        this.#greatestAt = at;
        this.#greatestUs = time;
        this.#greatest = value;
      }
      this.#lastAt = at;
      this.#lastUs = time;
      this.#lastValue = value;
    }
    this.#beforeUs = beforeUs;
    return true;
  }

  finish(): ReducedLine {
    const { fromUs, toUs } = this.#window;
    this.#flush();
    if (this.#nextBreak < this.#breaks.length)
      this.#breakAt(Math.max(this.#breaks[this.#nextBreak] ?? toUs, this.#times.at(-1) ?? fromUs));
    return { times: new Float64Array(this.#times), values: new Float64Array(this.#values) };
  }

  /** From here on a sample belongs to another column, or lies behind a break. */
  #stopUs(): number {
    const { fromUs, columns } = this.#window;
    if (this.#column < 0) return -Infinity;
    const endUs =
      this.#column >= columns - 1 ? Infinity : fromUs + (this.#column + 1) * this.#usPerColumn;
    return Math.min(endUs, this.#breaks[this.#nextBreak] ?? Infinity);
  }

  #turn(time: number, bad: boolean): void {
    const { fromUs, columns } = this.#window;
    for (;;) {
      const breakUs = this.#breaks[this.#nextBreak] ?? Infinity;
      if (breakUs >= time) break;
      this.#flush();
      this.#breakAt(Math.max(breakUs, this.#times.at(-1) ?? fromUs));
      this.#nextBreak++;
    }
    if (bad) {
      this.#flush();
      this.#breakAt(time);
      return;
    }
    const into = Math.min(columns - 1, Math.floor((time - fromUs) / this.#usPerColumn));
    if (into === this.#column) return;
    this.#flush();
    this.#column = into;
  }

  #flush(): void {
    if (this.#firstAt < 0) return;
    this.#emit(this.#firstUs, this.#firstValue);
    if (this.#leastAt < this.#greatestAt) {
      if (this.#isWithin(this.#leastAt)) this.#emit(this.#leastUs, this.#least);
      if (this.#isWithin(this.#greatestAt)) this.#emit(this.#greatestUs, this.#greatest);
    } else {
      if (this.#isWithin(this.#greatestAt)) this.#emit(this.#greatestUs, this.#greatest);
      if (this.#leastAt > this.#greatestAt && this.#isWithin(this.#leastAt))
        this.#emit(this.#leastUs, this.#least);
    }
    if (this.#lastAt > this.#firstAt) this.#emit(this.#lastUs, this.#lastValue);
    this.#firstAt = -1;
  }

  #isWithin(at: number): boolean {
    return at > this.#firstAt && at < this.#lastAt;
  }

  #emit(us: number, value: number): void {
    this.#times.push(us);
    this.#values.push(value);
  }

  #breakAt(us: number): void {
    // One break is enough, and a line does not begin with one.
    if (this.#values.length === 0 || Number.isNaN(this.#values.at(-1))) return;
    this.#emit(us, NaN);
  }
}

/** Status codes from here on are bad: severity, the two highest bits, is 2 and up (OPC UA part 4, 7.39). */
const badFrom = 0x8000_0000;

/** Row numbers within the range, by time. */
function rowsInTime(times: Float64Array, fromUs: number, toUs: number): Uint32Array {
  const rows = new Uint32Array(times.length);
  let count = 0;
  for (let row = 0; row < times.length; row++) {
    const time = times[row] ?? NaN;
    if (time >= fromUs && time <= toUs) rows[count++] = row;
  }
  return rows.subarray(0, count).sort((a, b) => (times[a] ?? 0) - (times[b] ?? 0) || a - b);
}
