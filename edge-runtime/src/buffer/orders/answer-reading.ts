import type { ClockState, Dictionary, SampleColumns } from "@millwright/wire-contract";

import { joined, pick, type RawTier } from "../raw-tier.ts";
import type { ChunkReader } from "../tiers/chunk-reader.ts";
import type { ChunkTable } from "../tiers/chunk-table.ts";
import { groupsOf, type GroupKey } from "../tiers/groups.ts";

/**
 * Samples of some tags from frames and chunks, as they were kept: by dictionary and by the run of the clock that stamped
 * them, which are part of a sample's identity (no-loss protocol 2). In slices, so that a commit may come between two of
 * them; when samples moved from frames to chunks meanwhile, the reader begins again.
 */

/** Rows that were kept under one dictionary and one run of the clock. */
export interface AnswerPart {
  readonly dictionary: bigint;
  readonly clock: ClockState;
  readonly columns: SampleColumns;
}

/** Where a reader goes on: frames from the newest to the oldest, then the rows of each group of tags. */
export type AnswerCursor =
  | { readonly tier: "frames"; readonly frontier: number; readonly beforeId: number }
  | {
      readonly tier: "chunks";
      readonly frontier: number;
      readonly group: number;
      readonly afterId: number;
    };

export interface AnswerSlice {
  readonly parts: readonly AnswerPart[];
  /** Absent when nothing is left in the range. */
  readonly next?: AnswerCursor;
  /** What was read so far is not to be used: it lies elsewhere now. */
  readonly again?: true;
}

/** Opened in one slice: 131,072 samples at most, some 5 ms. */
const rowsPerSlice = 4;

export interface AnswerSources {
  readonly raw: RawTier;
  readonly chunks: ChunkTable;
  readonly reader: ChunkReader;
  readonly dictionaryOf: (hash: bigint) => Dictionary | undefined;
  readonly frontier: number;
}

/** @param toUs excluded @param cursor undefined at the beginning */
export function readAnswer(
  sources: AnswerSources,
  tags: readonly number[],
  fromUs: number,
  toUs: number,
  cursor: AnswerCursor | undefined,
): AnswerSlice {
  const { frontier } = sources;
  if (cursor !== undefined && cursor.frontier !== frontier) return { parts: [], again: true };
  const wanted = { tags: new Set(tags), fromUs, toUs };
  if (cursor?.tier === "chunks") return readChunks(sources, wanted, cursor);
  return readFrames(sources, wanted, cursor?.beforeId ?? Number.MAX_SAFE_INTEGER);
}

interface Wanted {
  readonly tags: ReadonlySet<number>;
  readonly fromUs: number;
  readonly toUs: number;
}

function readFrames(
  { raw, dictionaryOf, frontier }: AnswerSources,
  wanted: Wanted,
  beforeId: number,
): AnswerSlice {
  const between = { aboveId: frontier, beforeId };
  const slice = raw.openBetween(wanted.fromUs, wanted.toUs, between, dictionaryOf);
  const parts = slice.frames.flatMap(({ head, columns }) => {
    const rows = rowsOf(columns, wanted);
    return rows.count === 0
      ? []
      : [{ dictionary: head.dictionary, clock: head.clock, columns: rows }];
  });
  const next: AnswerCursor =
    slice.beforeId === undefined
      ? { tier: "chunks", frontier, group: 0, afterId: -1 }
      : { tier: "frames", frontier, beforeId: slice.beforeId };
  return { parts: together(parts), next };
}

function readChunks(
  { chunks, reader, frontier }: AnswerSources,
  wanted: Wanted,
  { group, afterId }: Extract<AnswerCursor, { tier: "chunks" }>,
): AnswerSlice {
  const groups = groupsOfAll(wanted.tags);
  const key = groups[group];
  if (key === undefined) return { parts: [] };
  const rows = chunks
    .inTime(key, wanted.fromUs, wanted.toUs)
    // What is being written lies above the frontier, and is still read from frames.
    .filter(({ id, toId }) => id > afterId && toId <= frontier);
  const parts = rows.slice(0, rowsPerSlice).flatMap((row): AnswerPart[] => {
    const opened = reader.open(row);
    if (opened === undefined) return [];
    // A chunk does not say whether its clock was set; nothing better is claimed.
    const clock = { segment: row.segment, disciplined: false, offsetUs: 0 };
    const columns = rowsOf(opened, wanted);
    return columns.count === 0 ? [] : [{ dictionary: row.dictionary, clock, columns }];
  });
  const last = rows[rowsPerSlice - 1];
  const next =
    last === undefined || rows.length === rowsPerSlice
      ? { tier: "chunks" as const, frontier, group: group + 1, afterId: -1 }
      : { tier: "chunks" as const, frontier, group, afterId: last.id };
  return { parts: together(parts), ...(next.group < groups.length ? { next } : {}) };
}

function groupsOfAll(tags: ReadonlySet<number>): readonly GroupKey[] {
  return [...new Set([...tags].flatMap((tag) => groupsOf(tag)))].sort((a, b) => a - b);
}

function rowsOf(columns: SampleColumns, { tags, fromUs, toUs }: Wanted): SampleColumns {
  const rows: number[] = [];
  for (let row = 0; row < columns.count; row++) {
    const us = columns.measuredUs[row] ?? NaN;
    if (us >= fromUs && us < toUs && tags.has(columns.tag[row] ?? -1)) rows.push(row);
  }
  return pick(columns, rows);
}

/** Joins what belongs together, so that few and large frames come of it. */
export function together(parts: readonly AnswerPart[]): readonly AnswerPart[] {
  const byKind = new Map<string, AnswerPart[]>();
  for (const part of parts) {
    const { segment, disciplined, offsetUs } = part.clock;
    const kind = `${part.dictionary}/${segment}/${disciplined}/${offsetUs}`;
    const same = byKind.get(kind);
    if (same === undefined) byKind.set(kind, [part]);
    else same.push(part);
  }
  return [...byKind.values()].flatMap((same) => {
    const [first] = same;
    if (first === undefined) return [];
    return [{ ...first, columns: joined(same.map(({ columns }) => columns)) }];
  });
}
