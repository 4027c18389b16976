/** Buckets as the arrays of a row: each column in the narrowest form that holds it. */
import type { Buckets, ExactBucket } from "@millwright/aggregates";

import {
  decimalsMost,
  none2,
  none4,
  noTime,
  powers,
  wordOf,
  type PackedBuckets,
  type PackedExact,
} from "./packed-buckets.ts";

/**
 * Minutes of all tags go through here, so that its loops make nothing but the arrays of the row.
 *
 * @param from rows of `buckets`
 * @param slotUs begin of the row's hour or day
 */
export function packBuckets(
  buckets: Buckets,
  from: number,
  end: number,
  slotUs: number,
): PackedBuckets {
  const { widthUs, startUs, samples, good, goodUs } = buckets;
  const placeOf = (row: number): number => ((startUs[row] ?? NaN) - slotUs) / widthUs;
  const first = end > from ? placeOf(from) : 0;
  const values = packValues([buckets.min, buckets.max, buckets.first, buckets.last], from, end);
  return {
    first,
    count: end - from,
    places: isRising(startUs, from, end, widthUs) ? null : rows(from, end, placeOf),
    samples: short(samples, from, end),
    good: isSame(good, samples, from, end) ? null : short(good, from, end),
    goodUs: isAll(goodUs, from, end, widthUs) ? null : short(goodUs, from, end, 2 ** 31),
    worst: unlessZero(buckets.worst, from, end)?.map((code) => code | 0) ?? null,
    ...values,
    firstUs: packTimes(buckets, buckets.firstUs, from, end),
    lastUs: packTimes(buckets, buckets.lastUs, from, end),
    ...packSums(values, buckets, from, end),
    delta: unlessZero(buckets.delta, from, end),
    rollOvers: unlessZero(buckets.rollOvers, from, end),
    resets: unlessZero(buckets.resets, from, end),
    changes: unlessZero(buckets.changes, from, end),
    states: packStates(buckets, from, end),
    exact: packExact(buckets.exact, from, end),
    told: null,
  };
}

type PackedValues = Pick<PackedBuckets, "decimals" | "base" | "values2" | "values4" | "values8">;

const noValues = { decimals: null, base: 0, values2: null, values4: null, values8: null };

function packValues(columns: readonly Float64Array[], from: number, end: number): PackedValues {
  const decimals = decimalsOf(columns, from, end);
  if (decimals === "no numbers") return noValues;
  if (decimals === "none") return { ...noValues, values8: inOne(columns, from, end) };
  const power = powers[decimals] ?? 1;
  let [low, high] = [Infinity, -Infinity];
  for (const column of columns) {
    for (let row = from; row < end; row++) {
      const value = column[row] ?? NaN;
      if (Number.isNaN(value)) continue;
      const whole = Math.round(value * power);
      if (whole < low) low = whole;
      if (whole > high) high = whole;
    }
  }
  const base = Math.round((low + high) / 2);
  const span = Math.max(high - base, base - low);
  const offsets = (missing: number): number[] => {
    const all = inOne(columns, from, end);
    for (let at = 0; at < all.length; at++) {
      const value = all[at] ?? NaN;
      all[at] = Number.isNaN(value) ? missing : Math.round(value * power) - base;
    }
    return all;
  };
  if (span < 2 ** 15) return { ...noValues, decimals, base, values2: offsets(none2) };
  if (span < 2 ** 31) return { ...noValues, decimals, base, values4: offsets(none4) };
  return { ...noValues, values8: inOne(columns, from, end) };
}

/** One after the other in one array. */
function inOne(columns: readonly Float64Array[], from: number, end: number): number[] {
  const all = new Array<number>(columns.length * (end - from));
  let at = 0;
  for (const column of columns) {
    for (let row = from; row < end; row++) all[at++] = column[row] ?? NaN;
  }
  return all;
}

type PackedSums = Pick<
  PackedBuckets,
  | "sums4"
  | "sums8"
  | "sumsDouble"
  | "squares4"
  | "squares8"
  | "squaresDouble"
  | "integrals8"
  | "integralsDouble"
>;

