import type { BucketColumns } from "../columns.ts";
import type { WidthUs } from "../width.ts";

/** What was written before a column, whole: the same when writing and when reading. */
export interface Known extends BucketColumns {
  readonly widthUs: WidthUs;
  /** Usual time between two good samples, µs; 0 when there is none. */
  readonly stepUs: number;
}

export interface ColumnPlan {
  readonly name: keyof BucketColumns;
  /** `filled`: only rows with good samples have a value; in others it is NaN, or 0 for sums. */
  readonly rows: "all" | "filled";
  /** As the device counts. */
  readonly scaled: boolean;
  /** Columns of a group that are 0 throughout are left out. */
  readonly group: "always" | "sums" | "counts" | "changes";
  /** @param before the row before this one among those that have a value, -1 at the first */
  readonly guess: (known: Known, row: number, before: number) => number;
}

/** In this order, so that each guess knows what it needs. */
export const columnOrder: readonly ColumnPlan[] = [
  plain("startUs", "all", ({ startUs, widthUs }, _row, before) => at(startUs, before) + widthUs),
  plain("samples", "all", ({ samples }, _row, before) => at(samples, before)),
  plain("good", "all", ({ samples }, row) => at(samples, row)),
  plain("goodUs", "all", ({ widthUs }) => widthUs),
  plain("worst", "all", ({ worst }, _row, before) => at(worst, before)),
  plain("firstUs", "filled", guessFirstUs),
  plain("lastUs", "filled", guessLastUs),
  value("last", ({ last }, _row, before) => at(last, before)),
  value("first", ({ last }, row, before) => at(last, before < 0 ? row : before)),
  value("min", ({ first, last }, row) => Math.min(at(first, row), at(last, row))),
  value("max", ({ first, last }, row) => Math.max(at(first, row), at(last, row))),
  { ...plain("integral", "all", guessIntegral), group: "sums" },
  { ...plain("sum", "filled", guessSum), group: "sums" },
  { ...plain("sumSquares", "filled", guessSumSquares), group: "sums" },
  { ...plain("delta", "all", guessDelta), group: "counts" },
  { ...plain("rollOvers", "all", () => 0), group: "counts" },
  { ...plain("resets", "all", () => 0), group: "counts" },
  {
    ...plain("changes", "all", ({ changes }, _row, before) => at(changes, before)),
    group: "changes",
  },
];

function plain(
  name: ColumnPlan["name"],
  rows: ColumnPlan["rows"],
  guess: ColumnPlan["guess"],
): ColumnPlan {
  return { name, rows, scaled: false, group: "always", guess };
}

function value(name: ColumnPlan["name"], guess: ColumnPlan["guess"]): ColumnPlan {
  return { name, rows: "filled", scaled: true, group: "always", guess };
}

/** Samples come on a grid: the first one of a bucket is the first of the grid. */
function guessFirstUs({ startUs, firstUs, stepUs }: Known, row: number, before: number): number {
  const start = at(startUs, row);
  if (before < 0 || stepUs <= 0) return start;
  const previous = at(firstUs, before);
  return previous + stepUs * Math.ceil((start - previous) / stepUs);
}

function guessLastUs({ firstUs, good, stepUs }: Known, row: number): number {
  return at(firstUs, row) + (at(good, row) - 1) * stepUs;
}

/** The mean lies near the middle of the range; without samples the value before holds. */
function guessIntegral(
  { good, goodUs, min, max, last }: Known,
  row: number,
  before: number,
): number {
  const filled = at(good, row) > 0;
  return (filled ? middle(min, max, row) : at(last, before)) * at(goodUs, row);
}

/** The mean of samples is near that over time. */
function guessSum({ good, goodUs, integral, min, max }: Known, row: number): number {
  const heldUs = at(goodUs, row);
  const mean = heldUs > 0 ? at(integral, row) / heldUs : middle(min, max, row);
  return mean * at(good, row);
}

/** Some thirty samples of noise spread over four deviations. */
function guessSumSquares({ good, sum, min, max }: Known, row: number): number {
  const count = at(good, row);
  const deviation = (at(max, row) - at(min, row)) / 4;
  return at(sum, row) ** 2 / count + count * deviation ** 2;
}

function guessDelta({ good, last }: Known, row: number, before: number): number {
  return at(good, row) > 0 && before >= 0 ? at(last, row) - at(last, before) : 0;
}

function middle(min: Float64Array, max: Float64Array, row: number): number {
  return (at(min, row) + at(max, row)) / 2;
}

function at(column: Float64Array | Uint32Array, row: number): number {
  return column[row] ?? 0;
}
