/** Samples as they were told: from chunks, and from the frames that are not sorted yet. */
import { inTime, type Gap, type Series } from "@millwright/aggregates";
import { reducePerColumn, type ReducedLine } from "@millwright/kit";
import {
  decodeSamples,
  SampleScratch,
  type GatewayId,
  type SampleColumns,
  type ValueType,
} from "@millwright/wire-contract";
import type pg from "pg";

import { ChunkReader, readChunks, type StoredChunk } from "./chunk-store.ts";
import type { TakeRun } from "./lake/stream-parts.ts";
import { LineInParts } from "./line-in-parts.ts";
import {
  emptySeries,
  joinSeries,
  mergeAll,
  mergeSeries,
  sliceSeries,
} from "./samples/merge-series.ts";
import type { SeriesBook } from "./series-book.ts";
import { framesInTail, readTail } from "./unsorted-frames.ts";

/**
 * The sorter comes every ten minutes: 6,000 frames of a gateway at ten a second. Beyond this the newest are drawn: a
 * sorter that stands still must not fill the memory of those who look.
 */
const tailFramesMax = 20_000;

/** Samples that the database has let go. */
export interface ReleasedSamples {
  /** Files that hold some of this gateway and range; empty when the database holds all there is. */
  paths(gateway: GatewayId, fromUs: number, toUs: number): Promise<readonly string[]>;
  read(
    paths: readonly string[],
    gateway: GatewayId,
    tag: string,
    type: ValueType,
    fromUs: number,
    toUs: number,
  ): Promise<Series>;
  /** Of several tags, run by run. */
  stream(
    paths: readonly string[],
    gateway: GatewayId,
    tags: readonly string[],
    fromUs: number,
    toUs: number,
    take: TakeRun,
  ): Promise<void>;
}

/** Lines of several tags for a chart. */
export interface LinesQuestion {
  readonly gateway: GatewayId;
  readonly tags: readonly string[];
  /** Numbers of the tags; undefined for one of which nothing is sorted. */
  readonly series: readonly (number | undefined)[];
  readonly fromUs: number;
  readonly toUs: number;
  readonly columns: number;
  /** By tag: where the line breaks. */
  readonly gaps: readonly (readonly Gap[])[];
}

export class SampleReader {
  readonly #pool: pg.Pool;
  readonly #book: SeriesBook;
  readonly #released: ReleasedSamples | undefined;
  readonly #framesMax: number;

  /** @param framesMax not sorted yet, that are read at most: the newest */
  constructor(
    pool: pg.Pool,
    book: SeriesBook,
    released?: ReleasedSamples,
    framesMax = tailFramesMax,
  ) {
    this.#pool = pool;
    this.#book = book;
    this.#released = released;
    this.#framesMax = framesMax;
  }

