import type { Buckets, ExactBucket, WidthUs } from "@millwright/aggregates";
import type { Scalar } from "@millwright/wire-contract";

/** Buckets of one tag and width, one after the other; those of each part that begin within its range. */
export function joinBuckets(
  widthUs: WidthUs,
  parts: readonly { readonly buckets: Buckets; readonly fromUs: number; readonly toUs: number }[],
): Buckets {
  const rows = parts
    .flatMap(({ buckets, fromUs, toUs }) =>
      Array.from({ length: buckets.count }, (_, row) => ({ buckets, row })).filter(
        ({ row }) => startOf(buckets, row) >= fromUs && startOf(buckets, row) < toUs,
      ),
    )
    .toSorted((a, b) => startOf(a.buckets, a.row) - startOf(b.buckets, b.row));
  type Name = Exclude<keyof Buckets, "widthUs" | "count" | "states" | "exact">;
  const doubles = (name: Name): Float64Array =>
    Float64Array.from(rows, ({ buckets, row }) => buckets[name][row] ?? NaN);
  const integers = (name: Name): Uint32Array =>
    Uint32Array.from(rows, ({ buckets, row }) => buckets[name][row] ?? 0);
  const exact = new Map<number, ExactBucket>();
  for (const [at, { buckets, row }] of rows.entries()) {
    const one = buckets.exact?.get(row);
    if (one !== undefined) exact.set(at, one);
  }
  return {
    widthUs,
    count: rows.length,
    startUs: doubles("startUs"),
    samples: integers("samples"),
    good: integers("good"),
    goodUs: doubles("goodUs"),
    worst: integers("worst"),
    min: doubles("min"),
    max: doubles("max"),
    first: doubles("first"),
    firstUs: doubles("firstUs"),
    last: doubles("last"),
    lastUs: doubles("lastUs"),
    sum: doubles("sum"),
    sumSquares: doubles("sumSquares"),
    integral: doubles("integral"),
    delta: doubles("delta"),
    rollOvers: integers("rollOvers"),
    resets: integers("resets"),
    changes: integers("changes"),
    ...joinStates(rows),
    ...(exact.size === 0 ? {} : { exact }),
  };
}

function startOf(buckets: Buckets, row: number): number {
  return buckets.startUs[row] ?? NaN;
}

function joinStates(
  rows: readonly { readonly buckets: Buckets; readonly row: number }[],
): Pick<Buckets, "states"> {
  if (rows.every(({ buckets }) => buckets.states === undefined)) return {};
  const keys: Scalar[] = [];
  const bucket: number[] = [];
  const key: number[] = [];
  const us: number[] = [];
  for (const [at, { buckets, row }] of rows.entries()) {
    const { states } = buckets;
    if (states === undefined) continue;
    for (let one = 0; one < states.count; one++) {
      if (states.bucket[one] !== row) continue;
      const scalar = states.keys[states.key[one] ?? 0] ?? 0;
      let place = keys.indexOf(scalar);
      if (place < 0) place = keys.push(scalar) - 1;
      bucket.push(at);
      key.push(place);
      us.push(states.us[one] ?? 0);
    }
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
