import type Database from "better-sqlite3";
import type { SealedFrame } from "@millwright/wire-contract";

import { bytesOf64 } from "./bytes-64.ts";
import { keyOf, toldLanes, type ToldLane } from "./lane-book.ts";
import { commonRows, wholeOf, type FrameRow, type LaneRows } from "./lane-rows.ts";

/**
 * The rows of told frames, live and history: beside what every lane has, each knows the sample frames that it comes from, and
 * may share its body with the last of them. No decisions are made here.
 */

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

export class ToldTable {
  /** How frames of these lanes are found. */
  readonly rows: Readonly<Record<ToldLane, LaneRows>>;
  readonly #insert;
  readonly #deleteSamples;
  readonly #sharedWith;
  readonly #neededFrom;
  readonly #count;
  readonly #drop;
  readonly #items;
  readonly #places;

  constructor(db: Database.Database) {
    this.rows = eachTold((table) => toldRows(db, table));
    this.#insert = eachTold((table) =>
      db.prepare(
        `insert into ${table} (id, sealed_us, first_us, last_us, samples, cum, chain, raw_from, raw_to, head, body)
         values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ),
    );
    this.#deleteSamples = db.prepare("delete from sample_frame where id = ?");
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
    this.#count = eachTold((table) =>
      db
        .prepare<[number, number], number>(`select count(*) from ${table} where id > ? and id <= ?`)
        .pluck(),
    );
    this.#drop = eachTold((table) =>
      db.prepare(
        `delete from ${table} where id in
         (select id from ${table} where id < ? and raw_to < ? order by id limit ?)`,
      ),
    );
    this.#items = eachTold((table) =>
      db.prepare<[number, number, number], ToldItemRow>(
        `select told.id, told.samples, told.first_us, told.last_us, raw_from, raw_to, told.body is null as shared, head,
           coalesce(told.body, raw.body, x'') as body
         from ${table} told left join sample_frame raw on told.body is null and raw.id = told.raw_to
         where told.id > ? and told.id <= ? order by told.id limit ?`,
      ),
    );
    this.#places = eachTold((table) =>
      db.prepare<[number, number, number], ToldPlace>(
        `select id, raw_to as rawTo, sealed_us as sealedUs, samples, first_us as firstUs, last_us as lastUs
         from ${table} where id > ? and id <= ? order by id limit ?`,
      ),
    );
  }

  put(rank: number, lane: ToldLane, { sealed, rawFrom, rawTo, shared }: ToldFrame): void {
    const { head, headBytes, body } = sealed;
    this.#insert[lane].run(
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

  /** Takes out the sample frame that this frame shares its body with, where it does. */
  removeShared(lane: ToldLane, id: number): void {
    const raw = this.#sharedWith[lane].get(id);
    if (raw !== undefined) this.#deleteSamples.run(raw);
  }

  /** Those above `seq`, in order, at most `max`. */
  after(rank: number, lane: ToldLane, seq: number, max: number): ToldItem[] {
    const rows = this.#items[lane].all(keyOf(rank, seq), keyOf(rank + 1, 0) - 1, max);
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

  /** Those above `seq` up to `toSeq` without what they hold, in order, at most `max`. */
  places(
    rank: number,
    lane: ToldLane,
    seq: number,
    toSeq: number,
    max: number,
  ): readonly ToldPlace[] {
    return this.#places[lane].all(keyOf(rank, seq), keyOf(rank, toSeq), max);
  }

  /** How many of a range of numbers are still here. */
  count(rank: number, lane: ToldLane, afterSeq: number, toSeq: number): number {
    return this.#count[lane].get(keyOf(rank, afterSeq), keyOf(rank, toSeq)) ?? 0;
  }

  /** The oldest sample frame whose body a frame above `seq` uses; undefined when there is none. */
  rawNeededAfter(rank: number, lane: ToldLane, seq: number, headSeq: number): number | undefined {
    return this.#neededFrom[lane].get(keyOf(rank, seq), keyOf(rank, headSeq));
  }

  /**
   * Lets those go whose samples are gone, at most `max` of each lane.
   *
   * @param belowId of each lane: what lies at or above it is not safe at the hub
   */
  drop(belowId: Readonly<Record<ToldLane, number>>, rawBelow: number, max: number): void {
    for (const lane of toldLanes) this.#drop[lane].run(belowId[lane], rawBelow, max);
  }
}

function eachTold<T>(make: (table: string) => T): Readonly<Record<ToldLane, T>> {
  return { live: make("live_frame"), history: make("history_frame") };
}

function toldRows(db: Database.Database, table: string): LaneRows {
  // A body that is neither here nor there reads as empty: a frame that is not whole, and is told as such.
  const body = "coalesce(told.body, raw.body, x'')";
  return {
    ...commonRows(db, table),
    after: db.prepare<[number, number], FrameRow>(
      `select told.id, told.sealed_us, told.first_us, told.last_us, told.samples, chain, cum, ${wholeOf("told.head", body)}
       from ${table} told left join sample_frame raw on told.body is null and raw.id = told.raw_to
       where told.id > ? and told.id <= ? order by told.id`,
    ),
    at: db.prepare(`select sealed_us, chain, cum from ${table} where id = ?`),
  };
}
