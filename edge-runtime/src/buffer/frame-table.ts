import type Database from "better-sqlite3";
import type { SealedFrame } from "@millwright/wire-contract";

import { keyOf, seqOf, type HeldLane, type Place } from "./lane-book.ts";

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

interface Row {
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

const liveColumns =
  "id, sealed_us, first_us, last_us, samples, live_chain as chain, live_cum as cum, live_head as head, body";

export class FrameTable {
  readonly #insertSamples;
  readonly #insertCritical;
  readonly #insertVoid;
  readonly #deleteSamples;
  readonly #deleteCritical;
  readonly #deleteVoid;
  readonly #after;
  readonly #at;
  readonly #voidsAfter;
  readonly #voidAt;
  readonly #lastId;
  readonly #lastVoid;
  readonly #firstSealed;
  readonly #firstVoid;
  readonly #releaseCritical;
  readonly #releaseVoids;

  constructor(db: Database.Database) {
    this.#insertSamples = db.prepare(
      `insert into sample_frame (id, sealed_us, first_us, last_us, samples, live_cum, live_chain, dictionary, raw_head,
       live_head, body) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#insertCritical = db.prepare(
      "insert into critical_frame (id, sealed_us, chain, head, body) values (?, ?, ?, ?, ?)",
    );
    this.#insertVoid = db.prepare(
      `insert into void_frame (lane, id, from_seq, sealed_us, samples, cum, chain, head, body)
       values (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#deleteSamples = db.prepare("delete from sample_frame where id = ?");
    this.#deleteCritical = db.prepare("delete from critical_frame where id = ?");
    this.#deleteVoid = db.prepare("delete from void_frame where lane = ? and id = ?");
    this.#after = {
      live: db.prepare<[number, number], Row>(
        `select ${liveColumns} from sample_frame where id > ? and id <= ? order by id`,
      ),
      critical: db.prepare<[number, number], Row>(
        `select id, sealed_us, chain, head, body from critical_frame where id > ? and id <= ? order by id`,
      ),
    };
    this.#at = {
      live: db.prepare<[number], PlaceRow>(
        "select sealed_us, live_chain as chain, live_cum as cum from sample_frame where id = ?",
      ),
      critical: db.prepare<[number], PlaceRow>(
        "select sealed_us, chain, 0 as cum from critical_frame where id = ?",
      ),
    };
    this.#voidsAfter = db.prepare<[string, number, number], Row>(
      "select * from void_frame where lane = ? and id > ? and id <= ? order by id",
    );
    this.#voidAt = db.prepare<[string, number], PlaceRow>(
      "select sealed_us, chain, cum from void_frame where lane = ? and id = ?",
    );
    this.#lastId = {
      live: db.prepare("select max(id) from sample_frame where id > ? and id <= ?").pluck(),
      critical: db.prepare("select max(id) from critical_frame where id > ? and id <= ?").pluck(),
    };
    this.#lastVoid = db
      .prepare("select max(id) from void_frame where lane = ? and id > ? and id <= ?")
      .pluck();
    this.#firstSealed = {
      live: db.prepare<[number, number], SealedRow>(
        "select id, sealed_us from sample_frame where id > ? and id <= ? order by id limit 1",
      ),
      critical: db.prepare<[number, number], SealedRow>(
        "select id, sealed_us from critical_frame where id > ? and id <= ? order by id limit 1",
      ),
    };
    this.#firstVoid = db.prepare<[string, number, number], SealedRow>(
      `select id, sealed_us from void_frame where lane = ? and id > ? and id <= ? order by id limit 1`,
    );
    this.#releaseCritical = db.prepare("delete from critical_frame where id > ? and id <= ?");
    this.#releaseVoids = db.prepare("delete from void_frame where lane = ? and id > ? and id <= ?");
  }

  /** One row for both heads. The live number equals the raw number while every frame is told. */
  putSamples(rank: number, raw: SealedFrame, live: SealedFrame): void {
    const { head } = live;
    this.#insertSamples.run(
      keyOf(rank, raw.head.seq),
      head.sealedUs,
      head.firstUs,
      head.lastUs,
      head.sampleCount,
      head.cum,
      bytesOf64(head.chain),
      bytesOf64(head.dictionary),
      raw.headBytes,
      live.headBytes,
      live.body,
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

  /** Takes out one frame that is to be replaced by a void. */
  remove(lane: HeldLane, id: number, kind: HeldItem["kind"]): void {
    if (kind === "void") this.#deleteVoid.run(lane, id);
    else if (lane === "critical") this.#deleteCritical.run(id);
    else this.#deleteSamples.run(id);
  }

  /** The end of a frame or void at exactly this number. */
  placeAt(rank: number, lane: HeldLane, seq: number): (Place & { sealedUs: number }) | undefined {
    const id = keyOf(rank, seq);
    const row = this.#table(this.#at, lane).get(id) ?? this.#voidAt.get(lane, id);
    if (row === undefined) return undefined;
    return { seq, chain: bigOf(row.chain), cum: row.cum, sealedUs: row.sealed_us };
  }

  /** The last frame or void of a lane above `baseSeq`. */
  last(rank: number, lane: HeldLane, baseSeq: number): Place | undefined {
    const from = keyOf(rank, baseSeq);
    const to = keyOf(rank + 1, 0) - 1;
    const ids = [this.#table(this.#lastId, lane).get(from, to), this.#lastVoid.get(lane, from, to)];
    const id = Math.max(...ids.map((found) => (typeof found === "number" ? found : 0)));
    return id === 0 ? undefined : this.placeAt(rank, lane, seqOf(id));
  }

  /** When the first item above `seq` was sealed, µs; 0 when there is none. */
  sealedAfter(rank: number, lane: HeldLane, seq: number): number {
    const from = keyOf(rank, seq);
    const to = keyOf(rank + 1, 0) - 1;
    const frame = this.#table(this.#firstSealed, lane).get(from, to);
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
    for (const row of this.#table(this.#after, lane).iterate(from, to)) {
      items.push(itemOf("frame", row));
      bytes += row.head.length + row.body.length;
      if (bytes > bytesMax) break;
    }
    items.sort((a, b) => a.id - b.id);
    return untilPassed(items, bytesMax);
  }

  /** Live frames stay for charts until retention takes them; critical ones and voids have done their work. */
  release(rank: number, lane: HeldLane, fromSeq: number, toSeq: number): void {
    const from = keyOf(rank, fromSeq);
    const to = keyOf(rank, toSeq);
    if (lane === "critical") this.#releaseCritical.run(from, to);
    this.#releaseVoids.run(lane, from, to);
  }

  #table<T>(tables: { readonly live: T; readonly critical: T }, lane: HeldLane): T {
    return lane === "critical" ? tables.critical : tables.live;
  }
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

function itemOf(kind: HeldItem["kind"], row: Row): HeldItem {
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
