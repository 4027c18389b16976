/** What is done about damage before SQLite opens the file. */
import { closeSync, existsSync, fstatSync, fsyncSync, openSync, rmSync, writeSync } from "node:fs";

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
