import assert from "node:assert/strict";
import { test } from "node:test";

import { WindowBatch } from "./window-batch.ts";

/** Windows of two numbers, told apart by both. */
function fill(batch: WindowBatch, first: number, count: number): void {
  for (let at = first; at < first + count; at++) {
    batch.add(at, 2 * at, 3 * at, 1_000 * at, [at, -at]);
  }
}

function places(first: number, count: number): number[] {
  return Array.from({ length: count }, (_each, at) => first + at);
}

test("what is on its way stays as it was, whatever is collected meanwhile", () => {
  const batch = new WindowBatch(2);
  fill(batch, 0, 20);
  const first = batch.take(1, 7);
  fill(batch, 100, 50);
  const second = batch.take(2, 7);
  // The second was answered before, and others are collected in its columns.
  batch.giveBack(second);
  fill(batch, 200, 30);
  const own = places(0, 20);
  assert.deepEqual([...first.rows], own);
  assert.deepEqual(
    [...first.slots],
    own.map((at) => 2 * at),
  );
  assert.deepEqual(
    [...first.askers],
    own.map((at) => 3 * at),
  );
  assert.deepEqual(
    [...first.endsUs],
    own.map((at) => 1_000 * at),
  );
  assert.deepEqual(
    [...first.inputs],
    own.flatMap((at) => [at, -at]),
  );
  assert.deepEqual([...batch.take(3, 7).rows], places(200, 30));
});

test("what was answered brings its columns back, and the largest are kept", () => {
  const batch = new WindowBatch(2);
  fill(batch, 0, 100);
  const large = batch.take(1, 0);
  fill(batch, 0, 3);
  const small = batch.take(2, 0);
  batch.giveBack(large);
  batch.giveBack(small);
  batch.take(3, 0);
  fill(batch, 300, 100);
  const again = batch.take(4, 0);
  assert.equal(again.inputs.buffer, large.inputs.buffer);
  assert.deepEqual(
    [...again.inputs],
    places(300, 100).flatMap((at) => [at, -at]),
  );
});
