import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { isTimeZone, shiftEndUs, type ShiftPlan } from "./shifts.ts";

const three: ShiftPlan = { beginMin: [6 * 60, 14 * 60, 22 * 60], timeZone: "Europe/Berlin" };

function endOf(plan: ShiftPlan, now: string): string {
  return new Date(shiftEndUs(plan, Date.parse(now) * 1_000) / 1_000).toISOString();
}

test("a shift ends when the next begins, on the clocks of the plant", () => {
  assert.equal(endOf(three, "2026-11-22T12:59:59.999Z"), "2026-11-22T13:00:00.000Z");
  assert.equal(endOf(three, "2026-11-22T13:00:00.000Z"), "2026-11-22T21:00:00.000Z");
  assert.equal(endOf(three, "2026-11-22T23:30:00.000Z"), "2026-11-23T05:00:00.000Z");
  assert.equal(endOf(three, "2026-12-31T22:00:00.000Z"), "2027-01-01T05:00:00.000Z");
  const india = { beginMin: [7 * 60 + 30], timeZone: "Asia/Kolkata" };
  assert.equal(endOf(india, "2026-11-22T02:00:00.000Z"), "2026-11-23T02:00:00.000Z");
});

test("the night in which clocks change is an hour longer or shorter", () => {
  assert.equal(endOf(three, "2026-10-24T20:00:00.000Z"), "2026-10-25T05:00:00.000Z", "9 h");
  assert.equal(endOf(three, "2026-03-28T21:00:00.000Z"), "2026-03-29T04:00:00.000Z", "7 h");
});

test("a time that comes twice is meant the first time, and one that is left out comes as much later", () => {
  const early = { beginMin: [2 * 60 + 30], timeZone: "Europe/Berlin" };
  assert.equal(endOf(early, "2026-10-24T12:00:00.000Z"), "2026-10-25T00:30:00.000Z");
  assert.equal(endOf(early, "2026-10-25T00:30:00.000Z"), "2026-10-26T01:30:00.000Z");
  assert.equal(endOf(early, "2026-03-28T12:00:00.000Z"), "2026-03-29T01:30:00.000Z");
  const west = { beginMin: [90], timeZone: "America/New_York" };
  assert.equal(endOf(west, "2026-10-31T20:00:00.000Z"), "2026-11-01T05:30:00.000Z");
});

test("the end is later than now and at a begin, and nobody begins between", () => {
  const plan = fc.record({
    beginMin: fc.uniqueArray(fc.integer({ min: 0, max: 1_439 }), { minLength: 1, maxLength: 6 }),
    timeZone: fc.constantFrom(
      ...["Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe"],
      ...["Asia/Kathmandu", "Pacific/Apia", "UTC"],
    ),
  });
  const seconds = fc.integer({ min: 1_700_000_000, max: 1_900_000_000 });
  fc.assert(
    fc.property(plan, seconds, (of, nowS) => {
      const endUs = shiftEndUs(of, nowS * 1e6);
      assert.ok(endUs > nowS * 1e6);
      // An hour left out in spring and one that comes twice in autumn are the most that a day is longer.
      assert.ok(endUs - nowS * 1e6 <= 25 * 3_600e6);
      // From any moment before its end the shift ends at the same time.
      assert.equal(shiftEndUs(of, endUs - 1), endUs);
      assert.equal(shiftEndUs(of, Math.floor((nowS * 1e6 + endUs) / 2)), endUs);
    }),
    { numRuns: 300 },
  );
});

test("a time zone is one that the machine knows", () => {
  assert.ok(isTimeZone("Europe/Berlin"));
  assert.ok(!isTimeZone("Europe/Kreuzberg"));
  assert.ok(!isTimeZone(""));
});
