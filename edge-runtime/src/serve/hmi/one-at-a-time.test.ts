import assert from "node:assert/strict";
import { test } from "node:test";

import { oneAtATime } from "./one-at-a-time.ts";

test("what is wanted several times while a question is under way is asked once more, afterwards", async () => {
  const answers: (() => void)[] = [];
  const ask = oneAtATime(() => new Promise<void>((resolve) => void answers.push(resolve)), 1_000);
  const done = ask();
  await ask();
  await ask();
  assert.equal(answers.length, 1);
  answers[0]?.();
  await Promise.resolve();
  await Promise.resolve();
  assert.equal(answers.length, 2);
  answers[1]?.();
  await done;
  assert.equal(answers.length, 2);
  void ask();
  assert.equal(
    answers.length,
    3,
    "a question that is over does not keep the next from being asked",
  );
  answers[2]?.();
});
