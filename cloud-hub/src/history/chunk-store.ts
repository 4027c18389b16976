/** Chunks as rows. */
import type { Series } from "@millwright/aggregates";
import type { Dictionary, GatewayId, SampleScratch } from "@millwright/wire-contract";
import type pg from "pg";

import { copyInto, CopyRows } from "../database/copy-rows.ts";
import type { PartitionedTable } from "../database/range-partitions.ts";
import { numbers } from "../database/rows.ts";
import { dayOf, dayUs, unpackChunk, type PackedChunk } from "./samples/chunk.ts";
import type { SeriesBook } from "./series-book.ts";

type Queryable = Pick<pg.ClientBase, "query">;

export const chunkDays: PartitionedTable = { name: "chunks", width: 1 };

export interface StoredChunk {
  readonly series: number;
  readonly segment: number;
  readonly day: number;
  readonly firstUs: number;
  readonly lastUs: number;
  readonly samples: number;
  readonly conflicts: number;
  /** To be added to its times. */
  readonly offsetUs: number;
  readonly dictionary: bigint;
  readonly bytes: Uint8Array;
}

/** A part of one series, times as they are stored. */
export interface ChunkRange {
  readonly series: number;
  readonly fromUs: number;
  readonly toUs: number;
}

export interface ChunkRow {
  readonly series: number;
  readonly segment: bigint;
  readonly day: number;
  readonly first_us: bigint;
  readonly last_us: bigint;
  readonly samples: number;
  readonly conflicts: number;
  readonly offset_us: bigint | null;
  readonly dictionary: bigint;
  readonly bytes: Buffer;
}

/**
 * The chunks that touch each range, by first time; those whose times are read with an offset too, wherever they lie.
 * @param before also the last chunk that ends before the range, which says what holds at its begin
 */
export async function readChunks(
  client: Queryable,
  ranges: readonly ChunkRange[],
  before = false,
): Promise<readonly (readonly StoredChunk[])[]> {
  const found: StoredChunk[][] = ranges.map(() => []);
  if (ranges.length === 0) return found;
  // A chunk does not go over midnight: one that touches the range begins on its first day at the earliest.
  const rows = await client.query<ChunkRow & { readonly at: number }>(
    `select k.at, c.* from unnest($1::int[], $2::int[], $3::bigint[], $4::bigint[], $5::int[], $6::int[])
       k (at, series, from_us, to_us, from_day, to_day)
     cross join lateral (
       select * from chunks c where c.series = k.series and c.day between k.from_day and k.to_day
         and c.first_us between k.from_us - ${dayUs} and k.to_us and c.last_us >= k.from_us and c.offset_us is null
       union all
       select * from chunks c where c.series = k.series and c.offset_us is not null
         and c.first_us + c.offset_us <= k.to_us and c.last_us + c.offset_us >= k.from_us
       ${
         before
           ? `union all
       (select * from chunks c where c.series = k.series and c.last_us < k.from_us and c.first_us < k.from_us
         and c.offset_us is null order by c.first_us desc limit 1)
       union all
       (select * from chunks c where c.series = k.series and c.offset_us is not null
         and c.last_us + c.offset_us < k.from_us order by c.last_us + c.offset_us desc limit 1)`
           : ""
       }
     ) c`,
    [
      numbers(ranges.map((_, at) => at)),
      numbers(ranges.map(({ series }) => series)),
      numbers(ranges.map(({ fromUs }) => Math.floor(fromUs))),
      numbers(ranges.map(({ toUs }) => Math.ceil(toUs))),
      numbers(ranges.map(({ fromUs }) => dayOf(fromUs))),
      numbers(ranges.map(({ toUs }) => dayOf(toUs))),
    ],
  );
  for (const row of rows.rows) found[row.at]?.push(toChunk(row));
  for (const chunks of found) chunks.sort((a, b) => readFrom(a) - readFrom(b));
  return found;
}

function readFrom({ firstUs, offsetUs }: StoredChunk): number {
  return firstUs + offsetUs;
}

export function toChunk(row: ChunkRow): StoredChunk {
  return {
    series: row.series,
    segment: Number(row.segment),
    day: row.day,
    firstUs: Number(row.first_us),
    lastUs: Number(row.last_us),
    samples: row.samples,
    conflicts: row.conflicts,
    offsetUs: Number(row.offset_us ?? 0n),
    dictionary: BigInt.asUintN(64, row.dictionary),
    bytes: row.bytes,
  };
}

