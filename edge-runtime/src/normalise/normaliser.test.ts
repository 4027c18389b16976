import assert from "node:assert/strict";
import test from "node:test";

import { PlayedClock } from "@millwright/kit";
import {
  status,
  type DeviceId,
  type Scalar,
  type TagClock,
  type ValueType,
} from "@millwright/wire-contract";
import fc from "fast-check";

import { createBatchBuilder } from "../acquire/batch-builder.ts";
import type { Loss, ReadingBatch, SampleBatch } from "../hand-over.ts";
import { clockNoteOf } from "./clock-policy.ts";
import {
  createNormaliser,
  storedType,
  type ClockPolicy,
  type NormaliseTag,
  type Normaliser,
} from "./normaliser.ts";

const device = "press" as DeviceId;
const receivedUs = 1_767_225_600_000_000;

function tag(point: number, type: ValueType, more: Partial<NormaliseTag> = {}): NormaliseTag {
  return { index: point + 100, point, type, scale: 1, offset: 0, clock: "gateway", ...more };
}

type Row = readonly [point: number, measuredUs: number, value: Scalar, code?: number];

function normaliseRows(
  tags: readonly NormaliseTag[],
  rows: readonly Row[],
  losses: Loss[] = [],
): SampleBatch {
  const normaliser = createNormaliser({
    device,
    tags,
    clockPolicy: "trust",
    clock: new PlayedClock(receivedUs),
    onLoss: (loss) => losses.push(loss),
    onClock: () => undefined,
  });
  return normaliser.normalise(batchOf(rows));
}

function batchOf(rows: readonly Row[]): ReturnType<ReturnType<typeof createBatchBuilder>["take"]> {
  const builder = createBatchBuilder(Math.max(1, rows.length));
  for (const [point, measuredUs, value, code] of rows)
    builder.push(point, measuredUs, value, code ?? 0);
  return builder.take(receivedUs);
}

function valueAt(batch: SampleBatch, row: number): Scalar | undefined {
  return batch.wide?.get(row) ?? batch.value[row];
}

test("points become dictionary indices and an unknown time becomes the receipt", () => {
  const batch = normaliseRows(
    [tag(0, "float64", { clock: "device" }), tag(1, "float64", { clock: "device" })],
    [
      [1, NaN, 5],
      [0, receivedUs - 7, 6],
    ],
  );
  assert.deepEqual([...batch.tag], [101, 100]);
  assert.deepEqual([...batch.measuredUs], [receivedUs, receivedUs - 7]);
  assert.deepEqual([...batch.value], [5, 6]);
  assert.equal(batch.device, device);
  assert.equal(batch.late, false);
});

test("a tag that is stamped by the gateway has the time of receipt, whatever the device says", () => {
  const batch = normaliseRows([tag(0, "float64")], [[0, 12, 5]]);
  assert.equal(batch.measuredUs[0], receivedUs);
});

test("a scale that is one over a whole number gives the decimal that a person expects", () => {
  const tags = [
    tag(0, "int16", { scale: 0.1 }),
    tag(1, "uint16", { scale: 0.001 }),
    tag(2, "int16", { scale: 2.5, offset: -4 }),
    tag(3, "int16", { scale: -0.1 }),
  ];
  const batch = normaliseRows(tags, [
    [0, NaN, 3],
    [1, NaN, 1_234],
    [2, NaN, 10],
    [3, NaN, 3],
  ]);
  assert.deepEqual([...batch.value], [0.3, 1.234, 21, -0.3]);
});

test("a scaled number is stored as a float64, anything else as it is", () => {
  assert.equal(storedType("int16", 0.1, 0), "float64");
  assert.equal(storedType("int64", 1, 5), "float64");
  assert.equal(storedType("int64", 1, 0), "int64");
  assert.equal(storedType("string", 2, 0), "string");
  assert.equal(storedType("time", 1_000, 0), "time");
});

