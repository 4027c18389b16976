/** One Parquet file: samples of many tags, sorted by gateway, tag and time. */
import { createHash } from "node:crypto";
import {
  createReadStream,
  mkdirSync,
  openSync,
  closeSync,
  fsyncSync,
  renameSync,
  statSync,
  rmSync,
} from "node:fs";
import { dirname } from "node:path";

import {
  DOUBLE,
  DuckDBDataChunk,
  INTEGER,
  UINTEGER,
  VARCHAR,
  type DuckDBAppender,
  type DuckDBConnection,
} from "@duckdb/node-api";
import type { Series } from "@millwright/aggregates";
import type { Scalar } from "@millwright/wire-contract";

import { quoted } from "./duck.ts";

/** What a row says of its tag. */
export interface PartTag {
  readonly gateway: string;
  readonly tag: string;
  readonly unit: string;
}

export interface WrittenPart {
  readonly samples: number;
  readonly bytes: number;
  readonly sha256: string;
  /** First and last time in it, µs. */
  readonly fromUs: number;
  readonly toUs: number;
}

/** DuckDB's vectors have so many rows. */
const vectorRows = 2_048;
/** As DuckDB's own row groups, which its readers skip by their statistics. */
const rowGroupRows = 122_880;
/** How samples stand in a file, as options of DuckDB's `copy`. */
export const parquetForm = `format parquet, codec zstd, row_group_size ${rowGroupRows}, parquet_version v2`;

const types = [INTEGER, DOUBLE, DOUBLE, VARCHAR, UINTEGER, DOUBLE] as const;

export class PartWriter {
  readonly #connection: DuckDBConnection;
  readonly #appender: DuckDBAppender;
  readonly #tags: PartTag[] = [];
  #samples = 0;
  #fromUs = Infinity;
  #toUs = -Infinity;

  private constructor(connection: DuckDBConnection, appender: DuckDBAppender) {
    this.#connection = connection;
    this.#appender = appender;
  }

  static async open(connection: DuckDBConnection): Promise<PartWriter> {
    await connection.run(
      `create or replace temp table part (
         series integer, us double, value double, exact varchar, status uinteger, segment double)`,
    );
    return new PartWriter(connection, await connection.createAppender("part"));
  }

  get samples(): number {
    return this.#samples;
  }

  /** In order of time; tags in any order. */
  append(tag: PartTag, series: Series, segment: number): void {
    const no = this.#tags.push(tag) - 1;
    for (let from = 0; from < series.count; from += vectorRows) {
      const count = Math.min(vectorRows, series.count - from);
      const chunk = DuckDBDataChunk.create(types, count);
      const column = (of: ArrayLike<number>): number[] =>
        Array.from({ length: count }, (_, at) => of[from + at] ?? 0);
      chunk.setColumnValues(0, new Array<number>(count).fill(no));
      chunk.setColumnValues(1, column(series.measuredUs));
      chunk.setColumnValues(
        2,
        Array.from({ length: count }, (_, at) => numberAt(series, from + at)),
      );
      chunk.setColumnValues(
        3,
        Array.from({ length: count }, (_, at) => exactOf(series.wide?.get(from + at))),
      );
      chunk.setColumnValues(4, column(series.status));
      chunk.setColumnValues(5, new Array<number>(count).fill(segment));
      this.#appender.appendDataChunk(chunk);
    }
    if (series.count === 0) return;
    this.#samples += series.count;
    this.#fromUs = Math.min(this.#fromUs, series.measuredUs[0] ?? Infinity);
    this.#toUs = Math.max(this.#toUs, series.measuredUs[series.count - 1] ?? -Infinity);
  }

  /** Made beside and then renamed: a file whose making was interrupted is never taken for one. */
  async finish(path: string): Promise<WrittenPart> {
    this.#appender.closeSync();
    const connection = this.#connection;
    mkdirSync(dirname(path), { recursive: true });
    const part = `${path}.part`;
    rmSync(part, { force: true });
    await connection.run(
      "create or replace temp table tags (series integer, gateway varchar, tag varchar, unit varchar)",
    );
    const tags = await connection.createAppender("tags");
    for (const [series, { gateway, tag, unit }] of this.#tags.entries()) {
      tags.appendInteger(series);
      tags.appendVarchar(gateway);
      tags.appendVarchar(tag);
      tags.appendVarchar(unit);
      tags.endRow();
    }
    tags.closeSync();
    await connection.run(
      `copy (
         select t.gateway, t.tag, make_timestamptz(p.us::bigint) as time, p.value, p.exact, p.status,
           t.unit, p.segment::bigint as clock_segment
         from part p join tags t using (series) order by t.gateway, t.tag, p.us, p.rowid
       ) to ${quoted(part)} (${parquetForm})`,
    );
    await connection.run("drop table part");
    await connection.run("drop table tags");
    flush(part);
    const sha256 = await digestOf(part);
    const bytes = statSync(part).size;
    renameSync(part, path);
    flush(dirname(path));
    return { samples: this.#samples, bytes, sha256, fromUs: this.#fromUs, toUs: this.#toUs };
  }
}

/** SHA-256 as hexadecimal digits. */
export async function digestOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const piece of createReadStream(path, { highWaterMark: 2 ** 20 })) {
    hash.update(piece as Buffer);
  }
  return hash.digest("hex");
}

function flush(path: string): void {
  const file = openSync(path, "r");
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function numberAt(series: Series, row: number): number {
  const scalar = series.wide?.get(row);
  if (scalar === undefined) return series.value[row] ?? NaN;
  return typeof scalar === "string" || scalar instanceof Uint8Array ? NaN : Number(scalar);
}

/** What a double cannot hold, in digits; bytes in hexadecimal ones. */
function exactOf(scalar: Scalar | undefined): string | null {
  if (scalar === undefined) return null;
  return scalar instanceof Uint8Array ? Buffer.from(scalar).toString("hex") : String(scalar);
}
