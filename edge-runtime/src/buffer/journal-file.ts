/**
 * Reads what a stopped gateway holds for the hub, and changes nothing: for an export when no runtime can be asked. The
 * file is opened for each piece and let go again, so that a runtime which starts meanwhile finds it free.
 */
import { existsSync } from "node:fs";
import path from "node:path";

import Database from "better-sqlite3";
import {
  frameBytes,
  parseFrame,
  type Epoch,
  type GatewayId,
  type JournalBirth,
  type LedgerEntry,
  type RoadLane,
} from "@millwright/wire-contract";
import { toEventRecord, type EventRecord } from "@millwright/wire-contract/events";

import type { EventQuery, OutboxLane } from "../hand-over.ts";
import { newestClaimsIn } from "./claim-table.ts";
import { eventsIn } from "./events/event-table.ts";
import { codeOf, JournalInUse, JournalUnusable } from "./faults.ts";
import { bigOf } from "./bytes-64.ts";
import { keyOf, seqOf } from "./lane-book.ts";
import { schemaVersion } from "./medium.ts";

export interface JournalFile {
  /** Lanes as the journal last wrote them; `JournalInUse` when a runtime has it, `JournalUnusable` when there is none. */
  lanes(): {
    readonly lanes: readonly OutboxLane[];
    readonly birth: JournalBirth;
    readonly incarnation: string | undefined;
  };
  /** Whole frames and voids after `seq`, until `bytesMax` is passed. */
  framesAfter(epoch: Epoch, lane: RoadLane, seq: number, bytesMax: number): FilePiece;
  /** Ledger rows that no frame holds yet: they are numbered when the gateway runs. */
  openClaims(): number;
  /** The newest first. */
  newestClaims(max: number): readonly LedgerEntry[];
  /** The newest first. */
  events(query: EventQuery): readonly EventRecord[];
}

export interface FilePiece {
  readonly frames: readonly { readonly lane: RoadLane; readonly bytes: Uint8Array }[];
  readonly lastSeq: number;
  /** Read in this piece, and damaged. */
  readonly unreadable: number;
}

/** The lanes that a file alone can be read for, with what their tables differ in. The bodies of captures lie elsewhere. */
const tables = {
  critical: { table: "critical_frame", body: "told.body", join: "" },
  live: told("live_frame"),
  history: told("history_frame"),
} as const;
type FileLane = keyof typeof tables;

/** What is read since version 2; the columns that came later are looked for by name. */
const oldestVersion = 2;

interface LaneRow {
  readonly rank: number;
  readonly lane: string;
  readonly base_seq: number;
  readonly base_chain: Buffer;
  readonly stored_seq: number;
  /** Not in files of before version 4. */
  readonly released?: number;
  readonly left_at?: number | null;
  readonly epoch: Epoch;
  readonly parent: Epoch | null;
  readonly started_us: number;
  readonly last_commit_us: number;
}

interface ItemRow {
  readonly id: number;
  readonly head: Buffer;
  readonly body: Buffer;
}

interface HeadRow {
  readonly id: number;
  readonly chain: Buffer;
}

export function journalFile(folder: string, gateway: GatewayId): JournalFile {
  const file = path.join(folder, "journal.db");
  const read = <T>(work: (db: Database.Database) => T): T => withFile(file, gateway, work);
  return {
    lanes: () =>
      read((db) => ({
        lanes: lanesIn(db),
        birth: birthIn(db),
        incarnation: textIn(db, "incarnation"),
      })),
    framesAfter: (epoch, lane, seq, bytesMax) =>
      read((db) => {
        const rank = db.prepare("select rank from start where epoch = ?").pluck().get(epoch);
        if (!isFileLane(lane) || typeof rank !== "number")
          return { frames: [], lastSeq: seq, unreadable: 0 };
        return piece(db, rank, lane, seq, bytesMax);
      }),
    openClaims: () =>
      read((db) =>
        Number(db.prepare("select count(*) from claim where number is null").pluck().get()),
      ),
    newestClaims: (max) => read((db) => newestClaimsIn(db, max)),
    events: (query) =>
      read((db) => eventsIn(db, query).flatMap((line) => toEventRecord(line) ?? [])),
  };
}

function withFile<T>(file: string, gateway: GatewayId, work: (db: Database.Database) => T): T {
  if (!existsSync(file))
    throw new JournalUnusable(
      `there is no journal at ${file}`,
      "Check the settings: the gateway has not run with this data folder yet.",
    );
  let db: Database.Database | undefined;
  try {
    db = new Database(file, { readonly: true, timeout: 0 });
    const version = Number(db.pragma("user_version", { simple: true }));
    if (version < oldestVersion || version > schemaVersion)
      throw new JournalUnusable(
        `journal ${file} has version ${version}, this program reads ${oldestVersion} to ${schemaVersion}`,
        "Run the version of the program that wrote this journal.",
      );
    const owner = textIn(db, "gateway");
    if (owner !== gateway)
      throw new JournalUnusable(
        `journal ${file} belongs to gateway ${String(owner)}, the settings name ${gateway}`,
        "Name the settings of the gateway whose journal this is.",
      );
    return work(db);
  } catch (failure) {
    if (failure instanceof JournalUnusable) throw failure;
    if (codeOf(failure).startsWith("SQLITE_BUSY"))
      throw new JournalInUse(
        `journal ${file} is in use`,
        "The gateway is starting; run this again.",
        {
          cause: failure,
        },
      );
    throw new JournalUnusable(
      `journal ${file} cannot be read`,
      "Run this as the user who runs the gateway, who may read and write in its data folder.",
      { cause: failure },
    );
  } finally {
    db?.close();
  }
}

