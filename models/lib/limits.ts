import type { BundleLimits, Histogram } from "@millwright/model-bundle";

/** So many windows of 13 calibration scores in a row: 400 rows with a window of 30 have about 13 that are independent. */
const smallCalibration = 13;
/** What the largest of such a small calibration is multiplied with. */
const smallFactor = 2.5;

/**
 * The limit from scores of normal data that nothing was fitted on: the largest, times a factor that falls from 2.5 towards
 * 1 as independent windows accrue.
 *
 * @param independent windows that do not overlap
 */
export function limitOf(scores: readonly number[], independent: number): number {
  const few = Math.sqrt(smallCalibration / Math.max(smallCalibration, independent));
  let largest = 0;
  for (const score of scores) largest = Math.max(largest, score);
  return largest * (1 + (smallFactor - 1) * few);
}

/** An episode begins after `k` of `n` windows; counted as the gateway counts. */
export interface Gate {
  readonly on: number;
  readonly off: number;
  readonly persistence: BundleLimits["persistence"];
}

/** First windows of the episodes that these scores make. */
export function episodesOf(scores: readonly number[], gate: Gate): readonly number[] {
  const { k, n } = gate.persistence;
  const begins: number[] = [];
  let open = false;
  scores.forEach((score, at) => {
    if (open) {
      open = score >= gate.off;
      return;
    }
    const over = scores.slice(Math.max(0, at - n + 1), at + 1).filter((each) => each >= gate.on);
    if (over.length < k) return;
    open = true;
    begins.push(at);
  });
  return begins;
}

/**
 * Shares below, between and above what is usual. Only three parts: a shift of eight hours sees a part of what a day does
 * to temperatures, and must not pass for another machine.
 */
export function usualRange(
  values: readonly number[],
  lowShare: number,
  highShare: number,
): Histogram {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  const low = at(lowShare);
  const high = at(highShare);
  // A value that never moves is usual a thousandth of its size to either side.
  const slack = Math.max(1e-6, 1e-3 * Math.max(Math.abs(low), Math.abs(high)));
  return histogramOf(values, high - low > slack ? [low, high] : [low - slack, high + slack]);
}

export function histogramOf(values: readonly number[], edges: readonly number[]): Histogram {
  const counts = new Array<number>(edges.length + 1).fill(0);
  for (const value of values) {
    const part = edges.filter((edge) => value >= edge).length;
    counts[part] = (counts[part] ?? 0) + 1;
  }
  const shares = counts.map((count) => Number((count / Math.max(1, values.length)).toFixed(6)));
  return { edges: edges.map((edge) => Number(edge.toPrecision(7))), shares };
}
