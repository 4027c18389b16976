import assert from "node:assert/strict";

import { BucketWriter } from "./bucket-writer.ts";
import type { Buckets } from "./buckets.ts";
import { carryAfter, doubleOf, isGood } from "./carry-after.ts";
import type { Carry } from "./carry.ts";
import type { Gap } from "./gap.ts";
import { HoldEnds } from "./hold-ends.ts";
import type { RollupRule } from "./rule.ts";
import type { Series } from "./series.ts";
import { bucketStart, type WidthUs } from "./width.ts";

export interface RollupInput {
  readonly rule: RollupRule;
  /** Sorted by measured time; equal times in the order of receipt. All within `fromUs` .. `toUs`, `toUs` excluded. */
  readonly samples: Series;
  /** As it was at `fromUs`. */
  readonly before: Carry;
  /** Those that touch the time from the held sample of `before` (or `fromUs`) to `toUs`, in any order. */
  readonly gaps: readonly Gap[];
  readonly widthUs: WidthUs;
  /** Multiples of the width. */
  readonly fromUs: number;
  readonly toUs: number;
  /** Nothing is known beyond: no value holds longer. At or above `toUs` when the range is over. */
  readonly knownToUs: number;
}

export interface Rollup {
  readonly buckets: Buckets;
  /** For the range that begins at `toUs`. */
  readonly after: Carry;
}

/**
 * Buckets of one tag from its samples. The same samples, carry and gaps give the same buckets, whatever was computed
 * before: late samples are taken in by computing their range again.
 */
export function rollUp(input: RollupInput): Rollup {
  const { rule, samples, before, widthUs, fromUs, toUs } = input;
  assert(
    fromUs % widthUs === 0 && toUs % widthUs === 0,
    "a range of buckets begins and ends with one",
  );
  const ends = new HoldEnds(input.gaps);
  const writer = new BucketWriter(rule, widthUs);
  const endUs = Math.min(toUs, input.knownToUs);
  const { held, good } = before;
  let heldUs = held?.us ?? -Infinity;
  let heldValue = held?.value ?? NaN;
  let heldScalar = held?.scalar;
  let holds = held !== undefined && isGood(held.status, held.value, held.scalar);
  let goodValue = good?.value ?? NaN;
  let goodScalar = good?.scalar;

  const hold = (untilUs: number): void => {
    if (!holds || rule.holdUs === 0) return;
    const to = Math.min(untilUs, heldUs + rule.holdUs, ends.after(heldUs), endUs);
    writer.addHold(Math.max(heldUs, fromUs), to, heldValue, heldScalar ?? heldValue);
  };
  const { count, measuredUs, value, status, wide } = samples;
  for (let row = 0; row < count;) {
    const us = measuredUs[row] ?? NaN;
    const code = status[row] ?? 0;
    const scalar = wide?.get(row);
    const number = scalar === undefined ? (value[row] ?? NaN) : doubleOf(scalar);
    assert(us >= heldUs && us >= fromUs && us < toUs, `sample ${row} is out of order or range`);
    hold(us);
    const startUs = bucketStart(us, widthUs);
    writer.begin(startUs);
    holds = isGood(code, number, scalar);
    if (holds) {
      writer.addGood(us, number, code, goodValue, scalar, goodScalar);
      goodValue = number;
      goodScalar = scalar;
    } else {
      writer.addOther(code);
    }
    heldUs = us;
    heldValue = number;
    heldScalar = scalar;
    row++;
    if (!holds || wide !== undefined || !writer.takesRuns) continue;
    const end = writer.addRun(samples, row, {
      holdUs: rule.holdUs,
      bucketEndUs: startUs + widthUs,
      holdEndUs: Math.min(ends.after(us), endUs),
    });
    if (end === row) continue;
    row = end;
    heldUs = measuredUs[end - 1] ?? NaN;
    heldValue = value[end - 1] ?? NaN;
    goodValue = heldValue;
  }
  hold(toUs);

  return { buckets: writer.finish(), after: carryAfter(samples, before) };
}
