/**
 * Sums are kept to 14 decimal digits of the largest that they could be. What a sum in doubles has beyond is noise that
 * depends on the order of adding; without it the sum of short decimals is a short decimal again, the same from samples as
 * from minutes, and its bytes are few.
 */
const digits = 14;
const powers: readonly number[] = Array.from({ length: 23 }, (_, index) => 10 ** index);

/** Relative to the sum of magnitudes: what two ways of adding the same samples may differ by. */
export const sumTolerance = 1e-12;

/** @param magnitude at least what the sum of magnitudes is; decides which digit is the last */
export function roundSum(sum: number, magnitude: number): number {
  if (sum === 0) return 0;
  const size = Math.max(Math.abs(sum), magnitude);
  if (!Number.isFinite(size)) return sum;
  const places = digits - 1 - exponentOf(size);
  // A power of ten is exact up to 22; what lies beyond is smaller or greater than anything measured in a plant.
  const power = powers[Math.abs(places)];
  if (power === undefined) return sum;
  const rounded = places >= 0 ? Math.round(sum * power) / power : Math.round(sum / power) * power;
  return rounded === 0 ? 0 : rounded;
}

/**
 * Of ten, as `Math.log10` has it, in a quarter of the time. Just below a power of ten, where a logarithm is rounded up, and
 * outside of the table it is left to the logarithm.
 */
function exponentOf(size: number): number {
  let low = 0;
  let above = powers.length;
  while (above - low > 1) {
    const middle = (low + above) >> 1;
    if (size >= (powers[middle] ?? Infinity)) low = middle;
    else above = middle;
  }
  const power = powers[low] ?? Infinity;
  return size >= power && size < power * 9.999_999 ? low : Math.floor(Math.log10(size));
}
