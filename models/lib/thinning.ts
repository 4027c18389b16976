import type { InputSamples } from "./stretches.ts";

/** Fewer intervals than this say nothing. */
const intervalsMin = 100;
/** Of a steady tag, nineteen of twenty intervals are about as long as the usual one; a lost poll doubles it. */
const longFactor = 2.5;

/**
 * Whether samples were left out on the way (dead-band, swinging door, on change), which a gateway does not do to what it
 * scores: their intervals are uneven. In words with the bound, or undefined. A tag that is sampled evenly but rarely is not thinned.
 */
export function thinningOf({ us, value }: InputSamples, gridMs: number): string | undefined {
  if (us.length < intervalsMin) {
    return `only ${us.length} samples: it was told on change, or hardly at all`;
  }
  const intervals = us
    .slice(1)
    .map((at, index) => at - (us[index] ?? at))
    .sort();
  const usualUs = Math.max(gridMs * 1_000, quantile(intervals, 0.5));
  const longUs = quantile(intervals, 0.95);
  if (longUs <= longFactor * usualUs) return undefined;
  const steps = value
    .slice(1)
    .map((at, index) => Math.abs(at - (value[index] ?? at)))
    .sort();
  // A dead-band tells what moved by more than its width; the twentieth part leaves out what was told by time.
  const bound = quantile(steps, 0.05);
  return `intervals of ${seconds(usualUs)} and up to ${seconds(longUs)}: thinned, values are known to within about ${Number(bound.toPrecision(2))}`;
}

function quantile(sorted: Float64Array, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
}

function seconds(us: number): string {
  return `${Number((us / 1e6).toPrecision(3))} s`;
}
