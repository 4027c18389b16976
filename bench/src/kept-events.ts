import { join } from "node:path";

import { eventKinds, type EpisodeEvent } from "@millwright/wire-contract/events";
import Database from "better-sqlite3";

/** By asset: when its first episode was made in which a model speaks, µs. From a journal that nobody has open. */
export function firstEpisodes(journalFolder: string): ReadonlyMap<string, number> {
  const db = new Database(join(journalFolder, "journal.db"), { readonly: true });
  try {
    const rows = db
      .prepare<[number], { readonly asset: string; readonly at_us: number; readonly json: string }>(
        "select asset, at_us, json from event where kind = ? order by number",
      )
      .all(eventKinds.episode);
    const first = new Map<string, number>();
    for (const { asset, at_us: atUs, json } of rows) {
      const { levels } = JSON.parse(json) as EpisodeEvent;
      if (levels.includes("model") && !first.has(asset)) first.set(asset, atUs);
    }
    return first;
  } finally {
    db.close();
  }
}