/** A journal that was ever used has a first start. */
function birthIn(db: Database.Database): JournalBirth {
  const first = db
    .prepare<[], { epoch: Epoch; started_us: number }>(
      "select epoch, started_us from start order by rank limit 1",
    )
    .get();
  if (first === undefined)
    throw new JournalUnusable("the journal has not begun yet", "Start the gateway once.");
  return { epoch: first.epoch, startedUs: first.started_us };
}

function lanesIn(db: Database.Database): OutboxLane[] {
  const rows = db
    .prepare<[], LaneRow>(
      `select lane.*, start.epoch, start.parent, start.started_us, start.last_commit_us
       from lane join start using (rank)
       order by rank, case lane when 'critical' then 0 when 'live' then 1 else 2 end`,
    )
    .all();
  return rows.flatMap((row) => {
    if (row.released === 1 || !isFileLane(row.lane)) return [];
    const base = { seq: row.base_seq, chain: bigOf(row.base_chain) };
    const head = headIn(db, row, row.lane) ?? base;
    return {
      epoch: row.epoch,
      ...(row.parent === null ? {} : { parent: row.parent }),
      startedUs: row.started_us,
      lastCommitUs: row.last_commit_us,
      lane: row.lane,
      baseSeq: base.seq,
      baseChain: base.chain,
      storedSeq: Math.max(base.seq, Math.min(row.stored_seq, head.seq)),
      headSeq: head.seq,
      headChain: head.chain,
    };
  });
}

/** The last item of a lane above its base; of a lane that was left, the last that is still sent there. */
function headIn(
  db: Database.Database,
  { rank, base_seq, left_at }: LaneRow,
  lane: FileLane,
): { readonly seq: number; readonly chain: bigint } | undefined {
  const from = keyOf(rank, base_seq);
  const to =
    left_at === null || left_at === undefined ? keyOf(rank + 1, 0) - 1 : keyOf(rank, left_at);
  const { table } = tables[lane];
  const frame = db
    .prepare<[number, number], HeadRow>(
      `select id, chain from ${table} where id > ? and id <= ? order by id desc limit 1`,
    )
    .get(from, to);
  const gap = db
    .prepare<[string, number, number], HeadRow>(
      "select id, chain from void_frame where lane = ? and id > ? and id <= ? order by id desc limit 1",
    )
    .get(lane, from, to);
  const last = (frame?.id ?? 0) > (gap?.id ?? 0) ? frame : gap;
  return last === undefined ? undefined : { seq: seqOf(last.id), chain: bigOf(last.chain) };
}

function piece(
  db: Database.Database,
  rank: number,
  lane: FileLane,
  seq: number,
  bytesMax: number,
): FilePiece {
  const { table, body, join } = tables[lane];
  const range = [keyOf(rank, seq), keyOf(rank + 1, 0) - 1] as const;
  const items = db
    .prepare<[...typeof range, string, ...typeof range], ItemRow>(
      `select told.id, told.head, ${body} as body from ${table} told ${join}
         where told.id > ? and told.id <= ?
       union all
       select id, head, body from void_frame where lane = ? and id > ? and id <= ?
       order by 1`,
    )
    .iterate(...range, lane, ...range);
  const frames: FilePiece["frames"][number][] = [];
  let bytes = 0;
  let lastSeq = seq;
  let unreadable = 0;
  for (const item of items) {
    const whole = frameBytes({ headBytes: item.head, body: item.body });
    lastSeq = seqOf(item.id);
    if (parseFrame(whole).kind === "corrupt") unreadable++;
    else frames.push({ lane, bytes: whole });
    bytes += whole.length;
    if (bytes > bytesMax) break;
  }
  return { frames, lastSeq, unreadable };
}

function told(table: string): {
  readonly table: string;
  readonly body: string;
  readonly join: string;
} {
  return {
    table,
    // A frame that tells all of one sample frame has no body of its own.
    body: "coalesce(told.body, raw.body, x'')",
    join: "left join sample_frame raw on told.body is null and raw.id = told.raw_to",
  };
}

function isFileLane(lane: string): lane is FileLane {
  return Object.hasOwn(tables, lane);
}

function textIn(db: Database.Database, fact: string): string | undefined {
  const value = db.prepare("select value from fact where name = ?").pluck().get(fact);
  return typeof value === "string" ? value : undefined;
}
