import assert from "node:assert/strict";
import { describe, test } from "node:test";

import fc from "fast-check";

import { historyAddress, summaryOf } from "../live/history.ts";
import { pointerAt, scaleOf } from "../live/range-scale.ts";
import { penOf } from "./pens.ts";
import { Trace } from "./trace.ts";

describe("charts", () => {
  test("gaps do not count in the summary, and nothing has no summary", () => {
    assert.deepEqual(summaryOf([1, NaN, null, 5]), { min: 1, max: 5, mean: 3 });
    assert.equal(summaryOf([NaN, null]), undefined);
  });

  test("a trace runs one way, holds one hole at a time and stays bounded", () => {
    const point = fc.record({
      us: fc.integer({ min: 0, max: 1e9 }),
      value: fc.option(fc.integer(), { nil: null }),
    });
    fc.assert(
      fc.property(fc.array(point, { maxLength: 200 }), (points) => {
        const trace = new Trace();
        for (const { us, value } of points) trace.push(us, value);
        for (const [index, time] of trace.times.entries()) {
          const before = trace.times[index - 1];
          if (before !== undefined) {
            assert.ok(time > before);
            assert.ok(trace.values[index] !== null || trace.values[index - 1] !== null);
          }
        }
      }),
    );
    const long = new Trace();
    for (let us = 1; us < 150_000; us++) long.push(us, us);
    assert.ok(long.times.length <= 100_000);
    assert.equal(long.values.at(-1), 149_999);
  });

  test("a constant is drawn as far as it is proven, and a hole holds nothing", () => {
    const trace = new Trace();
    trace.push(1e6, 7);
    trace.hold(5e6);
    assert.deepEqual(trace.drawn(), [
      [1, 5],
      [7, 7],
    ]);
    assert.deepEqual(trace.times, [1], "what is proven is no sample");
    trace.push(6e6, 8);
    assert.deepEqual(trace.drawn(), [
      [1, 6],
      [7, 8],
    ]);
    trace.push(7e6, null);
    trace.hold(9e6);
    assert.deepEqual(trace.drawn()[0], [1, 6, 7]);
  });

  test("recorded points replace live ones of the same time; later live ones stay", () => {
    const trace = new Trace();
    trace.push(1e6, 1);
    trace.push(9e6, 9);
    const times = Float64Array.from([1e6, 2e6, 3e6]);
    trace.load({ times, values: Float64Array.from([5, NaN, 7]) });
    assert.deepEqual(trace.times, [1, 2, 3, 9]);
    assert.deepEqual(trace.values, [5, null, 7, 9]);
    trace.trim(2.5e6);
    assert.deepEqual(trace.times, [2, 3, 9]);
  });

  test("an address asks for no more columns than the server gives", () => {
    const address = historyAddress("/api", ["pump/1", "b"], { fromUs: 1.4, toUs: 2.6 }, 9_000);
    assert.equal(address, "/api/history?tag=pump%2F1&tag=b&from=1&to=3&columns=4096");
  });

  test("the normal range stands in the middle half of an indicator", () => {
    const scale = scaleOf({ low: 40, high: 80 });
    assert.deepEqual(scale, { from: 20, to: 100, bandFrom: 0.25, bandTo: 0.75 });
    assert.ok(scale);
    assert.deepEqual(pointerAt(scale, 60), { share: 0.5, beyond: "" });
    assert.deepEqual(pointerAt(scale, 120), { share: 1, beyond: "high" });
    assert.deepEqual(pointerAt(scale, 0), { share: 0, beyond: "low" });
    assert.equal(scaleOf({ low: null, high: null }), undefined);
    assert.equal(scaleOf({ low: null, high: 80 })?.bandFrom, 0);
    assert.equal(scaleOf({ low: 40, high: null })?.bandTo, 1);
  });

  test("eight pens, then the first again", () => {
    const property = (name: string): string => name;
    assert.equal(penOf(0, property).colour, "--pen-1");
    assert.deepEqual(penOf(1, property).dash, [8, 4]);
    assert.equal(penOf(8, property).colour, "--pen-1");
  });
});
