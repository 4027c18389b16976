/** What arrived of some series is merged into their chunks, and their minutes and hours are computed again. */
import { inTime, type RollupRule, type Series } from "@millwright/aggregates";
import type { Dictionary, GatewayId, LedgerEntry, TagDefinition } from "@millwright/wire-contract";
import type pg from "pg";

import { numbers } from "../database/rows.ts";
import {
  ChunkReader,
  deleteChunks,
  insertChunks,
  readChunks,
  type NewChunk,
  type StoredChunk,
} from "./chunk-store.ts";
import { gapsOf } from "./gap-book.ts";
import { hourOf, reckon, recomputeRollups, type ReckonedHours } from "./rollups/recompute.ts";
import type { ReleasedSamples } from "./sample-reader.ts";
import type { GatheredSeries } from "./samples/gather-samples.ts";
import { chunkSamplesLeast, dayOf, dayUs, packChunks } from "./samples/chunk.ts";
import { copyOf, joinSeries, mergeSeries } from "./samples/merge-series.ts";
import type { SeriesBook } from "./series-book.ts";

/** New samples of one tag and clock segment, none of them twice, and at least one. */
export interface ArrivedSeries extends GatheredSeries {
  readonly series: number;
  readonly segment: number;
  readonly gateway: GatewayId;
  readonly tag: TagDefinition;
  readonly dictionary: Dictionary;
  readonly rule: RollupRule;
  /** To be added to the times when they are read. */
  readonly offsetUs: number;
  /** The gateway was there until then. */
  readonly knownToUs: number;
}

export const hourUs = 3_600_000_000;
/** A value that was told once holds for months; so far back its hours are computed when the next one comes. */
export const backfillUs = 31 * 24 * hourUs;

/** How far before a range files are read, for the value that holds at its begin. */
const heldBeforeUs = dayUs;

export interface SortOutcome {
  /** Samples that were stored already, by gateway. */
  readonly repeats: ReadonlyMap<GatewayId, number>;
  readonly conflicts: ReadonlyMap<GatewayId, number>;
}

/** @param arrived by series; those of one series stand together */
export async function sortSeries(
  client: pg.ClientBase,
  book: SeriesBook,
  arrived: readonly ArrivedSeries[],
  entries: ReadonlyMap<GatewayId, readonly LedgerEntry[]>,
  released: ReleasedSamples | undefined,
): Promise<SortOutcome> {
  const bySeries = groupBySeries(arrived);
  const dirty = await findDirty(client, bySeries.map(rangeOf));
  const stored = await readStored(client, dirty);
  const files = (await hasReleased(client, dirty)) ? released : undefined;
  const reader = new ChunkReader(client, book);
  const written: NewChunk[] = [];
  const replaced: StoredChunk[] = [];
  const hours: ReckonedHours[] = [];
  const repeats = new Map<GatewayId, number>();
  const conflicts = new Map<GatewayId, number>();
  for (const [at, range] of dirty.entries()) {
    const parts = bySeries[at] ?? [];
    const [newest] = parts.slice(-1);
    if (newest === undefined) continue;
    let kept = stored.get(range.series) ?? [];
    const pieces: Piece[] = [];
    for (const part of parts) {
      // What is read holds until the next one is read: of several, each has memory of its own.
      const arrivedSeries = parts.length === 1 ? part.read() : copyOf(part.read());
      const joined = kept.filter((chunk) => isJoined(chunk, part));
      kept = kept.filter((chunk) => !joined.includes(chunk));
      const merged = await mergeInto(reader, part, arrivedSeries, joined);
      replaced.push(...joined);
      written.push(...merged.chunks);
      pieces.push({ series: merged.series, offsetUs: part.offsetUs });
      add(repeats, part.gateway, merged.repeats);
      add(conflicts, part.gateway, merged.conflicts);
    }
    for (const chunk of kept) {
      pieces.push({ series: await reader.read(newest.gateway, chunk, "read"), offsetUs: 0 });
    }
    const samples = await withReleased(files, newest, range, inOrder(pieces));
    // At once: the samples of one tag are still in the cache, and those of the next one take their place.
    hours.push(
      reckon({
        ...range,
        rule: newest.rule,
        // Late samples were sealed before those that are here already.
        knownToUs: Math.max(newest.knownToUs, samples.measuredUs[samples.count - 1] ?? 0),
        samples,
        gaps: gapsOf(entries.get(newest.gateway) ?? [], newest.tag),
      }),
    );
  }
  await deleteChunks(client, replaced);
  await insertChunks(client, written);
  await recomputeRollups(client, hours);
  return { repeats, conflicts };
}

