import type { Buckets, ExactBucket, StateTimes, WidthUs } from "@millwright/aggregates";

import { none2, none4, noTime, powers, scalarOf, type PackedBuckets } from "./packed-buckets.ts";

/** The buckets of a row again. */
export function unpackBuckets(packed: PackedBuckets, widthUs: WidthUs, slotUs: number): Buckets {
  const { count, places, first, base, decimals } = packed;
  const power = powers[decimals ?? 0] ?? 1;
  const numbers = (of: (at: number) => number): Float64Array => {
    const column = new Float64Array(count);
    for (let at = 0; at < count; at++) column[at] = of(at);
    return column;
  };
  const integers = (of: (at: number) => number): Uint32Array => {
    const column = new Uint32Array(count);
    for (let at = 0; at < count; at++) column[at] = of(at);
    return column;
  };
  const startUs = numbers((at) => slotUs + (places?.[at] ?? first + at) * widthUs);
  const samples = integers((at) => at0(packed.samples, at));
  const good =
    packed.good === null ? samples.slice() : integers((at) => at0(packed.good ?? [], at));
  const goodUs = numbers((at) =>
    packed.goodUs === null ? widthUs : at0(packed.goodUs, at) + 2 ** 31,
  );
  const value = (field: number): Float64Array =>
    numbers((at) => {
      const index = field * count + at;
      if (packed.values2 !== null) return whole(packed.values2[index] ?? none2, none2);
      if (packed.values4 !== null) return whole(packed.values4[index] ?? none4, none4);
      return packed.values8?.[index] ?? NaN;
    });
  const whole = (offset: number, missing: number): number =>
    offset === missing ? NaN : (offset + base) / power;
  const time = (column: readonly number[] | null): Float64Array =>
    numbers((at) => {
      const offset = column?.[at] ?? noTime;
      return offset === noTime ? NaN : (startUs[at] ?? NaN) + offset + 2 ** 31;
    });
  const sum = numbers((at) => {
    const shifted = packed.sums4?.[at] ?? packed.sums8?.[at];
    if (shifted === undefined) return packed.sumsDouble?.[at] ?? 0;
    return (shifted + base * (good[at] ?? 0)) / power;
  });
  const states = unpackStates(packed);
  const exact = unpackExact(packed);
  return {
    widthUs,
    count,
    startUs,
    samples,
    good,
    goodUs,
    worst: integers((at) => packed.worst?.[at] ?? 0),
    min: value(0),
    max: value(1),
    first: value(2),
    firstUs: time(packed.firstUs),
    last: value(3),
    lastUs: time(packed.lastUs),
    sum,
    sumSquares: numbers((at) => {
      const shifted = packed.squares4?.[at] ?? packed.squares8?.[at];
      if (shifted === undefined) return packed.squaresDouble?.[at] ?? 0;
      const around = packed.sums4?.[at] ?? packed.sums8?.[at] ?? 0;
      const squares =
        BigInt(shifted) +
        2n * BigInt(base) * BigInt(around) +
        BigInt(base) ** 2n * BigInt(good[at] ?? 0);
      return Number(squares) / (power * power);
    }),
    integral: numbers((at) => {
      const shifted = packed.integrals8?.[at];
      if (shifted === undefined) return packed.integralsDouble?.[at] ?? 0;
      return (shifted + base * (goodUs[at] ?? 0)) / power;
    }),
    delta: numbers((at) => packed.delta?.[at] ?? 0),
    rollOvers: integers((at) => packed.rollOvers?.[at] ?? 0),
    resets: integers((at) => packed.resets?.[at] ?? 0),
    changes: integers((at) => packed.changes?.[at] ?? 0),
    ...(states === undefined ? {} : { states }),
    ...(exact === undefined ? {} : { exact }),
  };
}

function at0(column: readonly number[], at: number): number {
  return (column.length === 1 ? column[0] : column[at]) ?? 0;
}

function unpackStates({ states }: PackedBuckets): StateTimes | undefined {
  if (states === null) return undefined;
  const keys = states.map(([word]) => scalarOf(word));
  const flat = states
    .flatMap(([, row], key) => row.map(([bucket, us]) => ({ bucket, key, us })))
    .toSorted((a, b) => a.bucket - b.bucket || a.key - b.key);
  return {
    keys,
    count: flat.length,
    bucket: Uint32Array.from(flat, ({ bucket }) => bucket),
    key: Uint32Array.from(flat, ({ key }) => key),
    us: Float64Array.from(flat, ({ us }) => us),
  };
}

function unpackExact({ exact }: PackedBuckets): Map<number, ExactBucket> | undefined {
  if (exact === null) return undefined;
  return new Map(
    exact.map(([row, one]) => [
      row,
      {
        first: scalarOf(one.first),
        last: scalarOf(one.last),
        ...(one.min === undefined ? {} : { min: BigInt(one.min.slice(1)) }),
        ...(one.max === undefined ? {} : { max: BigInt(one.max.slice(1)) }),
        ...(one.delta === undefined ? {} : { delta: BigInt(one.delta.slice(1)) }),
      },
    ]),
  );
}
