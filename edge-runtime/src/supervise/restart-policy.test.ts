import assert from "node:assert/strict";
import { test } from "node:test";

import {
  firstHeap,
  heapAfter,
  isSilent,
  nextStep,
  type SupervisedState,
} from "./restart-policy.ts";

const fresh: SupervisedState = { restarts: 0, startedMs: 0 };
const killed = { code: null, signal: "SIGKILL", ending: false } as const;

test("a runtime that was killed is started again at once", () => {
  const step = nextStep(fresh, { ...killed, nowMs: 100 });
  assert.deepEqual(step, { kind: "restart", waitMs: 0, state: { restarts: 1, startedMs: 0 } });
});

test("a runtime that dies again and again is started with growing waits, and never given up", () => {
  let state = fresh;
  const waits: number[] = [];
  for (let round = 0; round < 10; round++) {
    const step = nextStep(state, { ...killed, nowMs: 100 });
    assert(step.kind === "restart");
    waits.push(step.waitMs);
    state = step.state;
  }
  assert.deepEqual(waits, [0, 500, 1_000, 2_000, 5_000, 10_000, 10_000, 10_000, 10_000, 10_000]);
});

test("a minute of health wipes out the row of early ends", () => {
  const step = nextStep({ restarts: 5, startedMs: 0 }, { ...killed, nowMs: 61_000 });
  assert.equal(step.kind === "restart" ? step.waitMs : -1, 0);
});

test("faulty settings and an unusable disk are handed to the person, at the first start only", () => {
  for (const code of [2, 3]) {
    const end = { code, signal: null, ending: false, nowMs: 100 };
    assert.deepEqual(nextStep(fresh, end), { kind: "end", exitCode: code });
    assert.equal(nextStep({ restarts: 1, startedMs: 0 }, end).kind, "restart");
  }
});

test("an end that was asked for is the end", () => {
  assert.deepEqual(nextStep(fresh, { ...killed, code: 0, ending: true, nowMs: 1 }), {
    kind: "end",
    exitCode: 0,
  });
});

test("a first start that meets a journal in use waits for it, for twenty seconds, and then says so", () => {
  const inUse = { code: 4, signal: null, ending: false } as const;
  const first = nextStep(fresh, { ...inUse, nowMs: 1_000 });
  assert(first.kind === "restart");
  assert.equal(first.waitMs, 500);
  const later = nextStep(first.state, { ...inUse, nowMs: 20_900 });
  assert(later.kind === "restart");
  const last = nextStep(later.state, { ...inUse, nowMs: 21_000 });
  assert.deepEqual(last, { kind: "end", exitCode: 3 });
  // Later on it is one more reason to start again.
  assert.equal(
    nextStep({ restarts: 1, startedMs: 0 }, { ...inUse, nowMs: 99_000 }).kind,
    "restart",
  );
});

test("a runtime that falls silent is ended after ten seconds, and one that is not ready yet has two minutes", () => {
  assert.deepEqual(
    [9_999, 10_000].map((sinceMs) => isSilent(true, sinceMs)),
    [false, true],
  );
  assert.deepEqual(
    [10_000, 119_999, 120_000].map((sinceMs) => isSilent(false, sinceMs)),
    [false, false, true],
  );
});

test("a runtime whose heap was too small gets more, up to a bound, and then a person is told", () => {
  const aborted = { code: null, signal: "SIGABRT", ending: false } as const;
  const second = heapAfter(firstHeap, aborted);
  assert.deepEqual(second, { mb: 192, exhausted: false });
  const third = heapAfter(second, aborted);
  assert.deepEqual(third, { mb: 256, exhausted: false });
  const last = heapAfter(third, aborted);
  assert.deepEqual(last, { mb: 256, exhausted: true });
  // Never ready: more of the same starts would hide the message.
  assert.deepEqual(nextStep({ restarts: 3, startedMs: 0 }, { ...aborted, nowMs: 1 }, true), {
    kind: "end",
    exitCode: 2,
  });
  // Once it was ready it is started again, whatever it died of.
  assert.equal(nextStep(fresh, { ...aborted, nowMs: 1 }).kind, "restart");
});

test("an end of another kind leaves the heap as it is", () => {
  assert.equal(heapAfter(firstHeap, killed), firstHeap);
  assert.equal(heapAfter(firstHeap, { signal: "SIGABRT", ending: true }), firstHeap);
});
