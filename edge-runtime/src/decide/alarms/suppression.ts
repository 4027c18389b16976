/** Suppression by design: an expression of states, alarms and values. What is not known is not true, so nothing is hidden by a fault. */
import type { OperatingState } from "@millwright/wire-contract/events";

import type { SuppressionFile } from "./settings.ts";

/** The world as suppression sees it. */
export interface SuppressionView {
  /** Undefined where it is not known. */
  stateOf(asset: string): OperatingState | undefined;
  /** Whether the condition of an alarm holds, whatever covers it: so two alarms cannot suppress each other in turns. */
  holds(alarm: string): boolean;
  /** A good value of now; NaN otherwise. */
  valueOf(tag: string): number;
}

/** @returns what suppresses, in words; undefined when nothing does */
export function suppressionOf(when: SuppressionFile, view: SuppressionView): string | undefined {
  if ("any" in when) {
    for (const one of when.any) {
      const words = suppressionOf(one, view);
      if (words !== undefined) return words;
    }
    return undefined;
  }
  if ("all" in when) {
    const all = when.all.map((one) => suppressionOf(one, view));
    return all.includes(undefined) ? undefined : all.join(", ");
  }
  if ("not" in when) {
    if (!isKnown(when.not, view)) return undefined;
    return suppressionOf(when.not, view) === undefined ? `not ${wordsOf(when.not)}` : undefined;
  }
  if ("asset" in when) {
    const state = view.stateOf(when.asset);
    return state !== undefined && when.state.includes(state)
      ? `${when.asset} is ${state}`
      : undefined;
  }
  if ("alarm" in when) return view.holds(when.alarm) ? wordsOf(when) : undefined;
  const value = view.valueOf(when.tag);
  const { above = NaN, below = NaN, equals = NaN } = when;
  return value > above || value < below || value === equals ? wordsOf(when) : undefined;
}

/** The opposite of what nobody knows is not true either. */
function isKnown(when: SuppressionFile, view: SuppressionView): boolean {
  if ("any" in when) return when.any.every((one) => isKnown(one, view));
  if ("all" in when) return when.all.every((one) => isKnown(one, view));
  if ("not" in when) return isKnown(when.not, view);
  if ("asset" in when) return view.stateOf(when.asset) !== undefined;
  if ("alarm" in when) return true;
  return !Number.isNaN(view.valueOf(when.tag));
}

function wordsOf(when: SuppressionFile): string {
  if ("any" in when) return when.any.map(wordsOf).join(" or ");
  if ("all" in when) return when.all.map(wordsOf).join(" and ");
  if ("not" in when) return `not ${wordsOf(when.not)}`;
  if ("asset" in when) return `${when.asset} is ${when.state.join(" or ")}`;
  if ("alarm" in when) return `alarm ${when.alarm} holds`;
  const { tag, above, below, equals } = when;
  if (above !== undefined) return `${tag} is above ${above}`;
  return below !== undefined ? `${tag} is below ${below}` : `${tag} is ${equals ?? ""}`;
}
