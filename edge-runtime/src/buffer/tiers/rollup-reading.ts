import {
  decodeFiner,
  decodeHourHead,
  noCarry,
  widths,
  type Buckets,
  type Carry,
  type WidthUs,
} from "@millwright/aggregates";
import type { TagDefinition } from "@millwright/wire-contract";

import { groupOf } from "./groups.ts";
import type { RollupTable } from "./rollup-table.ts";

/** Hours of one tag as they were rolled up, in slices. */

export interface RollupSlice {
  /** By hour, rising; hours that are not here are to be made of samples. */
  readonly hours: readonly { readonly hour: number; readonly buckets: Buckets }[];
  /** Hand this to the next call; absent when nothing is left in the range. */
  readonly nextHour?: number;
}

/** What an hour begins with that is not rolled up. */
export interface HourBegin {
  readonly before: Carry;
  /** The first hour that is not rolled up; -Infinity when none is. */
  readonly hour: number;
}

/** Read in one slice: some 5 ms each. */
const headsPerSlice = 500;
const finerPerSlice = 48;

/** @param widthUs seconds are there of fast tags only, and are refused for others by being empty */
export function readRollups(
  rollups: RollupTable,
  tag: TagDefinition,
  widthUs: WidthUs,
  fromHour: number,
  toHour: number,
): RollupSlice {
  const group = groupOf(tag);
  const isHead = widthUs === widths.hour;
  const rows = isHead
    ? rollups.heads(group, fromHour, toHour, headsPerSlice).map(({ hour, heads }) => {
        const head = heads.get(tag.index);
        return { hour, buckets: head === undefined ? undefined : hourIn(head) };
      })
    : rollups.finer(group, tag.index, fromHour, toHour, finerPerSlice).map(({ hour, finer }) => ({
        hour,
        buckets: finer === undefined ? undefined : finerIn(finer, widthUs),
      }));
  const hours = rows.flatMap(({ hour, buckets }) =>
    buckets === undefined || rollups.isMarked(group, hour) ? [] : [{ hour, buckets }],
  );
  const last = rows.at(-1);
  const isWhole = rows.length < (isHead ? headsPerSlice : finerPerSlice);
  return { hours, ...(isWhole || last === undefined ? {} : { nextHour: last.hour + 1 }) };
}

/** What a tag holds where hours that are rolled up end, at or before `hour`. */
export function readBegin(rollups: RollupTable, tag: TagDefinition, hour: number): HourBegin {
  const row = rollups.cleanBefore(groupOf(tag), hour);
  const bytes = row?.heads.get(tag.index);
  const head = bytes === undefined ? undefined : decodeHourHead(bytes);
  if (row === undefined || head === undefined || "kind" in head) {
    return { before: noCarry, hour: -Infinity };
  }
  return { before: head.after, hour: row.hour + 1 };
}

function hourIn(bytes: Uint8Array): Buckets | undefined {
  const head = decodeHourHead(bytes);
  return "kind" in head ? undefined : head.hour;
}

function finerIn(bytes: Uint8Array, widthUs: WidthUs): Buckets | undefined {
  const finer = decodeFiner(bytes);
  if ("kind" in finer) return undefined;
  return widthUs === widths.minute ? finer.minutes : finer.seconds;
}
