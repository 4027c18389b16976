import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";
import { systemClock } from "@millwright/kit";
import type { DeviceId, ValueType } from "@millwright/wire-contract";

import { createBatchBuilder } from "../acquire/batch-builder.ts";
import type { SampleBatch } from "../hand-over.ts";
import { createNormaliser, type NormaliseTag } from "./normaliser.ts";

const types = ["float64", "float32", "time", "bool", "int8", "uint16", "int32", "uint32", "enum"];
const numbers = fc.oneof(
  fc.double(),
  fc.integer(),
  fc.constantFrom(0, -0, 255, 65_535, 3.5e38, NaN, Infinity, -Infinity),
);
const statuses = fc.constantFrom(0, 0x4090_0000, 0x8031_0000);
const tag = fc.record({
  type: fc.constantFrom(...types),
  scale: fc.constantFrom(1, 0.01, -2.5),
  offset: fc.constantFrom(0, 40),
});

test("the short loop says of every number what the long one says", () => {
  const row = fc.tuple(fc.nat(7), numbers, statuses);
  fc.assert(
    fc.property(fc.array(tag, { minLength: 8, maxLength: 8 }), fc.array(row), (tags, rows) => {
      const plain = tags.map(({ type, scale, offset }, point): NormaliseTag => {
        const known = { type: type as ValueType, scale, offset, clock: "gateway" as const };
        return { index: 100 + point, point, ...known };
      });
      // One text among the points is enough to send all of them through the long loop.
      const text = { index: 99, point: 8, type: "string", scale: 1, offset: 0, clock: "gateway" };
      const all = [...plain, text as NormaliseTag];
      assert.deepEqual(normalised(plain, rows), normalised(all, rows));
    }),
  );
});

test("a point without a tag is refused by the short loop, too", () => {
  assert.throws(() => normalised([], [[0, 1, 0]]), RangeError);
});

function normalised(
  tags: readonly NormaliseTag[],
  rows: readonly (readonly [point: number, value: number, status: number])[],
): SampleBatch {
  const builder = createBatchBuilder(Math.max(1, rows.length));
  for (const [point, value, status] of rows) builder.push(point, NaN, value, status);
  const normaliser = createNormaliser({
    device: "line-1" as DeviceId,
    tags,
    clockPolicy: "auto",
    clock: systemClock,
    onLoss: () => undefined,
    onClock: () => undefined,
  });
  return normaliser.normalise(builder.take(1_767_225_600_000_000));
}
