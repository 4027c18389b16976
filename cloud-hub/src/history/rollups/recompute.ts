/**
 * Minutes and hours of what has changed, computed again from samples: late data need no rule of their own, and what a
 * kill left undone is done with the next pass.
 */
import {
  bucketStart,
  mergeBuckets,
  noCarry,
  rollUp,
  widths,
  type Buckets,
  type Carry,
  type Gap,
  type HeldSample,
  type RollupRule,
  type Series,
} from "@millwright/aggregates";
import type pg from "pg";

import { rowAt, sliceSeries } from "../samples/merge-series.ts";
import { joinBuckets } from "./join-buckets.ts";
import { packBuckets } from "./pack-buckets.ts";
import {
  hourTier,
  minuteTier,
  readRows,
  readRowsBefore,
  replaceRollups,
  type ReadRollup,
  type RollupPlace,
  type RollupRow,
  type RollupTier,
} from "./rollup-store.ts";
import { betterBuckets, packRevisions, spokenOf, toldOnly, type ToldRow } from "./told-minutes.ts";
import { unpackBuckets } from "./unpack-buckets.ts";

/** A tag's hours that are to be computed again. */
export interface DirtyHours {
  readonly series: number;
  readonly rule: RollupRule;
  /** Multiples of the hour. */
  readonly fromUs: number;
  readonly toUs: number;
  /** Nothing is known beyond. */
  readonly knownToUs: number;
  /** All samples within, and at least the last one before; in order of time as it is read. */
  readonly samples: Series;
  readonly gaps: readonly Gap[];
  /** Its samples are read at another time than their gateway stamped them: minutes that it told are not of that time. */
  readonly forgetsTold?: boolean;
}

/** Minutes of a tag's hours that were computed again, but for what its gateway knows better. */
export interface ReckonedHours extends Omit<DirtyHours, "samples" | "gaps" | "knownToUs"> {
  readonly minutes: Buckets;
}

export function reckon(dirty: DirtyHours): ReckonedHours {
  const { series, rule, fromUs, toUs, forgetsTold = false } = dirty;
  return { series, rule, fromUs, toUs, forgetsTold, minutes: computeMinutes(dirty) };
}

/** Writes them, and the hours that they make. */
export async function recomputeRollups(
  client: Pick<pg.ClientBase, "query">,
  dirty: readonly ReckonedHours[],
): Promise<void> {
  const before = await readRowsBefore(
    client,
    minuteTier,
    dirty.map(({ series, fromUs, toUs }) => ({
      series,
      fromSlot: slotOf(fromUs, minuteTier),
      toSlot: slotOf(toUs - 1, minuteTier),
    })),
  );
  const reckoned = dirty.map((one, at): Reckoned => {
    const { slots = [], told = [] } = before[at] ?? {};
    const computed = { ...one, slots, told: noneTold };
    return one.forgetsTold === true ? computed : withTold(computed, told);
  });
  await writeRollups(client, reckoned);
}

/** Minutes and hours in a range of one tag, ready to be written. */
interface Reckoned {
  readonly series: number;
  readonly rule: RollupRule;
  readonly fromUs: number;
  readonly toUs: number;
  readonly minutes: Buckets;
  readonly forgetsTold?: boolean;
  /** Of minutes: where rows of the range are that this takes the place of. */
  readonly slots: readonly number[];
  /** By slot of minutes: who says them (`ToldRow`), where any were told. */
  readonly told: ReadonlyMap<number, readonly number[]>;
}

const noneTold: ReadonlyMap<number, readonly number[]> = new Map();

/** What a gateway has told of one tag: all minutes of an hour, or some hours of a day. */
export interface ToldBucketsOfTag {
  readonly series: number;
  readonly rule: RollupRule;
  readonly tier: RollupTier;
  /** Of the tier: hours, or days, since 1970. */
  readonly slot: number;
  readonly buckets: Buckets;
  readonly revision: number;
}

