/** Writes days that are over into files, sorted by tag and time, and lists them. */
import { rmSync } from "node:fs";
import { join } from "node:path";

import type { DuckDBConnection } from "@duckdb/node-api";
import { inTime, type Series } from "@millwright/aggregates";
import type { Clock, Log } from "@millwright/kit";
import { bucketOf, type GatewayId, type ValueType } from "@millwright/wire-contract";
import type pg from "pg";

import { inTransaction } from "../../database/transaction.ts";
import { ChunkReader, readChunks } from "../chunk-store.ts";
import { dayOf, dayUs } from "../samples/chunk.ts";
import { joinSeries, mergeSeries } from "../samples/merge-series.ts";
import type { SeriesBook } from "../series-book.ts";
import { keepSortersOut } from "../sorter-lock.ts";
import type { LakeFolder } from "./lake-folder.ts";
import { daysToCompact, listedFiles, listFiles, type HistoryDay } from "./lake-store.ts";
import { openDuck, quoted } from "./duck.ts";
import { isoDay } from "./iso-day.ts";
import { readPart } from "./part-reader.ts";
import { PartWriter, type WrittenPart } from "./part-writer.ts";

export interface CompactorOptions {
  readonly pool: pg.Pool;
  readonly book: SeriesBook;
  readonly lake: LakeFolder;
  readonly clock: Clock;
  readonly log: Log;
  /** A day is written when nothing has come for so long: late data of a morning after an outage come in one go. */
  readonly settleMs: number;
  /** A file ends with the tag that takes it over this. */
  readonly samplesPerFile: number;
}

/** A tag of the day. */
interface DaySeries {
  readonly no: number;
  readonly gateway: GatewayId;
  readonly tag: string;
  readonly unit: string;
  readonly type: ValueType;
}

/** Tags whose chunks are read together. */
const seriesPerStep = 64;

export class Compactor {
  readonly #options: CompactorOptions;

  constructor(options: CompactorOptions) {
    this.#options = options;
  }

  /** Every day that is over and has changed. Answers the days that were written. */
  async compactDue(signal: AbortSignal): Promise<readonly HistoryDay[]> {
    const { pool, lake, clock, settleMs } = this.#options;
    const nowUs = clock.nowUs();
    const due = await daysToCompact(pool, dayOf(nowUs), nowUs - settleMs * 1_000);
    if (due.length === 0) return [];
    const duck = await openDuck(lake.scratch);
    const written: HistoryDay[] = [];
    try {
      for (const day of due) {
        if (signal.aborted) break;
        if (await this.#compact(duck, day)) written.push(day);
      }
    } finally {
      duck.closeSync();
    }
    return written;
  }

  async #compact(duck: DuckDBConnection, day: HistoryDay): Promise<boolean> {
    const { pool, clock, log } = this.#options;
    const parts = await inTransaction(
      pool,
      (client) => this.#write(client, duck, day),
      // The files hold one moment of the day, and the version is the one of that moment.
      "begin isolation level repeatable read",
    );
    if (parts === undefined) return false;
    await inTransaction(pool, async (client) => {
      await keepSortersOut(client);
      const now = await client.query<{ version: bigint }>(
        "select version from history_days where day = $1 and bucket = $2 for update",
        [day.day, day.bucket],
      );
      await listFiles(client, day.day, day.bucket, parts, clock.nowUs());
      await client.query("update history_days set compacted = $3 where day = $1 and bucket = $2", [
        day.day,
        day.bucket,
        day.version,
      ]);
      // What came late for a released day is in the files now.
      if (day.released && Number(now.rows[0]?.version) === day.version)
        await deleteRest(client, day.day, day.bucket);
    });
    log.info("history.day-compacted", {
      day: isoDay(day.day),
      bucket: day.bucket,
      files: parts.length,
      samples: parts.reduce((sum, part) => sum + part.samples, 0),
      bytes: parts.reduce((sum, part) => sum + part.bytes, 0),
    });
    return true;
  }

