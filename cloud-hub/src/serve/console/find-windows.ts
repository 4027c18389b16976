/** When a value was beyond a limit: looked for in the history of the time shown, and each beginning once more closely. */
import {
  loadHistory,
  windowsBeyond,
  windowsMax,
  type TimeWindow,
  type TrendSource,
  type WindowRule,
} from "@millwright/ui-kit/trends";
import { chartColumnsMax } from "@millwright/wire-contract/history";

export type LimitRule = Extract<WindowRule, { readonly kind: "above" | "below" }>;

export interface FoundWindows {
  /** The newest, the oldest first. */
  readonly windows: readonly TimeWindow[];
  /** All that there were. */
  readonly count: number;
  /** Width of a column that was looked at, µs. */
  readonly stepUs: number;
}

/** As fine as a server answers; a column is two pixels wide. */
const widthPx = 2 * chartColumnsMax;

export async function findBeyond(
  { base, tag }: TrendSource,
  rule: LimitRule,
  range: { readonly fromUs: number; readonly toUs: number },
  signal: AbortSignal,
): Promise<FoundWindows> {
  const stepUs = (range.toUs - range.fromUs) / chartColumnsMax;
  const [line] = await loadHistory(base, [tag.id], range, widthPx, signal);
  if (line === undefined) return { windows: [], count: 0, stepUs };
  const all = windowsBeyond(line, rule);
  const windows = await Promise.all(
    all.slice(-windowsMax).map(async (one): Promise<TimeWindow> => {
      // The first value beyond it lies within the column before the one that was seen.
      const near = { fromUs: one.fromUs - 2 * stepUs, toUs: one.fromUs };
      const [closer] = await loadHistory(base, [tag.id], near, widthPx, signal);
      const last = windowsBeyond(closer ?? line, { ...rule, leastUs: 0 }).at(-1);
      const isIt = last !== undefined && last.toUs === undefined && last.fromUs >= near.fromUs;
      return isIt ? { ...one, fromUs: last.fromUs } : one;
    }),
  );
  return { windows, count: all.length, stepUs };
}
