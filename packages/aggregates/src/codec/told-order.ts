import type { BucketColumns } from "../columns.ts";

/**
 * The columns of told minutes, each with what the columns before it let one guess. A guess is the same when writing and
 * when reading, in any language: IEEE doubles, in the order of operations that stands here and in docs/wire-format.md.
 */

/** What was written before, whole. */
export interface Known extends BucketColumns {
  /** Begin of the hour of minutes, or of the day of hours, µs. */
  readonly beginUs: number;
  readonly widthUs: number;
}

/** When the first and the last sample lay within their minute is not told: it would be a third of the bytes. */
export type ToldName = Exclude<keyof BucketColumns, "firstUs" | "lastUs">;

export interface ToldColumn {
  readonly name: ToldName;
  /** `filled`: only rows with good samples have a value; in others it is NaN, or 0 for sums. */
  readonly rows: "all" | "filled";
  /** Columns of a group that are 0 throughout are left out. */
  readonly group: "always" | "sums" | "counts" | "changes";
  /** As the device counts. */
  readonly scaled: boolean;
  /** @param before the row before this one among those that have a value, -1 at the first */
  readonly guess: (known: Known, row: number, before: number) => number;
}

/** In this order, so that each guess knows what it needs. */
export const toldOrder: readonly ToldColumn[] = [
  column("startUs", "all", "always", ({ startUs, beginUs, widthUs }, _row, before) =>
    before < 0 ? beginUs : at(startUs, before) + widthUs,
  ),
  column("samples", "all", "always", ({ samples }, _row, before) => at(samples, before)),
  column("good", "all", "always", ({ samples }, row) => at(samples, row)),
  column("goodUs", "all", "always", ({ widthUs }) => widthUs),
  column("worst", "all", "always", ({ worst }, _row, before) => at(worst, before)),
  value("last", ({ last }, _row, before) => at(last, before)),
  value("first", ({ last }, row, before) => at(last, before < 0 ? row : before)),
  value("min", guessMin),
  value("max", guessMax),
  column("sum", "filled", "sums", guessSum),
  column("integral", "all", "sums", guessIntegral),
  column("sumSquares", "filled", "sums", guessSumSquares),
  column("delta", "all", "counts", guessDelta),
  column("rollOvers", "all", "counts", () => 0),
  column("resets", "all", "counts", () => 0),
  column("changes", "all", "changes", ({ changes }, _row, before) => at(changes, before)),
];

function column(
  name: ToldColumn["name"],
  rows: ToldColumn["rows"],
  group: ToldColumn["group"],
  guess: ToldColumn["guess"],
): ToldColumn {
  return { name, rows, group, scaled: false, guess };
}

function value(name: ToldColumn["name"], guess: ToldColumn["guess"]): ToldColumn {
  return { name, rows: "filled", group: "always", scaled: true, guess };
}

/** A signal that swings reaches about as far as it did; one that moves on reaches no further than its ends. */
function guessMin({ first, last, min }: Known, row: number, before: number): number {
  const ends = Math.min(at(first, row), at(last, row));
  return before < 0 ? ends : Math.min(ends, at(min, before));
}

function guessMax({ first, last, max }: Known, row: number, before: number): number {
  const ends = Math.max(at(first, row), at(last, row));
  return before < 0 ? ends : Math.max(ends, at(max, before));
}

/** The mean lies where it lay in the range of the minute before; in the middle at first. */
function guessSum({ good, min, max, sum }: Known, row: number, before: number): number {
  const low = at(min, row);
  const range = at(max, row) - low;
  const part =
    before < 0
      ? 0.5
      : placeIn(at(sum, before) / at(good, before), at(min, before), at(max, before));
  return (low + range * part) * at(good, row);
}

function placeIn(mean: number, min: number, max: number): number {
  return max > min ? (mean - min) / (max - min) : 0.5;
}

/** The mean of the samples is near that over time; without samples the value before holds. */
function guessIntegral({ good, goodUs, last, sum }: Known, row: number, before: number): number {
  const count = at(good, row);
  return (count === 0 ? at(last, before) : at(sum, row) / count) * at(goodUs, row);
}

/** The deviation is the part of the range that it was in the minute before; a quarter of it at first. */
function guessSumSquares(known: Known, row: number, before: number): number {
  const { good, min, max, sum, sumSquares } = known;
  const count = at(good, row);
  const mean = at(sum, row) / count;
  const range = at(max, row) - at(min, row);
  let part = 1 / 16;
  if (before >= 0) {
    const meanBefore = at(sum, before) / at(good, before);
    const rangeBefore = at(max, before) - at(min, before);
    const variance = at(sumSquares, before) / at(good, before) - meanBefore * meanBefore;
    if (rangeBefore > 0 && variance > 0) part = variance / (rangeBefore * rangeBefore);
  }
  return count * (mean * mean + range * range * part);
}

function guessDelta({ good, last }: Known, row: number, before: number): number {
  return at(good, row) > 0 && before >= 0 ? at(last, row) - at(last, before) : 0;
}

function at(column: Float64Array | Uint32Array, row: number): number {
  return column[row] ?? 0;
}
