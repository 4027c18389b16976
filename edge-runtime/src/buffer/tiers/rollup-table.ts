import type Database from "better-sqlite3";
import { ByteReader, ByteWriter } from "@millwright/wire-contract/codec";

import { placeOfRow, rowKey, type GroupKey } from "./groups.ts";

/**
 * Rows of rollups: all tags of a group in one hour. What is asked for years of hours stands before what is asked for
 * days of minutes, so that the pages of the one are read without those of the other.
 */

/** Of one tag, as `encodeHourHead` and `encodeFiner` write it. */
export interface TagHour {
  readonly tag: number;
  readonly head: Uint8Array;
  readonly finer: Uint8Array;
}

export interface HeadRow {
  readonly hour: number;
  /** Samples that it was made of are gone: it cannot be made again. */
  readonly thinned: boolean;
  /** By tag. */
  readonly heads: ReadonlyMap<number, Uint8Array>;
}

interface Row {
  readonly id: number;
  readonly thinned: number;
  readonly head: Uint8Array;
}

export class RollupTable {
  readonly #put;
  readonly #at;
  readonly #before;
  readonly #cleanBefore;
  readonly #idAfter;
  readonly #heads;
  readonly #finer;
  readonly #setThinned;
  readonly #thinned;
  readonly #remove;
  readonly #mark;
  readonly #unmark;
  readonly #marked;
  readonly #anyMarked;
  readonly #nextMarked;
  readonly #oldest;

