/** The process of one backup. Started by `backup/backup-keeper.ts`; ends with the one who started it. */
import { messageChain, systemClock } from "@millwright/kit";

import type { BackupOrder, BackupOutcome } from "../backup/backup-order.ts";
import { makeBackup, pruneBackups } from "../backup/make-backup.ts";
import { applyMigrations } from "../ingest/migrate.ts";

const stopping = new AbortController();
for (const end of ["disconnect", "SIGTERM"] as const) {
  process.once(end, () => {
    stopping.abort();
  });
}
// A signal of the terminal is the hub's to handle.
process.on("SIGINT", () => undefined);

process.once("message", (message) => {
  void make(message as BackupOrder).then((outcome) => {
    if (process.connected) process.send?.(outcome, () => process.disconnect());
  });
});

async function make({ keep, ...order }: BackupOrder): Promise<BackupOutcome> {
  try {
    const { path, bytes } = await makeBackup({
      ...order,
      applyMigrations,
      clock: systemClock,
      signal: stopping.signal,
    });
    pruneBackups(order.folder, keep);
    return { kind: "made", path, bytes };
  } catch (failure) {
    return { kind: "failed", reason: messageChain(failure) };
  }
}
