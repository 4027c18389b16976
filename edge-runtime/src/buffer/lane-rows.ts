import type Database from "better-sqlite3";

/** The statements by which rows of one lane are found: each lane has a table of its own, and all are asked alike. */
export interface LaneRows {
  /** With whole bodies, wherever they lie. */
  readonly after: { iterate(fromId: number, toId: number): Iterable<FrameRow> };
  readonly at: Database.Statement<[number], PlaceRow>;
  readonly lastId: Database.Statement<[number, number]>;
  readonly firstSealed: Database.Statement<[number, number], SealedRow>;
  readonly remove: Database.Statement<[number]>;
  readonly removeRange: Database.Statement<[number, number]>;
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
  /** The whole frame, handed out as it is. */
  readonly whole: Uint8Array;
}

export interface SealedRow {
  readonly id: number;
  readonly sealed_us: number;
}

export interface PlaceRow {
  readonly sealed_us: number;
  readonly chain: Buffer;
  readonly cum: number;
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

/**
 * A frame in one piece, as SQL: it was written in two. SQLite joins them in memory that it uses for each; joined here,
 * each frame would be copied once more, into memory that has to be collected. What `||` makes of two blobs is called text.
 *
 * @param head an expression, as `body`
 */
export function wholeOf(head: string, body: string): string {
  return `cast(${head} || ${body} as blob) as whole`;
}
