/** Where nothing is known, a limit lies so many times above the largest score of normal data. */
const marginMax = 3;

/**
 * How far above the largest normal score a limit must lie. Among n independent scores the next exceeds the largest with a
 * chance of 1 in n + 1: once that is as rare as is allowed, the largest is the limit (a conformal quantile). Before, it is
 * 2.5 to 3 times the largest and shrinks as normal data accrue.
 *
 * @param effective independent scores seen: 400 rows at a window of 30 are about 13
 * @param chance allowed for one score
 */
export function marginOf(effective: number, chance: number): number {
  const known = Math.log1p(Math.max(0, effective)) / Math.log1p(1 / chance);
  return 1 + (marginMax - 1) * Math.max(0, 1 - known);
}
