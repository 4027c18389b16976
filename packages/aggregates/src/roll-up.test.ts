import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";

import type { Buckets } from "./buckets.ts";
import { joinBuckets } from "./join.ts";
import { mergeBuckets } from "./merge.ts";
import { rollUp } from "./roll-up.ts";
import {
  bad,
  bucketsOf,
  inputOf,
  measurement,
  rowsOf,
  someGaps,
  someRule,
  someSamples,
  sumsDiffer,
  uncertain,
  withoutSums,
  type Sample,
} from "./test-series.ts";
import { widths } from "./width.ts";

const second = widths.second;
const minute = widths.minute;

test("a mean is weighted by the time for which each value held", () => {
  const buckets = bucketsOf(
    [
      { us: 0, value: 10 },
      { us: 50 * second, value: 40 },
    ],
    { widthUs: minute },
  );
  assert.equal(buckets.count, 1);
  assert.equal(buckets.goodUs[0], minute);
  assert.equal((buckets.integral[0] ?? NaN) / minute, 15);
  assert.equal(buckets.sum[0], 50);
  assert.equal(buckets.sumSquares[0], 1_700);
});

test("a value holds over the edges of buckets and of ranges", () => {
  const before = rollUp(inputOf([{ us: 59 * second, value: 7 }], { widthUs: minute }));
  const { buckets } = rollUp(
    inputOf([{ us: minute + 30 * second, value: 9 }], {
      widthUs: minute,
      before: before.after,
      fromUs: minute,
      toUs: 2 * minute,
    }),
  );
  assert.equal(buckets.integral[0], 30 * second * 7 + 30 * second * 9);
  assert.equal(buckets.samples[0], 1);
  assert.equal(buckets.first[0], 9);
});

test("a value holds no longer than its rule says", () => {
  const rule = { ...measurement, holdUs: 3 * second };
  const buckets = bucketsOf([{ us: 0, value: 1 }], { rule });
  assert.deepEqual(Array.from(buckets.startUs), [0, second, 2 * second]);
  assert.deepEqual(Array.from(buckets.samples), [1, 0, 0]);
});

test("a value holds neither into a gap nor out of it, and not within", () => {
  const samples = [
    { us: 0, value: 1 },
    { us: 25 * second, value: 2 },
    { us: 40 * second, value: 3 },
  ];
  const gaps = [{ fromUs: 10 * second, toUs: 30 * second }];
  const buckets = bucketsOf(samples, { widthUs: minute, gaps });
  assert.equal(buckets.goodUs[0], 30 * second);
  assert.equal(buckets.integral[0], 10 * second * 1 + 20 * second * 3);
  // What was stored within the gap is still a sample.
  assert.equal(buckets.samples[0], 3);
});

test("a bad or uncertain sample ends the hold and counts only as a sample", () => {
  const buckets = bucketsOf(
    [
      { us: 0, value: 4 },
      { us: 15 * second, value: 99, status: uncertain },
      { us: 20 * second, value: 99, status: bad | 0x8a0000 },
      { us: 30 * second, value: 6, status: 0x480 },
    ],
    { widthUs: minute },
  );
  const row = onlyRow(buckets);
  assert.equal(row["samples"], 4);
  assert.equal(row["good"], 2);
  assert.equal(row["goodUs"], 45 * second);
  assert.equal(row["max"], 6);
  assert.equal(row["worst"], 0x808a_0000);
});

test("a counter goes over its end, begins anew, and loses nothing over a gap or a bad sample", () => {
  const rule = { kind: "counter", wide: false, holdUs: second, modulus: 65_536 } as const;
  const samples = [
    { us: 0, value: 65_000 },
    { us: 10 * second, value: 65_500 },
    { us: 20 * second, value: 14 },
    { us: 22 * second, value: 0, status: bad },
    { us: 50 * second, value: 1_014 },
    { us: 55 * second, value: 20 },
  ];
  const gaps = [{ fromUs: 23 * second, toUs: 49 * second }];
  const buckets = bucketsOf(samples, { rule, gaps, widthUs: minute });
  const row = onlyRow(buckets);
  // 500 to 65,500; 50 over the end; 1,000 over the gap; 20 since it began anew.
  assert.equal(row["delta"], 500 + 50 + 1_000 + 20);
  assert.equal(row["rollOvers"], 1);
  assert.equal(row["resets"], 1);
});

