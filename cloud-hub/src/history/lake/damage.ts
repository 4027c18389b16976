/** A file of the lake is not what it was: it is named, put aside, and made again while the database still can. */
import type { Clock, Log } from "@millwright/kit";
import type pg from "pg";

import { writeAudit } from "../../database/audit.ts";
import { inTransaction } from "../../database/transaction.ts";
import { isoDay } from "./iso-day.ts";
import type { LakeFile } from "./lake-store.ts";

export async function noteDamaged(
  pool: pg.Pool,
  file: LakeFile,
  reason: string,
  clock: Clock,
  log: Log,
): Promise<void> {
  const released = await inTransaction(pool, async (client) => {
    const noted = await client.query(
      "update lake_files set state = 'damaged' where id = $1 and state = 'listed'",
      [file.id],
    );
    // Another reader was first.
    if (noted.rowCount === 0) return undefined;
    // The next compaction writes the day again, from chunks or from what is left.
    const day = await client.query<{ released: boolean }>(
      `update history_days set compacted = case when released then compacted else -1 end
       where day = $1 and bucket = $2 returning released`,
      [file.day, file.bucket],
    );
    await writeAudit(client, {
      atUs: clock.nowUs(),
      actor: "policy",
      act: "history file damaged",
      details: { path: file.path, samples: file.samples, reason },
    });
    return day.rows[0]?.released ?? true;
  });
  if (released === undefined) return;
  log.error("history.file-damaged", {
    path: file.path,
    day: isoDay(file.day),
    samples: file.samples,
    reason,
    hint: released
      ? "Put the file back from a backup, or ask the gateways for that day; minutes and hours are not touched."
      : "Nothing to do: the file is written again from the database.",
  });
}
