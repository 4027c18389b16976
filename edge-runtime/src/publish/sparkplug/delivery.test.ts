import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";

import {
  backTo,
  beginAt,
  broken,
  counted,
  deliveredTo,
  fromSaved,
  givenUpTo,
  goOn,
  toSaved,
  waitingOf,
  type Delivery,
} from "./delivery.ts";
import { Replay } from "./replay.ts";

/** A journal whose place `n` is its sample `n`; what lies at or below `gone` has been let go. */
interface Played {
  readonly delivery: Delivery;
  readonly head: number;
  readonly gone: number;
}

const move = fc.record({
  kind: fc.constantFrom("keep", "count", "tell", "give-up", "let-go", "restart"),
  samples: fc.integer({ min: 1, max: 50 }),
});

/** How many of the samples above `from` up to `to` are still there. */
function held({ gone }: Played, from: number, to: number): number {
  return Math.max(0, to - Math.max(from, gone));
}

function step(played: Played, kind: string, samples: number): Played {
  const { delivery, head, gone } = played;
  const { deliveredTo: at, countedTo } = delivery;
  const to = Math.min(at + samples, countedTo);
  switch (kind) {
    case "keep":
      return { ...played, head: head + samples };
    case "count":
      return { ...played, delivery: counted(delivery, head, head - countedTo) };
    case "tell":
      return to === at
        ? played
        : { ...played, delivery: deliveredTo(delivery, to, held(played, at, to)) };
    case "give-up":
      return to === at
        ? played
        : { ...played, delivery: givenUpTo(delivery, to, held(played, at, to)) };
    case "let-go":
      // Only what was counted: the node counts each second, and frames go after minutes.
      return { ...played, gone: Math.min(gone + samples, countedTo) };
    default:
      return { ...played, delivery: goOn(fromSaved(toSaved(delivery)) ?? beginAt(0, ""), "tags") };
  }
}

test("what is owed is told, lost or waits, whatever the journal has let go meanwhile", () => {
  fc.assert(
    fc.property(fc.array(move, { maxLength: 200 }), (moves) => {
      let played: Played = { delivery: beginAt(0, "tags"), head: 0, gone: 0 };
      for (const { kind, samples } of moves) {
        played = step(played, kind, samples);
        const { delivery } = played;
        assert.equal(delivery.owed, delivery.countedTo);
        assert.equal(delivery.owed, delivery.delivered + delivery.lost + waitingOf(delivery));
        if (delivery.deliveredTo === delivery.countedTo) assert.equal(waitingOf(delivery), 0);
      }
    }),
  );
});

test("other tags than before are counted anew, and a hole that nobody counted takes what waited with it", () => {
  const waiting = counted(deliveredTo(counted(beginAt(0, "a"), 5, 5), 5, 5), 9, 4);
  const other = goOn(waiting, "b");
  assert.deepEqual([other.countedTo, other.owed, waitingOf(other)], [5, 5, 0]);
  const hole = broken(waiting, 100);
  assert.deepEqual([hole.deliveredTo, hole.countedTo, hole.lost], [100, 100, 4]);
});

test("what a host may have missed is owed once and told twice", () => {
  const replay = new Replay(60_000);
  let delivery = counted(beginAt(0, "a"), 100, 100);
  for (let at = 10; at <= 100; at += 10) {
    delivery = deliveredTo(delivery, at, 10);
    replay.note(delivery, at * 1_000);
  }
  assert.equal(replay.from, 40, "the newest that is old enough, and what is younger");
  const told = replay.back(100_000);
  assert.ok(told !== undefined);
  delivery = backTo(delivery, told);
  assert.deepEqual([delivery.deliveredTo, waitingOf(delivery)], [40, 60]);
  delivery = deliveredTo(delivery, 100, 60);
  assert.deepEqual([delivery.owed, delivery.delivered, delivery.lost], [100, 100, 0]);
  assert.equal(replay.back(100_000), undefined);
});

test("a state that is none of ours is no state", () => {
  for (const saved of [
    undefined,
    null,
    7,
    [],
    {},
    { ...(toSaved(beginAt(1, "")) as object), owed: -1 },
  ]) {
    assert.equal(fromSaved(saved), undefined);
  }
});
