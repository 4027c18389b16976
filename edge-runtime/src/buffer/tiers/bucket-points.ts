import type { Buckets } from "@millwright/aggregates";

/** Points of a line that grow as parts are read, in any order. NaN breaks the line. */
export class LinePoints {
  readonly #times: number[] = [];
  readonly #values: number[] = [];

  push(us: number, value: number): void {
    this.#times.push(us);
    this.#values.push(value);
  }

  columns(): { readonly times: Float64Array; readonly values: Float64Array } {
    return { times: Float64Array.from(this.#times), values: Float64Array.from(this.#values) };
  }
}

/**
 * First, least, greatest and last value of each bucket. Where the least and the greatest lay is not known: they are drawn
 * in the middle between first and last. The line breaks at a bucket without a good value, and before one that has a
 * time without any before it: there nothing was said and nothing held.
 */
export function pushBuckets(points: LinePoints, buckets: Buckets): void {
  const { count, widthUs } = buckets;
  for (let row = 0; row < count; row++) {
    const startUs = at(buckets.startUs, row);
    const least = at(buckets.min, row);
    if (row > 0 && startUs - at(buckets.startUs, row - 1) > widthUs) {
      points.push(at(buckets.startUs, row - 1) + widthUs, NaN);
    }
    if (Number.isNaN(least)) {
      // A value that holds over a bucket without samples is the line between its neighbours.
      if (at(buckets.goodUs, row) === 0) points.push(startUs, NaN);
      continue;
    }
    const greatest = at(buckets.max, row);
    const [first, last] = [at(buckets.first, row), at(buckets.last, row)];
    const [firstUs, lastUs] = [at(buckets.firstUs, row), at(buckets.lastUs, row)];
    const middleUs = (firstUs + lastUs) / 2;
    points.push(firstUs, first);
    if (lastUs === firstUs) continue;
    if (least < first && least < last) points.push(middleUs, least);
    if (greatest > first && greatest > last) points.push(middleUs, greatest);
    points.push(lastUs, last);
  }
}

function at(column: Float64Array, row: number): number {
  return column[row] ?? NaN;
}