/** By series. Of tags that are met for the first time nothing is stored, and the question for chunks is the dearest. */
async function readStored(
  client: pg.ClientBase,
  dirty: readonly DirtyRange[],
): Promise<ReadonlyMap<number, readonly StoredChunk[]>> {
  const asked = dirty.filter(({ hasChunks }) => hasChunks);
  const found = await readChunks(client, asked, true);
  return new Map(asked.map(({ series }, at) => [series, found[at] ?? []]));
}

/** Chunks of one segment never overlap; a short one is filled up by what follows on its day. */
function isJoined(
  chunk: StoredChunk,
  { segment, firstUs, lastUs, offsetUs }: ArrivedSeries,
): boolean {
  if (chunk.segment !== segment) return false;
  if (chunk.lastUs >= firstUs && chunk.firstUs <= lastUs) return true;
  return (
    chunk.samples < chunkSamplesLeast &&
    chunk.lastUs < firstUs &&
    chunk.day === dayOf(firstUs + offsetUs)
  );
}

async function mergeInto(
  reader: ChunkReader,
  part: ArrivedSeries,
  arrived: Series,
  joined: readonly StoredChunk[],
): Promise<{
  readonly series: Series;
  readonly chunks: readonly NewChunk[];
  readonly repeats: number;
  readonly conflicts: number;
}> {
  const before: Series[] = [];
  for (const chunk of joined) before.push(await reader.read(part.gateway, chunk, "stamped"));
  const { series, repeats, conflicts } = mergeSeries(joinSeries(before), arrived);
  const { series: no, segment, offsetUs, dictionary } = part;
  const known = joined.reduce((sum, chunk) => sum + chunk.conflicts, 0);
  const chunks = packChunks(series, part.tag.index, dictionary, offsetUs).map((packed, at) => ({
    ...packed,
    series: no,
    segment,
    offsetUs,
    dictionary: dictionary.hash,
    conflicts: at === 0 ? known + conflicts + part.conflicts : 0,
  }));
  return {
    series,
    chunks,
    repeats: repeats + part.repeats,
    conflicts: conflicts + part.conflicts,
  };
}

/**
 * Is any day of these ranges in files alone? Nearly never: then nobody asks for each tag. A late value holds until the
 * next one, so a range may reach over days that are released though none of the new samples lies in them.
 */
async function hasReleased(client: pg.ClientBase, dirty: readonly DirtyRange[]): Promise<boolean> {
  if (dirty.length === 0) return false;
  const found = await client.query(
    "select from history_days where released and day between $1 and $2 limit 1",
    [
      dayOf(Math.min(...dirty.map(({ fromUs }) => fromUs)) - heldBeforeUs),
      dayOf(Math.max(...dirty.map(({ toUs }) => toUs))),
    ],
  );
  return found.rows.length > 0;
}

/** The hours of a day that is in files are computed from them and from what came late. */
export async function withReleased(
  released: ReleasedSamples | undefined,
  { gateway, tag }: Pick<ArrivedSeries, "gateway" | "tag">,
  range: DirtyRange,
  samples: Series,
): Promise<Series> {
  if (released === undefined) return samples;
  const fromUs = range.fromUs - heldBeforeUs;
  const paths = await released.paths(gateway, fromUs, range.toUs);
  const known = await released.read(paths, gateway, tag.id, tag.type, fromUs, range.toUs);
  return mergeSeries(known, samples).series;
}

interface Piece {
  readonly series: Series;
  readonly offsetUs: number;
}

/** All samples in the order of the time as it is read. */
function inOrder(pieces: readonly Piece[]): Series {
  const sorted = pieces
    .filter(({ series }) => series.count > 0)
    .toSorted((a, b) => readAt(a) - readAt(b))
    .map(({ series, offsetUs }) =>
      offsetUs === 0
        ? series
        : { ...series, measuredUs: series.measuredUs.map((us) => us + offsetUs) },
    );
  const [only] = sorted;
  if (only !== undefined && sorted.length === 1) return only;
  return inTime(joinSeries(sorted), -Infinity, Infinity);
}

