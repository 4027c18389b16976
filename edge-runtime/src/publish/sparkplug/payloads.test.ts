import assert from "node:assert/strict";
import { test } from "node:test";
import { decodePayload } from "@millwright/sparkplug-b";
import { status, type Scalar, type ValueType } from "@millwright/wire-contract";
import fc from "fast-check";

import {
  loadSparkplugCodec,
  metricStatus,
  metricValue,
} from "../../acquire/mqtt/sparkplug-payload.ts";
import { judgeHost, parseHostState } from "./host-state.ts";
import { deviceBirth, deviceData, parseCommand } from "./payloads.ts";
import { metricNameOf, publishes, type PublishedTag } from "./published-tags.ts";

const codec = await loadSparkplugCodec();

function tagOf(type: ValueType): PublishedTag {
  return { index: 6, alias: 7n, metric: "m", device: "d", type, unit: "bar" };
}

/** The value that a host reads of a birth. */
function readBack(type: ValueType, value: Scalar, code: number = status.good): unknown {
  const sample = { tag: tagOf(type), value, status: code, measuredUs: 1_234_567 };
  const [metric] = decodePayload(deviceBirth([sample], 1, 5)).metrics;
  assert.ok(metric !== undefined);
  return metric.isNull === true ? null : metricValue(metric, metric.datatype ?? 0);
}

const whole = (min: number, max: number): fc.Arbitrary<number> => fc.integer({ min, max });
const values: Readonly<Record<ValueType, fc.Arbitrary<Scalar>>> = {
  bool: fc.boolean(),
  int8: whole(-128, 127),
  uint8: whole(0, 255),
  int16: whole(-32_768, 32_767),
  uint16: whole(0, 65_535),
  int32: whole(-(2 ** 31), 2 ** 31 - 1),
  uint32: whole(0, 2 ** 32 - 1),
  int64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  uint64: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  float32: fc.float({ noNaN: true, noDefaultInfinity: true }),
  float64: fc.double({ noNaN: true }),
  string: fc.string({ unit: "grapheme" }),
  bytes: fc.uint8Array(),
  // Milliseconds on the wire.
  time: whole(0, 2 ** 31).map((ms) => ms * 1_000),
  enum: whole(-(2 ** 31), 2 ** 31 - 1),
};

for (const [type, value] of Object.entries(values) as [ValueType, fc.Arbitrary<Scalar>][]) {
  test(`a host reads a ${type} as it was kept`, () => {
    fc.assert(
      fc.property(value, (kept) => {
        assert.deepEqual(readBack(type, kept), kept);
      }),
    );
  });
}

test("a value that its type does not hold is none, and bad", () => {
  const pairs: readonly (readonly [ValueType, Scalar])[] = [
    ["int16", 1.5],
    ["float64", NaN],
    ["string", 3],
    ["time", NaN],
  ];
  for (const [type, value] of pairs) assert.equal(readBack(type, value), null, type);
});

test("bad is null, uncertain and stale keep their value, and the whole status code goes along", () => {
  const codes = [status.good, status.overflowBits, status.uncertain, status.badSensorFailure];
  const seen = codes.map((code) => {
    const sample = { tag: tagOf("float64"), value: 2, status: code, measuredUs: 1 };
    const [metric] = decodePayload(deviceData([sample], false, 1, 5)).metrics;
    assert.ok(metric !== undefined);
    const told = metric.properties?.get("StatusCode")?.value?.value;
    return [metric.isNull === true, metric.properties?.get("Quality")?.value?.value, told];
  });
  assert.deepEqual(seen, [
    [false, undefined, undefined],
    [false, undefined, undefined],
    [false, 500, status.uncertain],
    [true, 0, status.badSensorFailure],
  ]);
  const stale = { tag: tagOf("float64"), value: 2, status: 0, measuredUs: 1, stale: true };
  const [metric] = decodePayload(deviceBirth([stale], 1, 5)).metrics;
  assert.ok(metric !== undefined);
  assert.equal(metricStatus(metric), status.uncertainLastUsable);
  assert.equal(metric.properties?.get("engUnit")?.value?.value, "bar");
});

test("history goes by name and is marked, the present by alias", () => {
  const sample = { tag: tagOf("bool"), value: 1, status: 0, measuredUs: 5_999 };
  const of = (historical: boolean): unknown =>
    decodePayload(deviceData([sample], historical, 9, 5)).metrics[0];
  const value = { kind: "boolean", value: true };
  assert.deepEqual(of(true), { name: "m", historical: true, timestampMs: 5, value });
  assert.deepEqual(of(false), { alias: 7n, timestampMs: 5, value });
});

test("a command is a rebirth, or writes, or nothing that can be understood; bytes of any kind do no harm", () => {
  assert.deepEqual(parseCommand(codec.rebirthRequest(1)), { rebirth: true, writes: [] });
  const write = codec.command("speed", 10, 3, 1);
  assert.ok("bytes" in write);
  assert.deepEqual(parseCommand(write.bytes), { rebirth: false, writes: ["speed"] });
  assert.equal(parseCommand(new Uint8Array(65_537)), undefined);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      parseCommand(bytes);
      parseHostState(bytes);
    }),
    { numRuns: 2_000 },
  );
});

test("a death of the host that is older than its birth counts for nothing", () => {
  const said = (online: boolean, timestamp: number): Uint8Array =>
    Buffer.from(JSON.stringify({ online, timestamp }));
  const born = parseHostState(said(true, 5));
  const late = parseHostState(said(false, 4));
  const own = parseHostState(said(false, 5));
  assert.ok(born !== undefined && late !== undefined && own !== undefined);
  assert.deepEqual(judgeHost(undefined, born), born);
  assert.deepEqual(judgeHost(born, late), born);
  assert.deepEqual(judgeHost(born, own), own);
  assert.deepEqual(judgeHost(late, own), own);
  for (const text of ["ONLINE", "null", "{}", '{"online":1,"timestamp":2}', '{"online":true}']) {
    assert.equal(parseHostState(Buffer.from(text)), undefined, text);
  }
});

test("a tag is called as below its device, and no two of a device alike", () => {
  const ids = ["press/force", "force", "press/a/b", "other/x", "press"];
  const names = ids.map((id) => metricNameOf("press", id, (other) => ids.includes(other)));
  assert.deepEqual(names, ["press/force", "force", "a/b", "other/x", "press"]);
  assert.equal(new Set(names).size, ids.length);
});

test("devices and patterns say what is published", () => {
  const isPublished = publishes({ devices: ["a"], tags: ["a/x", "a/temp.*", "*(odd)"] });
  assert.equal(isPublished("a", "a/x"), true);
  assert.equal(isPublished("a", "a/xy"), false);
  assert.equal(isPublished("a", "a/temp.1"), true);
  assert.equal(isPublished("a", "a/tempo1"), false);
  assert.equal(isPublished("b", "a/x"), false);
  assert.equal(isPublished("a", "a(odd)"), true);
  assert.equal(publishes({})("b", "anything"), true);
});
