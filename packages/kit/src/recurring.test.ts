import assert from "node:assert/strict";
import { test } from "node:test";

import { PlayedClock } from "./clock.ts";
import { recurring } from "./recurring.ts";

const deadline = AbortSignal.timeout(60_000);

const always = { everyMs: 1_000, firstMs: 0 };

test("a work is done at the start and again after each rest, and not after the stop, which waits for it", async () => {
  const clock = new PlayedClock();
  let begun = 0;
  let ended = 0;
  const service = recurring("look", clock, always, async () => {
    begun++;
    await clock.sleep(300, deadline);
    ended++;
  });
  await service.start();
  assert.equal(begun, 1, "the start does not wait for it");
  await clock.advance(1_299);
  assert.deepEqual([begun, ended], [1, 1]);
  await clock.advance(1);
  assert.deepEqual([begun, ended], [2, 1]);
  let stopped = false;
  const stopping = service.stop(deadline).then(() => (stopped = true));
  await clock.advance(299);
  assert.equal(stopped, false);
  await clock.advance(1);
  await stopping;
  await clock.advance(10_000);
  assert.deepEqual([begun, ended], [2, 2]);
});

test("a work that need not be done at once waits for its first time, and may be stopped before it", async () => {
  const clock = new PlayedClock();
  const times: number[] = [];
  const make = () =>
    recurring("look", clock, { everyMs: 1_000, firstMs: 400 }, () => {
      times.push(clock.monotonicMs());
    });
  const service = make();
  await service.start();
  await clock.advance(2_000);
  assert.deepEqual(times, [400, 1_400]);
  await service.stop(deadline);
  const other = make();
  await other.start();
  await other.stop(deadline);
  await clock.advance(5_000);
  assert.equal(times.length, 2);
});

test("a work that throws breaks its service, at the first time and later", async () => {
  const clock = new PlayedClock();
  for (const good of [0, 2]) {
    let times = 0;
    const service = recurring("look", clock, always, () => {
      if (times++ === good) throw new Error("a defect");
    });
    await service.start();
    await clock.advance(5_000);
    await assert.rejects(service.broken, /a defect/);
    await service.stop(deadline);
    assert.equal(times, good + 1, "what is broken is not done again");
  }
});
