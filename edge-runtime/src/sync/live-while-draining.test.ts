import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";

import { PlayedClock, seededRandom, silentLog } from "@millwright/kit";

import { TestHub } from "./test-hub.ts";
import { TestOrders } from "./test-orders.ts";
import { about, quietBeat, TestOutbox } from "./test-outbox.ts";
import { createUplink } from "./uplink.ts";

/** A link of 160 kbit/s, as mobile contracts cap it; history frames are of the size that minutes of samples take. */
const bytesPerS = 20_000;
const historyBytes = 100_000;
const historyFrames = 20;
const liveBytes = 400;
/** Longer than the drain takes: 20 × 100 kB over what history may have of the link. */
const secondsMax = 150;

interface Outcome {
  /** Of each live frame that was sealed while history drained: from sealed to stored, ms. */
  readonly lateMs: readonly number[];
  readonly bytesPerS: number;
}

/** Days of history wait; each second something happens. */
async function drain(context: TestContext, historyShare: number): Promise<Outcome> {
  const clock = new PlayedClock();
  const hub = new TestHub(clock);
  const outbox = new TestOutbox();
  outbox.nowUs = clock.nowUs();
  const uplink = createUplink({
    outbox,
    orders: new TestOrders(),
    road: hub,
    gateway: about,
    clock,
    random: seededRandom("drain"),
    log: silentLog,
    beat: () => quietBeat(clock),
    link: { bytesPerSMax: bytesPerS, historyShare },
  });
  outbox.seal("history", historyFrames, historyBytes);
  await uplink.start();
  context.after(() => uplink.stop(AbortSignal.timeout(1_000)));
  const sealedMs: number[] = [];
  const lateMs: number[] = [];
  const fromMs = clock.monotonicMs();
  while (hub.stored("history").length < historyFrames) {
    assert.ok(clock.monotonicMs() - fromMs < secondsMax * 1_000, "history drains");
    if (
      lateMs.length === sealedMs.length &&
      clock.monotonicMs() - (sealedMs.at(-1) ?? 0) >= 1_000
    ) {
      outbox.nowUs = clock.nowUs();
      sealedMs.push(clock.monotonicMs());
      outbox.seal("live", 1, liveBytes);
    }
    await clock.advance(50);
    hub.store();
    if (hub.stored("live").length > lateMs.length) {
      lateMs.push(clock.monotonicMs() - (sealedMs.at(-1) ?? 0));
    }
  }
  const bytes = historyFrames * historyBytes + lateMs.length * liveBytes;
  return { lateMs, bytesPerS: (bytes * 1_000) / (clock.monotonicMs() - fromMs) };
}

test("while history drains over a capped link, live samples are stored within a second", async (context) => {
  const { lateMs, bytesPerS: used } = await drain(context, 0.8);
  assert.ok(lateMs.length > 30, `${lateMs.length} live frames`);
  assert.ok(Math.max(...lateMs) < 1_000, `the latest took ${Math.max(...lateMs)} ms`);
  assert.ok(used < bytesPerS * 1.05, `${used} bytes a second is more than the link may carry`);
});

test("control: where history may take the whole link, live samples wait for its frames", async (context) => {
  const { lateMs } = await drain(context, 1);
  assert.ok(Math.max(...lateMs) >= 1_000, `the latest took ${Math.max(...lateMs)} ms`);
});
