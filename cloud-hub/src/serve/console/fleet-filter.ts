/** Which gateways a person wants to see, and which want to be seen by a person. */
import { countWords, durationWords } from "@millwright/ui-kit";
import type { GatewayRow, Presence } from "@millwright/wire-contract";

import { say } from "./messages.ts";
import { heardWords } from "./presence-words.ts";

export const presences: readonly Presence[] = ["reporting", "behind", "silent", "sleeping"];

export function isPresence(text: string): text is Presence {
  return (presences as readonly string[]).includes(text);
}

export function filterRows(
  rows: readonly GatewayRow[],
  presence: Presence | undefined,
  site: string | undefined,
  text: string,
): readonly GatewayRow[] {
  const wanted = text.trim().toLowerCase();
  return rows.filter(
    (row) =>
      (presence === undefined || row.presence === presence) &&
      (site === undefined || row.site === site) &&
      (wanted === "" || `${row.name} ${row.site} ${row.gateway}`.toLowerCase().includes(wanted)),
  );
}

export interface Attention {
  readonly gateway: string;
  readonly text: string;
}

/** What needs a person, the worst first: loss, two with one name, silence, waiting for a person, being behind, devices away. */
export function attentionOf(rows: readonly GatewayRow[], nowUs: number): readonly Attention[] {
  const found: { readonly rank: number; readonly gateway: string; readonly text: string }[] = [];
  for (const row of rows) {
    const tell = (rank: number, text: string): number =>
      found.push({ rank, gateway: row.gateway, text });
    const gateway = row.name;
    if (row.unexplained > 0) {
      tell(0, say("attention.unexplained", { gateway, count: countWords(row.unexplained) }));
    }
    if (row.copy !== undefined) tell(1, say("attention.copy", { gateway }));
    if (row.presence === "silent") {
      tell(1, say("attention.silent", { gateway, heard: heardWords(row, nowUs) }));
      // What its devices were doing when it was last heard is not news.
      continue;
    }
    if (row.presence === "sleeping") continue;
    const refused = namesOf(row, "refused");
    if (refused !== "") tell(2, say("attention.refused", { gateway, devices: refused }));
    if (row.presence === "behind") {
      const time = durationWords(row.behindMs);
      tell(3, say("attention.behind", { gateway, time, count: countWords(row.waitingSamples) }));
    }
    const down = namesOf(row, "down");
    if (down !== "") tell(4, say("attention.down", { gateway, devices: down }));
  }
  return found.sort((one, other) => one.rank - other.rank);
}

function namesOf(row: GatewayRow, state: "down" | "refused"): string {
  return row.devices
    .filter((device) => device.state === state)
    .map((device) => device.name)
    .join(", ");
}
