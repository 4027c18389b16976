import type { Buckets } from "./buckets.ts";

/**
 * Mean and standard deviation of the good samples of one bucket, both in the unit of the tag, from what a bucket keeps
 * (Average and StandardDeviationPopulation, OPC 10000-13, 5.4.3): with n good samples, their sum S and sum of squares Q
 *
 *     average = S / n        deviation = sqrt(Q / n - (S / n)²)
 *
 * Samples count alike, however long each held; the time-weighted mean is another number.
 *
 * Q / n and (S / n)² are near each other where values are far from 0 and near each other, and their difference has lost its
 * digits then. So the result is held within what the least and the greatest value leave room for: with a range r the deviation
 * of n values is r / sqrt(2 n) at least, where all others lie in the middle, and r / 2 at most, where half of them lie at
 * each end (Popoviciu). Of equal values it is exactly 0.
 *
 * Undefined without a good sample, and for tags of kinds whose sums are not kept: counters, states, texts.
 *
 * @param row of the bucket
 */
export function deviationAt(
  buckets: Pick<Buckets, "good" | "sum" | "sumSquares" | "min" | "max">,
  row: number,
): { readonly average: number; readonly deviation: number } | undefined {
  const good = buckets.good[row] ?? 0;
  const sum = buckets.sum[row] ?? NaN;
  const squares = buckets.sumSquares[row] ?? NaN;
  const min = buckets.min[row] ?? NaN;
  const max = buckets.max[row] ?? NaN;
  const isKept = squares > 0 || (min === 0 && max === 0);
  if (good === 0 || !isKept || !Number.isFinite(sum) || !Number.isFinite(squares)) return undefined;
  const average = sum / good;
  const range = max - min;
  const variance = Math.max(0, squares / good - average * average);
  const deviation = Math.min(range / 2, Math.max(Math.sqrt(variance), range / Math.sqrt(2 * good)));
  return { average, deviation };
}
