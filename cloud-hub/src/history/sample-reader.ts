/** Samples as they were told: from chunks, and from the frames that are not sorted yet. */
import { inTime, type Series } from "@millwright/aggregates";
import { decodeSamples, type GatewayId, type SampleColumns } from "@millwright/wire-contract";
import type pg from "pg";

import { ChunkReader, readChunks } from "./chunk-store.ts";
import {
  concatenate,
  emptySeries,
  mergeAll,
  mergeSeries,
  sliceSeries,
} from "./samples/merge-series.ts";
import type { SeriesBook } from "./series-book.ts";
import { readTail } from "./unsorted-frames.ts";

/**
 * The sorter comes every ten minutes: 6,000 frames of a gateway at ten a second. Beyond this the newest are drawn: a
 * sorter that stands still must not fill the memory of those who look.
 */
const tailFramesMax = 20_000;

export class SampleReader {
  readonly #pool: pg.Pool;
  readonly #book: SeriesBook;

  constructor(pool: pg.Pool, book: SeriesBook) {
    this.#pool = pool;
    this.#book = book;
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
    const [chunks, tail] = await Promise.all([
      readChunks(
        this.#pool,
        series.map((no) => ({ series: no ?? -1, fromUs, toUs })),
      ),
      this.tail(gateway, tags, fromUs, toUs),
    ]);
    const reader = new ChunkReader(this.#pool, this.#book);
    return Promise.all(
      tags.map(async (_, at) => {
        let all = emptySeries;
        for (const chunk of chunks[at] ?? []) {
          all = concatenate(all, await reader.read(gateway, chunk, "read"));
        }
        const sorted = inTime(all, fromUs, toUs + 1);
        return mergeSeries(sorted, tail[at] ?? emptySeries).series;
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
    for (const { head, body } of await readTail(this.#pool, gateway, fromUs, toUs, tailFramesMax)) {
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
