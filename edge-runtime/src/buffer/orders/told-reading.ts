import {
  joinBuckets,
  toldSpan,
  widths,
  type Buckets,
  type ToldBuckets,
  type ToldWidth,
} from "@millwright/aggregates";
import type { TagDefinition } from "@millwright/wire-contract";

import type { ClockTable } from "../clock-table.ts";
import type { ChunkTable } from "../tiers/chunk-table.ts";
import { groupOf } from "../tiers/groups.ts";
import { readRollups } from "../tiers/rollup-reading.ts";
import type { RollupTable } from "../tiers/rollup-table.ts";

/**
 * Minutes and hours as they were rolled up, in the form in which they are told: those of which a hub may be told again, and
 * what a repair is compared by. Hours that are not over, or that are to be made again, are waited for.
 */

/** Of some tags: all minutes of one hour, or their hours in one day. */
export interface ToldSlice {
  /** Key of the last sample frame that was known when this was read: the revision. */
  readonly revision: number;
  readonly told: readonly ToldBuckets[];
  /** Hours that stand here, by tag, in the order of `told`. */
  readonly hours: readonly (readonly number[])[];
  /** Something of it is being made: it is to be asked for once more. */
  readonly waits: boolean;
}

export interface ToldSources {
  readonly rollups: RollupTable;
  readonly chunks: ChunkTable;
  readonly clocks: ClockTable;
  readonly tagAt: (index: number) => TagDefinition | undefined;
  readonly frontier: number;
  /** Hours before this one are over, and all that was sealed in them is in chunks. */
  readonly belowHour: number;
}

export interface ToldQuestion {
  /** Dictionary indices, in rising order. */
  readonly tags: readonly number[];
  readonly widthUs: ToldWidth;
  /** Begin of the hour of minutes, or of the day of hours, µs. */
  readonly beginUs: number;
  /** Within it; hours that these touch, and no others. `toUs` is excluded. */
  readonly fromUs: number;
  readonly toUs: number;
  /** Only hours of which samples have gone: of the others more is known. */
  readonly thinnedOnly: boolean;
}

/**
 * After a start a clock may be unset until something sets it. How long that lasted is not known once the samples are gone; so
 * much before its last stamp is taken to be its own.
 */
const unsetUsMax = 86_400_000_000;

export function readTold(sources: ToldSources, question: ToldQuestion): ToldSlice {
  const { tags, widthUs, beginUs, fromUs, toUs } = question;
  const { rollups, frontier, belowHour, tagAt } = sources;
  const fromHour = Math.floor(Math.max(beginUs, fromUs) / widths.hour);
  const endUs = Math.min(beginUs + toldSpan(widthUs), toUs);
  const toHour = Math.min(belowHour, Math.ceil(endUs / widths.hour));
  const told: ToldBuckets[] = [];
  const hours: number[][] = [];
  let waits = false;
  for (const index of tags) {
    const tag = tagAt(index);
    if (tag === undefined || fromHour >= toHour) continue;
    const group = groupOf(tag);
    waits ||= rollups.anyMarked(group, fromHour, toHour);
    const thinned = new Set(rollups.thinned(group, fromHour, toHour));
    const found = readRollups(rollups, tag, widthUs, fromHour, toHour).hours.filter(
      ({ hour }) =>
        (!question.thinnedOnly || thinned.has(hour)) &&
        !isMoved(sources, tag, hour, thinned.has(hour)),
    );
    if (found.length === 0) continue;
    const parts = found.map(({ buckets }): Buckets => buckets);
    told.push({ tag: index, buckets: joinBuckets(parts, widthUs) });
    hours.push(found.map(({ hour }) => hour));
  }
  return { revision: frontier, told, hours, waits };
}

/** The hub reads stamps of such an hour at another time, where its buckets would be beside the truth. */
function isMoved(
  { chunks, clocks }: ToldSources,
  tag: TagDefinition,
  hour: number,
  isThinned: boolean,
): boolean {
  if (tag.clock !== "gateway") return false;
  const fromUs = hour * widths.hour;
  const toUs = fromUs + widths.hour;
  const corrected = clocks.all().filter(({ offsetUs }) => offsetUs !== 0);
  if (corrected.length === 0) return false;
  if (isThinned) {
    return corrected.some(({ atUs, offsetUs }) => {
      const lastUs = atUs - offsetUs;
      return lastUs >= fromUs && lastUs - unsetUsMax < toUs;
    });
  }
  const segments = new Set(corrected.map(({ segment }) => segment));
  return chunks.inTime(groupOf(tag), fromUs, toUs).some(({ segment }) => segments.has(segment));
}