test("a counter of 64 bits is counted exactly", () => {
  const rule = { kind: "counter", wide: true, holdUs: Infinity, modulus: 2 ** 64 } as const;
  const samples = [
    { us: 0, value: NaN, scalar: 2n ** 63n + 1n },
    { us: second, value: NaN, scalar: 2n ** 64n - 1n },
    { us: 2 * second, value: NaN, scalar: 1n },
  ];
  const buckets = bucketsOf(samples, { rule, widthUs: minute });
  assert.deepEqual(buckets.exact?.get(0), {
    first: 2n ** 63n + 1n,
    last: 1n,
    min: 1n,
    max: 2n ** 64n - 1n,
    delta: 2n ** 63n - 2n + 2n,
  });
  assert.equal(buckets.rollOvers[0], 1);
});

test("of a state each bucket says how long it held, and how often it changed", () => {
  const rule = { kind: "state", wide: false, holdUs: Infinity, modulus: Infinity } as const;
  const samples = [
    { us: 0, value: 2 },
    { us: 10 * second, value: 1 },
    { us: 15 * second, value: 1 },
    { us: 40 * second, value: 2 },
  ];
  const row = onlyRow(bucketsOf(samples, { rule, widthUs: minute }));
  assert.deepEqual(row["states"], [
    [1, 30 * second],
    [2, 30 * second],
  ]);
  assert.equal(row["changes"], 2);
});

test("of a text first, last and the number of changes are kept", () => {
  const rule = { kind: "text", wide: true, holdUs: Infinity, modulus: Infinity } as const;
  const samples = [
    { us: 0, value: NaN, scalar: "job 7" },
    { us: second, value: NaN, scalar: "job 7" },
    { us: 2 * second, value: NaN, scalar: "job 8" },
  ];
  const row = onlyRow(bucketsOf(samples, { rule, widthUs: minute }));
  assert.deepEqual(row["exact"], { first: "job 7", last: "job 8" });
  assert.equal(row["changes"], 1);
  assert.equal(row["good"], 3);
});

test("no value holds beyond what is known", () => {
  const buckets = bucketsOf([{ us: 0, value: 1 }], { widthUs: minute, knownToUs: 42 * second });
  assert.equal(buckets.goodUs[0], 42 * second);
});

test("buckets are those of a slow reckoning, second by second and interval by interval", () => {
  fc.assert(
    fc.property(someSamples, someGaps, someRule, (samples, gaps, rule) => {
      const buckets = bucketsOf(samples, { rule, gaps, toUs: 2 * minute });
      const expected = slowly(samples, gaps, rule.holdUs);
      for (let row = 0; row < buckets.count; row++) {
        const startUs = buckets.startUs[row] ?? NaN;
        const slow = expected.get(startUs);
        assert.ok(slow !== undefined, `bucket ${startUs} is one`);
        assert.equal(buckets.samples[row], slow.samples);
        assert.equal(buckets.good[row], slow.values.length);
        assert.equal(buckets.goodUs[row], slow.goodUs);
        assert.equal(buckets.min[row], slow.values.length === 0 ? NaN : Math.min(...slow.values));
        assert.equal(buckets.max[row], slow.values.length === 0 ? NaN : Math.max(...slow.values));
        assert.equal(buckets.last[row], slow.values.at(-1) ?? NaN);
        if (rule.kind !== "measurement") continue;
        const away = Math.abs((buckets.integral[row] ?? NaN) - slow.integral);
        assert.ok(away <= 1e6 * second * 1e-12, `integral of ${startUs} is away by ${away}`);
      }
      assert.equal(buckets.count, expected.size);
    }),
  );
});

test("an hour's bucket from those of its minutes is the one from its samples", () => {
  // Minutes from seconds: the same code, with fewer samples.
  fc.assert(
    fc.property(someSamples, someGaps, someRule, (samples, gaps, rule) => {
      const range = { rule, gaps, toUs: 2 * minute };
      const direct = rowsOf(bucketsOf(samples, { ...range, widthUs: minute }));
      const merged = rowsOf(mergeBuckets(bucketsOf(samples, range), minute, rule));
      assert.deepEqual(withoutSums(merged), withoutSums(direct));
      assert.equal(sumsDiffer(direct, merged, 1e6), undefined);
    }),
  );
});

