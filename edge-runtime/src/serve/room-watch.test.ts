import assert from "node:assert/strict";
import { test } from "node:test";

import { PlayedClock } from "@millwright/kit";

import { RoomWatch } from "./room-watch.ts";

test("the room that is left is reckoned again and again, and is unknown when nothing says it", async () => {
  const clock = new PlayedClock();
  const answers = [Promise.resolve({ shedsInS: 3_600.4 }), Promise.resolve({ shedsInS: Infinity })];
  const watch = new RoomWatch(clock, () => answers.shift() ?? Promise.reject(new Error("closed")));
  await watch.service.start();
  assert.equal(watch.roomS, undefined);
  await clock.advance(10_000);
  assert.equal(watch.roomS, 3_600);
  await clock.advance(10_000);
  assert.equal(watch.roomS, undefined, "nothing grows");
  await clock.advance(10_000);
  assert.equal(watch.roomS, undefined, "the journal does not answer");
  await watch.service.stop(AbortSignal.timeout(60_000));
});
