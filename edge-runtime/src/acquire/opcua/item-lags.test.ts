import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import type { Change } from "./intake.ts";
import { ItemLags, parseLagRun } from "./item-lags.ts";
import type { ItemPlan } from "./items.ts";

const nowUs = Date.UTC(2026, 0, 1, 12) * 1_000;
const minuteUs = 60_000_000;

function itemsOf(count: number): readonly ItemPlan[] {
  return Array.from({ length: count }, () => ({ samplingMs: 500 }) as ItemPlan);
}

function changeOf(item: number, behindUs: number, status = 0): Change {
  return {
    item,
    value: {
      ...{ value: null, statusCode: { value: status }, sourcePicoseconds: 0 },
      sourceTimestamp: new Date((nowUs - behindUs) / 1_000),
    },
  };
}

test("what a resume point holds of clocks that are behind is never less than they are", () => {
  const lags = fc.array(fc.integer({ min: 0, max: 3_000 }), { maxLength: 200 });
  fc.assert(
    fc.property(lags, (seconds) => {
      const items = itemsOf(seconds.length);
      const noted = new ItemLags(items, 1_000);
      noted.note(
        seconds.map((one, item) => changeOf(item, one * 1_000_000)),
        nowUs,
        () => 0,
      );
      assert.ok(noted.runs.length <= 64);
      const kept = JSON.parse(JSON.stringify(noted.runs)) as readonly unknown[];
      const runs = kept.map(parseLagRun).filter((run) => run !== undefined);
      const again = new ItemLags(items, 1_000, runs);
      for (const [item, one] of seconds.entries()) {
        assert.ok(again.behindUs(item) >= one * 1_000_000);
        assert.ok(noted.behindUs(item) < one * 1_000_000 + minuteUs);
      }
    }),
  );
});

test("machines with one clock each are one run each, and a clock that is set right is none", () => {
  const lags = new ItemLags(itemsOf(9), 1_000);
  const hourUs = 60 * minuteUs;
  lags.note(
    [0, 1, 2].map((item) => changeOf(item, hourUs - item)),
    nowUs,
    () => 0,
  );
  lags.note(
    [5, 6].map((item) => changeOf(item, 10 * minuteUs)),
    nowUs,
    () => 0,
  );
  lags.note([changeOf(3, 3_000_000), changeOf(8, hourUs, 0x8000_0000)], nowUs, () => 0);
  assert.deepEqual(lags.runs, [
    [0, 2, hourUs],
    [5, 6, 10 * minuteUs],
  ]);
  const { runs } = lags;
  lags.note([changeOf(1, hourUs - 90_000_000)], nowUs, () => 0);
  assert.equal(lags.runs, runs, "a message that came later is no other clock");
  lags.note(
    [0, 1, 2].map((item) => changeOf(item, 0)),
    nowUs,
    () => 0,
  );
  assert.deepEqual(lags.runs, [[5, 6, 10 * minuteUs]]);
});

test("a value that a subscription begins with says nothing of a clock, however long ago it was measured", () => {
  const lags = new ItemLags(itemsOf(2), 1_000);
  const weekUs = 7 * 24 * 60 * minuteUs;
  lags.note([changeOf(0, weekUs), changeOf(1, weekUs)], nowUs, (item) =>
    item === 0 ? nowUs - weekUs : NaN,
  );
  assert.deepEqual(lags.runs, []);
});
