import {
  carryAfter,
  interruptsHold,
  inTime,
  joinBuckets,
  mergeBuckets,
  rollUp,
  ruleOf,
  widths,
  type Buckets,
  type Carry,
  type WidthUs,
} from "@millwright/aggregates";
import type { SampleColumns, TagDefinition } from "@millwright/wire-contract";

import type { StoreDoor } from "../questions.ts";
import { joined, pick } from "../raw-tier.ts";
import type { ReadCursor, SampleSlice } from "./reading.ts";
import type { RollupSlice } from "./rollup-reading.ts";

/**
 * What is asked of the past of one tag, put together of slices from all tiers. It runs in the caller's thread: the thread
 * of the journal is asked for one slice after the other, and commits come between.
 */

type Ask = StoreDoor["ask"];

/** Samples that are rolled up on the way lie in pieces of so long a time: those of a tag at 1 kHz are 600,000. */
const pieceUs = 10 * widths.minute;

/** Samples by measured time, in the order in which they were received; the newest `max` when there are more. */
export async function readSamples(
  ask: Ask,
  tag: number,
  fromUs: number,
  toUs: number,
  max: number,
): Promise<SampleColumns> {
  let parts: SampleColumns[] = [];
  let count = 0;
  let cursor: ReadCursor | undefined;
  for (;;) {
    const slice: SampleSlice = await ask("readSamples", tag, fromUs, toUs, cursor);
    cursor = slice.next;
    if (slice.again === true) {
      // Samples moved from frames to chunks meanwhile, which they do once in many minutes.
      parts = [];
      count = 0;
      continue;
    }
    parts.unshift(slice.columns);
    count += slice.columns.count;
    if (cursor === undefined || count >= max) break;
  }
  const all = joined(parts);
  if (all.count <= max) return all;
  return pick(
    all,
    Array.from({ length: max }, (_row, at) => all.count - max + at),
  );
}

/**
 * Buckets of whole hours that touch the range: as they were rolled up, and where they were not yet, from samples.
 *
 * @param knownToUs nothing holds beyond: now, when the range is not over
 */
export async function readBuckets(
  ask: Ask,
  tag: TagDefinition,
  widthUs: WidthUs,
  fromUs: number,
  toUs: number,
  knownToUs: number,
): Promise<Buckets> {
  const fromHour = Math.floor(fromUs / widths.hour);
  const toHour = Math.ceil(toUs / widths.hour);
  const parts: Buckets[] = [];
  let hour = fromHour;
  let next: number | undefined = fromHour;
  while (next !== undefined && next < toHour) {
    const slice: RollupSlice = await ask("readRollups", tag.index, widthUs, next, toHour);
    for (const rolled of slice.hours) {
      if (rolled.hour > hour) {
        parts.push(await fromSamples(ask, tag, widthUs, hour, rolled.hour, knownToUs));
      }
      parts.push(rolled.buckets);
      hour = rolled.hour + 1;
    }
    next = slice.nextHour;
  }
  if (hour < toHour) parts.push(await fromSamples(ask, tag, widthUs, hour, toHour, knownToUs));
  return joinBuckets(parts, widthUs);
}

/** Buckets of hours that are not rolled up, from what the last one that is ends with. */
async function fromSamples(
  ask: Ask,
  tag: TagDefinition,
  widthUs: WidthUs,
  fromHour: number,
  toHour: number,
  knownToUs: number,
): Promise<Buckets> {
  const rule = ruleOf(tag);
  const wanted = { fromUs: fromHour * widths.hour, toUs: toHour * widths.hour };
  const begin = await ask("readBegin", tag.index, fromHour);
  let carry: Carry = begin.before;
  // With nothing rolled up all that is stored is young, and lies within hours.
  const first = begin.hour === -Infinity ? -Infinity : begin.hour * widths.hour;
  const lead = await pieceOf(ask, tag, first, wanted.fromUs);
  carry = carryAfter(inTime(lead, first, wanted.fromUs), carry);
  const heldUs = Math.min(wanted.fromUs, carry.held?.us ?? wanted.fromUs);
  const scope = { device: tag.device, tag: tag.id };
  const claims = await ask("gaps", scope, heldUs, wanted.toUs);
  const gaps = claims.filter(({ reason }) => interruptsHold(reason));
  const parts: Buckets[] = [];
  const step = widthUs === widths.hour ? widths.minute : widthUs;
  for (let atUs = wanted.fromUs; atUs < wanted.toUs && atUs < knownToUs; atUs += pieceUs) {
    const toUs = atUs + pieceUs;
    const samples = inTime(await pieceOf(ask, tag, atUs, toUs), atUs, toUs);
    const input = {
      rule,
      samples,
      before: carry,
      gaps,
      widthUs: step,
      fromUs: atUs,
      toUs,
      knownToUs,
    };
    const { buckets, after } = rollUp(input);
    parts.push(buckets);
    carry = after;
  }
  const buckets = joinBuckets(parts, step);
  return step === widthUs ? buckets : mergeBuckets(buckets, widthUs, rule);
}

/** @param toUs excluded */
function pieceOf(
  ask: Ask,
  tag: TagDefinition,
  fromUs: number,
  toUs: number,
): Promise<SampleColumns> {
  return readSamples(ask, tag.index, fromUs, toUs - 1, Infinity);
}
