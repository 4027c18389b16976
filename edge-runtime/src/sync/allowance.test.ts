import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { Allowance } from "./allowance.ts";

test("over any sends the mean never passes the rate by more than a second and one frame", () => {
  const sends = fc.array(
    fc.record({
      afterMs: fc.integer({ min: 0, max: 2_000 }),
      bytes: fc.integer({ min: 1, max: 40_000 }),
    }),
    { maxLength: 100 },
  );
  fc.assert(
    fc.property(fc.integer({ min: 1_000, max: 100_000 }), sends, (bytesPerS, steps) => {
      const allowance = new Allowance(bytesPerS);
      let nowMs = 5_000;
      let sent = 0;
      for (const { afterMs, bytes } of steps) {
        nowMs += afterMs;
        if (allowance.dueInMs(nowMs) > 0) continue;
        allowance.spend(bytes, nowMs);
        sent += bytes;
        assert(sent <= ((nowMs - 5_000) / 1_000 + 1) * bytesPerS + 40_000);
      }
    }),
  );
});

test("what it says to wait is enough and not more", () => {
  const allowance = new Allowance(1_000);
  allowance.spend(3_000, 0);
  const dueInMs = allowance.dueInMs(0);
  assert(allowance.dueInMs(dueInMs - 2) > 0);
  assert.equal(allowance.dueInMs(dueInMs), 0);
});

test("a link that is not metered never waits", () => {
  const allowance = new Allowance(Infinity);
  allowance.spend(1e12, 0);
  assert.equal(allowance.dueInMs(0), 0);
});
