/** What is done about damage before SQLite opens the file, and what is put aside when it cannot go on with it. */
import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import path from "node:path";

import Database from "better-sqlite3";

import { codeOf } from "../faults.ts";
import { checkPages } from "./check-pages.ts";
import { readLog } from "./log-pages.ts";
import { PageSums } from "./page-sums.ts";

/** What was found wrong with the file when it was opened; nobody else can say it any more. */
export interface FileFindings {
  /** Had one byte changed, and are as they were written. */
  readonly mendedPages: readonly number[];
  /** Had changed by more; what lay on them is given up. */
  readonly damagedPages: readonly number[];
  /** At the end of the log, torn or damaged: the commits in them are lost. */
  readonly lostFrames: number;
  /** SQLite could not go on with the file: it lies here, and the journal has begun anew. */
  readonly movedTo?: string;
  /** When the file that was moved was begun, µs. */
  readonly lostFromUs?: number;
  /** Why it was moved. */
  readonly why?: string;
}

export interface Inspected extends FileFindings {
  /** Pages of the file, all checked up to `checkedTo`. */
  readonly checkedTo: number;
}

export const nothingFound: Inspected = {
  mendedPages: [],
  damagedPages: [],
  lostFrames: 0,
  checkedTo: 0,
};

/** Checked before the first sample: 0.3 s. What lies behind is checked between commits. */
const bytesAtOnce = 256 * 2 ** 20;
/** Names of files that were put aside begin so. */
export const asideBegins = "journal-damaged-";

/** A runtime found something wrong: the next start looks at all of the file before it uses it. */
export function isSuspect(file: string): boolean {
  return existsSync(suspicionOf(file));
}

export function suspect(file: string): void {
  closeSync(openSync(suspicionOf(file), "w", 0o600));
}

export function clearSuspicion(file: string): void {
  rmSync(suspicionOf(file), { force: true });
}

/**
 * Compares pages with their sums and puts changed bytes back. Nothing is touched where a runtime has the file; what SQLite
 * says of it then is told by whoever opens it.
 */
export function inspectFile(file: string, pageSize: number): Inspected {
  const sumsFile = sumsOf(file);
  if (!existsSync(file) || !existsSync(sumsFile) || isInUse(file)) return nothingFound;
  const fd = openSync(file, "r+");
  const sums = new PageSums(sumsFile);
  try {
    const log = logOf(file, pageSize);
    const pages = Math.floor(fstatSync(fd).size / pageSize);
    const checkedTo = isSuspect(file) ? pages : Math.min(pages, bytesAtOnce / pageSize);
    const found = checkPages(fd, pageSize, sums, 1, checkedTo, log.sums);
    if (found.damaged.includes(1)) {
      // The first page changes with each checkpoint: somebody has put another file in its place, a copy of before. Of that
      // one no sums are known, so it is looked at as a whole.
      suspect(file);
      rmSync(sumsFile);
      return nothingFound;
    }
    for (const [page, content] of found.mendable) {
      writeSync(fd, content, 0, pageSize, (page - 1) * pageSize);
    }
    if (found.mendable.size > 0) fsyncSync(fd);
    sums.note(found.fresh, false);
    return {
      mendedPages: [...found.mendable.keys()],
      damagedPages: found.damaged,
      lostFrames: log.lostFrames,
      checkedTo,
    };
  } finally {
    sums.close();
    closeSync(fd);
  }
}

/**
 * Puts the file aside under a name with the time, with its log. One is kept: it is for people, and would fill the disk.
 *
 * @returns where it lies, and when it was begun
 */
export function moveAside(
  folder: string,
  file: string,
  nowUs: number,
): { readonly movedTo: string; readonly lostFromUs: number } {
  const stamp = new Date(nowUs / 1_000).toISOString().replaceAll(/[-:]|\.\d+/g, "");
  for (const name of readdirSync(folder)) {
    if (name.startsWith(asideBegins)) rmSync(path.join(folder, name), { force: true });
  }
  const lostFromUs = begunUs(file, nowUs);
  const movedTo = path.join(folder, `${asideBegins}${stamp}.db`);
  renameSync(file, movedTo);
  if (existsSync(`${file}-wal`)) renameSync(`${file}-wal`, `${movedTo}-wal`);
  rmSync(`${file}-shm`, { force: true });
  rmSync(sumsOf(file), { force: true });
  clearSuspicion(file);
  return { movedTo, lostFromUs };
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
  }
}

export function sumsOf(file: string): string {
  return `${file}-sums`;
}

function suspicionOf(file: string): string {
  return `${file}-check`;
}

function logOf(file: string, pageSize: number): ReturnType<typeof readLog> {
  const log = `${file}-wal`;
  if (!existsSync(log)) return { sums: new Map(), lostFrames: 0 };
  const fd = openSync(log, "r");
  try {
    return readLog(fd, fstatSync(fd).size, pageSize, false);
  } finally {
    closeSync(fd);
  }
}

function isInUse(file: string): boolean {
  let db: Database.Database | undefined;
  try {
    // Only reads, so that closing it does not fold the log.
    db = new Database(file, { readonly: true, timeout: 0 });
    db.prepare("select count(*) from sqlite_schema").get();
    return false;
  } catch (failure) {
    // One that is damaged is nobody's.
    return codeOf(failure).startsWith("SQLITE_BUSY");
  } finally {
    db?.close();
  }
}
