import assert from "node:assert/strict";
import { test } from "node:test";

import { status } from "@millwright/wire-contract";
import fc from "fast-check";

import { SampleWatch } from "./sample-watch.ts";

const second = 1_000_000;

/** One sample of the only tag. */
function add(
  watch: SampleWatch,
  value: number,
  code: number,
  measuredUs: number,
  receivedUs: number,
): void {
  const rows = {
    count: 1,
    tag: Int32Array.of(0),
    measuredUs: Float64Array.of(measuredUs),
    value: Float64Array.of(value),
    status: Uint32Array.of(code),
  };
  watch.addRows(rows, 0, 1, Int32Array.of(0), receivedUs);
}

test("the mean of a stretch is that of the values weighted by how long they held", () => {
  const samples = fc.array(
    fc.record({
      value: fc.double({ min: -1e3, max: 1e3, noNaN: true }),
      afterS: fc.double({ min: 0.01, max: 3.9, noNaN: true }),
    }),
    { minLength: 2, maxLength: 50 },
  );
  fc.assert(
    fc.property(samples, (all) => {
      const watch = new SampleWatch([1], 1);
      const copy: { readonly atUs: number; readonly value: number }[] = [];
      let atUs = second;
      for (const { value, afterS } of all) {
        atUs += Math.round(afterS * second);
        copy.push({ atUs, value });
        add(watch, value, 0, atUs, atUs);
      }
      let [sum, weight] = [0, 0];
      copy.forEach(({ atUs: from, value }, at) => {
        const next = copy[at + 1];
        if (next === undefined) return;
        sum += value * (next.atUs - from);
        weight += next.atUs - from;
      });
      assert.ok(Math.abs(watch.takeMean(0) - sum / weight) < 1e-6);
      assert.equal(watch.takeMean(0), copy.at(-1)?.value, "what holds, where nothing came since");
    }),
  );
});

test("a value that is bad, or no number, changes nothing but that the tag is not well", () => {
  const watch = new SampleWatch([1], 1);
  add(watch, 5, status.good, second, second);
  add(watch, 999, status.badSensorFailure, 2 * second, 2 * second);
  add(watch, NaN, status.good, 3 * second, 3 * second);
  assert.equal(watch.last[0], 5);
  assert.equal(watch.goodUs[0], second);
  assert.equal(watch.good[0], 0);
  add(watch, 7, status.uncertain, 4 * second, 4 * second);
  assert.equal(watch.last[0], 5, "one that is uncertain is not learnt from");
  assert.equal(watch.goodUs[0], 4 * second, "and is not missing either");
});

test("the steepest change between two samples is told once", () => {
  const watch = new SampleWatch([1], 1);
  [0, 1, 5, 6].forEach((value, at) => {
    add(watch, value, 0, (at + 1) * second, (at + 1) * second);
  });
  assert.equal(watch.takeRate(0), 4);
  assert.equal(watch.takeRate(0), 0);
});

test("a value rests from the moment it moved last, by the clock of the gateway", () => {
  const watch = new SampleWatch([1], 1);
  [3, 3, 4, 4, 4].forEach((value, at) => {
    // The device's clock stands still: what counts is when it came.
    add(watch, value, 0, second, (at + 1) * second);
  });
  assert.equal(watch.changedUs[0], 3 * second);
});

test("the largest modified z-score of single values is kept until it is asked for", () => {
  const watch = new SampleWatch([1], 1);
  watch.median[0] = 10;
  watch.perSigma[0] = 1 / 2;
  for (const [at, value] of [10, 18, 11].entries()) {
    add(watch, value, 0, (at + 1) * second, (at + 1) * second);
  }
  assert.equal(watch.takeScore(0), 4);
  assert.equal(watch.takeScore(0), 0.5, "of the value that holds");
});
