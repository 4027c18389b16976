import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { deviationAt } from "./deviation.ts";

/** A bucket of these good samples, its sums as a plain loop makes them. */
function bucketOf(values: readonly number[]): Parameters<typeof deviationAt>[0] {
  return {
    good: Uint32Array.of(values.length),
    sum: Float64Array.of(values.reduce((sum, value) => sum + value, 0)),
    sumSquares: Float64Array.of(values.reduce((sum, value) => sum + value * value, 0)),
    min: Float64Array.of(Math.min(...values)),
    max: Float64Array.of(Math.max(...values)),
  };
}

/** In two passes, which lose no digits. */
function exactly(values: readonly number[]): number {
  const average = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - average) ** 2, 0);
  return Math.sqrt(squares / values.length);
}

test("mean and deviation are those of the samples", () => {
  assert.deepEqual(deviationAt(bucketOf([2, 4, 4, 4, 5, 5, 7, 9]), 0), {
    average: 5,
    deviation: 2,
  });
  const value = fc.double({ min: -100, max: 100, noNaN: true });
  fc.assert(
    fc.property(fc.array(value, { minLength: 1, maxLength: 60 }), (values) => {
      const found = deviationAt(bucketOf(values), 0);
      // Tiny values whose squares are 0 say nothing.
      if (found === undefined) return;
      assert.ok(Math.abs(found.deviation - exactly(values)) < 1e-4);
    }),
  );
});

test("values far from 0 and near each other have a deviation that their range allows", () => {
  const near = [1e9 + 0.001, 1e9 + 0.002, 1e9 + 0.003, 1e9 + 0.003];
  const { good, sum, sumSquares } = bucketOf(near);
  const plain = Math.sqrt(
    Math.max(0, (sumSquares[0] ?? 0) / (good[0] ?? 1) - ((sum[0] ?? 0) / (good[0] ?? 1)) ** 2),
  );
  assert.ok(plain === 0 || plain > 1, `sums alone would say ${plain}`);
  const found = deviationAt(bucketOf(near), 0)?.deviation ?? NaN;
  assert.ok(found >= 0.002 / Math.sqrt(8) - 1e-6 && found <= 0.001 + 1e-6, String(found));
  assert.equal(deviationAt(bucketOf([1e9 + 0.1, 1e9 + 0.1, 1e9 + 0.1]), 0)?.deviation, 0);
});

test("nothing is said without a good sample, and of kinds whose sums are not kept", () => {
  assert.equal(deviationAt({ ...bucketOf([1]), good: Uint32Array.of(0) }, 0), undefined);
  const none = { sum: Float64Array.of(0), sumSquares: Float64Array.of(0) };
  assert.equal(deviationAt({ ...bucketOf([3, 5]), ...none }, 0), undefined);
  assert.deepEqual(deviationAt(bucketOf([0, 0]), 0), { average: 0, deviation: 0 });
});
