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

/** Columns up to this long lie in the memory of the collector itself (V8, `typed_array_max_size_in_heap`), and cost it little. */
const ownBytesMax = 64;
const doubleBytes = 8;
const columnsOfBuckets = 18;

/**
 * The first `count` rows, in memory of their own. Long columns share one piece of it: the collector pays for each, and an hour
 * of minutes in eighteen of them cost nearly as much as to reckon it.
 */
export function trimmed(columns: BucketColumns, count: number): BucketColumns {
  const columnBytes = count * doubleBytes;
  if (columnBytes <= ownBytesMax) {
    return mapColumns(
      columns,
      (column) => (column ?? new Float64Array(0)).slice(0, count),
      (column) => (column ?? new Uint32Array(0)).slice(0, count),
    );
  }
  const memory = new ArrayBuffer(columnsOfBuckets * columnBytes);
  let place = -columnBytes;
  return mapColumns(
    columns,
    (column) => {
      const taken = new Float64Array(memory, (place += columnBytes), count);
      for (let row = 0; row < count; row++) taken[row] = column?.[row] ?? 0;
      return taken;
    },
    (column) => {
      const taken = new Uint32Array(memory, (place += columnBytes), count);
      for (let row = 0; row < count; row++) taken[row] = column?.[row] ?? 0;
      return taken;
    },
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
