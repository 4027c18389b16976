import {
  makeColumns,
  type BucketColumns,
  type Buckets,
  type ExactBucket,
  type WidthUs,
} from "@millwright/aggregates";
import type { Scalar } from "@millwright/wire-contract";

/** A part of the buckets of one tag: those that begin within the range. */
export interface BucketPart {
  readonly buckets: Buckets;
  readonly fromUs: number;
  readonly toUs: number;
}

/**
 * Buckets of one tag and width, one after the other; those of each part that begin within its range. Parts come in any
 * order, and none has a bucket between two of another.
 */
export function joinBuckets(widthUs: WidthUs, parts: readonly BucketPart[]): Buckets {
  const pieces = parts
    .map(toPiece)
    .filter(({ from, end }) => end > from)
    .toSorted((a, b) => startOf(a) - startOf(b));
  const count = pieces.reduce((sum, { from, end }) => sum + end - from, 0);
  const columns = makeColumns(count);
  const exact = new Map<number, ExactBucket>();
  let at = 0;
  for (const { buckets, from, end } of pieces) {
    copyRows(buckets, from, end, columns, at);
    for (const [row, one] of buckets.exact ?? []) {
      if (row >= from && row < end) exact.set(at + row - from, one);
    }
    at += end - from;
  }
  return {
    widthUs,
    count,
    ...columns,
    ...joinStates(pieces),
    ...(exact.size === 0 ? {} : { exact }),
  };
}

/** Rows of one part. */
interface Piece {
  readonly buckets: Buckets;
  readonly from: number;
  readonly end: number;
}

function toPiece({ buckets, fromUs, toUs }: BucketPart): Piece {
  const { count, startUs } = buckets;
  let from = 0;
  while (from < count && (startUs[from] ?? NaN) < fromUs) from++;
  let end = from;
  while (end < count && (startUs[end] ?? NaN) < toUs) end++;
  return { buckets, from, end };
}

function startOf({ buckets, from }: Piece): number {
  return buckets.startUs[from] ?? NaN;
}

const columnNames = Object.keys(makeColumns(0)) as (keyof BucketColumns)[];

function copyRows(of: Buckets, from: number, end: number, into: BucketColumns, at: number): void {
  for (const name of columnNames) {
    const [source, target] = [of[name], into[name]];
    // A few rows: a view of them would take longer than the copy.
    for (let row = from; row < end; row++) target[at + row - from] = source[row] ?? NaN;
  }
}

function joinStates(pieces: readonly Piece[]): Pick<Buckets, "states"> {
  if (pieces.every(({ buckets }) => buckets.states === undefined)) return {};
  const keys: Scalar[] = [];
  const bucket: number[] = [];
  const key: number[] = [];
  const us: number[] = [];
  let at = 0;
  for (const { buckets, from, end } of pieces) {
    const { states } = buckets;
    for (let one = 0; states !== undefined && one < states.count; one++) {
      const row = states.bucket[one] ?? -1;
      if (row < from || row >= end) continue;
      const scalar = states.keys[states.key[one] ?? 0] ?? 0;
      let place = keys.indexOf(scalar);
      if (place < 0) place = keys.push(scalar) - 1;
      bucket.push(at + row - from);
      key.push(place);
      us.push(states.us[one] ?? 0);
    }
    at += end - from;
  }
  return {
    states: {
      keys,
      count: bucket.length,
      bucket: Uint32Array.from(bucket),
      key: Uint32Array.from(key),
      us: Float64Array.from(us),
    },
  };
}