test("64-bit integers stay exact without a scale and become float64 with one", () => {
  const big = 2n ** 53n + 1n;
  const batch = normaliseRows(
    [tag(0, "int64"), tag(1, "uint64", { scale: 0.5 }), tag(2, "uint64")],
    [
      [0, NaN, big],
      [1, NaN, 9n],
      [2, NaN, 2n ** 64n - 1n],
      [2, NaN, 2n ** 64n],
      [0, NaN, 12],
    ],
  );
  assert.equal(valueAt(batch, 0), big);
  assert.equal(valueAt(batch, 1), 4.5);
  assert.equal(valueAt(batch, 2), 2n ** 64n - 1n);
  assert.equal(valueAt(batch, 3), 2n ** 64n);
  assert.equal(valueAt(batch, 4), 12n);
  assert.deepEqual([...batch.status], [0, 0, 0, status.badTypeMismatch, 0]);
});

test("a value that is not of the declared type is bad, and is kept whole", () => {
  const rows: readonly (readonly [ValueType, Scalar, boolean])[] = [
    ["int16", 40_000, false],
    ["int16", 1.5, false],
    ["int16", NaN, false],
    ["int16", -32_768, true],
    ["bool", 2, false],
    ["bool", true, true],
    ["uint8", "12", false],
    ["uint8", 12n, true],
    ["float32", 1e300, false],
    ["float32", NaN, true],
    ["float32", -Infinity, true],
    ["float64", NaN, true],
    ["float64", "text", false],
    ["float64", 2n ** 60n, true],
    ["float64", 2n ** 60n + 1n, false],
    ["string", "Grüße 你好", true],
    ["string", 5, false],
    ["bytes", new Uint8Array([1, 2]), true],
    ["bytes", "no", false],
    ["uint64", -1n, false],
  ];
  const tags = rows.map(([type], point) => tag(point, type));
  const batch = normaliseRows(
    tags,
    rows.map(([, value], point) => [point, NaN, value]),
  );
  for (const [row, [type, value, fits]] of rows.entries()) {
    const label = `${type} ${String(value)}`;
    assert.equal(batch.status[row], fits ? status.good : status.badTypeMismatch, label);
    const expected = typeof value === "boolean" ? Number(value) : value;
    const exact = fits && typeof value === "bigint" && type !== "uint64" ? Number(value) : expected;
    assert.deepEqual(valueAt(batch, row), exact, label);
  }
});

test("a bad reading keeps the status that says why, and every info bit of a good one", () => {
  const batch = normaliseRows(
    [tag(0, "int16"), tag(1, "string")],
    [
      [0, NaN, NaN, status.badSensorFailure],
      [1, NaN, NaN, status.badTimeout],
      [0, NaN, 5, status.overflowBits],
    ],
  );
  assert.deepEqual(
    [...batch.status],
    [status.badSensorFailure, status.badTimeout, status.overflowBits],
  );
});

test("stamps further ahead than the limit are quarantined and counted exactly", () => {
  const losses: Loss[] = [];
  const batch = normaliseRows(
    [tag(0, "float64", { clock: "device" }), tag(1, "string", { clock: "device" })],
    [
      [0, receivedUs + 10_000_001, 1],
      [0, receivedUs + 10_000_000, 2],
      [1, receivedUs + 60_000_000, "gone"],
      [1, receivedUs, "kept"],
    ],
    losses,
  );
  assert.equal(batch.count, 2);
  assert.deepEqual([...batch.value], [2, NaN]);
  assert.equal(batch.wide?.get(1), "kept");
  assert.deepEqual(losses, [
    {
      reason: "clock quarantined",
      scope: { kind: "device", device },
      fromUs: receivedUs,
      toUs: receivedUs,
      count: { kind: "exact", samples: 2 },
    },
  ]);
});

