import assert from "node:assert/strict";
import { test } from "node:test";

import { PlayedClock } from "@millwright/kit";

import type { ConnectionFindings } from "../hand-over.ts";
import { StepFailed, walk, type Step } from "./walk.ts";

const never = new AbortController().signal;
const hint = "look after it";

/** Goes the way while the clock is advanced by `ms`. */
async function go(
  clock: PlayedClock,
  steps: readonly Step[],
  ms: number,
): Promise<ConnectionFindings> {
  const walked = walk(steps, clock, never);
  await clock.advance(ms);
  return await walked;
}

function taking(clock: PlayedClock, step: Step["step"], ms: number): Step {
  const take = async (): ReturnType<Step["take"]> => {
    await clock.sleep(ms, never);
    return { found: `${step} is there` };
  };
  return { step, take, hint };
}

test("each step says what it found and how long it took", async () => {
  const clock = new PlayedClock();
  const unused: Step = {
    step: "tls",
    take: () => Promise.resolve({ found: "not asked for", unused: true }),
    hint,
  };
  const steps = [taking(clock, "name", 3), taking(clock, "tcp", 40), unused];
  assert.deepEqual(await go(clock, steps, 100), {
    steps: [
      { step: "name", outcome: "passed", found: "name is there", tookMs: 3 },
      { step: "tcp", outcome: "passed", found: "tcp is there", tookMs: 40 },
      { step: "tls", outcome: "unused", found: "not asked for", tookMs: 0 },
    ],
  });
});

test("the way ends at the first step that fails, with its own hint or with that of the step", async () => {
  const clock = new PlayedClock();
  const failing = (failure: Error): Step => ({
    step: "tcp",
    take: () => Promise.reject(failure),
    hint,
  });
  const last = taking(clock, "hub", 1);
  const known = await go(clock, [failing(new StepFailed("refused", "start it")), last], 10);
  assert.deepEqual(known, {
    steps: [{ step: "tcp", outcome: "failed", found: "refused", tookMs: 0 }],
    hint: "start it",
  });
  const unknown = await go(
    clock,
    [failing(new Error("odd", { cause: new Error("why") })), last],
    10,
  );
  assert.deepEqual(
    unknown.steps.map(({ found }) => found),
    ["odd: why"],
  );
  assert.equal(unknown.hint, hint);
});

test("a step that does not end is given up after 5 s, and the whole way after 12 s", async () => {
  const clock = new PlayedClock();
  const one = await go(clock, [taking(clock, "tcp", 1e9)], 20_000);
  assert.deepEqual(one.steps, [
    { step: "tcp", outcome: "failed", found: "no answer within 5 s", tookMs: 5_000 },
  ]);
  const slow = (["name", "tcp", "broker"] as const).map((step) => taking(clock, step, 4_900));
  const all = await go(clock, slow, 20_000);
  assert.deepEqual(
    all.steps.map(({ outcome, tookMs }) => [outcome, tookMs]),
    [
      ["passed", 4_900],
      ["passed", 4_900],
      ["failed", 2_200],
    ],
  );
  assert.equal(all.hint, hint);
});