function readAt({ series, offsetUs }: Piece): number {
  return (series.measuredUs[0] ?? 0) + offsetUs;
}

export interface DirtyRange {
  readonly series: number;
  readonly fromUs: number;
  readonly toUs: number;
  /** Whether anything is stored of the series, at whatever time. */
  readonly hasChunks: boolean;
}

/** A part of one series in which samples came or went, by times as they are read. */
interface TouchedRange {
  readonly series: number;
  readonly firstUs: number;
  readonly lastUs: number;
}

function rangeOf(parts: readonly ArrivedSeries[]): TouchedRange {
  return {
    series: parts[0]?.series ?? 0,
    firstUs: Math.min(...parts.map(({ firstUs, offsetUs }) => firstUs + offsetUs)),
    lastUs: Math.max(...parts.map(({ lastUs, offsetUs }) => lastUs + offsetUs)),
  };
}

/**
 * From the hour of the sample before, whose value goes on to hold, to the hour of the sample after, until which the last
 * new one holds.
 */
export async function findDirty(
  client: Pick<pg.ClientBase, "query">,
  news: readonly TouchedRange[],
): Promise<readonly DirtyRange[]> {
  const found = await client.query<{
    at: number;
    prev_first: bigint | null;
    prev_last: bigint | null;
    over_last: bigint | null;
    next_first: bigint | null;
  }>(
    // The last chunk that begins before the new samples end is, as a rule, the last one that begins before they do: only where it
    // is not is that looked for.
    `select k.at, coalesce(p.first_us, case when q.first_us <= k.first_us then q.first_us end) as prev_first,
       coalesce(p.last_us, case when q.first_us <= k.first_us then q.last_us end) as prev_last,
       q.last_us as over_last, n.first_us as next_first
     from unnest($1::int[], $2::int[], $3::bigint[], $4::bigint[]) k (at, series, first_us, last_us)
     left join lateral (select c.first_us, c.last_us from chunks c
       where c.series = k.series and c.first_us <= k.last_us order by c.first_us desc limit 1) q on true
     left join lateral (select c.first_us, c.last_us from chunks c
       where q.first_us > k.first_us and c.series = k.series and c.first_us <= k.first_us
       order by c.first_us desc limit 1) p on true
     left join lateral (select c.first_us from chunks c
       where c.series = k.series and c.first_us > k.last_us order by c.first_us limit 1) n on true`,
    [
      numbers(news.map((_, at) => at)),
      numbers(news.map(({ series }) => series)),
      numbers(news.map(({ firstUs }) => Math.floor(firstUs))),
      numbers(news.map(({ lastUs }) => Math.ceil(lastUs))),
    ],
  );
  const probes = new Map(found.rows.map((row) => [row.at, row]));
  return news.map(({ series, firstUs, lastUs }, at) => {
    const probe = probes.get(at);
    const number = (value: bigint | null | undefined): number | undefined =>
      value === null || value === undefined ? undefined : Number(value);
    const prevLast = number(probe?.prev_last);
    const overLast = number(probe?.over_last) ?? -Infinity;
    const nextFirst = number(probe?.next_first) ?? Infinity;
    let from = firstUs;
    if (prevLast !== undefined && prevLast >= firstUs) from = number(probe?.prev_first) ?? firstUs;
    else if (prevLast !== undefined && firstUs - prevLast <= backfillUs) from = prevLast;
    let to = lastUs;
    if (overLast > lastUs) to = overLast;
    else if (nextFirst - lastUs <= backfillUs) to = nextFirst;
    return {
      series,
      fromUs: hourOf(Math.min(from, firstUs)),
      toUs: hourOf(Math.max(to, lastUs)) + hourUs,
      // Each chunk begins before, among or behind the new samples: one of the probes meets it.
      hasChunks: prevLast !== undefined || overLast !== -Infinity || nextFirst !== Infinity,
    };
  });
}

function groupBySeries(arrived: readonly ArrivedSeries[]): readonly (readonly ArrivedSeries[])[] {
  const groups = new Map<number, ArrivedSeries[]>();
  for (const one of arrived) {
    const group = groups.get(one.series) ?? [];
    group.push(one);
    groups.set(one.series, group);
  }
  return [...groups.values()];
}

function add(counts: Map<GatewayId, number>, gateway: GatewayId, count: number): void {
  if (count > 0) counts.set(gateway, (counts.get(gateway) ?? 0) + count);
}