test("nothing is quarantined against a gateway clock that nothing has set", () => {
  const normaliser = createNormaliser({
    device,
    tags: [tag(0, "float64", { clock: "device" })],
    clockPolicy: "auto",
    clock: new PlayedClock(receivedUs),
    gatewayClock: () => "unset",
    onLoss: () => assert.fail("no loss"),
    onClock: () => assert.fail("no finding"),
  });
  const samples = normaliser.normalise(batchOf([[0, receivedUs + 86_400e6, 1]]));
  assert.deepEqual([...samples.measuredUs], [receivedUs + 86_400e6], "the device may be right");
});

test("a gateway clock of which nobody knows quarantines nothing, and corrects a device that is off", () => {
  const findings: string[] = [];
  const normaliserOf = (clock: TagClock, clockPolicy: ClockPolicy): Normaliser =>
    createNormaliser({
      device,
      tags: [tag(0, "float64", { clock })],
      clockPolicy,
      clock: new PlayedClock(receivedUs),
      gatewayClock: () => "unknown",
      onLoss: () => assert.fail("no loss"),
      onClock: (finding) => findings.push(clockNoteOf(finding)),
    });
  const ahead = (): ReadingBatch => batchOf([[0, receivedUs + 600e6, 1]]);
  const trusted = normaliserOf("device", "trust").normalise(ahead());
  assert.deepEqual([...trusted.measuredUs], [receivedUs + 600e6]);
  assert.deepEqual([...normaliserOf("device", "auto").normalise(ahead()).measuredUs], [receivedUs]);
  assert.deepEqual(findings, [
    "the clock of the device is 10 min ahead; its stamps are corrected by that",
  ]);
});

test("what the driver settles is settled through the samples", async () => {
  let settled = 0;
  const builder = createBatchBuilder(1);
  builder.push(0, NaN, 1, 0);
  const normaliser = createNormaliser({
    device,
    tags: [tag(0, "float64")],
    clockPolicy: "trust",
    clock: new PlayedClock(receivedUs),
    onLoss: () => undefined,
    onClock: () => undefined,
  });
  const batch = normaliser.normalise(
    builder.take(receivedUs, () => {
      settled++;
      return Promise.resolve();
    }),
  );
  await batch.settle?.();
  assert.equal(settled, 1);
});

test("a point without a tag is a defect of the driver", () => {
  assert.throws(() => normaliseRows([tag(0, "float64")], [[1, NaN, 1]]), /press pushed point 1/);
});

test("read equals passed on plus quarantined, whatever is pushed", () => {
  const types: readonly ValueType[] = ["int16", "float32", "float64", "int64", "string", "bool"];
  const tags = types.map((type, point) =>
    tag(point, type, { clock: "device", scale: point % 2 === 0 ? 1 : 0.1 }),
  );
  const value: fc.Arbitrary<Scalar> = fc.oneof(
    fc.double(),
    fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n }),
    fc.string(),
    fc.boolean(),
    fc.uint8Array(),
  );
  const stamp = fc.oneof(
    fc.constant(NaN),
    fc.integer({ min: -100_000, max: 100_000 }).map((ms) => receivedUs + ms * 1_000),
  );
  const row = fc.tuple(
    fc.nat(types.length - 1),
    stamp,
    value,
    fc.constantFrom(0, status.badTimeout),
  );
  fc.assert(
    fc.property(fc.array(row, { maxLength: 60 }), (rows) => {
      const losses: Loss[] = [];
      const batch = normaliseRows(tags, rows, losses);
      const lost = losses.reduce(
        (sum, { count }) => sum + (count.kind === "exact" ? count.samples : NaN),
        0,
      );
      assert.equal(batch.count + lost, rows.length);
      // Order is kept: the tags passed on are those of the rows that were not ahead of the limit, in their order.
      const expected = rows
        .filter(([, at]) => !(at > receivedUs + 10_000_000))
        .map(([point]) => point + 100);
      assert.deepEqual([...batch.tag], expected);
      for (const at of batch.wide?.keys() ?? []) assert.ok(Number.isNaN(batch.value[at]));
    }),
  );
});
