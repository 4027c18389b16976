import type Database from "better-sqlite3";
import type { SealedFrame } from "@millwright/wire-contract";

import { bigOf, bytesOf64 } from "./bytes-64.ts";
import { keyOf, seqOf, type HeldLane, type Place, type ToldLane } from "./lane-book.ts";
import {
  commonRows,
  wholeOf,
  type FrameRow,
  type LaneRows,
  type PlaceRow,
  type SealedRow,
} from "./lane-rows.ts";
import type { ToldTable } from "./told-table.ts";

/**
 * The lanes as the road sees them: frames and the voids between them, found by number and taken out. What only told frames
 * have is in `told-table.ts`. No decisions are made here.
 */

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
  /** The whole frame. */
  readonly whole: Uint8Array;
}

export class FrameTable {
  readonly #rows: Readonly<Record<HeldLane, LaneRows>>;
  readonly #toldFrames: ToldTable;
  readonly #insertCritical;
  readonly #insertVoid;
  readonly #deleteVoid;
  readonly #voidsAfter;
  readonly #voidAt;
  readonly #lastVoid;
  readonly #firstVoid;
  readonly #releaseCritical;
  readonly #releaseVoids;

  /** @param captures finds the frames of captures, whose bytes lie in files */
  constructor(db: Database.Database, toldFrames: ToldTable, captures: LaneRows) {
    this.#toldFrames = toldFrames;
    this.#rows = { critical: criticalRows(db), ...toldFrames.rows, capture: captures };
    this.#insertCritical = db.prepare(
      "insert into critical_frame (id, sealed_us, chain, head, body) values (?, ?, ?, ?, ?)",
    );
    this.#insertVoid = db.prepare(
      `insert into void_frame (lane, id, from_seq, sealed_us, samples, cum, chain, head, body)
       values (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#deleteVoid = db.prepare("delete from void_frame where lane = ? and id = ?");
    this.#voidsAfter = db.prepare<[string, number, number], FrameRow>(
      `select id, from_seq, sealed_us, samples, cum, chain, ${wholeOf("head", "body")}
       from void_frame where lane = ? and id > ? and id <= ? order by id`,
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
    if (isTold(lane)) this.#toldFrames.removeShared(lane, id);
    this.#rows[lane].remove.run(id);
  }

  /** Takes out the frames of a lane above `fromSeq` up to `toSeq`; samples that they share their bodies with stay. */
  removeRange(rank: number, lane: HeldLane, fromSeq: number, toSeq: number): void {
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
      bytes += row.whole.length;
      if (bytes > bytesMax) break;
    }
    items.sort((a, b) => a.id - b.id);
    return untilPassed(items, bytesMax);
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

  /** Told frames stay as long as the samples they come from; critical ones and voids have done their work. */
  release(rank: number, lane: HeldLane, fromSeq: number, toSeq: number): void {
    const from = keyOf(rank, fromSeq);
    const to = keyOf(rank, toSeq);
    if (lane === "critical") this.#releaseCritical.run(from, to);
    this.#releaseVoids.run(lane, from, to);
  }
}

function isTold(lane: HeldLane): lane is ToldLane {
  return lane === "live" || lane === "history";
}

function criticalRows(db: Database.Database): LaneRows {
  return {
    ...commonRows(db, "critical_frame"),
    after: db.prepare<[number, number], FrameRow>(
      `select id, sealed_us, chain, ${wholeOf("head", "body")} from critical_frame
       where id > ? and id <= ? order by id`,
    ),
    at: db.prepare("select sealed_us, chain, 0 as cum from critical_frame where id = ?"),
  };
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
    whole: row.whole,
  };
}

function untilPassed(items: readonly HeldItem[], bytesMax: number): HeldItem[] {
  let bytes = 0;
  const taken: HeldItem[] = [];
  for (const item of items) {
    taken.push(item);
    bytes += item.whole.length;
    if (bytes > bytesMax) break;
  }
  return taken;
}
