import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";
import { PlayedClock, seededRandom } from "@millwright/kit";
import type { ClockRecord } from "@millwright/wire-contract";

import { ClockSegments } from "./clock-segments.ts";

const hourUs = 3_600_000_000;
/** 1970-01-01 00:00:10: a box without a battery, ten seconds after power came. */
const bootUs = 10_000_000;

interface Played {
  readonly clock: PlayedClock;
  readonly segments: ClockSegments;
  set: boolean;
}

function play(startUs: number, set = false): Played {
  const clock = new PlayedClock(startUs);
  const played = { clock, set };
  const segments = new ClockSegments(clock, seededRandom("clock"), () => played.set);
  return Object.assign(played, { segments });
}

/** Without what is random and what is absent. */
function saying(records: readonly ClockRecord[]): readonly unknown[] {
  return records.map(({ disciplined, offsetUs, cause, stepUs = 0 }) => [
    cause ?? "corrected",
    disciplined,
    offsetUs,
    stepUs,
  ]);
}

test("a clock that is unset at boot and set after an hour corrects what was stamped before", async () => {
  const played = play(bootUs);
  const atBoot = played.segments.segment;
  await played.clock.advance(3_600_000);
  assert.equal(played.segments.follow(), false);
  const farUs = 56 * 365 * 24 * hourUs;
  played.clock.stepWall(farUs);
  assert.equal(played.segments.follow(), true);
  const stepped = played.segments.segment;
  await played.clock.advance(30_000);
  played.set = true;
  assert.equal(played.segments.follow(), true);
  const records = played.segments.takeRecords();
  assert.deepEqual(saying(records), [
    ["started", false, 0, 0],
    ["stepped", false, 0, farUs],
    ["set", true, 0, 0],
    ["corrected", true, farUs, 0],
    ["corrected", true, 0, 0],
  ]);
  assert.deepEqual(
    records.slice(-2).map(({ segment }) => segment),
    [atBoot, stepped],
  );
  assert.deepEqual(played.segments.takeRecords(), []);
});

test("a step back and a step forward are two segments, and neither rewrites the other", async () => {
  const played = play(Date.UTC(2026, 0) * 1_000, true);
  const first = played.segments.segment;
  played.clock.stepWall(-hourUs);
  assert.equal(played.segments.follow(), true);
  await played.clock.advance(1_000);
  played.clock.stepWall(hourUs);
  assert.equal(played.segments.follow(), true);
  assert.notEqual(played.segments.segment, first);
  assert.deepEqual(saying(played.segments.takeRecords()), [
    ["started", true, 0, 0],
    ["stepped", true, 0, -hourUs],
    ["stepped", true, 0, hourUs],
  ]);
});

test("a clock that drifts without a step begins a segment once it has moved by more than 100 ms", async () => {
  const played = play(Date.UTC(2026, 0) * 1_000);
  const began: number[] = [];
  for (let second = 0; second < 50; second++) {
    await played.clock.advance(1_000);
    played.clock.stepWall(5_000);
    if (played.segments.follow()) began.push(second);
  }
  assert.deepEqual(began, [20, 41]);
  assert.deepEqual(saying(played.segments.takeRecords()).slice(1), [
    ["drifted", false, 0, 105_000],
    ["drifted", false, 0, 105_000],
  ]);
});

test("a clock that loses what sets it says so, and is corrected when it is set again", async () => {
  const played = play(Date.UTC(2026, 0) * 1_000, true);
  played.set = false;
  assert.equal(played.segments.follow(), true);
  await played.clock.advance(60_000);
  played.clock.stepWall(-3_000_000);
  played.set = true;
  // The step and what sets it are seen together.
  assert.equal(played.segments.follow(), true);
  assert.deepEqual(saying(played.segments.takeRecords()), [
    ["started", true, 0, 0],
    ["unset", false, 0, 0],
    ["stepped", true, 0, -3_000_000],
    ["corrected", true, -3_000_000, 0],
  ]);
});

test("however a clock is set, stamps with their corrections are within 100 ms of the clock that was set in the end", async () => {
  const move = fc.oneof(
    fc.record({ kind: fc.constant("step" as const), byUs: fc.integer({ min: -1e13, max: 1e13 }) }),
    fc.record({ kind: fc.constant("wait" as const), ms: fc.integer({ min: 1, max: 1e6 }) }),
    fc.record({
      kind: fc.constant("slew" as const),
      byUs: fc.integer({ min: -50_000, max: 50_000 }),
    }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(move, { maxLength: 30 }), async (moves) => {
      const played = play(bootUs);
      const { clock, segments } = played;
      const stamps: { segment: number; us: number; ms: number }[] = [];
      const stamp = (): void => {
        segments.follow();
        stamps.push({ segment: segments.segment, us: clock.nowUs(), ms: clock.monotonicMs() });
      };
      for (const one of moves) {
        stamp();
        if (one.kind === "wait") await clock.advance(one.ms);
        else clock.stepWall(one.byUs);
      }
      played.set = true;
      stamp();
      const offsets = new Map<number, number>();
      for (const { segment, offsetUs } of segments.takeRecords()) offsets.set(segment, offsetUs);
      const rightUs = clock.nowUs() - clock.monotonicMs() * 1_000;
      for (const { segment, us, ms } of stamps) {
        const offsetUs = offsets.get(segment);
        assert(offsetUs !== undefined, "each segment has a record");
        assert(Math.abs(us + offsetUs - (rightUs + ms * 1_000)) <= 100_001);
      }
    }),
    { numRuns: 100 },
  );
});
