import assert from "node:assert/strict";
import { test } from "node:test";

import { seededRandom } from "@millwright/kit";

import { Comparison } from "./comparison.ts";
import { drifting, DriftWatch, stabilityIndex, steady } from "./drift.ts";
import { ScoreGate } from "./score-gate.ts";

const histogram = { edges: [0.25, 0.5, 0.75], shares: [0.25, 0.25, 0.25, 0.25] };
const minuteUs = 60_000_000;

test("the stability index is zero for the same shares and as published for others", () => {
  assert.equal(stabilityIndex([1, 1, 2], [10, 10, 20]), 0);
  // (0.4 − 0.5) ln(0.4 / 0.5) + (0.6 − 0.5) ln(0.6 / 0.5)
  assert.ok(Math.abs(stabilityIndex([1, 1], [4, 6]) - 0.040547) < 1e-6);
  assert.ok(Number.isFinite(stabilityIndex([1, 1], [1, 0])));
});

test("drift is judged after a shift: steady for the same population, drifting for one that moved", () => {
  const random = seededRandom("drift");
  const judged = (shift: number): number[] => {
    const watch = new DriftWatch(histogram);
    const found: number[] = [];
    for (let minute = 0; minute < 3_000; minute++) {
      const index = watch.add(minute * minuteUs, random.next() + shift);
      if (index !== undefined) found.push(index);
    }
    return found;
  };
  const same = judged(0);
  assert.ok(same.length >= 2 && same.every((index) => index < steady), String(same));
  const moved = judged(0.4);
  assert.ok(moved.length >= 2 && moved.every((index) => index > drifting), String(moved));
});

test("a gate goes on with k of the last n over the limit, and off below its own limit", () => {
  const gate = new ScoreGate({ on: 10, off: 7, persistence: { k: 2, n: 3 }, budgetPerDay: 1 });
  const said = [12, 5, 12, 9, 8, 6, 12].map((score) => {
    const ratio = gate.judge(0, score);
    return `${ratio >= 1 ? "on" : "off"} ${ratio.toFixed(2)}`;
  });
  assert.deepEqual(said, [
    "off 0.99",
    "off 0.50",
    "on 1.20",
    "on 1.00",
    "on 1.00",
    "off 0.60",
    "off 0.99",
  ]);
});

test("beyond the episodes a day that a bundle was promised to tell, the next must be clearer, until the day is over", () => {
  const hourUs = 60 * minuteUs;
  const begun = (budgetPerDay: number, score: number): number[] => {
    const gate = new ScoreGate({ on: 10, off: 7, persistence: { k: 1, n: 1 }, budgetPerDay });
    const hours: number[] = [];
    for (let hour = 0; hour < 48; hour++) {
      const before = gate.on;
      const ratio = gate.judge(hour * hourUs, hour % 2 === 0 ? score : 0);
      assert.equal(ratio >= 1, gate.on);
      if (gate.on && !before) hours.push(hour);
    }
    return hours;
  };
  // Three times its limit: the fifth beyond the budget would have to exceed 1.3^5.
  assert.deepEqual(begun(2, 30), [0, 2, 4, 6, 8, 10, 12, 26, 28, 30, 32, 34, 36, 38]);
  // Four times its limit is told whatever was promised, and with a budget for it, everything is.
  assert.equal(begun(2, 41).length, 24);
  assert.equal(begun(100, 11).length, 24);
});

test("a shadow is compared window by window; a disagreement is told with its times, the sum each hour", () => {
  const comparison = new Comparison("1.0.0");
  const told: string[] = [];
  const secondUs = 1_000_000;
  for (let second = 1; second <= 3_601; second++) {
    const atUs = second * secondUs;
    const apart = second >= 100 && second < 110;
    // Either may answer first.
    const sides =
      second % 2 === 0 ? (["service", "shadow"] as const) : (["shadow", "service"] as const);
    for (const side of sides) {
      for (const { what, comparison: body } of comparison.add(
        side,
        atUs,
        side === "service" || !apart,
      )) {
        told.push(
          `${what} ${body.fromUs / secondUs}..${body.toUs / secondUs}: ${body.agreed} of ${body.windows}`,
        );
      }
    }
  }
  assert.deepEqual(told, ["disagreed 100..110: 0 of 10", "compared 1..3601: 3591 of 3601"]);
});
