import type { Dictionary, SampleColumns } from "@millwright/wire-contract";

import { joined, pick, type RawTier } from "../raw-tier.ts";
import type { ChunkReader } from "./chunk-reader.ts";
import type { ChunkTable } from "./chunk-table.ts";
import { groupsOf, rowKey, type GroupKey } from "./groups.ts";

/**
 * Samples of one tag from frames and chunks together, newest first, in slices: a commit may come between two of them, and
 * no reader ever keeps the log of the database from being folded. When samples moved from frames to chunks meanwhile, the
 * reader begins again.
 */

/** Where a reader goes on towards the past. */
export interface ReadCursor {
  /** As of the slice before; a reader whose frontier has moved begins again. */
  readonly frontier: number;
  /** Frames first, then the chunks of each group in which the tag may lie. */
  readonly tier: "frames" | GroupKey;
  readonly beforeId: number;
}

/** Rows of one tag, in the order in which they were received, and where to go on towards the past. */
export interface SampleSlice {
  readonly columns: SampleColumns;
  /** Absent when nothing older is left in the range. */
  readonly next?: ReadCursor;
  /** What was read so far is not to be used: it lies elsewhere now. */
  readonly again?: true;
}

/** Opened in one slice: 260,000 samples at most, some 10 ms. */
const rowsPerSlice = 4;

export interface ReadParts {
  readonly raw: RawTier;
  readonly chunks: ChunkTable;
  readonly reader: ChunkReader;
  readonly dictionaryOf: (hash: bigint) => Dictionary | undefined;
  readonly frontier: number;
}

/** @param cursor undefined at the beginning */
export function readSlice(
  parts: ReadParts,
  tag: number,
  fromUs: number,
  toUs: number,
  cursor: ReadCursor | undefined,
): SampleSlice {
  const { frontier } = parts;
  if (cursor !== undefined && cursor.frontier !== frontier)
    return { columns: joined([]), again: true };
  if (cursor !== undefined && cursor.tier !== "frames") {
    return readChunks(parts, tag, fromUs, toUs, cursor.tier, cursor.beforeId);
  }
  const beforeId = cursor?.beforeId ?? Number.MAX_SAFE_INTEGER;
  const between = { aboveId: frontier, beforeId };
  const slice = parts.raw.read(tag, fromUs, toUs, between, parts.dictionaryOf);
  if (slice.beforeId !== undefined) {
    const next = { frontier, tier: "frames" as const, beforeId: slice.beforeId };
    return { columns: slice.columns, next };
  }
  const [first] = groupsOf(tag);
  return { columns: slice.columns, ...(first === undefined ? {} : chunksOf(frontier, first)) };
}

function readChunks(
  { chunks, reader, frontier }: ReadParts,
  tag: number,
  fromUs: number,
  toUs: number,
  group: GroupKey,
  beforeId: number,
): SampleSlice {
  const rows = chunks.ofTag(group, tag, fromUs, toUs, beforeId, rowsPerSlice);
  const found = rows.toReversed().flatMap((row) => {
    // What is being written lies above the frontier, and is still read from frames.
    const columns = row.toId <= frontier ? reader.read(row, tag) : undefined;
    return columns === undefined ? [] : [within(columns, fromUs, toUs)];
  });
  const columns = joined(found);
  const last = rows.at(-1);
  if (last !== undefined) return { columns, next: { frontier, tier: group, beforeId: last.id } };
  const groups = groupsOf(tag);
  const other = groups[groups.indexOf(group) + 1];
  return { columns, ...(other === undefined ? {} : chunksOf(frontier, other)) };
}

function chunksOf(frontier: number, group: GroupKey): { readonly next: ReadCursor } {
  return { next: { frontier, tier: group, beforeId: rowKey(group + 1, 0) } };
}

function within(columns: SampleColumns, fromUs: number, toUs: number): SampleColumns {
  const rows: number[] = [];
  for (let row = 0; row < columns.count; row++) {
    const us = columns.measuredUs[row] ?? NaN;
    if (us >= fromUs && us <= toUs) rows.push(row);
  }
  return rows.length === columns.count ? columns : pick(columns, rows);
}
