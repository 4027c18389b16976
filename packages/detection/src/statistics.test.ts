/** Streaming statistics beside what a textbook does with a copy of all the values. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { seededRandom, type Random } from "@millwright/kit";
import fc from "fast-check";

import { CusumColumns } from "./cusum.ts";
import { EwmaColumns, weightOf } from "./ewma.ts";
import { marginOf } from "./margin.ts";
import { MedianMadColumns } from "./median-mad.ts";
import { PersistenceColumns } from "./persistence.ts";
import { QuantileColumns } from "./quantile.ts";

const values = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), {
  minLength: 1,
  maxLength: 300,
});

/** The quantile of a sorted copy, between its two neighbours. */
function quantileOf(window: readonly number[], p: number): number {
  const sorted = window.toSorted((a, b) => a - b);
  const place = p * (sorted.length - 1);
  const [low, high] = [sorted[Math.floor(place)] ?? NaN, sorted[Math.ceil(place)] ?? NaN];
  return low + (place - Math.floor(place)) * (high - low);
}

test("a streamed quantile of up to five values is that of the sorted copy, lower neighbour", () => {
  fc.assert(
    fc.property(
      values.filter((all) => all.length <= 5),
      (all) => {
        const columns = new QuantileColumns(2, 0.5);
        for (const value of all) columns.add(1, value);
        const sorted = all.toSorted((a, b) => a - b);
        const place = all.length === 5 ? 2 : Math.min(all.length - 1, Math.floor(all.length / 2));
        assert.equal(columns.value(1), sorted[place]);
        assert.equal(columns.count(0), 0, "its neighbour has seen nothing");
      },
    ),
  );
});

test("a streamed quantile never leaves the range of what came", () => {
  fc.assert(
    fc.property(values, fc.double({ min: 0.05, max: 0.95, noNaN: true }), (all, p) => {
      const columns = new QuantileColumns(1, p);
      for (const value of all) columns.add(0, value);
      assert.ok(columns.value(0) >= Math.min(...all) && columns.value(0) <= Math.max(...all));
    }),
  );
});

const shapes: readonly (readonly [
  name: string,
  draw: (random: Random) => number,
  sigma: number,
])[] = [
  ["normal", (random) => 50 + 4 * random.normal(), 4],
  ["uniform", (random) => random.next(), 1 / Math.sqrt(12)],
  ["exponential", (random) => -Math.log(1 - random.next()), 1],
  ["with outliers", (random) => random.normal() * (random.next() < 0.05 ? 50 : 1), 1],
];

for (const [name, draw, sigma] of shapes) {
  test(`median and MAD of a ${name} stream are near those of the sorted copy`, () => {
    for (let seed = 1; seed <= 20; seed++) {
      const random = seededRandom(`${name} ${seed}`);
      const window = Array.from({ length: 2_000 }, () => draw(random));
      const columns = new MedianMadColumns(1);
      for (const value of window) columns.add(0, value);
      const median = quantileOf(window, 0.5);
      const mad = quantileOf(
        window.map((value) => Math.abs(value - median)),
        0.5,
      );
      assert.ok(
        Math.abs(columns.median(0) - median) <= 0.08 * sigma,
        `seed ${seed}: median ${columns.median(0)}, of the copy ${median}`,
      );
      assert.ok(
        Math.abs(columns.sigma(0) / (1.4826 * mad) - 1) <= 0.1,
        `seed ${seed}: sigma ${columns.sigma(0)}, of the copy ${1.4826 * mad}`,
      );
    }
  });
}

test("of a cycle that repeats with every fourth value all places are learnt, long after the first values", () => {
  const columns = new MedianMadColumns(1);
  const cycle = [0, 10, 20, 90];
  for (let count = 0; count < 2_000; count++) columns.add(0, 50 + (count % 7));
  for (let count = 0; count < 80_000; count++) columns.add(0, cycle[count % 4] ?? 0);
  // Between 10 and 20 lies nothing: the median is there, and half of the deviations from it are below those of 0 and 20.
  assert.ok(columns.median(0) >= 9 && columns.median(0) <= 21, String(columns.median(0)));
  assert.ok(columns.sigma(0) / 1.4826 <= 21, String(columns.sigma(0)));
});