/** Takes statements in: where one is better than what is known of a bucket, it takes its place. */
export async function takeTold(
  client: Pick<pg.ClientBase, "query">,
  told: readonly ToldBucketsOfTag[],
): Promise<void> {
  // Minutes first: hours are made of them, and what is told of hours stands beside that.
  for (const [tier, take] of [
    [minuteTier, takeMinutes],
    [hourTier, takeHours],
  ] as const) {
    const isNow = (one: ToldBucketsOfTag, turn: ReadonlyMap<number, number>): boolean =>
      turn.get(one.series) === one.slot;
    // A row of hours is a day of one tag: its hours are taken in one after the other.
    for (let rest = told.filter((one) => one.tier === tier); rest.length > 0;) {
      const turn = new Map<number, number>();
      for (const { series, slot } of rest) if (!turn.has(series)) turn.set(series, slot);
      await take(client, ofOneSlotEach(rest.filter((one) => isNow(one, turn))));
      rest = rest.filter((one) => !isNow(one, turn));
    }
  }
}

/** Statements about one row of one tag. */
interface OfOneSlot {
  readonly first: ToldBucketsOfTag;
  readonly all: readonly ToldBucketsOfTag[];
}

function ofOneSlotEach(told: readonly ToldBucketsOfTag[]): readonly OfOneSlot[] {
  return [...Map.groupBy(told, ({ series }) => series).values()].flatMap(([first, ...rest]) =>
    first === undefined ? [] : [{ first, all: [first, ...rest] }],
  );
}

async function takeHours(
  client: Pick<pg.ClientBase, "query">,
  days: readonly OfOneSlot[],
): Promise<void> {
  const known = await readRows(
    client,
    hourTier,
    days.map(({ first: { series, slot } }) => ({ series, fromSlot: slot, toSlot: slot })),
    "all",
  );
  const rows = days.map(({ first: { series, slot }, all }, at): RollupRow => {
    const dayUs = slot * hourTier.slotUs;
    const [row] = known[at] ?? [];
    const best = all.reduce(
      (best, { buckets, revision }) =>
        betterBuckets(best, spokenOf(buckets, revision, dayUs), dayUs, widths.hour),
      row === undefined ? nothing(hourTier) : toToldRow(row, hourTier),
    );
    return toRow(series, slot, best, hourTier);
  });
  const before = days.flatMap(({ first: { series } }, at) => placesOf(series, known[at]));
  await replaceRollups(client, hourTier, before, rows);
}

function placesOf(series: number, rows: readonly ReadRollup[] = []): readonly RollupPlace[] {
  return rows.map(({ slot }) => ({ series, slot }));
}

function toRow(series: number, slot: number, best: ToldRow, tier: RollupTier): RollupRow {
  const { buckets } = best;
  const packed = packBuckets(buckets, 0, buckets.count, slot * tier.slotUs);
  const told = packRevisions(best.revisions);
  return { series, slot, packed: told === null ? packed : { ...packed, told } };
}

async function takeMinutes(
  client: Pick<pg.ClientBase, "query">,
  hours: readonly OfOneSlot[],
): Promise<void> {
  const known = await readRows(
    client,
    minuteTier,
    hours.map(({ first: { series, slot } }) => ({ series, fromSlot: slot, toSlot: slot })),
    "all",
  );
  const reckoned = hours.map(({ first: { series, slot, rule }, all }, at): Reckoned => {
    const fromUs = slot * minuteTier.slotUs;
    const [row] = known[at] ?? [];
    const best = all.reduce(
      (best, { buckets, revision }) =>
        betterBuckets(best, { buckets, revisions: [revision] }, fromUs, widths.minute),
      row === undefined ? nothing(minuteTier) : toToldRow(row, minuteTier),
    );
    const toUs = fromUs + widths.hour;
    const revisions = new Map([[slot, best.revisions]]);
    const slots = row === undefined ? [] : [slot];
    return { series, rule, fromUs, toUs, minutes: best.buckets, slots, told: revisions };
  });
  await writeRollups(client, reckoned);
}

function nothing({ widthUs }: RollupTier): ToldRow {
  return { buckets: joinBuckets(widthUs, []), revisions: [0] };
}

function toToldRow({ slot, packed }: ReadRollup, tier: RollupTier): ToldRow {
  const buckets = unpackBuckets(packed, tier.widthUs, slot * tier.slotUs);
  return { buckets, revisions: packed.told ?? [0] };
}

