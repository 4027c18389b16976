/**
 * How far the files of the lake alone hold a tag, in the order in which it is read. Everything else – samples in chunks
 * and in frames that nobody has sorted yet, files whose times lie over each other because a clock was corrected – is put
 * together by the reader that merges.
 */
import type { GatewayId } from "@millwright/wire-contract";
import type pg from "pg";

import { spansOfChunks } from "../chunk-store.ts";
import { dayUs } from "../samples/chunk.ts";
import { spansOfTail } from "../unsorted-frames.ts";
import { releasedFiles, type LakeFile } from "./lake-store.ts";

/** µs, both ends included. */
export interface TimeSpan {
  readonly fromUs: number;
  readonly toUs: number;
}

/** From the begin of the range that was asked for. */
export interface FileRun {
  /** The last µs of it; before the begin when its first day has to be merged. */
  readonly toUs: number;
  /** In the order of their times. */
  readonly files: readonly LakeFile[];
}

/** Whole days of UTC, or what the range holds of them. */
export async function fileRun(
  pool: pg.Pool,
  gateway: GatewayId,
  series: number,
  { fromUs, toUs }: TimeSpan,
): Promise<FileRun> {
  // In the order in which samples move on: what leaves one place between two questions is found in the next.
  const tail = await spansOfTail(pool, gateway, fromUs, toUs);
  const chunks = await spansOfChunks(pool, { series, fromUs, toUs });
  const files = await releasedFiles(pool, gateway, fromUs, toUs);
  const days = daysOf(files);
  const others = [...tail, ...chunks, ...overlaps(days)];
  const endUs = runEnd({ fromUs, toUs }, others);
  return { toUs: endUs, files: days.flatMap((day) => day.files).filter((f) => f.fromUs <= endUs) };
}

/** The end of the day before the first that one of `others` touches. */
export function runEnd({ fromUs, toUs }: TimeSpan, others: readonly TimeSpan[]): number {
  let endUs = toUs;
  for (const other of others) {
    if (other.toUs < fromUs || other.fromUs > endUs) continue;
    const firstUs = Math.max(fromUs, other.fromUs);
    endUs = Math.min(endUs, Math.floor(firstUs / dayUs) * dayUs - 1);
  }
  return endUs;
}

interface FileDay extends TimeSpan {
  readonly files: readonly LakeFile[];
}

/** Files of one day hold tags of their own each: their times lie over each other and say nothing. */
function daysOf(files: readonly LakeFile[]): readonly FileDay[] {
  const days = [...Map.groupBy(files, ({ day }) => day).values()].map((of) => ({
    files: of,
    fromUs: Math.min(...of.map((file) => file.fromUs)),
    toUs: Math.max(...of.map((file) => file.toUs)),
  }));
  return days.toSorted((a, b) => a.fromUs - b.fromUs);
}

/** Times that lie in files of two days. */
function overlaps(days: readonly TimeSpan[]): readonly TimeSpan[] {
  const found: TimeSpan[] = [];
  let reachedUs = -Infinity;
  for (const { fromUs, toUs } of days) {
    if (fromUs <= reachedUs) found.push({ fromUs, toUs: Math.min(toUs, reachedUs) });
    reachedUs = Math.max(reachedUs, toUs);
  }
  return found;
}
