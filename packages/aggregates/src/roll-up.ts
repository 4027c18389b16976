import assert from "node:assert/strict";
import { severityOf, type Scalar } from "@millwright/wire-contract";

import { BucketWriter } from "./bucket-writer.ts";
import type { Buckets } from "./buckets.ts";
import type { Carry, HeldSample } from "./carry.ts";
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
  let { held, good } = before;
  let heldUs = held?.us ?? -Infinity;
  let heldValue = held?.value ?? NaN;
  let heldScalar = held?.scalar;
  let holds = held !== undefined && isGood(held);
  let goodValue = good?.value ?? NaN;
  let goodScalar = good?.scalar;
  let goodRow = -1;

  const hold = (untilUs: number): void => {
    if (!holds || rule.holdUs === 0) return;
    const to = Math.min(untilUs, heldUs + rule.holdUs, ends.after(heldUs), endUs);
    writer.addHold(Math.max(heldUs, fromUs), to, heldValue, heldScalar ?? heldValue);
  };
  const { count, measuredUs, value, status, wide } = samples;
  for (let row = 0; row < count; row++) {
    const us = measuredUs[row] ?? NaN;
    const code = status[row] ?? 0;
    const scalar = wide?.get(row);
    const number = scalar === undefined ? (value[row] ?? NaN) : doubleOf(scalar);
    assert(us >= heldUs && us >= fromUs && us < toUs, `sample ${row} is out of order or range`);
    hold(us);
    writer.begin(bucketStart(us, widthUs));
    holds = code >>> 30 === 0 && (scalar !== undefined || Number.isFinite(number));
    if (holds) {
      writer.addGood(us, number, code, goodValue, scalar, goodScalar);
      goodValue = number;
      goodScalar = scalar;
      goodRow = row;
    } else {
      writer.addOther(code);
    }
    heldUs = us;
    heldValue = number;
    heldScalar = scalar;
  }
  hold(toUs);

  if (count > 0) held = sampleAt(samples, count - 1);
  if (goodRow >= 0) good = sampleAt(samples, goodRow);
  const after = {
    ...(held === undefined ? {} : { held }),
    ...(good === undefined ? {} : { good }),
  };
  return { buckets: writer.finish(), after };
}

function isGood({ status, value, scalar }: HeldSample): boolean {
  return severityOf(status) === "good" && (scalar !== undefined || Number.isFinite(value));
}

function sampleAt({ measuredUs, value, status, wide }: Series, row: number): HeldSample {
  const scalar = wide?.get(row);
  return {
    us: measuredUs[row] ?? NaN,
    value: scalar === undefined ? (value[row] ?? NaN) : doubleOf(scalar),
    status: status[row] ?? 0,
    ...(scalar === undefined ? {} : { scalar }),
  };
}

/** The nearest double; NaN for text and bytes. */
function doubleOf(scalar: Scalar): number {
  return typeof scalar === "string" || scalar instanceof Uint8Array ? NaN : Number(scalar);
}
