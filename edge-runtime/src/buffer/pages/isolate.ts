/**
 * What lay on damaged pages, when it can be given up alone: bodies of frames, which have a CRC of their own and become
 * voids, and of chunks, buckets and events. Everything else holds the journal together.
 */
import { readSync } from "node:fs";

import type Database from "better-sqlite3";

export interface Isolated {
  /** Rows that cannot be believed, by key. */
  readonly chunks: readonly number[];
  readonly rollups: readonly number[];
  readonly events: readonly number[];
}

const checkedByCrc = ["sample_frame", "live_frame", "history_frame", "critical_frame"];

interface Use {
  readonly name: string;
  readonly path: string;
  readonly pagetype: string;
  readonly pageno: number;
}

/**
 * @param fd of the file, whose log is empty
 * @returns undefined when the journal cannot go on with this file
 */
export function isolate(
  db: Database.Database,
  fd: number,
  pageSize: number,
  pages: readonly number[],
): Isolated | undefined {
  if (db.pragma("integrity_check(1)", { simple: true }) !== "ok") return undefined;
  const uses = db
    .prepare<[string], Use>(
      `select name, path, pagetype, pageno from dbstat
       where pageno in (select value from json_each(?))`,
    )
    .all(JSON.stringify(pages));
  const chunks: number[] = [];
  const rollups: number[] = [];
  const events: number[] = [];
  const rows = new Map([
    ["chunk", chunks],
    ["rollup", rollups],
    ["event", events],
  ]);
  // Pages that nothing uses are not among them.
  for (const { name, path, pagetype } of uses) {
    if (pagetype !== "overflow") return undefined;
    if (checkedByCrc.includes(name)) continue;
    const numbers = rows.get(name);
    if (numbers === undefined) return undefined;
    const [, cell = ""] = /\/([0-9a-f]+)\+[0-9a-f]+$/.exec(path) ?? [];
    const leaf = db
      .prepare<[string, string], number>("select pageno from dbstat where name = ? and path = ?")
      .pluck()
      .get(name, path.slice(0, path.lastIndexOf("/") + 1));
    if (leaf === undefined || pages.includes(leaf)) return undefined;
    numbers.push(rowidOf(fd, pageSize, leaf, parseInt(cell, 16)));
  }
  return {
    chunks: [...new Set(chunks)],
    rollups: [...new Set(rollups)],
    events: [...new Set(events)],
  };
}

/** Of a cell of a table's leaf (SQLite file format, 1.6). */
function rowidOf(fd: number, pageSize: number, leaf: number, cell: number): number {
  const page = Buffer.alloc(pageSize);
  readSync(fd, page, 0, pageSize, (leaf - 1) * pageSize);
  const at = page.readUInt16BE(8 + 2 * cell);
  const [, afterSize] = varint(page, at);
  return varint(page, afterSize)[0];
}

/** Seven bits a byte, the ninth has eight; rowids of ours stay below 2^53. */
function varint(page: Buffer, from: number): readonly [number, number] {
  let value = 0;
  for (let at = from; ; at++) {
    const byte = page[at] ?? 0;
    if (at === from + 8) return [value * 256 + byte, at + 1];
    value = value * 128 + (byte & 127);
    if (byte < 128) return [value, at + 1];
  }
}
