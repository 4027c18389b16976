import assert from "node:assert/strict";
import type { Scalar } from "@millwright/wire-contract";

import type { Buckets, ExactBucket, StateTimes } from "./buckets.ts";
import { makeColumns, type BucketColumns } from "./columns.ts";
import type { WidthUs } from "./width.ts";

/** Buckets of one tag and width, one range after the other, as one. Ranges rise in time and share no bucket. */
export function joinBuckets(parts: readonly Buckets[], widthUs: WidthUs): Buckets {
  const filled = parts.filter(({ count }) => count > 0);
  const [only] = filled;
  if (only !== undefined && filled.length === 1) return only;
  const count = filled.reduce((sum, part) => sum + part.count, 0);
  const columns = makeColumns(count);
  const names = Object.keys(columns) as (keyof BucketColumns)[];
  const exact = new Map<number, ExactBucket>();
  let row = 0;
  let endUs = -Infinity;
  for (const part of filled) {
    assert(part.widthUs === widthUs && (part.startUs[0] ?? NaN) >= endUs, "ranges rise in time");
    for (const name of names) columns[name].set(part[name].subarray(0, part.count), row);
    for (const [at, bucket] of part.exact ?? []) exact.set(row + at, bucket);
    row += part.count;
    endUs = (part.startUs[part.count - 1] ?? NaN) + widthUs;
  }
  const states = joinStates(filled);
  return {
    widthUs,
    count,
    ...columns,
    ...(states === undefined ? {} : { states }),
    ...(exact.size === 0 ? {} : { exact }),
  };
}

/** Keys stay in the order in which they first come; their numbers change with them. */
function joinStates(parts: readonly Buckets[]): StateTimes | undefined {
  if (parts.every(({ states }) => states === undefined)) return undefined;
  const numbers = new Map<Scalar, number>();
  const bucket: number[] = [];
  const key: number[] = [];
  const us: number[] = [];
  let before = 0;
  for (const { states, count } of parts) {
    for (let row = 0; states !== undefined && row < states.count; row++) {
      const state = states.keys[states.key[row] ?? 0] ?? 0;
      const number = numbers.get(state) ?? numbers.size;
      numbers.set(state, number);
      bucket.push(before + (states.bucket[row] ?? 0));
      key.push(number);
      us.push(states.us[row] ?? 0);
    }
    before += count;
  }
  return {
    keys: [...numbers.keys()],
    count: us.length,
    bucket: Uint32Array.from(bucket),
    key: Uint32Array.from(key),
    us: Float64Array.from(us),
  };
}
