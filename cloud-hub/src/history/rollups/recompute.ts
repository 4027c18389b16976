/**
 * Minutes and hours of what has changed, computed again from samples: late data need no rule of their own, and what a
 * kill left undone is done with the next pass.
 */
import {
  bucketStart,
  inTime,
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

import { rowAt } from "../samples/merge-series.ts";
import { joinBuckets } from "./join-buckets.ts";
import { packBuckets } from "./pack-buckets.ts";
import {
  deleteRollups,
  hourTier,
  minuteTier,
  readRollups,
  upsertRollups,
  type RollupRow,
  type RollupTier,
} from "./rollup-store.ts";

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
}

export async function recomputeRollups(
  client: Pick<pg.ClientBase, "query">,
  dirty: readonly DirtyHours[],
): Promise<void> {
  const computed = dirty.map((one) => ({ ...one, ...computeBuckets(one) }));
  await replace(
    client,
    minuteTier,
    computed.map(({ minutes, ...one }) => ({ ...one, buckets: minutes })),
  );
  // A day of hours is one row: what of it was not computed again is taken over.
  const days = computed.map(({ series, fromUs, toUs }) => ({
    series,
    fromSlot: slotOf(fromUs, hourTier),
    toSlot: slotOf(toUs - 1, hourTier),
  }));
  const before = await readRollups(client, hourTier, days);
  const whole = computed.map(({ series, hours, fromUs, toUs }, at) => {
    const known = before[at] ?? [];
    if (known.length === 0) return { series, fromUs, toUs, buckets: hours };
    return {
      series,
      fromUs,
      toUs,
      buckets: joinBuckets(widths.hour, [
        ...known.map((buckets) => ({ buckets, fromUs: -Infinity, toUs: fromUs })),
        { buckets: hours, fromUs, toUs },
        ...known.map((buckets) => ({ buckets, fromUs: toUs, toUs: Infinity })),
      ]),
    };
  });
  await replace(client, hourTier, whole);
}

function computeBuckets(one: DirtyHours): { minutes: Buckets; hours: Buckets } {
  const { rule, samples, fromUs, toUs, knownToUs, gaps } = one;
  const { buckets: minutes } = rollUp({
    rule,
    samples: inTime(samples, fromUs, toUs),
    before: carryAt(samples, rowAt(samples, fromUs)),
    gaps,
    widthUs: widths.minute,
    fromUs,
    toUs,
    knownToUs,
  });
  return { minutes, hours: mergeBuckets(minutes, widths.hour, rule) };
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
}

async function replace(
  client: Pick<pg.ClientBase, "query">,
  tier: RollupTier,
  computed: readonly Computed[],
): Promise<void> {
  const rows: RollupRow[] = [];
  const empty: { series: number; slot: number }[] = [];
  for (const { series, fromUs, toUs, buckets } of computed) {
    const filled = new Set<number>();
    for (const { slot, from, end } of slotsOf(buckets, tier)) {
      filled.add(slot);
      rows.push({ series, slot, packed: packBuckets(buckets, from, end, slot * tier.slotUs) });
    }
    for (let slot = slotOf(fromUs, tier); slot <= slotOf(toUs - 1, tier); slot++) {
      if (!filled.has(slot)) empty.push({ series, slot });
    }
  }
  await upsertRollups(client, tier, rows);
  await deleteRollups(client, tier, empty);
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
