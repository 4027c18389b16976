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
 * @param from rows of `buckets`
 * @param slotUs begin of the row's hour or day
 */
export function packBuckets(
  buckets: Buckets,
  from: number,
  end: number,
  slotUs: number,
): PackedBuckets {
  const { widthUs } = buckets;
  const count = end - from;
  const places = rows(from, end, (row) => ((buckets.startUs[row] ?? NaN) - slotUs) / widthUs);
  const first = places[0] ?? 0;
  const column = (of: Float64Array | Uint32Array): number[] => slice(of, from, end);
  const samples = column(buckets.samples);
  const good = column(buckets.good);
  const goodUs = column(buckets.goodUs);
  const values = [buckets.min, buckets.max, buckets.first, buckets.last].flatMap(column);
  const sums = [buckets.sum, buckets.sumSquares, buckets.integral].map(column);
  const packed = packValues(values);
  return {
    first,
    count,
    places: places.every((place, at) => place === first + at) ? null : places,
    samples: short(samples),
    good: good.every((one, at) => one === samples[at]) ? null : short(good),
    goodUs: goodUs.every((us) => us === widthUs) ? null : short(signed(goodUs)),
    worst: unlessZero(buckets.worst, from, end)?.map((code) => code | 0) ?? null,
    ...packed,
    firstUs: packTimes(buckets, buckets.firstUs, from, end),
    lastUs: packTimes(buckets, buckets.lastUs, from, end),
    ...packSums(packed, sums, good, goodUs),
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

function packValues(values: readonly number[]): PackedValues {
  const none = { decimals: null, base: 0, values2: null, values4: null, values8: null };
  const numbers = values.filter((value) => !Number.isNaN(value));
  if (numbers.length === 0) return none;
  const decimals = decimalsOf(numbers);
  if (decimals === undefined) return { ...none, values8: values };
  const whole = numbers.map((value) => wholeOf(value, decimals));
  const [low, high] = [least(whole), greatest(whole)];
  const base = Math.round((low + high) / 2);
  const span = Math.max(high - base, base - low);
  const offsets = (missing: number): number[] =>
    values.map((value) => (Number.isNaN(value) ? missing : wholeOf(value, decimals) - base));
  if (span < 2 ** 15) return { ...none, decimals, base, values2: offsets(none2) };
  if (span < 2 ** 31) return { ...none, decimals, base, values4: offsets(none4) };
  return { ...none, values8: values };
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

/** Sums of whole numbers are whole: what a double has beyond is noise of adding. */
function packSums(
  { decimals, base, values8 }: PackedValues,
  [sum = [], squares = [], integral = []]: readonly (readonly number[])[],
  good: readonly number[],
  goodUs: readonly number[],
): PackedSums {
  const none = {
    sums4: null,
    sums8: null,
    sumsDouble: null,
    squares4: null,
    squares8: null,
    squaresDouble: null,
    integrals8: null,
    integralsDouble: null,
  };
  if (decimals === null) {
    if (values8 === null) return none;
    return { ...none, sumsDouble: sum, squaresDouble: squares, integralsDouble: integral };
  }
  const power = powers[decimals] ?? 1;
  const around: number[] = [];
  const squared: number[] = [];
  const held: number[] = [];
  let exact = true;
  for (let at = 0; at < sum.length; at++) {
    const count = good[at] ?? 0;
    const whole = Math.round((sum[at] ?? 0) * power);
    const wholeSquares = Math.round((squares[at] ?? 0) * power * power);
    const wholeIntegral = Math.round((integral[at] ?? 0) * power);
    const shifted = whole - base * count;
    const shiftedSquares = squaresAround(base, wholeSquares, shifted, count);
    const shiftedIntegral = wholeIntegral - base * (goodUs[at] ?? 0);
    // What cannot be written exactly stays a double.
    exact &&=
      Math.abs(whole) < exactMost &&
      wholeSquares < exactMost &&
      Math.abs(wholeIntegral) < exactMost &&
      Math.abs(base * (goodUs[at] ?? 0)) < exactMost &&
      shiftedSquares >= 0 &&
      shiftedSquares < exactMost;
    // Whoever reads it does these sums backwards; where a last digit would be lost, the double is kept.
    exact &&=
      (shifted + base * count) / power === sum[at] &&
      wholeSquares / (power * power) === squares[at] &&
      (shiftedIntegral + base * (goodUs[at] ?? 0)) / power === integral[at];
    around.push(shifted);
    squared.push(shiftedSquares);
    held.push(shiftedIntegral);
  }
  if (!exact)
    return { ...none, sumsDouble: sum, squaresDouble: squares, integralsDouble: integral };
  const narrow = (numbers: readonly number[]): boolean =>
    numbers.every((one) => Math.abs(one) < 2 ** 31);
  return {
    ...none,
    ...(narrow(around) ? { sums4: around } : { sums8: around }),
    ...(narrow(squared) ? { squares4: squared } : { squares8: squared }),
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
  const packed = rows(from, end, (row) => {
    const us = (times[row] ?? NaN) - (startUs[row] ?? NaN);
    // Of a minute that a gateway told it is not known.
    return (good[row] ?? 0) === 0 || Number.isNaN(us) ? noTime : us - 2 ** 31;
  });
  return packed.every((one) => one === noTime) ? null : packed;
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

/** Fewest digits in which all are whole; undefined when there are none. */
function decimalsOf(numbers: readonly number[]): number | undefined {
  for (let digits = 0; digits <= decimalsMost; digits++) {
    if (numbers.every((value) => isWhole(value, digits))) return digits;
  }
  return undefined;
}

function isWhole(value: number, digits: number): boolean {
  const whole = wholeOf(value, digits);
  return (
    Math.abs(whole) < 2 ** 50 && whole / (powers[digits] ?? 1) === value && !Object.is(value, -0)
  );
}

function wholeOf(value: number, digits: number): number {
  return Math.round(value * (powers[digits] ?? 1));
}

function signed(column: readonly number[]): number[] {
  return column.map((us) => us - 2 ** 31);
}

function short(column: readonly number[]): readonly number[] {
  const [first] = column;
  return first !== undefined && column.every((one) => one === first) ? [first] : column;
}

/** Mostly it is: then nothing is made of it. */
function unlessZero(
  column: Float64Array | Uint32Array,
  from: number,
  end: number,
): readonly number[] | null {
  for (let row = from; row < end; row++) {
    if (column[row] !== 0) return slice(column, from, end);
  }
  return null;
}

/** As an array: what a row of the database is made of. */
function slice(of: Float64Array | Uint32Array, from: number, end: number): number[] {
  const column = new Array<number>(end - from);
  for (let row = from; row < end; row++) column[row - from] = of[row] ?? NaN;
  return column;
}

/** A loop, because it is the innermost one: minutes of all tags go through it. */
function rows(from: number, end: number, of: (row: number) => number): number[] {
  const column = new Array<number>(end - from);
  for (let row = from; row < end; row++) column[row - from] = of(row);
  return column;
}

function least(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => Math.min(a, b), Infinity);
}

function greatest(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => Math.max(a, b), -Infinity);
}
