import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { Backoff } from "./backoff.ts";
import { BoundedQueue } from "./bounded-queue.ts";
import { Fault, hintOf, messageChain } from "./fault.ts";
import { seededRandom } from "./random.ts";

test("a bounded queue behaves as an array that never grows past its bound", () => {
  const step = fc.oneof(fc.record({ put: fc.integer() }), fc.constant("shift" as const));
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 300 }),
      fc.integer({ min: 1, max: 9 }),
      (steps, max) => {
        const queue = new BoundedQueue<number>(max);
        const model: number[] = [];
        for (const each of steps) {
          if (each === "shift") assert.equal(queue.shift(), model.shift());
          else {
            const dropped = model.length >= max ? model.shift() : undefined;
            model.push(each.put);
            assert.equal(queue.push(each.put), dropped);
          }
          assert.equal(queue.size, model.length);
          assert.equal(queue.full, model.length >= max);
        }
        assert.deepEqual(queue.drain(), model);
        assert.equal(queue.size, 0);
      },
    ),
  );
});

test("a full queue refuses an offer and stays as it was", () => {
  const queue = new BoundedQueue<string>(1);
  assert.equal(queue.offer("a"), true);
  assert.equal(queue.offer("b"), false);
  assert.deepEqual(queue.drain(), ["a"]);
});

test("waits double up to the last, keep at least half, and begin anew after success", () => {
  const backoff = new Backoff(100, 1_000, seededRandom("backoff"));
  const waits = Array.from({ length: 8 }, () => backoff.nextMs());
  for (const [index, wait] of waits.entries()) {
    const full = Math.min(1_000, 100 * 2 ** index);
    assert.ok(wait >= full / 2 && wait <= full, `${wait} of ${full}`);
  }
  backoff.succeeded();
  assert.ok(backoff.nextMs() <= 100);
});

test("the same seed gives the same numbers, another seed and a fork give others", () => {
  const take = (seed: string | number): number[] => {
    const random = seededRandom(seed);
    return Array.from({ length: 5 }, () => random.next());
  };
  assert.deepEqual(take(17), take(17));
  assert.notDeepEqual(take(17), take(18));
  assert.notEqual(seededRandom(17).fork("a").next(), seededRandom(17).fork("b").next());
});

test("uniform and normal numbers have their mean and spread", () => {
  const random = seededRandom("moments");
  const count = 20_000;
  let uniform = 0;
  let normal = 0;
  let square = 0;
  for (let index = 0; index < count; index++) {
    uniform += random.next();
    const value = random.normal();
    normal += value;
    square += value * value;
  }
  assert.ok(Math.abs(uniform / count - 0.5) < 0.01);
  assert.ok(Math.abs(normal / count) < 0.03);
  assert.ok(Math.abs(square / count - 1) < 0.05);
});

test("messages of a chain are told from the outside in, and the hint is the outermost one", () => {
  class CableOut extends Fault {
    readonly code = "test.cable-out";
    readonly retry = "soon";
    readonly hint = "Put the cable in.";
  }
  const failure = new Error("reading pump 1", {
    cause: new CableOut("no answer", { cause: new Error("ECONNRESET") }),
  });
  assert.equal(messageChain(failure), "reading pump 1: no answer: ECONNRESET");
  assert.equal(hintOf(failure), "Put the cable in.");
  assert.equal(messageChain(new AggregateError([new Error("a"), new Error("b")], "")), "a; b");
});
