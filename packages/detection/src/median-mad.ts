import { QuantileColumns } from "./quantile.ts";

/** Makes the MAD of normally distributed values their standard deviation: 1 / Φ⁻¹(0.75). */
const madToSigma = 1.4826;

/**
 * So many values are taken one by one; of those that follow, one in four. The markers are where they belong by then, and a
 * quarter of what a tag of 10 Hz says in an hour is 9,000 values more.
 */
const takenAll = 2_000;
/**
 * Which one: where the multiples of the golden ratio, as fractions of 2³², fall into the first quarter. Gaps are of two, three
 * or five values in an order that never repeats, so that no cycle of a machine is seen at one place of it alone.
 */
const golden = 0x9e37_79b9;

/**
 * Median, and median of the absolute deviations from it, of streams. The deviations are those from the median as it was when
 * each value came, so that early ones are off by as much as the median was then: in 99 of 100 runs the MAD was off by less
 * than 5 % after 2,000 values, 15 % after 300.
 */
export class MedianMadColumns {
  readonly #median: QuantileColumns;
  readonly #deviation: QuantileColumns;
  readonly #seen: Uint32Array;

  constructor(columns: number) {
    this.#seen = new Uint32Array(columns);
    this.#median = new QuantileColumns(columns, 0.5);
    this.#deviation = new QuantileColumns(columns, 0.5);
  }

  count(column: number): number {
    return this.#median.count(column);
  }

  median(column: number): number {
    return this.#median.value(column);
  }

  /** What the standard deviation would be, were the values normally distributed; NaN before the first. */
  sigma(column: number): number {
    return madToSigma * this.#deviation.value(column);
  }

  add(column: number, value: number): void {
    const seen = this.#seen[column] ?? 0;
    this.#seen[column] = seen + 1;
    if (seen >= takenAll && Math.imul(seen, golden) >>> 30 !== 0) return;
    this.#median.add(column, value);
    this.#deviation.add(column, Math.abs(value - this.#median.value(column)));
  }

  clear(column: number): void {
    this.#seen[column] = 0;
    this.#median.clear(column);
    this.#deviation.clear(column);
  }
}

/** Iglewicz and Hoaglin, "How to detect and handle outliers" (ASQC, 1993): a modified z-score above 3.5 is an outlier. */
export const modifiedZLimit = 3.5;
