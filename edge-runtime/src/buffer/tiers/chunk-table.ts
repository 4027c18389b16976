import type Database from "better-sqlite3";

import { bigOf, bytesOf64 } from "../bytes-64.ts";
import { groupOfRow, placeOfRow, rowKey, type GroupKey } from "./groups.ts";

/** Rows of chunks: samples of some neighbouring tags, sorted by tag. No decisions are made here. */

/** What is known of a row without its samples. */
export interface ChunkRow {
  readonly id: number;
  /** Keys of the first and last sample frame whose samples it holds; all frames between, of these tags. */
  readonly fromId: number;
  readonly toId: number;
  readonly firstUs: number;
  readonly lastUs: number;
  readonly samples: number;
  readonly firstTag: number;
  readonly lastTag: number;
  /** Run of the clock that stamped them (no-loss protocol 2). */
  readonly segment: number;
  readonly late: boolean;
  readonly dictionary: bigint;
}

export interface NewChunk extends Omit<ChunkRow, "id"> {
  /** When the last of its frames was sealed, µs. */
  readonly sealedUs: number;
  /** As of a sample frame. */
  readonly body: Uint8Array;
}

interface Row {
  readonly id: number;
  readonly from_id: number;
  readonly to_id: number;
  readonly first_us: number;
  readonly last_us: number;
  readonly samples: number;
  readonly first_tag: number;
  readonly last_tag: number;
  readonly segment: number;
  readonly late: number;
  readonly dictionary: Buffer;
  readonly body?: Uint8Array;
}

const columns =
  "id, from_id, to_id, first_us, last_us, samples, first_tag, last_tag, segment, late, dictionary";

export class ChunkTable {
  readonly #insert;
  readonly #lastId;
  readonly #ofTag;
  readonly #inTime;
  readonly #row;
  readonly #body;
  readonly #bytes;
  readonly #unfinished;
  readonly #oldest;
  readonly #remove;
  readonly #leastFrame;
  readonly #oldestFrame;

  constructor(db: Database.Database) {
    this.#insert = db.prepare(
      `insert into chunk (id, from_id, to_id, sealed_us, first_us, last_us, samples, first_tag, last_tag, segment, late,
       dictionary, body) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#lastId = db
      .prepare<[number, number], number | null>(
        "select max(id) from chunk where id >= ? and id < ?",
      )
      .pluck();
    this.#ofTag = db.prepare<[number, number, number, number, number, number, number], Row>(
      `select ${columns} from chunk where id >= ? and id < ? and first_tag <= ? and last_tag >= ?
       and first_us <= ? and last_us >= ? order by id desc limit ?`,
    );
    this.#inTime = db.prepare<[number, number, number, number], Row>(
      `select ${columns} from chunk where id >= ? and id < ? and first_us < ? and last_us >= ? order by id`,
    );
    this.#row = db.prepare<[number], Row>(`select ${columns} from chunk where id = ?`);
    this.#body = db.prepare<[number], Uint8Array>("select body from chunk where id = ?").pluck();
    this.#bytes = db
      .prepare<[], number | null>("select sum(length(body) + 100) from chunk")
      .pluck();
    this.#unfinished = db.prepare("delete from chunk where to_id > ?");
    this.#oldest = db.prepare<[number, number, number], Row & { readonly sealed_us: number }>(
      `select ${columns}, sealed_us from chunk where to_id <= ? and (id / ${rowKey(1, 0)}) % 2 = ?
       order by to_id, id limit ?`,
    );
    this.#remove = db.prepare("delete from chunk where id = ?");
    this.#leastFrame = db.prepare<[], number | null>("select min(to_id) from chunk").pluck();
    this.#oldestFrame = db
      .prepare<[], number>("select from_id from chunk order by to_id limit 1")
      .pluck();
  }

  /** Behind the rows that the group has. Inside a transaction. */
  add(group: GroupKey, chunk: NewChunk): void {
    const last = this.#lastId.get(rowKey(group, 0), rowKey(group + 1, 0));
    const place = last === undefined || last === null ? 0 : placeOfRow(last) + 1;
    this.#insert.run(
      rowKey(group, place),
      chunk.fromId,
      chunk.toId,
      chunk.sealedUs,
      chunk.firstUs,
      chunk.lastUs,
      chunk.samples,
      chunk.firstTag,
      chunk.lastTag,
      chunk.segment,
      chunk.late ? 1 : 0,
      bytesOf64(chunk.dictionary),
      chunk.body,
    );
  }

  /** Rows that may hold samples of a tag in a range, newest first, of those below `beforeId`; at most `max`. */
  ofTag(
    group: GroupKey,
    tag: number,
    fromUs: number,
    toUs: number,
    beforeId: number,
    max: number,
  ): ChunkRow[] {
    const below = Math.min(beforeId, rowKey(group + 1, 0));
    return this.#ofTag.all(rowKey(group, 0), below, tag, tag, toUs, fromUs, max).map(rowOf);
  }

  /** Rows of a group that may hold samples of a range, `toUs` excluded, in the order in which they were written. */
  inTime(group: GroupKey, fromUs: number, toUs: number): ChunkRow[] {
    return this.#inTime.all(rowKey(group, 0), rowKey(group + 1, 0), toUs, fromUs).map(rowOf);
  }

  row(id: number): ChunkRow | undefined {
    const row = this.#row.get(id);
    return row === undefined ? undefined : rowOf(row);
  }

  body(id: number): Uint8Array | undefined {
    return this.#body.get(id);
  }

  /** What all rows take, about; the pages of the table as SQLite counts them cost a walk over all of them. */
  get bytes(): number {
    return this.#bytes.get() ?? 0;
  }

  /** Takes out what was written of frames above `frameId`: a crash came before all of it was. */
  removeAbove(frameId: number): void {
    this.#unfinished.run(frameId);
  }

  /** The rows that were written first, of those of frames up to `toId`. */
  oldest(
    telemetry: boolean,
    toId: number,
    max: number,
  ): (ChunkRow & { readonly sealedUs: number })[] {
    return this.#oldest
      .all(toId, telemetry ? 0 : 1, max)
      .map((row) => ({ ...rowOf(row), sealedUs: row.sealed_us }));
  }

  remove(id: number): void {
    this.#remove.run(id);
  }

  /** Key of the oldest frame whose samples are here; dictionaries used since are needed. */
  get leastFrame(): number | undefined {
    return this.#leastFrame.get() ?? undefined;
  }

  /** Key of the first frame whose samples are here: chunks that are written together name the same frames. */
  get oldestFrame(): number | undefined {
    return this.#oldestFrame.get();
  }
}

export function groupOfChunk({ id }: Pick<ChunkRow, "id">): GroupKey {
  return groupOfRow(id);
}

function rowOf(row: Row): ChunkRow {
  return {
    id: row.id,
    fromId: row.from_id,
    toId: row.to_id,
    firstUs: row.first_us,
    lastUs: row.last_us,
    samples: row.samples,
    firstTag: row.first_tag,
    lastTag: row.last_tag,
    segment: row.segment,
    late: row.late === 1,
    dictionary: bigOf(row.dictionary),
  };
}