test("a tenth of wild values moves neither the median nor the MAD far; mean and deviation are carried away", () => {
  const random = seededRandom("wild");
  const window = Array.from({ length: 3_000 }, (_unused, at) =>
    at % 10 === 0 ? 1_000 : random.normal(),
  );
  const columns = new MedianMadColumns(1);
  for (const value of window) columns.add(0, value);
  assert.ok(Math.abs(columns.median(0)) < 0.3);
  assert.ok(columns.sigma(0) < 1.5);
  const mean = window.reduce((sum, value) => sum + value, 0) / window.length;
  assert.ok(mean > 50, "the control: a plain mean is of no use here");
});

test("an EWMA is the mean of all at first, and the textbook's recursion afterwards", () => {
  fc.assert(
    fc.property(values, fc.double({ min: 1, max: 50, noNaN: true }), (all, memoryS) => {
      const columns = new EwmaColumns(1, memoryS);
      let expected = 0;
      all.forEach((value, at) => {
        const actual = columns.add(0, value, 1);
        const lambda = weightOf(1, memoryS);
        const window = all.slice(0, at + 1);
        const plainMean = window.reduce((sum, each) => sum + each, 0) / window.length;
        expected = 1 / (at + 1) >= lambda ? plainMean : lambda * value + (1 - lambda) * expected;
        assert.ok(Math.abs(actual - expected) <= 1e-6 * Math.max(1, ...window.map(Math.abs)));
      });
      assert.equal(columns.warm(0), all.length >= memoryS);
    }),
    { numRuns: 50 },
  );
});

test("a CUSUM is the largest sum of deviations beyond the slack of any window that ends now", () => {
  fc.assert(
    fc.property(values, fc.double({ min: 0, max: 5, noNaN: true }), (all, slack) => {
      const columns = new CusumColumns(1, slack);
      const deviations = all.map((value) => value / 1e5);
      deviations.forEach((deviation, at) => {
        const actual = columns.add(0, deviation, 1, Infinity);
        let expected = 0;
        for (const side of [1, -1]) {
          // Without memory: over all windows that end here, how much has piled up.
          let sum = 0;
          for (let from = at; from >= 0; from--) {
            sum += side * (deviations[from] ?? 0) - slack;
            expected = Math.max(expected, sum);
          }
        }
        assert.ok(Math.abs(actual - expected) < 1e-9 * Math.max(1, expected));
      });
    }),
    { numRuns: 50 },
  );
});

test("a CUSUM stops at its ceiling, and is back at nothing a bounded time after the shift", () => {
  const columns = new CusumColumns(1, 0.5);
  for (let step = 0; step < 1_000; step++) columns.add(0, 3, 1, 10);
  let steps = 0;
  while (columns.add(0, 0, 1, 10) > 0) steps++;
  assert.ok(steps <= 20);
});

test("k of n is what a copy of the last n says", () => {
  fc.assert(
    fc.property(
      fc.array(fc.boolean(), { maxLength: 100 }),
      fc.integer({ min: 1, max: 8 }),
      fc.integer({ min: 1, max: 31 }),
      (highs, needed, of) => {
        const columns = new PersistenceColumns(2, needed, of);
        highs.forEach((high, at) => {
          const window = highs.slice(Math.max(0, at + 1 - of), at + 1);
          assert.equal(columns.add(1, high), window.filter(Boolean).length >= needed);
        });
      },
    ),
  );
});

test("the margin is three where nothing is known, shrinks as normal data accrue, and is one when the largest is rare enough", () => {
  assert.equal(marginOf(0, 1e-6), 3);
  assert.ok(marginOf(13, 1e-6) > 2.5, "13 independent windows are few");
  assert.equal(marginOf(1e6, 1e-6), 1);
  fc.assert(
    fc.property(fc.nat(1e6), fc.nat(1e6), (fewer, more) => {
      assert.ok(marginOf(fewer + more, 1e-5) <= marginOf(fewer, 1e-5));
    }),
  );
});