test("sums of short decimals are the same to the last digit, from samples as from minutes", () => {
  const decimals = fc.array(
    fc.record({ us: fc.nat(minute - 1), value: fc.nat(99_999).map((whole) => whole / 100) }),
    { minLength: 1, maxLength: 200 },
  );
  fc.assert(
    fc.property(decimals, (samples) => {
      const direct = rowsOf(bucketsOf(samples, { widthUs: minute }));
      const merged = rowsOf(mergeBuckets(bucketsOf(samples), minute, measurement));
      assert.deepEqual(merged, direct);
    }),
  );
});

test("ranges computed one after the other, each with the carry of the one before, are one range", () => {
  fc.assert(
    fc.property(someSamples, someGaps, someRule, (samples, gaps, rule) => {
      const whole = rollUp(inputOf(samples, { rule, gaps, toUs: 2 * minute }));
      const first = rollUp(inputOf(samples, { rule, gaps, toUs: minute }));
      const range = { rule, gaps, before: first.after, fromUs: minute, toUs: 2 * minute };
      const second = rollUp(inputOf(samples, range));
      const joined = joinBuckets([first.buckets, second.buckets], widths.second);
      assert.deepEqual(sortedStates(rowsOf(joined)), rowsOf(whole.buckets));
      assert.deepEqual(second.after, whole.after);
    }),
  );
});

test("the order in which samples arrive changes nothing but the order within one moment", () => {
  fc.assert(
    fc.property(
      someSamples
        .map(oneEachMoment)
        .chain((samples) =>
          fc.tuple(
            fc.constant(samples),
            fc.shuffledSubarray(samples, { minLength: samples.length, maxLength: samples.length }),
          ),
        ),
      someRule,
      ([samples, shuffled], rule) => {
        const range = { rule, toUs: 2 * minute };
        assert.deepEqual(rowsOf(bucketsOf(shuffled, range)), rowsOf(bucketsOf(samples, range)));
      },
    ),
  );
});

function onlyRow(buckets: Buckets): Record<string, unknown> {
  const [row, ...others] = rowsOf(buckets);
  assert.ok(row !== undefined && others.length === 0, "there is one bucket");
  return row;
}

function sortedStates(rows: readonly Record<string, unknown>[]): Record<string, unknown>[] {
  return rows.map((row) => {
    const states = row["states"] as [number, number][] | undefined;
    return states === undefined ? row : { ...row, states: states.toSorted(([a], [b]) => a - b) };
  });
}

function oneEachMoment(samples: readonly Sample[]): Sample[] {
  return [...new Map(samples.map((sample) => [sample.us, sample])).values()];
}

interface Slow {
  samples: number;
  values: number[];
  goodUs: number;
  integral: number;
}

/** Another way to the same numbers: for each sample its hold is cut down step by step, then dealt out. */
function slowly(
  samples: readonly Sample[],
  gaps: readonly { readonly fromUs: number; readonly toUs: number }[],
  holdUs: number,
): Map<number, Slow> {
  const sorted = samples.map((sample, at) => ({ ...sample, at }));
  sorted.sort((a, b) => a.us - b.us || a.at - b.at);
  const buckets = new Map<number, Slow>();
  const bucketAt = (startUs: number): Slow => {
    const slow = buckets.get(startUs) ?? { samples: 0, values: [], goodUs: 0, integral: 0 };
    buckets.set(startUs, slow);
    return slow;
  };
  sorted.forEach((sample, at) => {
    const slow = bucketAt(Math.floor(sample.us / second) * second);
    slow.samples++;
    if ((sample.status ?? 0) >>> 30 !== 0 || !Number.isFinite(sample.value)) return;
    slow.values.push(sample.value);
    let endUs = Math.min(sorted[at + 1]?.us ?? Infinity, sample.us + holdUs, 2 * minute);
    for (const gap of gaps) {
      if (gap.fromUs > sample.us) endUs = Math.min(endUs, gap.fromUs);
      else if (gap.toUs > sample.us) endUs = sample.us;
    }
    for (let startUs = 0; startUs < 2 * minute; startUs += second) {
      const long = Math.min(endUs, startUs + second) - Math.max(sample.us, startUs);
      if (long <= 0) continue;
      bucketAt(startUs).goodUs += long;
      bucketAt(startUs).integral += sample.value * long;
    }
  });
  return buckets;
}
