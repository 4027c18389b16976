import type { Scalar } from "@millwright/wire-contract";
import fc from "fast-check";

import type { Buckets } from "./buckets.ts";
import { noCarry } from "./carry.ts";
import { rollUp, type RollupInput } from "./roll-up.ts";
import { sumTolerance } from "./rounding.ts";
import type { RollupRule } from "./rule.ts";
import { inTime, type Series } from "./series.ts";
import { widths } from "./width.ts";

/** For the tests of this folder. */

export const bad = 0x8000_0000;
export const uncertain = 0x4000_0000;

export const measurement: RollupRule = {
  kind: "measurement",
  wide: false,
  holdUs: Infinity,
  modulus: Infinity,
};

export interface Sample {
  readonly us: number;
  readonly value: number;
  readonly status?: number;
  readonly scalar?: Scalar;
}

export function seriesOf(samples: readonly Sample[]): Series {
  const wide = new Map<number, Scalar>();
  samples.forEach(({ scalar }, row) => {
    if (scalar !== undefined) wide.set(row, scalar);
  });
  return {
    count: samples.length,
    measuredUs: Float64Array.from(samples, ({ us }) => us),
    value: Float64Array.from(samples, ({ value, scalar }) => (scalar === undefined ? value : NaN)),
    status: Uint32Array.from(samples, ({ status }) => status ?? 0),
    ...(wide.size === 0 ? {} : { wide }),
  };
}

/** One minute in buckets of a second, unless said otherwise. */
export function inputOf(
  samples: readonly Sample[],
  change: Partial<RollupInput> = {},
): RollupInput {
  const input = {
    rule: measurement,
    before: noCarry,
    gaps: [],
    widthUs: widths.second,
    fromUs: 0,
    toUs: widths.minute,
    knownToUs: Infinity,
    ...change,
  };
  return { ...input, samples: inTime(seriesOf(samples), input.fromUs, input.toUs) };
}

export function bucketsOf(samples: readonly Sample[], change: Partial<RollupInput> = {}): Buckets {
  return rollUp(inputOf(samples, change)).buckets;
}

/** Rows as objects, for comparisons that print well. */
export function rowsOf(buckets: Buckets): Record<string, unknown>[] {
  return Array.from({ length: buckets.count }, (_row, row) => {
    const one: Record<string, unknown> = {};
    for (const [name, column] of Object.entries(buckets)) {
      if (column instanceof Float64Array || column instanceof Uint32Array) one[name] = column[row];
    }
    one["exact"] = buckets.exact?.get(row);
    const { states } = buckets;
    if (states !== undefined) {
      const times: [Scalar, number][] = [];
      for (let at = 0; at < states.count; at++) {
        if (states.bucket[at] !== row) continue;
        times.push([states.keys[states.key[at] ?? 0] ?? 0, states.us[at] ?? 0]);
      }
      one["states"] = times;
    }
    return one;
  });
}

const sums = ["sum", "sumSquares", "integral", "delta"];

/** Sums apart, which may differ in their last digits, relative to the sum of magnitudes. */
export function withoutSums(rows: readonly Record<string, unknown>[]): Record<string, unknown>[] {
  return rows.map((row) =>
    Object.fromEntries(Object.entries(row).filter(([name]) => !sums.includes(name))),
  );
}

export function sumsDiffer(
  a: readonly Record<string, unknown>[],
  b: readonly Record<string, unknown>[],
  greatest: number,
): string | undefined {
  for (const [at, row] of a.entries()) {
    const size: Record<string, number> = {
      sum: greatest * Number(row["good"]),
      sumSquares: greatest * greatest * Number(row["good"]),
      integral: greatest * Number(row["goodUs"]),
      delta: greatest * Number(row["good"]),
    };
    for (const name of sums) {
      const away = Math.abs(Number(row[name]) - Number(b[at]?.[name]));
      if (away > (size[name] ?? 0) * sumTolerance) return `${name} of row ${at} differs by ${away}`;
    }
  }
  return undefined;
}

/** Samples at any µs of two minutes, some bad or not finite, some at the same time. */
export const someSamples: fc.Arbitrary<Sample[]> = fc.array(
  fc.record({
    us: fc.oneof(
      fc.integer({ min: 0, max: 2 * widths.minute - 1 }),
      fc.integer({ min: 0, max: 119 }).map((s) => s * widths.second),
    ),
    value: fc.oneof(
      { weight: 6, arbitrary: fc.integer({ min: -9_999, max: 9_999 }).map((whole) => whole / 100) },
      { weight: 2, arbitrary: fc.double({ min: -1e6, max: 1e6, noNaN: true }) },
      { weight: 1, arbitrary: fc.constantFrom(NaN, Infinity, -0, 0) },
    ),
    status: fc.constantFrom(0, 0, 0, 0x480, uncertain, bad),
  }),
  { maxLength: 60 },
);

export const someGaps: fc.Arbitrary<{ fromUs: number; toUs: number }[]> = fc.array(
  fc
    .tuple(fc.nat(2 * widths.minute), fc.nat(20 * widths.second))
    .map(([fromUs, long]) => ({ fromUs, toUs: fromUs + long })),
  { maxLength: 4 },
);

export const someRule: fc.Arbitrary<RollupRule> = fc.record({
  kind: fc.constantFrom("measurement", "counter", "state", "event-value", "setpoint"),
  wide: fc.constant(false),
  holdUs: fc.constantFrom(0, 3_000_000, 45_000_000, Infinity),
  modulus: fc.constantFrom(Infinity, 100, 65_536),
});
