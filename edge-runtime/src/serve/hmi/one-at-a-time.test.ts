import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";

import { oneAtATime } from "./one-at-a-time.ts";

test("what is wanted several times while a question is under way is asked once more, afterwards", async () => {
  const answers: (() => void)[] = [];
  const ask = oneAtATime(() => new Promise<void>((resolve) => void answers.push(resolve)), 1_000);
  const done = ask();
  await ask();
  await ask();
  assert.equal(answers.length, 1);
  answers[0]?.();
  await nextTurn();
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

test("what is asked once more is what was wanted last, also after a question that fails", async () => {
  const asked: string[] = [];
  const ask = oneAtATime(async (_given, what: string) => {
    asked.push(what);
    await Promise.resolve();
    if (what === "wrong") throw new Error("wrong");
  }, 1_000);
  const done = ask("first");
  await ask("second");
  await ask("third");
  await done;
  assert.deepEqual(asked, ["first", "third"]);
  await assert.rejects(ask("wrong"), /wrong/);
  await ask("right");
  assert.deepEqual(asked.slice(2), ["wrong", "right"]);
});
