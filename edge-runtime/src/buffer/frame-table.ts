import type Database from "better-sqlite3";
import type { SealedFrame } from "@millwright/wire-contract";

import { keyOf, seqOf, toldLanes, type HeldLane, type Place, type ToldLane } from "./lane-book.ts";

/** The rows of frames and voids: how they are put in, found by number, and taken out. No decisions are made here. */

export interface HeldItem {
  readonly kind: "frame" | "void";
  /** Rank of the epoch and last number, as one key. */
  readonly id: number;
  readonly fromSeq: number;
  readonly sealedUs: number;
  readonly samples: number;
  readonly firstUs: number;
  readonly lastUs: number;
  readonly chain: bigint;
  readonly cum: number;
  readonly head: Uint8Array;
  readonly body: Uint8Array;
}

/** A frame or void as its table has it. */
export interface FrameRow {
  readonly id: number;
  readonly sealed_us: number;
  readonly first_us?: number;
  readonly last_us?: number;
  readonly from_seq?: number;
  readonly samples?: number;
  readonly chain: Buffer;
  readonly cum?: number;
  readonly head: Uint8Array;
  readonly body: Uint8Array;
}

interface SealedRow {
  readonly id: number;
  readonly sealed_us: number;
}

interface PlaceRow {
  readonly sealed_us: number;
  readonly chain: Buffer;
  readonly cum: number;
}

/** The statements by which rows of one lane are found. */
export interface LaneRows {
  /** With whole bodies, wherever they lie. */
  readonly after: { iterate(fromId: number, toId: number): Iterable<FrameRow> };
  readonly at: Database.Statement<[number], PlaceRow>;
  readonly lastId: Database.Statement<[number, number]>;
  readonly firstSealed: Database.Statement<[number, number], SealedRow>;
  readonly remove: Database.Statement<[number]>;
  readonly removeRange: Database.Statement<[number, number]>;
}

/** A told frame and the sample frames that it comes from, by key. */
export interface ToldFrame {
  readonly sealed: SealedFrame;
  readonly rawFrom: number;
  readonly rawTo: number;
  /** It tells all of `rawTo`, so the body is there already. */
  readonly shared: boolean;
}

/** A told frame with what is needed to seal it again. */
export interface ToldItem {
  readonly id: number;
  readonly rawFrom: number;
  readonly rawTo: number;
  readonly shared: boolean;
  readonly samples: number;
  readonly firstUs: number;
  readonly lastUs: number;
  readonly bytes: Uint8Array;
}

/** A told frame as far as it must be known to be let go. */
export interface ToldPlace {
  readonly id: number;
  readonly rawTo: number;
  readonly sealedUs: number;
  readonly samples: number;
  readonly firstUs: number;
  readonly lastUs: number;
}

interface ToldItemRow extends Required<Pick<FrameRow, "id" | "samples" | "first_us" | "last_us">> {
  readonly raw_from: number;
  readonly raw_to: number;
  readonly shared: number;
  readonly head: Buffer;
  readonly body: Buffer;
}

export class FrameTable {
  readonly #rows: Readonly<Record<HeldLane, LaneRows>>;
  readonly #insertSamples;
  readonly #insertTold;
  readonly #insertCritical;
  readonly #insertVoid;
  readonly #deleteSamples;
  readonly #deleteVoid;
  readonly #sharedWith;
  readonly #neededFrom;
  readonly #toldRows;
  readonly #dropTold;
  readonly #toldItems;
  readonly #toldPlaces;
  readonly #voidsAfter;
  readonly #voidAt;
  readonly #lastVoid;
  readonly #firstVoid;
  readonly #releaseCritical;
  readonly #releaseVoids;