/** What was computed, with the minutes that gateways know better. */
function withTold(one: Reckoned, rows: readonly ReadRollup[]): Reckoned {
  const told = new Map<number, readonly number[]>();
  let { minutes } = one;
  for (const row of rows) {
    const hourUs = row.slot * minuteTier.slotUs;
    const inHour = { buckets: minutes, fromUs: hourUs, toUs: hourUs + widths.hour };
    const best = betterBuckets(
      { buckets: joinBuckets(widths.minute, [inHour]), revisions: [0] },
      toldOnly(toToldRow(row, minuteTier), hourUs, widths.minute),
      hourUs,
      widths.minute,
    );
    told.set(row.slot, best.revisions);
    minutes = joinBuckets(widths.minute, [
      { ...inHour, fromUs: -Infinity, toUs: inHour.fromUs },
      { ...inHour, buckets: best.buckets },
      { ...inHour, fromUs: inHour.toUs, toUs: Infinity },
    ]);
  }
  return told.size === 0 ? one : { ...one, minutes, told };
}

/** The minutes as they are given, and the hours that they make. */
async function writeRollups(
  client: Pick<pg.ClientBase, "query">,
  reckoned: readonly Reckoned[],
): Promise<void> {
  await replace(
    client,
    minuteTier,
    reckoned.flatMap(({ series, slots }) => slots.map((slot) => ({ series, slot }))),
    reckoned.map(({ minutes, ...one }) => ({ ...one, buckets: minutes })),
  );
  // A day of hours is one row: what of it was not computed again is taken over.
  const days = reckoned.map(({ series, fromUs, toUs }) => ({
    series,
    fromSlot: slotOf(fromUs, hourTier),
    toSlot: slotOf(toUs - 1, hourTier),
  }));
  const before = await readRows(client, hourTier, days, "all");
  const whole = reckoned.map((one, at): Computed => {
    const { series, fromUs, toUs } = one;
    const hours = mergeBuckets(one.minutes, widths.hour, one.rule);
    const rows = before[at] ?? [];
    if (rows.length === 0) return { series, fromUs, toUs, buckets: hours, told: noneTold };
    const known = rows.map((row) => toToldRow(row, hourTier).buckets);
    const buckets = joinBuckets(widths.hour, [
      ...known.map((buckets) => ({ buckets, fromUs: -Infinity, toUs: fromUs })),
      { buckets: hours, fromUs, toUs },
      ...known.map((buckets) => ({ buckets, fromUs: toUs, toUs: Infinity })),
    ]);
    const told = rows.filter(({ packed }) => packed.told !== null);
    return withToldHours({ series, fromUs, toUs, buckets, told: noneTold }, told, one);
  });
  await replace(
    client,
    hourTier,
    reckoned.flatMap(({ series }, at) => placesOf(series, before[at])),
    whole,
  );
}

/** Hours that were told stay where they say more than what was computed now. */
function withToldHours(
  computed: Computed,
  days: readonly ReadRollup[],
  { fromUs, toUs, forgetsTold }: Reckoned,
): Computed {
  const told = new Map<number, readonly number[]>();
  let { buckets } = computed;
  for (const row of days) {
    const dayUs = row.slot * hourTier.slotUs;
    const day = toToldRow(row, hourTier);
    const isForgotten = (place: number): boolean => {
      const us = dayUs + place * widths.hour;
      return forgetsTold === true && us >= fromUs && us < toUs;
    };
    const hoursPerDay = hourTier.slotUs / widths.hour;
    const revisions = Array.from({ length: hoursPerDay }, (_, place) =>
      isForgotten(place)
        ? 0
        : ((day.revisions.length === 1 ? day.revisions[0] : day.revisions[place]) ?? 0),
    );
    const inDay = { buckets, fromUs: dayUs, toUs: dayUs + hourTier.slotUs };
    const best = betterBuckets(
      { buckets: joinBuckets(widths.hour, [inDay]), revisions: [0] },
      toldOnly({ buckets: day.buckets, revisions }, dayUs, widths.hour),
      dayUs,
      widths.hour,
    );
    if (best.revisions.some((revision) => revision > 0)) told.set(row.slot, best.revisions);
    buckets = joinBuckets(widths.hour, [
      { ...inDay, fromUs: -Infinity, toUs: inDay.fromUs },
      { ...inDay, buckets: best.buckets },
      { ...inDay, fromUs: inDay.toUs, toUs: Infinity },
    ]);
  }
  return { ...computed, buckets, told };
}