export interface NewChunk extends PackedChunk {
  readonly series: number;
  readonly segment: number;
  readonly conflicts: number;
  readonly offsetUs: number;
  readonly dictionary: bigint;
}

const chunkColumns = {
  day: "integer",
  series: "integer",
  segment: "bigint",
  first_us: "bigint",
  last_us: "bigint",
  samples: "integer",
  conflicts: "integer",
  offset_us: "bigint",
  dictionary: "bigint",
  bytes: "bytea",
} as const;

/** @param client a connection within a transaction */
export async function insertChunks(client: Queryable, chunks: readonly NewChunk[]): Promise<void> {
  const rows = new CopyRows(Object.values(chunkColumns));
  for (const chunk of chunks) {
    const offsetUs = Math.round(chunk.offsetUs);
    rows.push([
      dayOf(chunk.firstUs + chunk.offsetUs),
      chunk.series,
      chunk.segment,
      chunk.firstUs,
      chunk.lastUs,
      chunk.samples,
      chunk.conflicts,
      offsetUs === 0 ? null : offsetUs,
      BigInt.asIntN(64, chunk.dictionary),
      chunk.bytes,
    ]);
  }
  await copyInto(client, "chunks", Object.keys(chunkColumns), rows);
}

/** Those that are written anew, longer. */
export async function deleteChunks(
  client: Queryable,
  chunks: readonly StoredChunk[],
): Promise<void> {
  if (chunks.length === 0) return;
  const deleted = await client.query(
    `delete from chunks c using unnest($1::int[], $2::int[], $3::bigint[], $4::bigint[]) k (day, series, segment, first_us)
     where c.day = k.day and c.series = k.series and c.segment = k.segment and c.first_us = k.first_us`,
    [
      chunks.map(({ day }) => day),
      chunks.map(({ series }) => series),
      chunks.map(({ segment }) => segment),
      chunks.map(({ firstUs }) => firstUs),
    ],
  );
  if (deleted.rowCount !== chunks.length)
    throw new Error("chunks changed while they were written anew: two sorters are at work");
}

/** Times of the chunks that `readChunks` would find, as they are read. */
export async function spansOfChunks(
  client: Queryable,
  { series, fromUs, toUs }: ChunkRange,
): Promise<readonly { readonly fromUs: number; readonly toUs: number }[]> {
  const found = await client.query<{ from_us: bigint; to_us: bigint }>(
    `select first_us as from_us, last_us as to_us from chunks where series = $1 and day between $4 and $5
       and first_us between $2 - ${dayUs} and $3 and last_us >= $2 and offset_us is null
     union all
     select first_us + offset_us, last_us + offset_us from chunks where series = $1 and offset_us is not null
       and first_us + offset_us <= $3 and last_us + offset_us >= $2`,
    [series, Math.floor(fromUs), Math.ceil(toUs), dayOf(fromUs), dayOf(toUs)],
  );
  return found.rows.map((row) => ({ fromUs: Number(row.from_us), toUs: Number(row.to_us) }));
}

/** Decodes chunks of one gateway, with its dictionaries at hand. */
export class ChunkReader {
  readonly #client: Queryable;
  readonly #book: SeriesBook;

  constructor(client: Queryable, book: SeriesBook) {
    this.#client = client;
    this.#book = book;
  }

  /**
   * Times as they were stamped, or as they are read.
   * @param scratch read into this; the answer holds until it is used the next time
   */
  async read(
    gateway: GatewayId,
    chunk: StoredChunk,
    times: "stamped" | "read",
    scratch?: SampleScratch,
  ): Promise<Series> {
    const dictionary = await this.#dictionary(gateway, chunk.dictionary);
    const series = unpackChunk(chunk.bytes, dictionary, scratch);
    if (times === "read" && chunk.offsetUs !== 0) {
      const { measuredUs } = series;
      for (let row = 0; row < series.count; row++) {
        measuredUs[row] = (measuredUs[row] ?? NaN) + chunk.offsetUs;
      }
    }
    return series;
  }

  async #dictionary(gateway: GatewayId, hash: bigint): Promise<Dictionary> {
    const dictionary = await this.#book.dictionary(this.#client, gateway, hash);
    if (dictionary === undefined) throw new Error(`${gateway} has no dictionary ${hash}`);
    return dictionary;
  }
}