  /** For whoever must not leave anything out: frames that are not sorted yet, where they are more than are read. */
  async framesBeyond(gateway: GatewayId, fromUs: number, toUs: number): Promise<number> {
    const frames = await framesInTail(this.#pool, gateway, fromUs, toUs);
    return Math.max(0, frames - this.#framesMax);
  }

  /** In the order of the tags. Samples are looked at as they come, and put together only where parts lie over each other. */
  async lines(question: LinesQuestion): Promise<readonly ReducedLine[]> {
    const { gateway, tags, series, fromUs, toUs, columns, gaps } = question;
    const parts = tags.map(
      (_, at) => new LineInParts({ fromUs, toUs, columns, gaps: gaps[at] ?? [] }),
    );
    const [chunks, tail] = await Promise.all([
      this.#chunks(series, fromUs, toUs),
      this.tail(gateway, tags, fromUs, toUs),
      this.#streamFiles(gateway, tags, fromUs, toUs, parts),
    ]);
    const reader = new ChunkReader(this.#pool, this.#book);
    const scratch = new SampleScratch();
    const lines: ReducedLine[] = [];
    for (const [at, line] of parts.entries()) {
      for (const [index, chunk] of (chunks[at] ?? []).entries()) {
        if (index === 0) line.beginSource(chunk.firstUs + chunk.offsetUs);
        const samples = asNumbers(await reader.read(gateway, chunk, "read", scratch));
        line.add(samples.measuredUs, samples.value, samples.status);
      }
      const late = asNumbers(tail[at] ?? emptySeries);
      line.beginSource(late.measuredUs[0] ?? Infinity);
      line.add(late.measuredUs, late.value, late.status);
      lines.push(line.finish() ?? (await this.#line(question, at)));
    }
    return lines;
  }

  /** One of them, of samples that were put together first. */
  async #line(
    { gateway, tags, series, fromUs, toUs, columns, gaps }: LinesQuestion,
    at: number,
  ): Promise<ReducedLine> {
    const tag = tags.slice(at, at + 1);
    const [found] = await this.read(gateway, tag, [series[at]], fromUs, toUs);
    const { measuredUs, value, status } = asNumbers(found ?? emptySeries);
    return reducePerColumn(measuredUs, value, status, fromUs, toUs, columns, gaps[at] ?? []);
  }

  async #streamFiles(
    gateway: GatewayId,
    tags: readonly string[],
    fromUs: number,
    toUs: number,
    parts: readonly LineInParts[],
  ): Promise<void> {
    if (this.#released === undefined) return;
    const paths = await this.#released.paths(gateway, fromUs, toUs);
    await this.#released.stream(paths, gateway, tags, fromUs, toUs, (at, us, value, status) =>
      parts[at]?.add(us, value, status),
    );
  }

  #chunks(
    series: readonly (number | undefined)[],
    fromUs: number,
    toUs: number,
  ): Promise<readonly (readonly StoredChunk[])[]> {
    return readChunks(
      this.#pool,
      series.map((no) => ({ series: no ?? -1, fromUs, toUs })),
    );
  }

  /**
   * In order of time as it is read, none of them twice.
   * @param series numbers of the tags; undefined for one of which nothing is sorted
   */
  async read(
    gateway: GatewayId,
    tags: readonly string[],
    series: readonly (number | undefined)[],
    fromUs: number,
    toUs: number,
  ): Promise<readonly Series[]> {
    const [chunks, tail, released] = await Promise.all([
      this.#chunks(series, fromUs, toUs),
      this.tail(gateway, tags, fromUs, toUs),
      this.#fromFiles(gateway, tags, fromUs, toUs),
    ]);
    const reader = new ChunkReader(this.#pool, this.#book);
    return Promise.all(
      tags.map(async (_, at) => {
        const parts: Series[] = [];
        for (const chunk of chunks[at] ?? []) {
          parts.push(await reader.read(gateway, chunk, "read"));
        }
        const sorted = inTime(joinSeries(parts), fromUs, toUs + 1);
        // What came late for a day that is in a file lies in a chunk until the file is written anew.
        const known = mergeSeries(released[at] ?? emptySeries, sorted).series;
        return mergeSeries(known, tail[at] ?? emptySeries).series;
      }),
    );
  }

  async #fromFiles(
    gateway: GatewayId,
    tags: readonly string[],
    fromUs: number,
    toUs: number,
  ): Promise<readonly Series[]> {
    const released = this.#released;
    if (released === undefined) return [];
    const paths = await released.paths(gateway, fromUs, toUs);
    if (paths.length === 0) return [];
    const types = await this.#pool.query<{ tag: string; type: ValueType }>(
      "select tag, type from series where gateway = $1 and tag = any($2::text[])",
      [gateway, tags],
    );
    const typeOf = new Map(types.rows.map(({ tag, type }) => [tag, type]));
    // Side by side as far as the files' reader can.
    return Promise.all(
      tags.map(async (tag) => {
        const type = typeOf.get(tag);
        return type === undefined
          ? emptySeries
          : await released.read(paths, gateway, tag, type, fromUs, toUs);
      }),
    );
  }

  /** What no pass of the sorter has taken yet. */
  async tail(
    gateway: GatewayId,
    tags: readonly string[],
    fromUs: number,
    toUs: number,
  ): Promise<readonly Series[]> {
    const pieces: Series[][] = tags.map(() => []);
    for (const { head, body } of await readTail(
      this.#pool,
      gateway,
      fromUs,
      toUs,
      this.#framesMax,
    )) {
      const dictionary = await this.#book.dictionary(this.#pool, gateway, head.dictionary);
      if (dictionary === undefined) continue;
      const samples = decodeSamples(body, dictionary);
      if ("kind" in samples) continue;
      const { disciplined, offsetUs } = head.clock;
      for (const [at, tag] of tags.entries()) {
        const known = dictionary.byId(tag);
        if (known === undefined) continue;
        const shift = disciplined || known.clock === "device" ? 0 : offsetUs;
        const rows = rowsOf(samples, known.index, shift);
        if (rows.count > 0) pieces[at]?.push(rows);
      }
    }
    return pieces.map((of) => inTime(mergeAll(of).series, fromUs, toUs + 1));
  }
}

/** Samples come sorted by tag: those of one lie together. */
function rowsOf(samples: SampleColumns, index: number, shiftUs: number): Series {
  const from = samples.tag.indexOf(index);
  if (from < 0) return emptySeries;
  let end = from;
  while (end < samples.count && samples.tag[end] === index) end++;
  const rows = sliceSeries(samples, from, end);
  const measuredUs = shiftUs === 0 ? rows.measuredUs : rows.measuredUs.map((us) => us + shiftUs);
  return inTime({ ...rows, measuredUs }, -Infinity, Infinity);
}

/** A 64-bit integer is drawn as the double next to it; text and bytes have no place on a line. */
export function asNumbers(series: Series): Series {
  if (series.wide === undefined) return series;
  const value = series.value.slice();
  for (const [row, scalar] of series.wide) {
    if (typeof scalar === "bigint") value[row] = Number(scalar);
  }
  return { ...series, value };
}
