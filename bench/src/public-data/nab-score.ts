/**
 * The score of the Numenta Anomaly Benchmark (Lavin and Ahmad 2015), as its scorer computes it: in each window the best
 * placed alarm counts, alarms outside cost, a window without one costs.
 */
import type { NabSeries } from "./nab-data.ts";

export interface NabProfile {
  /** What an alarm outside of windows costs at most. */
  readonly falseAlarm: number;
  /** What a missed window costs. */
  readonly missed: number;
}

export const nabProfiles = {
  standard: { falseAlarm: 0.11, missed: 1 },
  rewardLowFp: { falseAlarm: 0.22, missed: 1 },
  rewardLowFn: { falseAlarm: 0.11, missed: 2 },
} as const satisfies Record<string, NabProfile>;

/** Rows at the beginning that are not scored: 15 %, at most 750. */
export function probationaryRows(rows: number): number {
  return Math.min(Math.floor(0.15 * rows), 750);
}

export interface NabResult {
  /** 0: no alarm at all. 100: each window at its first row, and nothing outside. */
  readonly score: number;
  readonly threshold: number;
}

interface PlacedRow {
  readonly score: number;
  /** Window of all series together, or −1. */
  readonly window: number;
  readonly worth: number;
}

/** The best threshold for all series together, and its score. */
export function bestNab(
  series: readonly NabSeries[],
  scores: readonly Float64Array[],
  profile: NabProfile,
): NabResult {
  const { rows, reachable, windowCount } = placed(series, scores, profile);
  const best = new Float64Array(windowCount).fill(-profile.missed);
  let total = -profile.missed * reachable;
  // No alarm at all: the threshold above every score.
  let found = { raw: total, threshold: 1.1 };
  rows.sort((a, b) => b.score - a.score);
  rows.forEach(({ score, window, worth }, index) => {
    if (window < 0) total += worth;
    else if (worth > (best[window] ?? 0)) {
      total += worth - (best[window] ?? 0);
      best[window] = worth;
    }
    // Rows of one score cross the threshold together.
    if (rows[index + 1]?.score !== score && total > found.raw)
      found = { raw: total, threshold: score };
  });
  return { score: normalised(found.raw, windowCount, profile), threshold: found.threshold };
}

/** The score at a threshold that was fixed before. */
export function nabAt(
  series: readonly NabSeries[],
  scores: readonly Float64Array[],
  profile: NabProfile,
  threshold: number,
): number {
  const { rows, reachable, windowCount } = placed(series, scores, profile);
  const best = new Float64Array(windowCount).fill(-profile.missed);
  let total = -profile.missed * reachable;
  for (const { score, window, worth } of rows) {
    if (score < threshold) continue;
    if (window < 0) total += worth;
    else if (worth > (best[window] ?? 0)) {
      total += worth - (best[window] ?? 0);
      best[window] = worth;
    }
  }
  return normalised(total, windowCount, profile);
}

function normalised(raw: number, windows: number, { missed }: NabProfile): number {
  const none = -missed * windows;
  return (100 * (raw - none)) / (windows - none);
}

function placed(
  series: readonly NabSeries[],
  scores: readonly Float64Array[],
  profile: NabProfile,
): { rows: PlacedRow[]; reachable: number; windowCount: number } {
  const rows: PlacedRow[] = [];
  let windowCount = 0;
  let reachable = 0;
  series.forEach((one, at) => {
    const from = probationaryRows(one.values.length);
    const worths = rowWorths(one, profile.falseAlarm);
    // A window that ends before scoring begins cannot be missed.
    reachable += one.windows.filter(([, last]) => last >= from).length;
    for (let row = from; row < one.values.length; row++) {
      const { window, worth } = worths[row] ?? { window: -1, worth: 0 };
      const score = scores[at]?.[row] ?? 0;
      rows.push({ score, window: window < 0 ? -1 : windowCount + window, worth });
    }
    windowCount += one.windows.length;
  });
  return { rows, reachable, windowCount };
}

/** What an alarm in each row would be worth. */
export function rowWorths(
  { values, windows }: NabSeries,
  falseAlarm: number,
): readonly { readonly window: number; readonly worth: number }[] {
  const full = scaledSigmoid(-1);
  let next = 0;
  let inside = -1;
  let last: { readonly row: number; readonly width: number } | undefined;
  return Array.from(values, (_value, row) => {
    if (inside < 0 && windows[next]?.[0] === row) inside = next++;
    const window = windows[inside];
    if (window !== undefined) {
      const [first, end] = window;
      const width = end - first + 1;
      const here = { window: inside, worth: scaledSigmoid(-(end - row + 1) / width) / full };
      if (row === end) {
        last = { row, width };
        inside = -1;
      }
      return here;
    }
    const past = last === undefined ? Infinity : (row - last.row) / (last.width - 1);
    return { window: -1, worth: falseAlarm * scaledSigmoid(past) };
  });
}

/** 1 well before 0, 0 at it, −1 well after: an alarm just behind a window costs little. */
function scaledSigmoid(position: number): number {
  return position > 3 ? -1 : 2 / (1 + Math.exp(5 * position)) - 1;
}
