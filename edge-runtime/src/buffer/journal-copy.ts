/** Copies of a journal's file: made where no runtime has it, and checked page by page. */
import { existsSync, rmSync, statSync } from "node:fs";
import path from "node:path";

import Database from "better-sqlite3";
import type { GatewayId } from "@millwright/wire-contract";

import { codeOf, JournalInUse, JournalUnusable } from "./faults.ts";
import { sumsOf } from "./pages/inspect-file.ts";

export const journalName = "journal.db";
/** Of SQLite beside a file in WAL mode; without them the file may lack its last commits. */
export const journalCompanions = ["-wal", "-shm", "-journal", "-sums", "-check"] as const;

export { asideBegins } from "./pages/put-aside.ts";

/** Of a stopped gateway. Throws `JournalInUse` when a runtime has it, `JournalUnusable` when there is none. */
export async function copyStoppedJournal(folder: string, file: string): Promise<void> {
  const db = openStopped(folder);
  try {
    await db.backup(file);
  } finally {
    db.close();
  }
}

/** True when a runtime has the journal of this folder. False when there is none, or one that cannot be read. */
export function isJournalInUse(folder: string): boolean {
  try {
    openStopped(folder).close();
    return false;
  } catch (failure) {
    return failure instanceof JournalInUse;
  }
}

function openStopped(folder: string): Database.Database {
  const file = path.join(folder, journalName);
  if (!existsSync(file)) {
    throw new JournalUnusable(
      `there is no journal at ${file}`,
      "Check the settings: the gateway has not run with this data folder yet.",
    );
  }
  let db: Database.Database | undefined;
  try {
    db = new Database(file, { timeout: 0 });
    // A runtime holds the file for itself: only now it is asked for.
    db.pragma("locking_mode = EXCLUSIVE");
    db.prepare("select count(*) from sqlite_schema").get();
    // Its log is folded when it is closed, and nobody keeps sums of that: the next start begins them anew.
    const log = statSync(`${file}-wal`, { throwIfNoEntry: false });
    if ((log?.size ?? 0) > 0) rmSync(sumsOf(file), { force: true });
    return db;
  } catch (cause) {
    db?.close();
    if (codeOf(cause).startsWith("SQLITE_BUSY"))
      throw new JournalInUse(`journal ${file} is in use`, "Stop the gateway first.", { cause });
    throw new JournalUnusable(
      `journal ${file} cannot be read`,
      "Run this as the user who runs the gateway.",
      { cause },
    );
  }
}

/**
 * Reads every page of a copy and compares what refers to each other (SQLite, `pragma integrity_check`).
 *
 * @returns in words what is wrong with it; undefined when it is whole and belongs to the gateway
 */
export function whatIsWrongWith(file: string, gateway: GatewayId): string | undefined {
  let db: Database.Database | undefined;
  try {
    db = new Database(file, { readonly: true });
    const found = db.pragma("integrity_check(1)", { simple: true });
    if (found !== "ok") return String(found);
    const owner = db.prepare("select value from fact where name = 'gateway'").pluck().get();
    return owner === gateway ? undefined : `it belongs to gateway ${String(owner)}`;
  } catch (failure) {
    return failure instanceof Error ? failure.message : String(failure);
  } finally {
    db?.close();
    for (const ending of journalCompanions) rmSync(`${file}${ending}`, { force: true });
  }
}
