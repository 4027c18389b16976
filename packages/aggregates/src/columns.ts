import type { Buckets } from "./buckets.ts";

export type BucketColumns = Omit<Buckets, "widthUs" | "count" | "states" | "exact">;

/** Columns with room for so many rows, and the rows of `from` in them. */
export function makeColumns(room: number, from?: BucketColumns): BucketColumns {
  const doubles = (old: Float64Array | undefined): Float64Array => {
    const column = new Float64Array(room);
    if (old !== undefined) column.set(old);
    return column;
  };
  const integers = (old: Uint32Array | undefined): Uint32Array => {
    const column = new Uint32Array(room);
    if (old !== undefined) column.set(old);
    return column;
  };
  return mapColumns(from, doubles, integers);
}

/** The first `count` rows, in memory of their own. */
export function trimmed(columns: BucketColumns, count: number): BucketColumns {
  return mapColumns(
    columns,
    (column) => (column ?? new Float64Array(0)).slice(0, count),
    (column) => (column ?? new Uint32Array(0)).slice(0, count),
  );
}

function mapColumns(
  from: BucketColumns | undefined,
  doubles: (column: Float64Array | undefined) => Float64Array,
  integers: (column: Uint32Array | undefined) => Uint32Array,
): BucketColumns {
  return {
    startUs: doubles(from?.startUs),
    samples: integers(from?.samples),
    good: integers(from?.good),
    goodUs: doubles(from?.goodUs),
    worst: integers(from?.worst),
    min: doubles(from?.min),
    max: doubles(from?.max),
    first: doubles(from?.first),
    firstUs: doubles(from?.firstUs),
    last: doubles(from?.last),
    lastUs: doubles(from?.lastUs),
    sum: doubles(from?.sum),
    sumSquares: doubles(from?.sumSquares),
    integral: doubles(from?.integral),
    delta: doubles(from?.delta),
    rollOvers: integers(from?.rollOvers),
    resets: integers(from?.resets),
    changes: integers(from?.changes),
  };
}
