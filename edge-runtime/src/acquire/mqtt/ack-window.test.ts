import assert from "node:assert/strict";
import test from "node:test";

import fc from "fast-check";

import { AckWindow } from "./ack-window.ts";

test("a message is acknowledged when it and all before it are done", () => {
  const sent: number[] = [];
  const acks = new AckWindow(Infinity, (id) => sent.push(id));
  const first = acks.hold(11);
  const second = acks.hold(12);
  acks.finish(second);
  assert.deepEqual(sent, []);
  acks.settleThrough(first);
  assert.deepEqual(sent, [11, 12]);
  assert.equal(acks.early, 0);
});

test("beyond its bound the oldest is acknowledged early, and counted", () => {
  const sent: number[] = [];
  const acks = new AckWindow(2, (id) => sent.push(id));
  const ordinals = [1, 2, 3, 4].map((id) => acks.hold(id));
  assert.deepEqual(sent, [1, 2]);
  assert.equal(acks.early, 2);
  acks.settleThrough(ordinals[0] ?? NaN);
  assert.deepEqual(sent, [1, 2]);
  acks.settleThrough(ordinals[3] ?? NaN);
  assert.deepEqual(sent, [1, 2, 3, 4]);
});

test("every message is acknowledged once, in order, whatever is done in which order", () => {
  const step = fc.oneof(
    fc.constant({ kind: "hold" as const }),
    fc.record({ kind: fc.constantFrom("finish" as const, "settle" as const), at: fc.nat(60) }),
  );
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 120 }),
      fc.integer({ min: 1, max: 20 }),
      (steps, heldMax) => {
        const sent: number[] = [];
        const acks = new AckWindow(heldMax, (id) => sent.push(id));
        let held = 0;
        for (const each of steps) {
          if (each.kind === "hold") acks.hold(held++);
          else if (each.at < held && each.kind === "finish") acks.finish(each.at);
          else if (each.at < held) acks.settleThrough(each.at);
          assert.ok(acks.size <= heldMax);
          assert.equal(sent.length + acks.size, held);
        }
        assert.deepEqual(
          sent,
          Array.from({ length: sent.length }, (_, at) => at),
        );
      },
    ),
  );
});
