import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";
import type { Complete, RoadLane } from "@millwright/wire-contract";

import { advance, type Completeness } from "./completeness.ts";

const nothing: Completeness = { upToUs: 0, criticalSeq: 0, waiting: [] };
const at = (upToUs: number, criticalSeq: number, liveSeq: number, historySeq = 0): Complete => ({
  upToUs,
  criticalSeq,
  liveSeq,
  historySeq,
});
const marks = (
  critical: number,
  live: number,
  history = 0,
): { lane: RoadLane; storedSeq: number }[] => [
  { lane: "critical", storedSeq: critical },
  { lane: "live", storedSeq: live },
  { lane: "history", storedSeq: history },
];

test("a time holds once all lanes have reached the heads that were named with it", () => {
  const named = advance(nothing, [at(10, 1, 5)], marks(1, 4));
  assert.deepEqual(named, { upToUs: 0, criticalSeq: 0, waiting: [at(10, 1, 5)] });
  assert.equal(advance(named, [], marks(0, 5)).upToUs, 0);
  assert.deepEqual(advance(named, [], marks(1, 5)), {
    upToUs: 10,
    criticalSeq: 1,
    waiting: [],
  });
});

test("a lane that lags behind all the time does not keep the time from moving on", () => {
  let known = nothing;
  for (let second = 1; second <= 100; second++) {
    // History is always fifty behind what was named last.
    known = advance(
      known,
      [at(second, second, second, second)],
      marks(second, second, second - 50),
    );
    assert(known.waiting.length <= 2);
  }
  assert(known.upToUs >= 40 && known.upToUs <= 50, `${known.upToUs}`);
});

test("a clock that was set back takes the time back, too", () => {
  const known = advance(nothing, [at(1_000, 1, 1), at(400, 1, 2)], marks(1, 2));
  assert.deepEqual([known.upToUs, known.criticalSeq], [400, 1]);
});

test("whatever is named and reached in whatever order, the time was named with heads that are reached", () => {
  const step = fc.record({
    critical: fc.nat(3),
    live: fc.nat(3),
    history: fc.nat(3),
    lag: fc.nat(5),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const heads = { critical: 0, live: 0, history: 0 };
      const told: Complete[] = [];
      let reached = 0;
      let known = nothing;
      for (const [index, { critical, live, history, lag }] of steps.entries()) {
        heads.critical += critical;
        heads.live += live;
        heads.history += history;
        const one = at(index + 1, heads.critical, heads.live, heads.history);
        told.push(one);
        const stored = marks(heads.critical, heads.live, Math.max(reached, heads.history - lag));
        known = advance(known, [one], stored);
        reached = Math.max(reached, heads.history - lag);
        const named = told.find(({ upToUs }) => upToUs === known.upToUs);
        assert(known.upToUs === 0 || (named?.historySeq ?? Infinity) <= reached);
        if (lag === 0) assert.equal(known.upToUs, index + 1);
      }
    }),
  );
});