  constructor(db: Database.Database) {
    this.#put = db.prepare(
      "insert or replace into rollup (id, thinned, head, finer) values (?, 0, ?, ?)",
    );
    this.#at = db.prepare<[number], Row>("select id, thinned, head from rollup where id = ?");
    this.#before = db.prepare<[number, number], Row>(
      "select id, thinned, head from rollup where id >= ? and id < ? order by id desc limit 1",
    );
    this.#cleanBefore = db.prepare<[number, number], Row>(
      `select id, thinned, head from rollup where id >= ? and id < ? and id not in (select id from dirty_hour)
       order by id desc limit 1`,
    );
    this.#idAfter = db
      .prepare<[number, number], number | null>(
        "select min(id) from rollup where id > ? and id < ?",
      )
      .pluck();
    this.#heads = db.prepare<[number, number, number], Row>(
      "select id, thinned, head from rollup where id >= ? and id < ? order by id limit ?",
    );
    this.#finer = db.prepare<[number, number, number], { id: number; finer: Uint8Array }>(
      "select id, finer from rollup where id >= ? and id < ? order by id limit ?",
    );
    this.#setThinned = db.prepare(
      "update rollup set thinned = 1 where id >= ? and id <= ? and thinned = 0",
    );
    this.#thinned = db
      .prepare<[number, number], number>(
        "select id from rollup where id >= ? and id < ? and thinned = 1 order by id",
      )
      .pluck();
    this.#remove = db.prepare("delete from rollup where id = ?");
    this.#mark = db.prepare("insert or ignore into dirty_hour (id) values (?)");
    this.#unmark = db.prepare("delete from dirty_hour where id = ?");
    this.#marked = db.prepare<[number], number>("select 1 from dirty_hour where id = ?").pluck();
    this.#anyMarked = db
      .prepare<[number, number], number>(
        "select 1 from dirty_hour where id >= ? and id < ? limit 1",
      )
      .pluck();
    this.#nextMarked = db
      .prepare<[number], number>(
        `select id from dirty_hour where id % ${rowKey(1, 0)} < ? order by id % ${rowKey(1, 0)}, id limit 1`,
      )
      .pluck();
    this.#oldest = db
      .prepare<[number], number>(`select id from rollup order by id % ${rowKey(1, 0)}, id limit ?`)
      .pluck();
  }

  put(group: GroupKey, hour: number, tags: readonly TagHour[]): void {
    const id = rowKey(group, hour);
    this.#put.run(id, packed(tags, "head"), packed(tags, "finer"));
    this.#unmark.run(id);
  }

  at(group: GroupKey, hour: number): HeadRow | undefined {
    const row = this.#at.get(rowKey(group, hour));
    return row === undefined ? undefined : headRowOf(row);
  }

  /** The last hour before this one. */
  before(group: GroupKey, hour: number): HeadRow | undefined {
    const row = this.#before.get(rowKey(group, 0), rowKey(group, hour));
    return row === undefined ? undefined : headRowOf(row);
  }

  /** The last hour before this one that is not to be made again. */
  cleanBefore(group: GroupKey, hour: number): HeadRow | undefined {
    const row = this.#cleanBefore.get(rowKey(group, 0), rowKey(group, hour));
    return row === undefined ? undefined : headRowOf(row);
  }

  /** Hours from `fromHour`, `toHour` excluded. */
  heads(group: GroupKey, fromHour: number, toHour: number, max: number): HeadRow[] {
    return this.#heads.all(rowKey(group, fromHour), rowKey(group, toHour), max).map(headRowOf);
  }

  /** The finer buckets of one tag, by hour; undefined in an hour that does not know the tag. */
  finer(
    group: GroupKey,
    tag: number,
    fromHour: number,
    toHour: number,
    max: number,
  ): { readonly hour: number; readonly finer: Uint8Array | undefined }[] {
    const rows = this.#finer.all(rowKey(group, fromHour), rowKey(group, toHour), max);
    return rows.map(({ id, finer }) => ({ hour: placeOfRow(id), finer: unpacked(finer).get(tag) }));
  }

  /** The finer buckets of all tags of one hour. */
  finerAt(group: GroupKey, hour: number): ReadonlyMap<number, Uint8Array> {
    const [row] = this.#finer.all(rowKey(group, hour), rowKey(group, hour) + 1, 1);
    return row === undefined ? new Map() : unpacked(row.finer);
  }

  /** The hour is to be made, or made again. */
  mark(group: GroupKey, hour: number): void {
    this.#mark.run(rowKey(group, hour));
  }

  /** The next hour that the group has, when it has one: what it began with has changed. */
  markNext(group: GroupKey, hour: number): void {
    const id = this.#idAfter.get(rowKey(group, hour), rowKey(group + 1, 0));
    if (id !== undefined && id !== null) this.#mark.run(id);
  }

  unmark(group: GroupKey, hour: number): void {
    this.#unmark.run(rowKey(group, hour));
  }

  isMarked(group: GroupKey, hour: number): boolean {
    return this.#marked.get(rowKey(group, hour)) !== undefined;
  }

  /** Is one of these hours to be made? `toHour` is excluded. */
  anyMarked(group: GroupKey, fromHour: number, toHour: number): boolean {
    return this.#anyMarked.get(rowKey(group, fromHour), rowKey(group, toHour)) !== undefined;
  }

  /** The oldest hour that is to be made, below `belowHour`. */
  nextMarked(belowHour: number): { readonly id: number; readonly hour: number } | undefined {
    const id = this.#nextMarked.get(belowHour);
    return id === undefined ? undefined : { id, hour: placeOfRow(id) };
  }

  /** Samples of these hours are about to go. */
  setThinned(group: GroupKey, fromHour: number, toHour: number): void {
    this.#setThinned.run(rowKey(group, fromHour), rowKey(group, toHour));
  }

  /** Hours from `fromHour`, `toHour` excluded, of which samples have gone. */
  thinned(group: GroupKey, fromHour: number, toHour: number): number[] {
    return this.#thinned.all(rowKey(group, fromHour), rowKey(group, toHour)).map(placeOfRow);
  }

  /** Keys of the rows of the oldest hours. */
  oldest(max: number): number[] {
    return this.#oldest.all(max);
  }

  remove(id: number): void {
    this.#remove.run(id);
    this.#unmark.run(id);
  }
}

const out = new ByteWriter(65_536);

function packed(tags: readonly TagHour[], part: "head" | "finer"): Uint8Array {
  out.clear();
  out.varint(tags.length);
  for (const one of tags) {
    out.varint(one.tag);
    out.block(one[part]);
  }
  return out.copy();
}

/** Written by `packed` into a file that nobody else opens, and covered by SQLite's own pages; a defect throws. */
function unpacked(bytes: Uint8Array): Map<number, Uint8Array> {
  const input = new ByteReader(bytes);
  const parts = new Map<number, Uint8Array>();
  for (let left = input.varint(); left > 0; left--) parts.set(input.varint(), input.block());
  return parts;
}

function headRowOf({ id, thinned, head }: Row): HeadRow {
  return { hour: placeOfRow(id), thinned: thinned === 1, heads: unpacked(head) };
}
