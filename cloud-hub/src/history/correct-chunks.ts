/**
 * Chunks that were written before it was known by how much the clock that stamped them was wrong: they move to the day in
 * which they are read, and both days get their minutes and hours anew. Stamps stay as they were sent (no-loss protocol 2).
 */
import { inTime, ruleOf } from "@millwright/aggregates";
import type { GatewayId, LedgerEntry, TagDefinition } from "@millwright/wire-contract";
import type pg from "pg";

import {
  ChunkReader,
  deleteChunks,
  insertChunks,
  readChunks,
  toChunk,
  type ChunkRow,
  type NewChunk,
  type StoredChunk,
} from "./chunk-store.ts";
import type { ClockCorrection } from "./clock-corrections.ts";
import { gapsOf } from "./gap-book.ts";
import { reckon, recomputeRollups } from "./rollups/recompute.ts";
import type { ReleasedSamples } from "./sample-reader.ts";
import { packChunks } from "./samples/chunk.ts";
import { joinSeries } from "./samples/merge-series.ts";
import type { SeriesBook } from "./series-book.ts";
import { findDirty, withReleased } from "./sort-series.ts";

type Queryable = Pick<pg.ClientBase, "query">;

/** Read and written together: half a million samples. */
const chunksPerStep = 512;

/** A part of a series as it was read before, or as it is read now. */
export interface MovedRange {
  readonly series: number;
  readonly gateway: GatewayId;
  readonly tag: TagDefinition;
  readonly firstUs: number;
  readonly lastUs: number;
}

/** Where chunks will be read once these corrections are applied, for the partitions that must be there. */
export async function rangesToMove(
  client: Queryable,
  corrections: readonly ClockCorrection[],
): Promise<readonly Pick<MovedRange, "firstUs" | "lastUs">[]> {
  const found = await client.query<{ first_us: bigint; last_us: bigint }>(
    `select min(c.first_us + k.offset_us) as first_us, max(c.last_us + k.offset_us) as last_us
     from unnest($1::text[], $2::bigint[], $3::bigint[]) k (gateway, segment, offset_us)
     join series s using (gateway) join chunks c on c.series = s.no and c.segment = k.segment
     where coalesce(c.offset_us, 0) <> k.offset_us group by k.gateway, k.segment`,
    columnsOf(corrections),
  );
  return found.rows.map((row) => ({
    firstUs: Number(row.first_us),
    lastUs: Number(row.last_us),
  }));
}

/** Moves all of them. Answers the ranges that were read otherwise before, and are now. */
export async function moveChunks(
  client: Queryable,
  book: SeriesBook,
  corrections: readonly ClockCorrection[],
): Promise<readonly MovedRange[]> {
  const reader = new ChunkReader(client, book);
  const moved = new Map<string, MovedRange>();
  for (;;) {
    const found = await client.query<
      ChunkRow & { gateway: GatewayId; tag: string; shift_us: bigint }
    >(
      `select c.*, s.gateway, s.tag, k.offset_us as shift_us
       from unnest($1::text[], $2::bigint[], $3::bigint[]) k (gateway, segment, offset_us)
       join series s using (gateway) join chunks c on c.series = s.no and c.segment = k.segment
       where coalesce(c.offset_us, 0) <> k.offset_us order by c.series, c.first_us limit ${chunksPerStep}`,
      columnsOf(corrections),
    );
    // What was moved is not found again.
    if (found.rows.length === 0) return [...moved.values()];
    const before: StoredChunk[] = [];
    const after: NewChunk[] = [];
    for (const { gateway, tag: id, shift_us, ...row } of found.rows) {
      const chunk = toChunk(row);
      const dictionary = await book.dictionary(client, gateway, chunk.dictionary);
      const tag = dictionary?.byId(id);
      if (dictionary === undefined || tag === undefined)
        throw new Error(`a chunk of ${gateway} has no dictionary that names ${id}`);
      const stamped = await reader.read(gateway, chunk, "stamped");
      const { series, segment, conflicts } = chunk;
      const offsetUs = Number(shift_us);
      before.push(chunk);
      for (const [at, packed] of packChunks(stamped, tag.index, dictionary, offsetUs).entries()) {
        const own = { series, segment, offsetUs, conflicts: at === 0 ? conflicts : 0 };
        after.push({ ...packed, ...own, dictionary: dictionary.hash });
      }
      const { firstUs, lastUs } = chunk;
      for (const shiftUs of [chunk.offsetUs, offsetUs]) {
        const known = moved.get(`${series}/${shiftUs}`);
        moved.set(`${series}/${shiftUs}`, {
          series,
          gateway,
          tag,
          firstUs: Math.min(firstUs + shiftUs, known?.firstUs ?? Infinity),
          lastUs: Math.max(lastUs + shiftUs, known?.lastUs ?? -Infinity),
        });
      }
    }
    await deleteChunks(client, before);
    await insertChunks(client, after);
  }
}

/** Minutes and hours of what has moved. */
export async function recomputeMoved(
  client: Queryable,
  book: SeriesBook,
  moved: readonly MovedRange[],
  entries: ReadonlyMap<GatewayId, readonly LedgerEntry[]>,
  released: ReleasedSamples | undefined,
): Promise<void> {
  const reader = new ChunkReader(client, book);
  const dirty = await findDirty(client, moved);
  for (const [at, range] of dirty.entries()) {
    const of = moved[at];
    if (of === undefined) continue;
    const [chunks = []] = await readChunks(client, [range], true);
    const parts = [];
    for (const chunk of chunks) parts.push(await reader.read(of.gateway, chunk, "read"));
    const read = inTime(joinSeries(parts), -Infinity, Infinity);
    const samples = await withReleased(released, of, range, read);
    const minutes = reckon({
      ...range,
      rule: ruleOf(of.tag),
      // What was known when it was sorted; of a range that is empty now nothing is.
      knownToUs: samples.measuredUs[samples.count - 1] ?? range.fromUs,
      samples,
      gaps: gapsOf(entries.get(of.gateway) ?? [], of.tag),
      forgetsTold: true,
    });
    await recomputeRollups(client, [minutes]);
  }
}

function columnsOf(corrections: readonly ClockCorrection[]): unknown[] {
  return [
    corrections.map(({ gateway }) => gateway),
    corrections.map(({ segment }) => segment),
    corrections.map(({ offsetUs }) => Math.round(offsetUs)),
  ];
}
