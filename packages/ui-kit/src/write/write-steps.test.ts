import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import {
  confirmAfterMs,
  nextWriteStep,
  readEntry,
  type WriteMove,
  type WriteStep,
} from "./write-steps.ts";

const start: WriteStep = { step: "enter", text: "" };

function play(moves: readonly WriteMove[]): WriteStep {
  return moves.reduce(nextWriteStep, start);
}

const review: WriteMove = { move: "review", value: 80, seen: 100, nowMs: 1_000 };
const confirm: WriteMove = { move: "confirm", key: "k", nowMs: 1_000 + confirmAfterMs };
const accepted = { outcome: "accepted", final: false } as const;
const confirmed = { outcome: "confirmed", final: true, readBack: "80" } as const;

test("a write is entered, reviewed, confirmed, accepted and read back", () => {
  assert.equal(play([review]).step, "review");
  assert.equal(play([review, confirm]).step, "under way");
  const end = play([
    review,
    confirm,
    { move: "answer", key: "k", answer: accepted },
    { move: "answer", key: "k", answer: confirmed },
  ]);
  assert.deepEqual(end, {
    step: "ended",
    order: { key: "k", value: 80, seen: 100 },
    answer: confirmed,
  });
});

test("a confirmation within 400 ms of the review does nothing", () => {
  const early: WriteMove = { move: "confirm", key: "k", nowMs: 1_000 + confirmAfterMs - 1 };
  assert.equal(play([review, early]).step, "review");
});

test("a lost link takes the review back; what was under way waits for its answer", () => {
  assert.equal(play([review, { move: "lost" }, confirm]).step, "enter");
  assert.equal(play([review, confirm, { move: "lost" }]).step, "under way");
});

test("without an answer it is unknown, and asking again is the same command", () => {
  const unknown = play([review, confirm, { move: "no answer", key: "k" }]);
  assert.equal(unknown.step, "unanswered");
  const again = nextWriteStep(unknown, { move: "ask again" });
  assert.ok(again.step === "under way" && again.order.key === "k");
  const late = nextWriteStep(unknown, { move: "answer", key: "k", answer: confirmed });
  assert.equal(late.step, "ended", "a late answer still counts");
  const other = nextWriteStep(unknown, { move: "answer", key: "other", answer: confirmed });
  assert.equal(other.step, "unanswered");
});

test("whatever is pressed in whatever order, nothing gets under way but by a confirmation after a review", () => {
  const move: fc.Arbitrary<WriteMove> = fc.oneof(
    fc.string({ maxLength: 3 }).map((text) => ({ move: "typed" as const, text })),
    fc.constant({ move: "back" as const }),
    fc.constant({ move: "lost" as const }),
    fc.constant({ move: "ask again" as const }),
    fc.constant({ move: "no answer" as const, key: "k" }),
    fc.nat(2_000).map((nowMs) => ({ move: "review" as const, value: 1, seen: 2, nowMs })),
    fc.nat(2_000).map((nowMs) => ({ move: "confirm" as const, key: "k", nowMs })),
  );
  fc.assert(
    fc.property(fc.array(move, { maxLength: 30 }), (moves) => {
      let step = play([]);
      for (const each of moves) {
        const next = nextWriteStep(step, each);
        if (next.step === "under way" && step.step !== "under way") {
          const confirmedReview =
            step.step === "review" &&
            each.move === "confirm" &&
            each.nowMs - step.atMs >= confirmAfterMs;
          assert.ok(confirmedReview || (step.step === "unanswered" && each.move === "ask again"));
        }
        step = next;
      }
    }),
  );
});

test("a typed number becomes whole steps of the machine, or says what is wrong with it", () => {
  const bounds = { low: 50, high: 120, stepMax: 40, resolution: 0.1 };
  assert.deepEqual(readEntry("80,04", bounds, 100), { value: 80 });
  assert.deepEqual(readEntry("60", bounds, 100), { value: 60 });
  assert.deepEqual(readEntry("", bounds, 100), { problem: "empty" });
  assert.deepEqual(readEntry("1e", bounds, 100), { problem: "no number" });
  assert.deepEqual(readEntry("49", bounds, 60), { problem: "too low" });
  assert.deepEqual(readEntry("121", bounds, 100), { problem: "too high" });
  assert.deepEqual(readEntry("59.8", bounds, 100), { problem: "too far" });
  assert.deepEqual(readEntry("-3.5", { ...bounds, low: -10, resolution: 0 }, undefined), {
    value: -3.5,
  });
});
