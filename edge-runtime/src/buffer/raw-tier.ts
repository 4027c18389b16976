import type Database from "better-sqlite3";
import {
  decodeSamples,
  parseFrame,
  type Dictionary,
  type FrameHead,
  type SampleColumns,
  type Scalar,
  type SealedFrame,
} from "@millwright/wire-contract";

import { bigOf, bytesOf64 } from "./bytes-64.ts";

/** Sample frames as a store for charts: found by measured time, decoded for one tag, and let go when they are old. */

interface Span {
  firstId: number;
  lastId: number;
  firstUs: number;
  lastUs: number;
  frames: number;
}

interface RawRow {
  readonly id: number;
  readonly dictionary: Buffer;
  readonly raw_head: Buffer;
  readonly body: Buffer;
}

interface RawRange {
  readonly samples: number;
  readonly first_us: number;
  readonly last_us: number;
}

/** A sample frame as it lies in the file. */
interface RawFrame {
  readonly id: number;
  readonly samples: number;
  readonly firstUs: number;
  readonly lastUs: number;
  readonly bytes: Uint8Array;
}

/** One minute at the default interval: a chart of minutes then looks at a handful of blocks. */
const spanFrames = 64;
/** Frames decoded in one go; a commit waits no longer than this takes (10,000 samples each: about 30 ms). */
const sliceFrames = 64;

/** A sample frame and what it holds. */
interface OpenedFrame {
  readonly head: FrameHead;
  readonly columns: SampleColumns;
}

/** Rows of one tag, in the order in which they were received, and where to go on towards the past. */
interface FrameSlice {
  readonly columns: SampleColumns;
  /** Hand this to the next call; absent when nothing older is left in the range. */
  readonly beforeId?: number;
}

export class RawTier {
  readonly #db: Database.Database;
  readonly #insert;
  readonly #insertSpan;
  readonly #spans;
  readonly #rows;
  #open: Span | undefined;

