import assert from "node:assert/strict";
import test from "node:test";

import { status, type ValueType } from "@millwright/wire-contract";
import fc from "fast-check";

import type { PointSettings } from "../driver.ts";
import { toTimeUs } from "./device-time.ts";
import { payloadCaps } from "./json-payload.ts";
import { isRefused, parseTopicPoint, readTopicPayload, type TopicPayload } from "./topic-point.ts";

function settings(
  address: string,
  type: ValueType = "float64",
  options: Record<string, string> = {},
): PointSettings {
  return { tag: "t", address, type, everyMs: 1_000, options };
}

function read(point: PointSettings, payload: string | Uint8Array): TopicPayload {
  const parsed = parseTopicPoint(point);
  assert.ok(!isRefused(parsed), JSON.stringify(parsed));
  return readTopicPayload([[0, parsed]], Buffer.from(payload));
}

function valueOf(point: PointSettings, payload: string | Uint8Array): unknown {
  return read(point, payload).readings[0]?.value;
}

test("an address is a topic and a path; wildcards, unknown options and half a time are refused in words", () => {
  const cases: readonly (readonly [PointSettings, RegExp])[] = [
    [settings("a/+/b#$.v"), /many topics/],
    [settings("#$.v"), /topic is missing/],
    [settings("a/b#v"), /must begin with \$/],
    [settings("a#$.v", "float64", { time_field: "$.t" }), /belong together/],
    [settings("a#$.v", "float64", { time_field: "$.t", time_format: "min" }), /no time format/],
    [settings("a", "float64", { time_field: "$.t", time_format: "ms" }), /JSON payload/],
    [settings("a#$.v", "time"), /value_format/],
    [settings("a#$.v", "float64", { byte_order: "ABCD" }), /no option byte_order/],
  ];
  for (const [point, reason] of cases) {
    const refused = parseTopicPoint(point);
    assert.ok(isRefused(refused), point.address);
    assert.match(refused.reason, reason);
  }
  assert.ok(!isRefused(parseTopicPoint(settings("a/b c/ü#$.v", "float64", { byte_order: "" }))));
});

test("values come as near to their type as they can be had without guessing", () => {
  const cases: readonly (readonly [ValueType, string, unknown])[] = [
    ["float64", "21.5", 21.5],
    ["float64", '"21.5"', 21.5],
    ["int64", "9007199254740993", 9007199254740993n],
    ["uint64", '"18446744073709551615"', 18446744073709551615n],
    ["bool", '"ON"', true],
    ["bool", "false", false],
    ["bool", "1", 1],
    ["string", '"Grüße"', "Grüße"],
    ["string", "12", "12"],
    ["bytes", '"AQID"', new Uint8Array([1, 2, 3])],
    ["int16", '"abc"', "abc"],
    ["float64", "true", true],
  ];
  for (const [type, json, expected] of cases) {
    assert.deepEqual(
      valueOf(settings("a#$.v", type), `{"v":${json}}`),
      expected,
      `${type} ${json}`,
    );
  }
});

test("a payload without JSON is one value by its type", () => {
  assert.equal(valueOf(settings("a"), " -3.5e2 "), -350);
  assert.equal(valueOf(settings("a", "int64"), "9007199254740993"), 9007199254740993n);
  assert.equal(valueOf(settings("a", "bool"), "true"), true);
  assert.equal(valueOf(settings("a", "string"), "läuft"), "läuft");
  assert.deepEqual(
    valueOf(settings("a", "bytes"), new Uint8Array([0, 255])),
    new Uint8Array([0, 255]),
  );
});

test("null is a bad reading, an absent path is no reading, a list is rejected", () => {
  const point = settings("a#$.v");
  assert.deepEqual(read(point, '{"v":null}').readings[0]?.status, status.bad);
  assert.deepEqual(read(point, '{"w":1}'), { readings: [], rejected: 0 });
  assert.match(read(point, '{"v":[1]}').problem ?? "", /list or an object/);
  assert.equal(read(point, '{"v":[1]}').rejected, 1);
});

test("what a device sends cannot pass for a refusal of ours", () => {
  assert.equal(valueOf(settings("a#$.v"), '{"kind":"refused","reason":"x","v":5}'), 5);
});

test("times are read by the configured format only", () => {
  const us = 1_767_225_600_123_456;
  assert.equal(toTimeUs(us / 1e6, "s"), us);
  assert.equal(toTimeUs(1_767_225_600_123, "ms"), 1_767_225_600_123_000);
  assert.equal(toTimeUs(us, "us"), us);
  assert.equal(toTimeUs(1_767_225_600_123_456_789n, "ns"), us);
  assert.equal(toTimeUs("1767225600123456789", "ns"), us);
  assert.equal(toTimeUs("2026-01-01T00:00:00.123456789Z", "iso"), us);
  assert.equal(toTimeUs("2026-01-01 01:00:00,123456+0100", "iso"), us);
  for (const text of ["2026-01-01T00:00:00", "yesterday", ""])
    assert.ok(Number.isNaN(toTimeUs(text, "iso")));
  assert.ok(Number.isNaN(toTimeUs(null, "ms")) && Number.isNaN(toTimeUs("x", "ms")));

  const point = settings("a#$.v", "float64", { time_field: "$.t", time_format: "ms" });
  assert.equal(
    read(point, '{"v":1,"t":1767225600123}').readings[0]?.measuredUs,
    1_767_225_600_123_000,
  );
  const odd = read(point, '{"v":1,"t":"now"}');
  assert.ok(Number.isNaN(odd.readings[0]?.measuredUs));
  assert.match(odd.problem ?? "", /time is not in the format ms/);
});

test("payloads beyond the caps, and payloads that are no JSON, are rejected with the reason", () => {
  const point = settings("a#$.v");
  const cases: readonly (readonly [string | Uint8Array, RegExp])[] = [
    [`{"v":"${"x".repeat(payloadCaps.bytesMax)}"}`, /bytes, more than/],
    ["[".repeat(20), /nested deeper/],
    [`[${"1,".repeat(payloadCaps.elementsMax)}1]`, /holds more than/],
    ["{v:1}", /not JSON/],
    [new Uint8Array([0xff, 0xfe]), /not UTF-8/],
    ["", /not JSON/],
  ];
  for (const [payload, problem] of cases) {
    const result = read(point, payload);
    assert.equal(result.rejected, 1);
    assert.match(result.problem ?? "", problem);
  }
  // Brackets inside a text are no levels.
  assert.equal(read(settings("a#$.v", "string"), `{"v":"${"[,".repeat(99)}"}`).rejected, 0);
});

test("any bytes end in readings or a reason, never in a throw", () => {
  const points = (["float64", "int64", "string", "bytes", "bool"] as const).map((type, at) => {
    const point = parseTopicPoint(settings("a#$.v", type));
    assert.ok(!isRefused(point));
    return [at, point] as const;
  });
  const payload = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.json().map((text) => Buffer.from(`{"v":${text}}`)),
    fc.string().map((text) => Buffer.from(text)),
  );
  fc.assert(
    fc.property(payload, (bytes) => {
      const { readings, rejected, problem } = readTopicPayload(points, bytes);
      assert.ok(readings.length + rejected <= points.length);
      assert.equal(rejected > 0 && problem === undefined, false);
    }),
    { numRuns: 20_000 },
  );
});
