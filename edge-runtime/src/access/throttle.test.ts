import assert from "node:assert/strict";
import { test } from "node:test";

import { addressRule, personRule, Throttle, waitAfterMs, type ThrottleRule } from "./throttle.ts";

const ruleOf = (key: string): ThrottleRule =>
  key.startsWith("address") ? addressRule : personRule;

test("the first tries are free, then the wait doubles up to an hour", () => {
  const waits = [1, 4, 5, 6, 7, 14, 15, 100].map((count) => waitAfterMs(count, personRule) / 1_000);
  assert.deepEqual(waits, [0, 0, 5, 10, 20, 2_560, 3_600, 3_600]);
});

test("whoever tries without end gets at most 37 tries at a PIN in the first day", () => {
  const throttle = new Throttle([], ruleOf, 0);
  let tries = 0;
  for (let nowMs = 0; nowMs < 86_400_000; nowMs += 1_000) {
    if (throttle.waitMs(["away ada"], nowMs) > 0) continue;
    throttle.fail("away ada", personRule, nowMs);
    tries++;
  }
  assert.ok(tries <= 37, `${tries} tries`);
});

test("the longest wait of all that are asked for counts", () => {
  const throttle = new Throttle([], ruleOf, 0);
  for (let at = 0; at < 5; at++) throttle.fail("here ada", personRule, 0);
  assert.equal(throttle.waitMs(["here ada", "address ::1"], 1_000), 4_000);
  assert.equal(throttle.waitMs(["address ::1"], 1_000), 0);
  throttle.clear("here ada");
  assert.equal(throttle.waitMs(["here ada", "address ::1"], 1_000), 0);
});

test("after a restart the wait is as long as before and begins anew", () => {
  const before = new Throttle([], ruleOf, 0);
  for (let at = 0; at < 7; at++) before.fail("away ada", personRule, 0);
  assert.equal(before.waitMs(["away ada"], 0), 20_000);
  // The monotonic clock of a new process begins anywhere.
  const after = new Throttle(before.saved(), ruleOf, 77_000);
  assert.equal(after.waitMs(["away ada"], 77_000), 20_000);
  after.fail("away ada", personRule, 97_000);
  assert.equal(after.waitMs(["away ada"], 97_000), 40_000);
});

test("what is remembered has a bound, and the oldest goes", () => {
  const throttle = new Throttle([], ruleOf, 0);
  for (let at = 0; at < 600; at++) throttle.fail(`address 10.0.0.${at}`, addressRule, at);
  assert.equal(throttle.saved().length, 512);
  assert.equal(throttle.saved()[0]?.key, "address 10.0.0.88");
});
