/** Level 1: what can be said of a tag without having learnt anything. Pure. */
import type { WatchedTag } from "./plan.ts";

/** A value counts as missing when it was not proven for three expected periods, at least 5 s: as on every screen (ux-guide 7). */
const missingPeriods = 3;
const missingLeastS = 5;
/** A limit with nothing to compare it with is given this part of itself as scale. */
const scaleShare = 0.05;

/** Age of the last proof over what is allowed: 1 is missing. */
export function missingScore(ageS: number, expectedS: number): number {
  return ageS / Math.max(missingLeastS, missingPeriods * expectedS);
}

/** A limit with the half width that it leaves free; and how far a value is beyond: 1 on the limit, less within. */
export interface LimitScore {
  readonly score: number;
  readonly expected: number;
  readonly within: number;
}

/** @returns undefined where the tag has no limits */
export function limitScore(tag: WatchedTag, value: number): LimitScore | undefined {
  const { low, high } = tag;
  const [hasLow, hasHigh] = [!Number.isNaN(low), !Number.isNaN(high)];
  if (!hasLow && !hasHigh) return undefined;
  const scale = scaleOf(tag);
  const over = Math.max(hasHigh ? value - high : -Infinity, hasLow ? low - value : -Infinity);
  const score = Math.max(0, 1 + over / scale);
  if (hasLow && hasHigh) {
    return { score, expected: (low + high) / 2, within: (high - low) / 2 };
  }
  // One limit has no middle: what lies a range from it is taken for one.
  const width = Number.isNaN(tag.range) ? scale / scaleShare : tag.range;
  const expected = hasHigh ? high - width / 2 : low + width / 2;
  return { score, expected, within: width / 2 };
}

function scaleOf({ low, high, range }: WatchedTag): number {
  const width = Number.isNaN(high - low) ? range : high - low;
  if (width > 0) return scaleShare * width;
  const size = Math.max(Math.abs(Number.isNaN(high) ? low : high), Number.MIN_VALUE);
  return scaleShare * size;
}
