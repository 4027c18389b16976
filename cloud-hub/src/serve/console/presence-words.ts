import { durationWords, sinceWords } from "@millwright/ui-kit";
import type { GatewayRow } from "@millwright/wire-contract";

import { say } from "./messages.ts";

/** How a gateway is, with the time that belongs to it: `silent, last heard 11 min ago`. */
export function presenceWords(row: GatewayRow, nowUs: number): string {
  switch (row.presence) {
    case "silent":
      return say("cell.last-beat", { heard: heardWords(row, nowUs) });
    case "behind":
      return say("cell.behind", { time: durationWords(row.behindMs) });
    case "reporting":
      return say("presence.reporting");
    case "sleeping":
      return say("cell.since", {
        presence: say("presence.sleeping"),
        time: sinceWords(row.sinceUs, nowUs),
      });
  }
}

/** `last heard 11 min ago`; one whose frames came on a stick alone was never heard. */
export function heardWords({ lastBeatUs }: Pick<GatewayRow, "lastBeatUs">, nowUs: number): string {
  if (lastBeatUs === 0) return say("heard.never");
  return say("heard.ago", { time: durationWords((nowUs - lastBeatUs) / 1_000) });
}