  /** @param captures finds the frames of captures, whose bytes lie in files */
  constructor(db: Database.Database, captures: LaneRows) {
    this.#rows = {
      critical: criticalRows(db),
      live: toldRows(db, "live_frame"),
      history: toldRows(db, "history_frame"),
      capture: captures,
    };
    this.#insertSamples = db.prepare(
      `insert into sample_frame (id, sealed_us, first_us, last_us, samples, dictionary, raw_head, body)
       values (?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#insertTold = eachTold((table) =>
      db.prepare(
        `insert into ${table} (id, sealed_us, first_us, last_us, samples, cum, chain, raw_from, raw_to, head, body)
         values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ),
    );
    this.#insertCritical = db.prepare(
      "insert into critical_frame (id, sealed_us, chain, head, body) values (?, ?, ?, ?, ?)",
    );
    this.#insertVoid = db.prepare(
      `insert into void_frame (lane, id, from_seq, sealed_us, samples, cum, chain, head, body)
       values (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#deleteSamples = db.prepare("delete from sample_frame where id = ?");
    this.#deleteVoid = db.prepare("delete from void_frame where lane = ? and id = ?");
    this.#sharedWith = eachTold((table) =>
      db
        .prepare<[number], number>(`select raw_to from ${table} where id = ? and body is null`)
        .pluck(),
    );
    this.#neededFrom = eachTold((table) =>
      db
        .prepare<[number, number], number>(
          `select raw_from from ${table} where id > ? and id <= ? order by id limit 1`,
        )
        .pluck(),
    );
    this.#toldRows = eachTold((table) =>
      db
        .prepare<[number, number], number>(`select count(*) from ${table} where id > ? and id <= ?`)
        .pluck(),
    );
    this.#dropTold = eachTold((table) =>
      db.prepare(
        `delete from ${table} where id in
         (select id from ${table} where id < ? and raw_to < ? order by id limit ?)`,
      ),
    );
    this.#toldItems = eachTold((table) =>
      db.prepare<[number, number, number], ToldItemRow>(
        `select told.id, told.samples, told.first_us, told.last_us, raw_from, raw_to, told.body is null as shared, head,
           coalesce(told.body, raw.body, x'') as body
         from ${table} told left join sample_frame raw on told.body is null and raw.id = told.raw_to
         where told.id > ? and told.id <= ? order by told.id limit ?`,
      ),
    );
    this.#toldPlaces = eachTold((table) =>
      db.prepare<[number, number, number], ToldPlace>(
        `select id, raw_to as rawTo, sealed_us as sealedUs, samples, first_us as firstUs, last_us as lastUs
         from ${table} where id > ? and id <= ? order by id limit ?`,
      ),
    );
    this.#voidsAfter = db.prepare<[string, number, number], FrameRow>(
      "select * from void_frame where lane = ? and id > ? and id <= ? order by id",
    );
    this.#voidAt = db.prepare<[string, number], PlaceRow>(
      "select sealed_us, chain, cum from void_frame where lane = ? and id = ?",
    );
    this.#lastVoid = db
      .prepare("select max(id) from void_frame where lane = ? and id > ? and id <= ?")
      .pluck();
    this.#firstVoid = db.prepare<[string, number, number], SealedRow>(
      `select id, sealed_us from void_frame where lane = ? and id > ? and id <= ? order by id limit 1`,
    );
    this.#releaseCritical = db.prepare("delete from critical_frame where id > ? and id <= ?");
    this.#releaseVoids = db.prepare("delete from void_frame where lane = ? and id > ? and id <= ?");
  }

  putSamples(rank: number, { head, headBytes, body }: SealedFrame): void {
    this.#insertSamples.run(
      keyOf(rank, head.seq),
      head.sealedUs,
      head.firstUs,
      head.lastUs,
      head.sampleCount,
      bytesOf64(head.dictionary),
      headBytes,
      body,
    );
  }

  putTold(rank: number, lane: ToldLane, { sealed, rawFrom, rawTo, shared }: ToldFrame): void {
    const { head, headBytes, body } = sealed;
    this.#insertTold[lane].run(
      keyOf(rank, head.seq),
      head.sealedUs,
      head.firstUs,
      head.lastUs,
      head.sampleCount,
      head.cum,
      bytesOf64(head.chain),
      rawFrom,
      rawTo,
      headBytes,
      shared ? null : body,
    );
  }

  putCritical(rank: number, { head, headBytes, body }: SealedFrame): void {
    const id = keyOf(rank, head.seq);
    this.#insertCritical.run(id, head.sealedUs, bytesOf64(head.chain), headBytes, body);
  }

  putVoid(rank: number, lane: HeldLane, fromSeq: number, sealed: SealedFrame): void {
    const { head, headBytes, body } = sealed;
    const id = keyOf(rank, head.seq);
    const chain = bytesOf64(head.chain);
    this.#insertVoid.run(
      lane,
      id,
      fromSeq,
      head.sealedUs,
      head.sampleCount,
      head.cum,
      chain,
      headBytes,
      body,
    );
  }

  /** Takes out one frame that is to be replaced by a void, with the samples that it shares its body with. */
  remove(lane: HeldLane, id: number, kind: HeldItem["kind"]): void {
    if (kind === "void") {
      this.#deleteVoid.run(lane, id);
      return;
    }
    const raw = isTold(lane) ? this.#sharedWith[lane].get(id) : undefined;
    if (raw !== undefined) this.#deleteSamples.run(raw);
    this.#rows[lane].remove.run(id);
  }

  /** Takes out the frames of a lane above `fromSeq` up to `toSeq`; samples that they share their bodies with stay. */
  removeTold(rank: number, lane: HeldLane, fromSeq: number, toSeq: number): void {
    this.#rows[lane].removeRange.run(keyOf(rank, fromSeq), keyOf(rank, toSeq));
  }

  /** The end of a frame or void at exactly this number. */
  placeAt(rank: number, lane: HeldLane, seq: number): (Place & { sealedUs: number }) | undefined {
    const id = keyOf(rank, seq);
    const row = this.#rows[lane].at.get(id) ?? this.#voidAt.get(lane, id);
    if (row === undefined) return undefined;
    return { seq, chain: bigOf(row.chain), cum: row.cum, sealedUs: row.sealed_us };
  }

  /** The void whose last number this is. */
  voidEndingAt(
    rank: number,
    lane: HeldLane,
    seq: number,
  ): { readonly id: number; readonly fromSeq: number } | undefined {
    const id = keyOf(rank, seq);
    const [row] = this.#voidsAfter.all(lane, id - 1, id);
    return row === undefined ? undefined : { id, fromSeq: row.from_seq ?? seq };
  }

  /** The last frame or void of a lane above `baseSeq`. */
  last(rank: number, lane: HeldLane, baseSeq: number): Place | undefined {
    const from = keyOf(rank, baseSeq);
    const to = keyOf(rank + 1, 0) - 1;
    const ids = [this.#rows[lane].lastId.get(from, to), this.#lastVoid.get(lane, from, to)];
    const id = Math.max(...ids.map((found) => (typeof found === "number" ? found : 0)));
    return id === 0 ? undefined : this.placeAt(rank, lane, seqOf(id));
  }

  /** When the first item above `seq` was sealed, µs; 0 when there is none. */
  sealedAfter(rank: number, lane: HeldLane, seq: number): number {
    const from = keyOf(rank, seq);
    const to = keyOf(rank + 1, 0) - 1;
    const frame = this.#rows[lane].firstSealed.get(from, to);
    const gap = this.#firstVoid.get(lane, from, to);
    const [first] = [frame, gap].filter((row) => row !== undefined).sort((a, b) => a.id - b.id);
    return first?.sealed_us ?? 0;
  }

  /** Items above `seq` up to `headSeq`, in order, until `bytesMax` is passed; at least one when there is one. */
  after(rank: number, lane: HeldLane, seq: number, headSeq: number, bytesMax: number): HeldItem[] {
    const from = keyOf(rank, seq);
    const to = keyOf(rank, headSeq);
    const items = this.#voidsAfter.all(lane, from, to).map((row) => itemOf("void", row));
    let bytes = 0;
    for (const row of this.#rows[lane].after.iterate(from, to)) {
      items.push(itemOf("frame", row));
      bytes += row.head.length + row.body.length;
      if (bytes > bytesMax) break;
    }
    items.sort((a, b) => a.id - b.id);
    return untilPassed(items, bytesMax);
  }

  /** Told frames above `seq`, in order, at most `max`. */
  toldAfter(rank: number, lane: ToldLane, seq: number, max: number): ToldItem[] {
    const rows = this.#toldItems[lane].all(keyOf(rank, seq), keyOf(rank + 1, 0) - 1, max);
    return rows.map((row) => ({
      id: row.id,
      rawFrom: row.raw_from,
      rawTo: row.raw_to,
      shared: row.shared === 1,
      samples: row.samples,
      firstUs: row.first_us,
      lastUs: row.last_us,
      bytes: Buffer.concat([row.head, row.body]),
    }));
  }

  /** Told frames above `seq` up to `toSeq` without what they hold, in order, at most `max`. */
  toldPlaces(
    rank: number,
    lane: ToldLane,
    seq: number,
    toSeq: number,
    max: number,
  ): readonly ToldPlace[] {
    return this.#toldPlaces[lane].all(keyOf(rank, seq), keyOf(rank, toSeq), max);
  }

  /** Voids whose last number lies above `seq` and up to `toSeq`, in order. */
  voidsBetween(rank: number, lane: HeldLane, seq: number, toSeq: number): readonly HeldItem[] {
    const rows = this.#voidsAfter.all(lane, keyOf(rank, seq), keyOf(rank, toSeq));
    return rows.map((row) => itemOf("void", row));
  }

  /** Takes out all voids of a lane above `seq`. */
  removeVoids(rank: number, lane: HeldLane, seq: number): void {
    this.#releaseVoids.run(lane, keyOf(rank, seq), keyOf(rank + 1, 0) - 1);
  }

  /** How many told frames of a range of numbers are still here. */
  toldCount(rank: number, lane: ToldLane, afterSeq: number, toSeq: number): number {
    return this.#toldRows[lane].get(keyOf(rank, afterSeq), keyOf(rank, toSeq)) ?? 0;
  }

  /** The oldest sample frame whose body a told frame above `seq` uses; undefined when there is none. */
  rawNeededAfter(rank: number, lane: ToldLane, seq: number, headSeq: number): number | undefined {
    return this.#neededFrom[lane].get(keyOf(rank, seq), keyOf(rank, headSeq));
  }

  /** Told frames stay as long as the samples they come from; critical ones and voids have done their work. */
  release(rank: number, lane: HeldLane, fromSeq: number, toSeq: number): void {
    const from = keyOf(rank, fromSeq);
    const to = keyOf(rank, toSeq);
    if (lane === "critical") this.#releaseCritical.run(from, to);
    this.#releaseVoids.run(lane, from, to);
  }

  /**
   * Lets told frames go whose samples are gone, at most `max` of each lane.
   *
   * @param belowId of each lane: what lies at or above it is not safe at the hub
   */
  dropTold(belowId: Readonly<Record<ToldLane, number>>, rawBelow: number, max: number): void {
    for (const lane of toldLanes) this.#dropTold[lane].run(belowId[lane], rawBelow, max);
  }
}

function isTold(lane: HeldLane): lane is ToldLane {
  return lane === "live" || lane === "history";
}

function eachTold<T>(make: (table: string) => T): Readonly<Record<ToldLane, T>> {
  return { live: make("live_frame"), history: make("history_frame") };
}

function toldRows(db: Database.Database, table: string): LaneRows {
  // A body that is neither here nor there reads as empty: a frame that is not whole, and is told as such.
  const body = "coalesce(told.body, raw.body, x'') as body";
  return {
    ...commonRows(db, table),
    after: db.prepare<[number, number], FrameRow>(
      `select told.id, told.sealed_us, told.first_us, told.last_us, told.samples, chain, cum, head, ${body}
       from ${table} told left join sample_frame raw on told.body is null and raw.id = told.raw_to
       where told.id > ? and told.id <= ? order by told.id`,
    ),
    at: db.prepare(`select sealed_us, chain, cum from ${table} where id = ?`),
  };
}

function criticalRows(db: Database.Database): LaneRows {
  return {
    ...commonRows(db, "critical_frame"),
    after: db.prepare<[number, number], FrameRow>(
      `select id, sealed_us, chain, head, body from critical_frame where id > ? and id <= ? order by id`,
    ),
    at: db.prepare("select sealed_us, chain, 0 as cum from critical_frame where id = ?"),
  };
}

/** What is asked of each lane alike. */
export function commonRows(
  db: Database.Database,
  table: string,
): Pick<LaneRows, "lastId" | "firstSealed" | "remove" | "removeRange"> {
  return {
    lastId: db.prepare(`select max(id) from ${table} where id > ? and id <= ?`).pluck(),
    firstSealed: db.prepare(
      `select id, sealed_us from ${table} where id > ? and id <= ? order by id limit 1`,
    ),
    remove: db.prepare(`delete from ${table} where id = ?`),
    removeRange: db.prepare(`delete from ${table} where id > ? and id <= ?`),
  };
}

/** 64 bit as 8 bytes: SQLite integers are signed, and numbers of JavaScript end at 2^53. */
export function bytesOf64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(value);
  return bytes;
}

export function bigOf(bytes: Buffer): bigint {
  return bytes.readBigUInt64BE();
}

function itemOf(kind: HeldItem["kind"], row: FrameRow): HeldItem {
  return {
    kind,
    id: row.id,
    fromSeq: row.from_seq ?? seqOf(row.id),
    sealedUs: row.sealed_us,
    samples: row.samples ?? 0,
    firstUs: row.first_us ?? row.sealed_us,
    lastUs: row.last_us ?? row.sealed_us,
    chain: bigOf(row.chain),
    cum: row.cum ?? 0,
    head: row.head,
    body: row.body,
  };
}

function untilPassed(items: readonly HeldItem[], bytesMax: number): HeldItem[] {
  let bytes = 0;
  const taken: HeldItem[] = [];
  for (const item of items) {
    taken.push(item);
    bytes += item.head.length + item.body.length;
    if (bytes > bytesMax) break;
  }
  return taken;
}
