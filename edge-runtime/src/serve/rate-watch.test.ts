import assert from "node:assert/strict";
import { test } from "node:test";

import { PlayedClock } from "@millwright/kit";

import { RateWatch } from "./rate-watch.ts";

const deadline = AbortSignal.timeout(60_000);

test("rates are those of the last ten seconds: a group once in five is a steady rate, and a cut shows as zero", async () => {
  const clock = new PlayedClock();
  const counts = { acquired: 0, told: 0 };
  const watch = new RateWatch(clock, () => ({ ...counts }));
  await watch.service.start();
  assert.equal(watch.rates, undefined, "one look is no rate");
  const pass = async (seconds: number, told: number): Promise<void> => {
    for (let second = 1; second <= seconds; second++) {
      counts.acquired += 640;
      if (second % 5 === 0) counts.told += told;
      await clock.advance(1_000);
    }
  };
  await pass(30, 300);
  assert.deepEqual(watch.rates, { acquiredPerS: 640, toldPerS: 60 });
  await pass(5, 0);
  assert.deepEqual(watch.rates, { acquiredPerS: 640, toldPerS: 30 });
  await pass(5, 0);
  assert.deepEqual(watch.rates, { acquiredPerS: 640, toldPerS: 0 });
  await watch.service.stop(deadline);
});

test("where there is no hub, nothing is said of what goes out", async () => {
  const clock = new PlayedClock();
  let acquired = 0;
  const watch = new RateWatch(clock, () => ({ acquired: (acquired += 5), told: undefined }));
  await watch.service.start();
  await clock.advance(3_000);
  assert.deepEqual(watch.rates, { acquiredPerS: 5 });
  await watch.service.stop(deadline);
});
