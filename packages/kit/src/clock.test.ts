import assert from "node:assert/strict";
import { test } from "node:test";

import { PlayedClock, systemClock } from "./clock.ts";

const never = new AbortController().signal;

test("played sleepers wake in the order of their due time, each seeing its own moment", async () => {
  const clock = new PlayedClock(0);
  const woken: [string, number][] = [];
  for (const [name, ms] of [
    ["b", 20],
    ["a", 10],
    ["c", 20],
  ] as const) {
    void clock.sleep(ms, never).then(() => woken.push([name, clock.monotonicMs()]));
  }
  await clock.advance(100);
  assert.deepEqual(woken, [
    ["a", 10],
    ["b", 20],
    ["c", 20],
  ]);
  assert.equal(clock.monotonicMs(), 100);
});

test("a sleeper that goes to sleep again within an advance is woken again", async () => {
  const clock = new PlayedClock(0);
  let turns = 0;
  void (async () => {
    for (;;) {
      await clock.sleep(10, never);
      turns++;
    }
  })();
  await clock.advance(1_000);
  assert.equal(turns, 100);
});

test("stepping the wall does not wake sleepers and does not move monotonic time", async () => {
  const clock = new PlayedClock(1_000_000);
  let woken = false;
  void clock.sleep(10, never).then(() => (woken = true));
  clock.stepWall(-3_600_000_000);
  await clock.advance(5);
  assert.equal(woken, false);
  assert.equal(clock.monotonicMs(), 5);
  assert.equal(clock.nowUs(), 1_000_000 + 5_000 - 3_600_000_000);
});

test("an alarm rings once, and not when it was stopped, on both clocks", async () => {
  const played = new PlayedClock();
  for (const clock of [played, systemClock]) {
    const rung: string[] = [];
    clock.after(1, () => rung.push("kept"));
    clock.after(1, () => rung.push("stopped"))();
    if (clock === played) await played.advance(10);
    else await systemClock.sleep(20, never);
    assert.deepEqual(rung, ["kept"]);
  }
});

test("an aborted sleep rejects with the reason, on both clocks", async () => {
  for (const clock of [new PlayedClock(), systemClock]) {
    const stop = new AbortController();
    const sleeping = clock.sleep(60_000, stop.signal);
    stop.abort(new Error("enough"));
    await assert.rejects(sleeping, /enough/);
    await assert.rejects(clock.sleep(1, stop.signal), /enough/);
  }
});
