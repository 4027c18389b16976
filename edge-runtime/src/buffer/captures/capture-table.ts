/** The rows of captures and of their frames: how they are put in, found and taken out. No decisions are made here. */
import type Database from "better-sqlite3";
import {
  decodeCapture,
  encodeCapture,
  type CaptureRecord,
  type SealedFrame,
} from "@millwright/wire-contract";

import { bytesOf64 } from "../bytes-64.ts";
import { commonRows, type FrameRow, type LaneRows } from "../lane-rows.ts";
import type { CaptureFiles } from "./capture-files.ts";

/**
 * Made where it is missing and not by a migration: a program of before does not look at these tables and loses nothing by
 * them. Keys are those of frames: `first_id` of the first piece, `id` of the record, which is the last of its frames.
 */
const schema = `
create table if not exists capture (
  id integer primary key,
  first_id integer not null,
  tag text not null,
  asset text not null,
  start_us integer not null,
  sha256 text not null,
  bytes integer not null,
  record blob not null
);
create index if not exists capture_by_time on capture (start_us);
create index if not exists capture_by_sha256 on capture (sha256);
-- Of a piece the data lie in the file; what stands before them is here.
create table if not exists capture_frame (
  id integer primary key,
  sealed_us integer not null,
  first_us integer not null,
  last_us integer not null,
  samples integer not null,
  cum integer not null,
  chain blob not null,
  head blob not null,
  body blob not null,
  sha256 text,
  at_byte integer not null,
  bytes integer not null
);
`;

export interface CaptureRow {
  readonly id: number;
  readonly first_id: number;
  readonly tag: string;
  readonly start_us: number;
  readonly sha256: string;
  readonly bytes: number;
  readonly record: Uint8Array;
}

/** Where the data of a piece lie; the body of its frame is `head` and then these. */
export interface PiecePlace {
  readonly head: Uint8Array;
  readonly sha256: string;
  readonly at: number;
  readonly bytes: number;
}

export interface CaptureQuery {
  /** Of this tag, or of this asset, or of all. */
  readonly tag?: string;
  readonly asset?: string;
  readonly fromUs: number;
  readonly toUs: number;
  readonly max: number;
}

export class CaptureTable {
  readonly #insert;
  readonly #insertFrame;
  readonly #list;
  readonly #oldest;
  readonly #covering;
  readonly #nextAfter;
  readonly #same;
  readonly #users;
  readonly #bytes;
  readonly #remove;
  readonly #removeFrames;
  readonly #frameCount;

