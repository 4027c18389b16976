import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";
import { systemClock } from "@millwright/kit";
import type { DeviceId, ValueType } from "@millwright/wire-contract";

import { createBatchBuilder } from "../acquire/batch-builder.ts";
import type { SampleBatch } from "../hand-over.ts";
import { createNormaliser, type NormaliseTag, type Normaliser } from "./normaliser.ts";

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
  const clocks = fc.constantFrom("gateway" as const, "device" as const);
  const tagList = fc.array(tag, { minLength: 8, maxLength: 8 });
  fc.assert(
    fc.property(tagList, clocks, fc.array(row), (tags, clock, rows) => {
      const plain = tags.map(({ type, scale, offset }, point): NormaliseTag => {
        const known = { type: type as ValueType, scale, offset, clock };
        return { index: 100 + point, point, ...known };
      });
      // One text among the points is enough to send all of them through the long loop.
      const text = { index: 99, point: 8, type: "string", scale: 1, offset: 0, clock: "gateway" };
      const all = [...plain, text as NormaliseTag];
      assert.deepEqual(normalised(plain, rows), normalised(all, rows));
    }),
  );
});

test("one stamp of the device's own is enough for the long loop", () => {
  const tagOf = (point: number): NormaliseTag => ({
    ...{ index: 100 + point, point, type: "float64", scale: 1, offset: 0, clock: "device" },
  });
  const receivedUs = 1_767_225_600_000_000;
  const stampUs = receivedUs - 40_000;
  const builder = createBatchBuilder(2);
  builder.push(0, NaN, 1, 0);
  builder.push(1, stampUs, 2, 0);
  const { measuredUs } = normaliserOf([tagOf(0), tagOf(1)]).normalise(builder.take(receivedUs));
  assert.deepEqual([...measuredUs], [receivedUs, stampUs]);
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
  return normaliserOf(tags).normalise(builder.take(1_767_225_600_000_000));
}

function normaliserOf(tags: readonly NormaliseTag[]): Normaliser {
  return createNormaliser({
    device: "line-1" as DeviceId,
    tags,
    clockPolicy: "auto",
    clock: systemClock,
    onLoss: () => undefined,
    onClock: () => undefined,
  });
}
