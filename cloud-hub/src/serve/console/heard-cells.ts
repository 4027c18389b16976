/** Cells of the tables that must not say more than is known: a silent gateway is not heard, and a sleeping one reads nothing. */
import { countWords, roughCountWords } from "@millwright/ui-kit";
import type { Presence } from "@millwright/wire-contract";

import { say } from "./messages.ts";

/** @param samples that were waiting when it was said last @param someSilent since then nobody knows how many more there are */
export function waitingCell(samples: number, someSilent: boolean): string {
  const count = roughCountWords(samples);
  if (someSilent) {
    return samples === 0 ? say("cell.unknown") : say("cell.waiting.least", { count });
  }
  return samples === 0 ? say("cell.none") : count;
}

/** @param live devices of gateways that are heard */
export function devicesCell(
  { reporting, behind, silent }: Readonly<Record<Presence, number>>,
  live: number,
  count: number,
): string {
  if (reporting + behind === 0) return say(silent > 0 ? "cell.unknown" : "cell.none");
  return say("cell.devices", { live: countWords(live), count: countWords(count) });
}