const noSums = {
  sums4: null,
  sums8: null,
  sumsDouble: null,
  squares4: null,
  squares8: null,
  squaresDouble: null,
  integrals8: null,
  integralsDouble: null,
};

/** Sums of whole numbers are whole: what a double has beyond is noise of adding. */
function packSums(
  { decimals, base, values8 }: PackedValues,
  buckets: Buckets,
  from: number,
  end: number,
): PackedSums {
  const { sum, sumSquares, integral, good, goodUs } = buckets;
  const asDoubles = (): PackedSums => ({
    ...noSums,
    sumsDouble: slice(sum, from, end),
    squaresDouble: slice(sumSquares, from, end),
    integralsDouble: slice(integral, from, end),
  });
  if (decimals === null) return values8 === null ? noSums : asDoubles();
  const power = powers[decimals] ?? 1;
  const around = new Array<number>(end - from);
  const squared = new Array<number>(end - from);
  const held = new Array<number>(end - from);
  let [areSumsNarrow, areSquaresNarrow] = [true, true];
  for (let row = from; row < end; row++) {
    const [count, us] = [good[row] ?? 0, goodUs[row] ?? 0];
    const whole = Math.round((sum[row] ?? 0) * power);
    const wholeSquares = Math.round((sumSquares[row] ?? 0) * power * power);
    const wholeIntegral = Math.round((integral[row] ?? 0) * power);
    const shifted = whole - base * count;
    const shiftedSquares = squaresAround(base, wholeSquares, shifted, count);
    const shiftedIntegral = wholeIntegral - base * us;
    // What cannot be written exactly stays a double.
    const isExact =
      Math.abs(whole) < exactMost &&
      wholeSquares < exactMost &&
      Math.abs(wholeIntegral) < exactMost &&
      Math.abs(base * us) < exactMost &&
      shiftedSquares >= 0 &&
      shiftedSquares < exactMost;
    // Whoever reads it does these sums backwards; where a last digit would be lost, the double is kept.
    const comesBack =
      (shifted + base * count) / power === sum[row] &&
      wholeSquares / (power * power) === sumSquares[row] &&
      (shiftedIntegral + base * us) / power === integral[row];
    if (!isExact || !comesBack) return asDoubles();
    around[row - from] = shifted;
    squared[row - from] = shiftedSquares;
    held[row - from] = shiftedIntegral;
    areSumsNarrow &&= Math.abs(shifted) < 2 ** 31;
    areSquaresNarrow &&= shiftedSquares < 2 ** 31;
  }
  return {
    ...noSums,
    ...(areSumsNarrow ? { sums4: around } : { sums8: around }),
    ...(areSquaresNarrow ? { squares4: squared } : { squares8: squared }),
    integrals8: held,
  };
}

/** Whole numbers below are exact as doubles, with room for what is added. */
const exactMost = 2 ** 52;

/** The sum of squares around the base, from that around 0. Exact where it is below `exactMost`. */
function squaresAround(base: number, squares: number, shifted: number, count: number): number {
  const product = 2 * base * shifted;
  const ofBase = base * base * count;
  // Of such numbers each sum is exact; the others are few.
  if (squares < 2 ** 51 && Math.abs(product) < 2 ** 51 && ofBase < 2 ** 51) {
    return squares - product - ofBase;
  }
  return Number(
    BigInt(clamp(squares)) -
      2n * BigInt(clamp(base)) * BigInt(clamp(shifted)) -
      BigInt(clamp(base)) ** 2n * BigInt(count),
  );
}

function clamp(whole: number): number {
  return Number.isSafeInteger(whole) ? whole : 0;
}

function packTimes(
  { startUs, good }: Buckets,
  times: Float64Array,
  from: number,
  end: number,
): readonly number[] | null {
  let isKnown = false;
  const packed = new Array<number>(end - from);
  for (let row = from; row < end; row++) {
    const us = (times[row] ?? NaN) - (startUs[row] ?? NaN);
    // Of a minute that a gateway told it is not known.
    const time = (good[row] ?? 0) === 0 || Number.isNaN(us) ? noTime : us - 2 ** 31;
    isKnown ||= time !== noTime;
    packed[row - from] = time;
  }
  return isKnown ? packed : null;
}