function computeMinutes(one: DirtyHours): Buckets {
  const { rule, samples, fromUs, toUs, knownToUs, gaps } = one;
  const from = rowAt(samples, fromUs);
  return rollUp({
    rule,
    samples: sliceSeries(samples, from, rowAt(samples, toUs)),
    before: carryAt(samples, from),
    gaps,
    widthUs: widths.minute,
    fromUs,
    toUs,
    knownToUs,
  }).buckets;
}

/** What is known before row `end`. */
function carryAt(samples: Series, end: number): Carry {
  if (end === 0) return noCarry;
  const held = sampleAt(samples, end - 1);
  for (let row = end - 1; row >= 0; row--) {
    const sample = sampleAt(samples, row);
    if (
      sample.status >>> 30 === 0 &&
      (sample.scalar !== undefined || Number.isFinite(sample.value))
    )
      return { held, good: sample };
  }
  return { held };
}

function sampleAt({ measuredUs, value, status, wide }: Series, row: number): HeldSample {
  const scalar = wide?.get(row);
  const number =
    scalar === undefined
      ? (value[row] ?? NaN)
      : typeof scalar === "string" || scalar instanceof Uint8Array
        ? NaN
        : Number(scalar);
  return {
    us: measuredUs[row] ?? NaN,
    value: number,
    status: status[row] ?? 0,
    ...(scalar === undefined ? {} : { scalar }),
  };
}

interface Computed {
  readonly series: number;
  readonly fromUs: number;
  readonly toUs: number;
  readonly buckets: Buckets;
  readonly told: Reckoned["told"];
}

/** @param before all rows of these ranges */
async function replace(
  client: Pick<pg.ClientBase, "query">,
  tier: RollupTier,
  before: readonly RollupPlace[],
  computed: readonly Computed[],
): Promise<void> {
  const rows: RollupRow[] = [];
  for (const { series, buckets, told } of computed) {
    const filled = new Set<number>();
    const push = (slot: number, from: number, end: number): void => {
      filled.add(slot);
      const revisions = packRevisions(told.get(slot) ?? []);
      const packed = packBuckets(buckets, from, end, slot * tier.slotUs);
      rows.push({
        series,
        slot,
        packed: revisions === null ? packed : { ...packed, told: revisions },
      });
    };
    for (const { slot, from, end } of slotsOf(buckets, tier)) push(slot, from, end);
    // That nothing was measured can have been told, too.
    for (const slot of told.keys()) if (!filled.has(slot)) push(slot, 0, 0);
  }
  await replaceRollups(client, tier, before, rows);
}

function slotOf(us: number, tier: RollupTier): number {
  return Math.floor(us / tier.slotUs);
}

function slotsOf(
  { count, startUs }: Buckets,
  tier: RollupTier,
): readonly { readonly slot: number; readonly from: number; readonly end: number }[] {
  const slots: { slot: number; from: number; end: number }[] = [];
  for (let from = 0; from < count;) {
    const slot = slotOf(startUs[from] ?? NaN, tier);
    let end = from + 1;
    while (end < count && slotOf(startUs[end] ?? NaN, tier) === slot) end++;
    slots.push({ slot, from, end });
    from = end;
  }
  return slots;
}

/** The slots that a range of time touches, for the partitions that must be there. */
export function touchedSlots(fromUs: number, toUs: number, tier: RollupTier): readonly number[] {
  const slots: number[] = [];
  const step = tier.table.width;
  const last = slotOf(toUs - 1, tier);
  for (let slot = slotOf(fromUs, tier); slot < last; slot += step) slots.push(slot);
  slots.push(last);
  return slots;
}

export function hourOf(us: number): number {
  return bucketStart(us, widths.hour);
}