  constructor(db: Database.Database) {
    this.#db = db;
    this.#insert = db.prepare(
      `insert into sample_frame (id, sealed_us, first_us, last_us, samples, dictionary, raw_head, body)
       values (?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#insertSpan = db.prepare(
      "insert into span (first_id, last_id, first_us, last_us) values (?, ?, ?, ?)",
    );
    this.#spans = db.prepare<[number, number, number], { first_id: number; last_id: number }>(
      `select first_id, last_id from span where first_us <= ? and last_us >= ? and first_id < ?
       order by first_id desc`,
    );
    this.#rows = db.prepare<[number, number, number, number, number], RawRow>(
      `select id, dictionary, raw_head, body from sample_frame
       where id >= ? and id <= ? and first_us <= ? and last_us >= ? order by id desc limit ?`,
    );
    this.#load();
  }

  /** Least measured time in the newest sample frame, µs. */
  get lastFrameFirstUs(): number | undefined {
    const query = "select first_us from sample_frame order by id desc limit 1";
    return this.#db.prepare<[], number>(query).pluck().get();
  }

  /** Inside a transaction. */
  put(id: number, { head, headBytes, body }: SealedFrame): void {
    const { firstUs, lastUs } = head;
    this.#insert.run(
      id,
      head.sealedUs,
      firstUs,
      lastUs,
      head.sampleCount,
      bytesOf64(head.dictionary),
      headBytes,
      body,
    );
    this.#note(id, firstUs, lastUs);
  }

  /** After a rollback: what is noted is read from the file again. */
  reload(): void {
    this.#load();
  }

  /**
   * Lets the oldest frames go, at most `max`, of those sealed before `beforeUs`.
   *
   * @param neededFrom key of the oldest one that is still needed for the road
   * @returns key of the oldest frame left, when something went
   */
  drop(
    beforeUs: number,
    max: number,
    neededFrom: number,
  ): { readonly leastId: number; readonly frames: number } | undefined {
    const { changes } = this.#db
      .prepare(
        `delete from sample_frame where id in
         (select id from sample_frame where id < ? and sealed_us < ? order by id limit ?)`,
      )
      .run(neededFrom, beforeUs, max);
    if (changes === 0) return undefined;
    const left = this.#db
      .prepare<[], { id: number }>("select id from sample_frame order by id limit 1")
      .get();
    const leastId = left?.id ?? Number.MAX_SAFE_INTEGER;
    this.#db.prepare("delete from span where last_id < ?").run(leastId);
    return { leastId, frames: changes };
  }

  /** Frames whose key is above `id`, in order, whether or not they are whole. */
  framesAfter(id: number): readonly RawFrame[] {
    return this.#db
      .prepare<[number], Omit<RawRow, "dictionary"> & RawRange>(
        `select id, samples, first_us, last_us, raw_head, body from sample_frame
         where id > ? order by id`,
      )
      .all(id)
      .map(({ id, samples, first_us: firstUs, last_us: lastUs, raw_head, body }) => ({
        id,
        samples,
        firstUs,
        lastUs,
        bytes: Buffer.concat([raw_head, body]),
      }));
  }

  /** Takes out a frame that cannot be read. Inside a transaction. */
  remove(id: number): void {
    this.#db.prepare("delete from sample_frame where id = ?").run(id);
  }

  /**
   * Newest first in slices, so that a commit may come between two of them.
   *
   * @param between keys of frames, both excluded
   */
  read(
    tag: number,
    fromUs: number,
    toUs: number,
    { aboveId, beforeId }: { readonly aboveId: number; readonly beforeId: number },
    dictionaryOf: (hash: bigint) => Dictionary | undefined,
  ): FrameSlice {
    const { frames, beforeId: next } = this.openBetween(
      fromUs,
      toUs,
      { aboveId, beforeId },
      dictionaryOf,
    );
    const columns = joined(frames.map((frame) => rowsOf(frame.columns, tag, fromUs, toUs)));
    return next === undefined ? { columns } : { columns, beforeId: next };
  }

  /**
   * Whole frames that may hold samples of the range, in the order in which they were kept; the newest slice of them.
   *
   * @param between keys of frames, both excluded
   */
  openBetween(
    fromUs: number,
    toUs: number,
    { aboveId, beforeId }: { readonly aboveId: number; readonly beforeId: number },
    dictionaryOf: (hash: bigint) => Dictionary | undefined,
  ): { readonly frames: readonly OpenedFrame[]; readonly beforeId?: number } {
    const rows: RawRow[] = [];
    for (const [firstId, lastId] of this.#blocks(fromUs, toUs, beforeId)) {
      const upTo = Math.min(lastId, beforeId - 1);
      const room = sliceFrames - rows.length;
      const from = Math.max(firstId, aboveId + 1);
      rows.push(...this.#rows.all(from, upTo, toUs, fromUs, room));
      if (rows.length >= sliceFrames) break;
    }
    const frames = rows.toReversed().flatMap((row) => decodeRow(row, dictionaryOf) ?? []);
    const last = rows.at(-1);
    if (rows.length < sliceFrames || last === undefined) return { frames };
    return { frames, beforeId: last.id };
  }

  /** Remembers the time range of a new frame. */
  #note(id: number, firstUs: number, lastUs: number): void {
    const open = this.#open;
    if (open === undefined) {
      this.#open = { firstId: id, lastId: id, firstUs, lastUs, frames: 1 };
      return;
    }
    open.lastId = id;
    open.firstUs = Math.min(open.firstUs, firstUs);
    open.lastUs = Math.max(open.lastUs, lastUs);
    open.frames++;
    if (open.frames < spanFrames) return;
    this.#insertSpan.run(open.firstId, open.lastId, open.firstUs, open.lastUs);
    this.#open = undefined;
  }

  /** Ranges of keys, newest first, that may hold samples of the time range. */
  *#blocks(fromUs: number, toUs: number, beforeId: number): Iterable<readonly [number, number]> {
    const open = this.#open;
    if (open !== undefined && open.firstId < beforeId) yield [open.firstId, open.lastId];
    // Collected first: a statement that is being walked would keep others of this handle from writing.
    for (const span of this.#spans.all(toUs, fromUs, beforeId)) yield [span.first_id, span.last_id];
  }

  #load(): void {
    this.#open = undefined;
    const last = this.#db
      .prepare<[], number | null>("select max(last_id) from span")
      .pluck()
      .get() as number | null;
    const rows = this.#db
      .prepare<[number], { id: number; first_us: number; last_us: number }>(
        "select id, first_us, last_us from sample_frame where id > ? order by id",
      )
      .all(last ?? 0);
    for (const row of rows) {
      const open: Span = (this.#open ??= {
        firstId: row.id,
        lastId: row.id,
        firstUs: row.first_us,
        lastUs: row.last_us,
        frames: 0,
      });
      open.lastId = row.id;
      open.firstUs = Math.min(open.firstUs, row.first_us);
      open.lastUs = Math.max(open.lastUs, row.last_us);
      open.frames++;
    }
  }
}

/** A frame that cannot be read is no reason to show no chart; its loss is told where it is sent. */
function decodeRow(
  row: RawRow,
  dictionaryOf: (hash: bigint) => Dictionary | undefined,
): OpenedFrame | undefined {
  const dictionary = dictionaryOf(bigOf(row.dictionary));
  if (dictionary === undefined) return undefined;
  const parsed = parseFrame(Buffer.concat([row.raw_head, row.body]));
  if (parsed.kind !== "frame") return undefined;
  const columns = decodeSamples(parsed.body, dictionary);
  return "kind" in columns ? undefined : { head: parsed.head, columns };
}

function rowsOf(columns: SampleColumns, tag: number, fromUs: number, toUs: number): SampleColumns {
  const rows: number[] = [];
  for (let row = 0; row < columns.count; row++) {
    const measuredUs = columns.measuredUs[row] ?? NaN;
    if (columns.tag[row] === tag && measuredUs >= fromUs && measuredUs <= toUs) rows.push(row);
  }
  return pick(columns, rows);
}

/** The rows of these numbers, in this order. */
export function pick(columns: SampleColumns, rows: readonly number[]): SampleColumns {
  const count = rows.length;
  const picked = {
    count,
    tag: new Int32Array(count),
    measuredUs: new Float64Array(count),
    value: new Float64Array(count),
    status: new Uint32Array(count),
  };
  const wide = new Map<number, Scalar>();
  rows.forEach((row, at) => {
    picked.tag[at] = columns.tag[row] ?? 0;
    picked.measuredUs[at] = columns.measuredUs[row] ?? NaN;
    picked.value[at] = columns.value[row] ?? NaN;
    picked.status[at] = columns.status[row] ?? 0;
    const scalar = columns.wide?.get(row);
    if (scalar !== undefined) wide.set(at, scalar);
  });
  return wide.size === 0 ? picked : { ...picked, wide };
}

/** One after the other. */
export function joined(parts: readonly SampleColumns[]): SampleColumns {
  const count = parts.reduce((sum, part) => sum + part.count, 0);
  const all = {
    count,
    tag: new Int32Array(count),
    measuredUs: new Float64Array(count),
    value: new Float64Array(count),
    status: new Uint32Array(count),
  };
  const wide = new Map<number, Scalar>();
  let at = 0;
  for (const part of parts) {
    all.tag.set(part.tag.subarray(0, part.count), at);
    all.measuredUs.set(part.measuredUs.subarray(0, part.count), at);
    all.value.set(part.value.subarray(0, part.count), at);
    all.status.set(part.status.subarray(0, part.count), at);
    for (const [row, scalar] of part.wide ?? []) wide.set(at + row, scalar);
    at += part.count;
  }
  return wide.size === 0 ? all : { ...all, wide };
}
