import assert from "node:assert/strict";
import { test } from "node:test";

import { Expiry } from "./expiry.ts";

const hourUs = 3_600_000_000;
const dayUs = 24 * hourUs;

test("rows go by whole days, once an hour, and what failed is tried again in the next one", async () => {
  let nowUs = 100.3 * dayUs;
  const before: number[] = [];
  const told: (number | string)[] = [];
  const answers = [7, 0, new Error("no connection"), 3];
  const expiry = new Expiry({
    keepDays: 10,
    clock: { nowUs: () => nowUs },
    expire: (beforeUs) => {
      before.push(beforeUs / dayUs);
      const answer = answers[before.length - 1] ?? 0;
      return typeof answer === "number" ? Promise.resolve(answer) : Promise.reject(answer);
    },
    gone: (rows) => told.push(rows),
    failed: (reason) => told.push(reason),
  });
  for (let half = 0; half < 8; half++) {
    await expiry.lookWhenDue();
    nowUs += hourUs / 2;
  }
  assert.deepEqual(before, [90, 90, 90, 90]);
  assert.deepEqual(told, [7, "no connection", 3]);
  nowUs -= 50 * dayUs;
  await expiry.lookWhenDue();
  assert.equal(before.length, 5, "a clock that was set back waits for nothing");
});