  /** Undefined when a file that has to be taken over is damaged: what is left of the day stays as it is. */
  async #write(
    client: pg.ClientBase,
    duck: DuckDBConnection,
    day: HistoryDay,
  ): Promise<readonly (WrittenPart & { readonly path: string })[] | undefined> {
    const { book, lake, samplesPerFile } = this.#options;
    // Of a day that is in the database all samples are in chunks; of a released one the files hold most of them.
    const before = day.released ? await listedFiles(client, day.day, day.bucket) : [];
    const paths: string[] = [];
    for (const file of before) {
      const path = await lake.checked(file);
      if (path === undefined) return undefined;
      paths.push(path);
    }
    const series = await seriesOf(client, duck, day, paths);
    const reader = new ChunkReader(client, book);
    const parts: (WrittenPart & { readonly path: string })[] = [];
    let writer = await PartWriter.open(duck);
    const finish = async (): Promise<void> => {
      // No file is ever written over: a reader may be in it, or a damaged one has this name.
      const number = await client.query<{ next: bigint }>(
        "select nextval(pg_get_serial_sequence('lake_files', 'id')) as next",
      );
      const path = join(
        `day=${isoDay(day.day)}`,
        `bucket-${String(day.bucket).padStart(2, "0")}-${number.rows[0]?.next ?? 0n}.parquet`,
      );
      parts.push({ ...(await writer.finish(lake.path(path))), path });
    };
    const fromUs = day.day * dayUs;
    try {
      for (let at = 0; at < series.length; at += seriesPerStep) {
        const step = series.slice(at, at + seriesPerStep);
        const chunks = await readChunks(
          client,
          step.map(({ no }) => ({ series: no, fromUs, toUs: fromUs + dayUs - 1 })),
        );
        for (const [index, one] of step.entries()) {
          const known = await readPart(duck, { ...one, paths, fromUs: -farUs, toUs: farUs });
          const found: Series[] = [];
          let segment = 0;
          for (const chunk of chunks[index] ?? []) {
            if (chunk.day !== day.day) continue;
            found.push(await reader.read(one.gateway, chunk, "read"));
            segment = chunk.segment;
          }
          const { series } = mergeSeries(sorted(known), sorted(joinSeries(found)));
          writer.append(one, series, segment);
        }
        if (writer.samples >= samplesPerFile) {
          await finish();
          writer = await PartWriter.open(duck);
        }
      }
      if (writer.samples > 0) await finish();
    } catch (failure) {
      for (const part of parts) rmSync(lake.path(part.path), { force: true });
      throw failure;
    }
    return parts;
  }
}

function sorted(series: Series): Series {
  return inTime(series, -Infinity, Infinity);
}

/** Beyond all times that a clock can say, and within what DuckDB can hold. */
const farUs = 9e15;

async function seriesOf(
  client: pg.ClientBase,
  duck: DuckDBConnection,
  { day, bucket }: HistoryDay,
  paths: readonly string[],
): Promise<readonly DaySeries[]> {
  const found = await client.query<DaySeries>(
    `select s.no, s.gateway, s.tag, s.unit, s.type from series s
     where exists (select from chunks c where c.day = $1 and c.series = s.no)`,
    [day],
  );
  const known = found.rows.filter(({ gateway }) => bucketOf(gateway) === bucket);
  if (paths.length > 0) {
    const inFiles = await duck.runAndReadAll(
      `select distinct gateway, tag from read_parquet([${paths.map(quoted).join(", ")}])`,
    );
    const have = new Set(known.map(({ gateway, tag }) => `${gateway}/${tag}`));
    const missing = inFiles
      .getRowsJS()
      .map(([gateway, tag]) => ({ gateway: gateway as string, tag: tag as string }))
      .filter(({ gateway, tag }) => !have.has(`${gateway}/${tag}`));
    const rows = await client.query<DaySeries>(
      `select s.no, s.gateway, s.tag, s.unit, s.type from unnest($1::text[], $2::text[]) k (gateway, tag)
       join series s using (gateway, tag)`,
      [missing.map(({ gateway }) => gateway), missing.map(({ tag }) => tag)],
    );
    known.push(...rows.rows);
  }
  const key = ({ gateway, tag }: DaySeries): string => `${gateway}\u0000${tag}`;
  return known.toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
}

/** Chunks of a day that has no partition any more, of the gateways of one bucket. */
export async function deleteRest(
  client: pg.ClientBase,
  day: number,
  bucket: number,
): Promise<void> {
  const found = await client.query<{ no: number; gateway: GatewayId }>(
    "select distinct s.no, s.gateway from chunks_other_days c join series s on s.no = c.series where c.day = $1",
    [day],
  );
  const gone = found.rows.filter(({ gateway }) => bucketOf(gateway) === bucket);
  await client.query("delete from chunks_other_days where day = $1 and series = any($2::int[])", [
    day,
    gone.map(({ no }) => no),
  ]);
}
