import assert from "node:assert/strict";
import { closeSync, fstatSync, mkdirSync, openSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";

import Database from "better-sqlite3";
import type { GatewayId } from "@millwright/wire-contract";

import {
  codeOf,
  isCorrupt,
  isFull,
  JournalDamaged,
  JournalInUse,
  JournalUnusable,
} from "./faults.ts";
import { checkPages } from "./pages/check-pages.ts";
import {
  clearSuspicion,
  inspectFile,
  isSuspect,
  sumsOf,
  suspect,
  type FileFindings,
} from "./pages/inspect-file.ts";
import { isolate, type Isolated } from "./pages/isolate.ts";
import { LogEnd } from "./pages/log-end.ts";
import { readLog } from "./pages/log-pages.ts";
import { PageSums } from "./pages/page-sums.ts";
import { Reserve } from "./reserve.ts";
import { roomOf, type JournalRoom } from "./room.ts";

/**
 * The SQLite file, how it is opened, and what it costs the medium. Everything that decides about durability is here:
 * WAL with `synchronous=FULL`, one handle that nobody shares, and checkpoints of our own, so that a commit never pays
 * for one and the bytes of both can be counted.
 */

/**
 * Small pages, because each commit writes its last leaf, the first page and half of an overflow page again, in the log
 * and in the file. `bench journal`, bytes written for each sample as the operating system counts them: 10,000 samples a
 * commit 5.7 with 1 KiB and 6.4 with 4 KiB; 1,000 samples a commit 13 and 21.
 */
const pageSize = 1_024;
/** Copied between two commits: 256 KB, a millisecond. */
const pagesAtOnce = 256;
/** Checked between two commits: 1 MiB, some milliseconds. */
const pagesPerCheck = 1_024;
/** What brings a journal of an older version to the next one: `migrations[0]` makes version 2 of version 1. */
const migrations = [
  "2-told-frames.sql",
  "3-tiers.sql",
  "4-lanes-left.sql",
  "5-clock-segments.sql",
  "6-claims-of-frames.sql",
];
export const schemaVersion = 1 + migrations.length;
/** Reading /proc costs a tenth of a small commit, so it is not read with each. */
const threadEvery = 32;

export interface Written {
  readonly walBytes: number;
  readonly checkpointBytes: number;
  /** What the operating system charged to this thread (Linux), 0 elsewhere. Includes what the thread wrote besides. */
  readonly threadBytes: number;
}

export class Medium {
  readonly db: Database.Database;
  /** How the budget is shared out. */
  readonly room: JournalRoom;
  readonly reserve: Reserve;
  readonly #file: string;
  /** What was wrong with the file when it was opened. */
  readonly findings: FileFindings;
  /** Rows that lay on damaged pages, and are to be given up. */
  readonly isolated: Isolated;
  /** Undefined when it could not be written: the next start begins it anew. */
  #sums: PageSums | undefined;
  /** Kept open beside SQLite's: closing it would let go of the lock on the file. */
  readonly #fd: number;
  #checkedTo: number;
  /** The file is what its sums say: a checkpoint that found no room has left it half way. */
  #isFolded = true;
  /** What is in the log was written by this run. */
  #logIsOwn = false;
  #wal: { readonly fd: number; readonly end: LogEnd } | undefined;
  /** Of the log, what is not folded into the file yet. */
  #walSize = 0;
  /** Of the log, what it takes on the medium. */
  #walHigh = 0;
  #walBytes = 0;
  #checkpointed = 0;
  readonly #pages;
  #usedBytes = 0;
  #commits = 0;
  readonly #threadStart = threadWriteBytes();
  #threadBytes = 0;

  /** @param bytesMax file, log and reserve together never pass it */
  constructor(folder: string, gateway: GatewayId, bytesMax: number) {
    this.#file = path.join(folder, "journal.db");
    this.room = roomOf(bytesMax);
    const { checkedTo, ...found } = inspectFile(this.#file, pageSize);
    this.findings = found;
    this.#checkedTo = checkedTo;
    this.db = openFile(folder, this.#file, gateway);
    this.reserve = new Reserve(folder, this.room.reserveBytes);
    this.#fd = openSync(this.#file, "r");
    try {
      this.#sums = new PageSums(sumsOf(this.#file));
      this.#walSize = this.#sizeOfWal();
      if (this.#walSize > 0) this.#checkpoint();
      this.#logIsOwn = true;
      this.isolated = this.#isolate(found.damagedPages);
    } catch (failure) {
      this.abandon();
      throw failure;
    }
    // The last guard of the budget: even a defect above cannot make the file pass it.
    const { logBytes, reserveBytes } = this.room;
    const pagesMax = Math.floor((bytesMax - 2 * logBytes - reserveBytes) / pageSize);
    this.db.pragma(`max_page_count = ${pagesMax}`);
    this.#pages = this.db
      .prepare<[], number>(
        "select page_count - freelist_count from pragma_page_count(), pragma_freelist_count()",
      )
      .pluck();
    this.#measure();
  }

  /**
   * Bytes of pages that hold something, as after the last commit. The log has its own share of the budget: it comes and
   * goes.
   */
  get usedBytes(): number {
    return this.#usedBytes;
  }

  get walBytes(): number {
    return this.#walSize;
  }

  get written(): Written {
    return {
      walBytes: this.#walBytes,
      checkpointBytes: this.#checkpointed,
      threadBytes: this.#threadBytes,
    };
  }

  /** Counts what the commit wrote, and folds the log when it has grown enough. */
  afterCommit(): void {
    const size = this.#sizeOfWal();
    this.#walBytes += Math.max(0, size - this.#walSize);
    this.#walSize = size;
    // A disk that had no room may have none for a longer log: a short one is written over where it lies, also by the run
    // after this.
    if (size >= this.room.foldBytes || this.reserve.isLetGo) this.#checkpoint();
    this.#measure();
    if (this.#commits++ % threadEvery === 0) this.#measureThread();
  }

  /**
   * A copy of the file, some pages at a time. What is committed meanwhile goes into the copy, too, because it is written
   * by this same handle (SQLite, online backup: "the backup database is updated as well").
   */
  async copyTo(file: string): Promise<void> {
    await this.db.backup(file, { progress: () => pagesAtOnce });
  }

  close(): void {
    if (this.db.open) {
      if (this.#walSize > 0) this.#checkpoint(true);
      this.#measureThread();
    }
    this.#end();
    this.reserve.takeBack();
  }

  /**
   * Compares some pages with their sums that were not compared yet in this run. What is written meanwhile is right.
   *
   * @returns whether there are more
   * @throws `JournalDamaged`: the next start puts it right, or aside
   */
  checkSome(): boolean {
    const pages = Math.floor(fstatSync(this.#fd).size / pageSize);
    if (this.#sums === undefined || !this.#isFolded || this.#checkedTo >= pages) return false;
    const to = Math.min(pages, this.#checkedTo + pagesPerCheck);
    // The file is what the last checkpoint made it; what is in the log does not matter to it.
    const found = checkPages(this.#fd, pageSize, this.#sums, this.#checkedTo + 1, to, new Set());
    const wrong = [...found.mendable.keys(), ...found.damaged];
    if (wrong.length > 0) {
      this.suspect();
      throw new JournalDamaged(`pages ${wrong.join(", ")} of ${this.#file} have changed on disk`);
    }
    this.#sums.note(found.fresh, false);
    this.#checkedTo = to;
    return to < pages;
  }

  /** The next start looks at all of the file before it uses it. */
  suspect(): void {
    suspect(this.#file);
  }

  /** Ends the handle as a crash would: nothing more is written by us. */
  abandon(): void {
    if (this.db.open) this.#walSize = this.#sizeOfWal();
    this.#end();
  }

  #end(): void {
    if (!this.db.open) return;
    // SQLite folds what is left in the log when its last handle is closed: also after a last checkpoint of ours that found
    // no room. Pages without their new sums would be damage to the next start, which would put the journal aside.
    if (this.#walSize > 0) this.#noteSums();
    this.db.close();
    if (this.#wal !== undefined) closeSync(this.#wal.fd);
    this.#wal = undefined;
    closeSync(this.#fd);
    this.#sums?.close();
  }

  #isolate(damaged: readonly number[]): Isolated {
    const wasSuspect = isSuspect(this.#file);
    if (damaged.length === 0 && !wasSuspect) return { chunks: [], rollups: [], events: [] };
    const isolated = isolate(this.db, this.#fd, pageSize, damaged);
    if (isolated === undefined) {
      throw new JournalDamaged(
        damaged.length === 0
          ? `pages of ${this.#file} do not fit each other`
          : `pages ${damaged.join(", ")} of ${this.#file} have changed on disk`,
      );
    }
    // As it is now is how it stays.
    if (this.#sums !== undefined && damaged.length > 0) {
      this.#sums.forget(damaged);
      const to = Math.max(...damaged);
      const { fresh } = checkPages(this.#fd, pageSize, this.#sums, 1, to, new Set());
      this.#sums.note(fresh, true);
    }
    clearSuspicion(this.#file);
    return isolated;
  }

  /** Of what is about to be folded into the file. @returns how many pages that are */
  #noteSums(): number {
    if (this.#wal === undefined) return 0;
    const { sums } = readLog(this.#wal.fd, this.#walSize, pageSize, this.#logIsOwn);
    try {
      this.#sums?.note(sums, true);
    } catch {
      // Better none than wrong ones: a full disk is no damage.
      this.#sums?.close();
      this.#sums = undefined;
      rmSync(sumsOf(this.#file), { force: true });
    }
    return sums.size;
  }

  /** @param isLast nothing is written any more */
  #checkpoint(isLast = false): void {
    try {
      // The first page says which checkpoint made the file, so that sums are not held against a copy of another time.
      const made = Number(this.db.pragma("application_id", { simple: true }));
      this.db.pragma(`application_id = ${(made + 1) % 2 ** 31}`);
      this.#walSize = this.#sizeOfWal();
      this.#isFolded = false;
      const pages = this.#noteSums();
      this.#fold(isLast);
      this.#isFolded = true;
      this.#checkpointed += pages * pageSize;
    } catch (failure) {
      // What was committed is in the log, and is folded when the disk has room: the commit before stands.
      if (!isFull(failure)) throw failure;
    }
    this.#walSize = this.#sizeOfWal();
  }

  /**
   * Nobody else has the file open, so this always folds everything. The log keeps its length and is written over from its
   * beginning: a commit then takes half the time (`bench journal`). One that a large transaction made long is cut.
   */
  #fold(isLast: boolean): void {
    if (isLast || this.#walHigh > 2 * this.room.logBytes) {
      this.db.pragma("wal_checkpoint(TRUNCATE)");
      this.#walHigh = 0;
      return;
    }
    this.db.pragma("wal_checkpoint(RESTART)");
    this.#wal?.end.folded();
    // Begins the log anew at once: of one that is folded and whole, damage would bring back a part.
    this.db.pragma(`user_version = ${schemaVersion}`);
  }

  #sizeOfWal(): number {
    if (this.#wal === undefined) {
      try {
        const fd = openSync(`${this.#file}-wal`, "r");
        this.#wal = { fd, end: new LogEnd(fd, pageSize) };
        this.#walHigh = fstatSync(fd).size;
      } catch {
        // The log is made by the first commit.
        return 0;
      }
    }
    const size = this.#wal.end.look();
    this.#walHigh = Math.max(this.#walHigh, size);
    return size;
  }

  #measure(): void {
    this.#usedBytes = (this.#pages.get() ?? 0) * pageSize;
  }

  #measureThread(): void {
    this.#threadBytes = threadWriteBytes() - this.#threadStart;
  }
}

function openFile(folder: string, file: string, gateway: GatewayId): Database.Database {
  let db: Database.Database | undefined;
  try {
    mkdirSync(folder, { recursive: true });
    db = new Database(file, { timeout: 0 });
    db.pragma(`page_size = ${pageSize}`);
    // One handle for the life of the process: no shared memory file, and a second runtime on the same folder is refused.
    db.pragma("locking_mode = EXCLUSIVE");
    const mode = db.pragma("journal_mode = WAL", { simple: true });
    db.pragma("synchronous = FULL");
    db.pragma("wal_autocheckpoint = 0");
    // 2 MB: frames are written once and read seldom, so a larger cache would hold what nobody asks for.
    db.pragma("cache_size = -2000");
    db.pragma("temp_store = MEMORY");
    // The promise rests on these two (reliability, rule 1), so they are asked for and not believed.
    assert(mode === "wal", `journal mode is ${String(mode)}, not wal`);
    assert(db.pragma("synchronous", { simple: true }) === 2, "synchronous is not FULL");
    layOut(db, gateway, file);
    return db;
  } catch (failure) {
    db?.close();
    if (failure instanceof JournalUnusable) throw failure;
    if (isCorrupt(failure)) throw new JournalDamaged(`${file} is not whole`, { cause: failure });
    throw unusable(folder, failure);
  }
}

function layOut(db: Database.Database, gateway: GatewayId, file: string): void {
  const version = Number(db.pragma("user_version", { simple: true }));
  if (version === 0) {
    db.transaction(() => {
      db.exec(readSql("schema.sql"));
      db.prepare("insert into fact (name, value) values ('gateway', ?)").run(gateway);
      db.pragma(`user_version = ${schemaVersion}`);
    })();
    return;
  }
  if (version > schemaVersion) {
    throw new JournalUnusable(
      `journal ${file} has version ${version}, this program knows ${schemaVersion}`,
      "Start the version of the program that wrote this journal, or a newer one.",
    );
  }
  const owner = db.prepare("select value from fact where name = 'gateway'").pluck().get();
  if (owner !== gateway) {
    throw new JournalUnusable(
      `journal ${file} belongs to gateway ${String(owner)}, the settings name ${gateway}`,
      "Give each gateway a data folder of its own.",
    );
  }
  // Together or not at all: a power cut in between leaves the version that was there.
  db.transaction(() => {
    for (const migration of migrations.slice(version - 1)) {
      db.exec(readSql(`migrations/${migration}`));
    }
    if (version < schemaVersion) db.pragma(`user_version = ${schemaVersion}`);
  })();
}

function readSql(file: string): string {
  return readFileSync(new URL(file, import.meta.url), "utf8");
}

function unusable(folder: string, cause: unknown): JournalUnusable {
  const options = { cause };
  switch (codeOf(cause)) {
    case "SQLITE_BUSY":
      return new JournalInUse(
        `journal in ${folder} is in use`,
        "Another runtime uses this data folder: stop it, or set another folder.",
        options,
      );
    case "SQLITE_FULL":
    case "ENOSPC":
      return new JournalUnusable(
        `no room for the journal in ${folder}`,
        "Make room on the disk of the data folder.",
        options,
      );
    default:
      return new JournalUnusable(
        `journal in ${folder} cannot be opened`,
        "Check that the data folder exists and that the runtime may write in it.",
        options,
      );
  }
}

/** `write_bytes` of the calling thread: bytes of pages that this thread made dirty. */
function threadWriteBytes(): number {
  try {
    const text = readFileSync("/proc/thread-self/io", "latin1");
    return Number(/^write_bytes: (\d+)$/m.exec(text)?.[1] ?? 0);
  } catch {
    return 0;
  }
}
