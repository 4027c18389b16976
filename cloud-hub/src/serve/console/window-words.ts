/** Times that are laid over each other, in words. */
import { durationWords, momentWords, quantityWords } from "@millwright/ui-kit";
import { spanOf, windowsMax, type TimeWindow, type TrendRange } from "@millwright/ui-kit/trends";
import type { LiveTag } from "@millwright/wire-contract";

import type { LimitRule } from "./find-windows.ts";
import { sayWindow, sayWindowCount } from "./window-messages.ts";

export function limitWords(tag: LiveTag, { limit }: LimitRule): string {
  // As it was typed: a limit may be finer than what the device says.
  const typed = String(limit).split(".")[1]?.length ?? 0;
  return quantityWords({ ...tag, decimals: Math.max(tag.decimals, Math.min(typed, 6)) }, limit);
}

/** `Above 4.5 mm/s for 10 min`. */
export function ruleWords(tag: LiveTag, rule: LimitRule): string {
  const limit = limitWords(tag, rule);
  if (rule.leastUs === 0) return sayWindow(`what.${rule.kind}`, { limit });
  const time = durationWords(rule.leastUs / 1_000);
  return sayWindow(`what.${rule.kind}.for`, { limit, time });
}

/** How many there were, which of them are shown, and how closely they were looked for. */
export function foundWords(
  found: {
    readonly what: string;
    readonly count: number;
    readonly stepUs: number;
    readonly older: boolean;
  },
  range: TrendRange,
): string {
  const { what, count, stepUs, older } = found;
  const words = (us: number): string => momentWords(us, spanOf(range));
  const [from, to] = [words(range.fromUs), words(range.toUs)];
  return [
    sayWindowCount("told", count, { what, from, to }),
    ...(count > windowsMax ? [sayWindow("told.last", { most: String(windowsMax) })] : []),
    ...(older ? [sayWindow("told.older")] : []),
    ...(stepUs > 1e6 ? [sayWindow("told.step", { step: durationWords(stepUs / 1_000) })] : []),
  ].join(" ");
}

/** `lasted 41 s`. */
export function lastedWords({ fromUs, toUs }: TimeWindow): string {
  return toUs === undefined
    ? sayWindow("lasts")
    : sayWindow("lasted", { time: durationWords((toUs - fromUs) / 1_000) });
}

/** Date and time of the beginning. */
export function beginWords({ fromUs }: TimeWindow): string {
  // As a short chart has it: with seconds.
  return momentWords(fromUs, 0);
}