function packStates(buckets: Buckets, from: number, end: number): PackedBuckets["states"] {
  const { states } = buckets;
  if (states === undefined) return null;
  const byKey = new Map<number, [number, number][]>();
  for (let at = 0; at < states.count; at++) {
    const bucket = states.bucket[at] ?? -1;
    if (bucket < from || bucket >= end) continue;
    const key = states.key[at] ?? 0;
    const row = byKey.get(key) ?? [];
    row.push([bucket - from, states.us[at] ?? 0]);
    byKey.set(key, row);
  }
  return [...byKey]
    .toSorted(([a], [b]) => a - b)
    .map(([key, row]) => [wordOf(states.keys[key] ?? 0), row]);
}

function packExact(
  exact: ReadonlyMap<number, ExactBucket> | undefined,
  from: number,
  end: number,
): PackedBuckets["exact"] {
  if (exact === undefined) return null;
  const packed: [number, PackedExact][] = [];
  for (const [row, one] of exact) {
    if (row < from || row >= end) continue;
    packed.push([
      row - from,
      {
        first: wordOf(one.first),
        last: wordOf(one.last),
        ...(one.min === undefined ? {} : { min: wordOf(one.min) }),
        ...(one.max === undefined ? {} : { max: wordOf(one.max) }),
        ...(one.delta === undefined ? {} : { delta: wordOf(one.delta) }),
      },
    ]);
  }
  return packed.length === 0 ? null : packed;
}

/** Fewest digits in which all numbers are whole; NaN is none. */
function decimalsOf(
  columns: readonly Float64Array[],
  from: number,
  end: number,
): number | "none" | "no numbers" {
  for (let digits = 0; digits <= decimalsMost; digits++) {
    const whole = areWhole(columns, from, end, powers[digits] ?? 1);
    if (whole === "no numbers") return whole;
    if (whole) return digits;
  }
  return "none";
}

function areWhole(
  columns: readonly Float64Array[],
  from: number,
  end: number,
  power: number,
): boolean | "no numbers" {
  let hasNumbers = false;
  for (const column of columns) {
    for (let row = from; row < end; row++) {
      const value = column[row] ?? NaN;
      if (Number.isNaN(value)) continue;
      hasNumbers = true;
      const whole = Math.round(value * power);
      if (!(Math.abs(whole) < 2 ** 50 && whole / power === value)) return false;
      if (Object.is(value, -0)) return false;
    }
  }
  return hasNumbers ? true : "no numbers";
}

type Column = Float64Array | Uint32Array;

function isRising(startUs: Float64Array, from: number, end: number, stepUs: number): boolean {
  for (let row = from + 1; row < end; row++) {
    if ((startUs[row] ?? NaN) - (startUs[row - 1] ?? NaN) !== stepUs) return false;
  }
  return true;
}

function isSame(a: Column, b: Column, from: number, end: number): boolean {
  for (let row = from; row < end; row++) if (a[row] !== b[row]) return false;
  return true;
}

function isAll(column: Column, from: number, end: number, value: number): boolean {
  for (let row = from; row < end; row++) if (column[row] !== value) return false;
  return true;
}

/** One where all are equal. @param less what is taken from each */
function short(column: Column, from: number, end: number, less = 0): readonly number[] {
  const first = column[from] ?? NaN;
  if (end > from && isAll(column, from, end, first)) return [first - less];
  return less === 0
    ? slice(column, from, end)
    : rows(from, end, (row) => (column[row] ?? NaN) - less);
}

/** Mostly it is: then nothing is made of it. */
function unlessZero(column: Column, from: number, end: number): readonly number[] | null {
  return isAll(column, from, end, 0) ? null : slice(column, from, end);
}

/** As an array: what a row of the database is made of. */
function slice(of: Column, from: number, end: number): number[] {
  return rows(from, end, (row) => of[row] ?? NaN);
}

function rows(from: number, end: number, of: (row: number) => number): number[] {
  const column = new Array<number>(end - from);
  for (let row = from; row < end; row++) column[row - from] = of(row);
  return column;
}
