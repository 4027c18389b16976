/** Recorded values of tags: what the history address answers, asked for and summed up. */
import {
  chartColumnsMax,
  decodeHistory,
  type HistoryLine,
} from "@millwright/wire-contract/history";

import { loadBytes } from "../parts/use-resource.ts";

export interface TimeRange {
  readonly fromUs: number;
  readonly toUs: number;
}

/**
 * The recorded lines of these tags, in their order.
 *
 * @param base where history lives: `/api` on the HMI, `/api/gateways/ID` on the console
 * @param widthPx of the chart: it gets two points for each pixel at most
 */
export async function loadHistory(
  base: string,
  tags: readonly string[],
  range: TimeRange,
  widthPx: number,
  signal: AbortSignal,
): Promise<readonly HistoryLine[]> {
  return decodeHistory(await loadBytes(historyAddress(base, tags, range, widthPx), signal));
}

/** The answer has four points for a column, so a column is two pixels wide. */
const pixelsPerColumn = 2;

export function historyAddress(
  base: string,
  tags: readonly string[],
  range: TimeRange,
  widthPx: number,
): string {
  const columns = Math.round(widthPx / pixelsPerColumn);
  const query = new URLSearchParams([
    ...tags.map((tag) => ["tag", tag]),
    ["from", String(Math.round(range.fromUs))],
    ["to", String(Math.round(range.toUs))],
    ["columns", String(Math.max(1, Math.min(chartColumnsMax, columns)))],
  ]);
  return `${base}/history?${query.toString()}`;
}

/** Lowest, highest and mean of what is drawn; undefined when there is no number. */
export function summaryOf(
  values: Iterable<number | null>,
): { readonly min: number; readonly max: number; readonly mean: number } | undefined {
  let min = Infinity;
  let max = -Infinity;
  let sum = 0;
  let count = 0;
  for (const value of values) {
    if (value === null || !Number.isFinite(value)) continue;
    min = Math.min(min, value);
    max = Math.max(max, value);
    sum += value;
    count += 1;
  }
  return count === 0 ? undefined : { min, max, mean: sum / count };
}
