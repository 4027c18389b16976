/**
 * A journal that SQLite cannot go on with is put aside, for people to look at, and another one begins. That one has to say
 * what was lost with it: until it has, the name of the file says so, because the start that put it aside may end before.
 */
import { existsSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import path from "node:path";

import Database from "better-sqlite3";

import { clearSuspicion, sumsOf } from "./inspect-file.ts";

/** Names of files that were put aside begin so. */
export const asideBegins = "journal-damaged-";
/** Follows the name of one of which no journal has claimed the loss yet. */
const unclaimedEnds = "-unclaimed";

/** The file that was here before. */
export interface PutAside {
  /** Where it lies once its loss is claimed. */
  readonly movedTo: string;
  /** When it was begun, µs; earlier where that cannot be said. */
  readonly lostFromUs: number;
  readonly why: string;
}

/** Puts the file aside under a name with the time, with its log. One is kept: more would fill the disk. */
export function putAside(folder: string, file: string, nowUs: number): void {
  const log = `${file}-wal`;
  if (findUnclaimed(folder) === undefined) {
    for (const name of asideIn(folder)) rmSync(path.join(folder, name), { force: true });
    const stamp = new Date(nowUs / 1_000).toISOString().replaceAll(/[-:]|\.\d+/g, "");
    const movedTo = path.join(folder, `${asideBegins}${stamp}.db`);
    renameSync(file, `${movedTo}${unclaimedEnds}`);
    if (existsSync(log)) renameSync(log, `${movedTo}-wal`);
  } else {
    // No journal has begun since the last one was put aside: in this file is nothing that a person could look for.
    rmSync(file);
    rmSync(log, { force: true });
  }
  rmSync(`${file}-shm`, { force: true });
  rmSync(sumsOf(file), { force: true });
  clearSuspicion(file);
}

/** The file that was put aside and whose loss no journal has claimed yet; also by a start that ended before it could. */
export function unclaimedAside(folder: string, nowUs: number, why: string): PutAside | undefined {
  const name = findUnclaimed(folder);
  if (name === undefined) return undefined;
  const file = path.join(folder, name);
  return { movedTo: file.slice(0, -unclaimedEnds.length), lostFromUs: begunUs(file, nowUs), why };
}

/** Its loss is in the journal that follows it. */
export function claimed({ movedTo }: PutAside): void {
  renameSync(`${movedTo}${unclaimedEnds}`, movedTo);
}

function findUnclaimed(folder: string): string | undefined {
  return asideIn(folder).find((name) => name.endsWith(unclaimedEnds));
}

function asideIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder).filter((name) => name.startsWith(asideBegins));
}

/** When a journal was begun, as well as can be said; too early rather than too late, because a claim charges what is missing. */
function begunUs(file: string, nowUs: number): number {
  const { birthtimeMs } = statSync(file);
  const times = [birthtimeMs * 1_000, startedUs(file)].filter((us) => us > 0 && us < nowUs);
  return times.length === 0 ? 0 : Math.round(Math.min(...times));
}

/** Its first start, when that can still be read; 0 else. */
function startedUs(file: string): number {
  let db: Database.Database | undefined;
  try {
    db = new Database(file, { readonly: true, timeout: 0 });
    return Number(db.prepare("select min(started_us) from start").pluck().get());
  } catch {
    return 0;
  } finally {
    db?.close();
    // Made for reading a file whose log has another name by now.
    for (const ending of ["-wal", "-shm"]) rmSync(`${file}${ending}`, { force: true });
  }
}