  constructor(db: Database.Database) {
    db.exec(schema);
    this.#frameCount = db
      .prepare<[number, number], number>(
        "select count(*) from capture_frame where id > ? and id <= ?",
      )
      .pluck();
    this.#insert = db.prepare(
      `insert into capture (id, first_id, tag, asset, start_us, sha256, bytes, record)
       values (?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#insertFrame = db.prepare(
      `insert into capture_frame (id, sealed_us, first_us, last_us, samples, cum, chain, head, body, sha256, at_byte, bytes)
       values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#list = db.prepare<[string, string, string, string, number, number, number], CaptureRow>(
      `select * from capture where (? = '' or tag = ?) and (? = '' or asset = ?) and start_us >= ? and start_us <= ?
       order by start_us desc, id desc limit ?`,
    );
    this.#oldest = db.prepare<[], CaptureRow>("select * from capture order by id");
    this.#covering = db.prepare<[number, number], CaptureRow>(
      "select * from capture where id >= ? and first_id <= ? order by id limit 1",
    );
    this.#nextAfter = db.prepare<[number, number], CaptureRow>(
      "select * from capture where id > ? and id < ? order by id limit 1",
    );
    this.#same = db.prepare<[string, string, number], number>(
      "select 1 from capture where tag = ? and sha256 = ? and start_us = ? limit 1",
    );
    this.#users = db.prepare<[string], number>("select 1 from capture where sha256 = ? limit 1");
    this.#bytes = db
      .prepare<[], number>(
        "select coalesce(sum(bytes), 0) from (select distinct sha256, bytes from capture)",
      )
      .pluck();
    this.#remove = db.prepare("delete from capture where id = ?");
    this.#removeFrames = db.prepare("delete from capture_frame where id >= ? and id <= ?");
  }

  putFrame(id: number, { head, headBytes, body }: SealedFrame, piece?: PiecePlace): void {
    this.#insertFrame.run(
      id,
      head.sealedUs,
      head.firstUs,
      head.lastUs,
      head.sampleCount,
      head.cum,
      bytesOf64(head.chain),
      headBytes,
      piece?.head ?? body,
      piece?.sha256 ?? null,
      piece?.at ?? 0,
      piece?.bytes ?? 0,
    );
  }

  put(id: number, firstId: number, record: CaptureRecord): void {
    const { tag, asset, startUs, sha256, byteCount } = record;
    this.#insert.run(
      id,
      firstId,
      tag,
      asset,
      Math.round(startUs),
      sha256,
      byteCount,
      encodeCapture(record),
    );
  }

  /** The newest first. */
  list({ tag = "", asset = "", fromUs, toUs, max }: CaptureQuery): CaptureRow[] {
    return this.#list.all(tag, tag, asset, asset, Math.floor(fromUs), Math.ceil(toUs), max);
  }

  /** In the order in which they were taken. The rows must not change while they are walked through. */
  oldest(): readonly CaptureRow[] {
    return this.#oldest.all();
  }

  /** The capture that this frame belongs to. */
  covering(id: number): CaptureRow | undefined {
    return this.#covering.get(id, id);
  }

  /** The first whose record has a key between these two. */
  nextAfter(afterId: number, beforeId: number): CaptureRow | undefined {
    return this.#nextAfter.get(afterId, beforeId);
  }

  /** The same bytes of the same moment are here: they were taken before, and the answer to that was lost. */
  has({ tag, sha256, startUs }: CaptureRecord): boolean {
    return this.#same.get(tag, sha256, Math.round(startUs)) !== undefined;
  }

  uses(sha256: string): boolean {
    return this.#users.get(sha256) !== undefined;
  }

  /** Of all files together. */
  get bytes(): number {
    return this.#bytes.get() ?? 0;
  }

  /** Takes out the record; the frames are taken out by `removeFrames`, or have become a void. */
  remove(id: number): void {
    this.#remove.run(id);
  }

  /** How many frames of a range of keys are still here; `afterId` itself is not counted. */
  frameCount(afterId: number, toId: number): number {
    return this.#frameCount.get(afterId, toId) ?? 0;
  }

  removeFrames(fromId: number, toId: number): void {
    this.#removeFrames.run(fromId, toId);
  }
}

interface CaptureFrameRow extends Omit<FrameRow, "whole"> {
  readonly head: Buffer;
  readonly body: Buffer;
  readonly sha256: string | null;
  readonly at_byte: number;
  readonly bytes: number;
}

/** How frames of captures are found; the data of pieces come from the files. The table must be there. */
export function captureRows(db: Database.Database, files: CaptureFiles): LaneRows {
  const after = db.prepare<[number, number], CaptureFrameRow>(
    "select * from capture_frame where id > ? and id <= ? order by id",
  );
  return {
    ...commonRows(db, "capture_frame"),
    after: {
      *iterate(fromId, toId) {
        for (const row of after.iterate(fromId, toId)) {
          const data =
            row.sha256 === null
              ? new Uint8Array(0)
              : files.read(row.sha256, row.at_byte, row.bytes);
          yield { ...row, whole: Buffer.concat([row.head, row.body, data]) };
        }
      },
    },
    at: db.prepare("select sealed_us, chain, cum from capture_frame where id = ?"),
  };
}

/** The record as it was put in; a row that does not read is damaged, and shown to nobody. */
export function recordOf({ record }: CaptureRow): CaptureRecord | undefined {
  const read = decodeCapture(record);
  return "kind" in read ? undefined : read;
}
