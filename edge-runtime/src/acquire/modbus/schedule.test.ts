import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { Absences } from "./absences.ts";
import { Schedule, ticksWithin } from "./schedule.ts";

test("a schedule makes each tick once, or says that it was missed", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 50, max: 5_000 }),
      fc.array(fc.nat(20_000), { maxLength: 50 }),
      (everyMs, steps) => {
        const schedule = new Schedule(everyMs);
        let nowMs = 0;
        let ticks = 0;
        for (const step of steps) {
          nowMs += step;
          const missed = schedule.take(nowMs);
          if (missed !== undefined) ticks += missed.count + 1;
          assert.ok(schedule.nextMs > nowMs);
          assert.equal(schedule.nextMs % everyMs, 0, "ticks stay aligned");
        }
        if (steps.length > 0) assert.equal(ticks, Math.floor(nowMs / everyMs) + 1);
      },
    ),
  );
});

test("missed ticks within a span are those that a walk over all of them finds", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 50, max: 5_000 }),
      fc.nat(200),
      fc.nat(100),
      fc.integer({ min: -1_000, max: 500_000 }),
      fc.nat(500_000),
      (everyMs, count, at, fromMs, span) => {
        const missed = { count, fromMs: at * everyMs, toMs: (at + count) * everyMs };
        const toMs = fromMs + span;
        const walked = Array.from({ length: count }, (_, tick) => (at + tick) * everyMs);
        assert.equal(
          ticksWithin(missed, everyMs, fromMs, toMs),
          walked.filter((tickMs) => tickMs >= fromMs && tickMs <= toMs).length,
        );
      },
    ),
  );
});

test("each point of a unit that is away is told once in each spell, and charged after that", () => {
  const absences = new Absences(4);
  assert.equal(absences.begin(7), true);
  assert.equal(absences.begin(7), false, "it is known");
  assert.deepEqual(absences.part(7, [0, 1]), { toTell: [0, 1], toCharge: [] });
  assert.deepEqual(absences.part(7, [1, 2]), { toTell: [2], toCharge: [1] });
  assert.deepEqual(absences.units, [7]);
  assert.equal(absences.end(7), true);
  assert.equal(absences.end(7), false);
  assert.deepEqual(absences.units, []);
  absences.begin(9);
  absences.begin(7);
  assert.deepEqual(absences.part(7, [0, 1]), { toTell: [0, 1], toCharge: [] }, "a new spell");
});
