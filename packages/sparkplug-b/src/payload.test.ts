import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import fc from "fast-check";

import { dataTypes, type DataType } from "./data-type.ts";
import { toMetricValue } from "./metric-value.ts";
import {
  decodePayload,
  encodePayload,
  type MetricValue,
  type PropertyValue,
  type SparkplugPayload,
} from "./payload.ts";

const atMs = 1_767_225_600_123;

/** Bytes that another implementation wrote, by what they are. */
const recorded = JSON.parse(
  readFileSync(new URL("../cases/tahu-javascript-1.0.3.json", import.meta.url), "utf8"),
) as Readonly<Record<string, string>>;

function bytesOf(name: string): Uint8Array {
  const hex = recorded[name];
  assert.ok(hex !== undefined, name);
  return Uint8Array.from(Buffer.from(hex, "hex"));
}

const plain: readonly (readonly [
  string,
  DataType,
  number | bigint | boolean | string | Uint8Array,
])[] = [
  ["i8", "Int8", -1],
  ["i16", "Int16", -32_768],
  ["i32", "Int32", -2_147_483_648],
  ["i64", "Int64", -(2n ** 63n)],
  ["u8", "UInt8", 255],
  ["u16", "UInt16", 65_535],
  ["u32", "UInt32", 4_294_967_295],
  ["u64", "UInt64", 2n ** 64n - 1n],
  ["f", "Float", 1.5],
  ["d", "Double", -0.1],
  ["b", "Boolean", true],
  ["s", "String", "Öldruck ✓"],
  ["t", "DateTime", atMs],
  ["text", "Text", ""],
  ["uuid", "UUID", "6f0e…"],
  ["bytes", "Bytes", Uint8Array.of(0, 1, 255)],
];

test("a birth of another implementation is read type by type", () => {
  assert.deepEqual(decodePayload(bytesOf("birth of a device with every plain type")), {
    timestampMs: atMs,
    seq: 1,
    metrics: plain.map(([name, type, value], index) => ({
      name,
      alias: BigInt(index + 1),
      timestampMs: atMs,
      datatype: dataTypes[type],
      // This implementation sends a UInt32 in the field of 64 bits; a reader must take both.
      value:
        type === "UInt32" ? { kind: "long", value: 4_294_967_295n } : toMetricValue(type, value),
    })),
  });
});

test("messages of another implementation are written byte by byte as it wrote them", () => {
  for (const name of Object.keys(recorded)) {
    // Its parts of a template are what we do not look into, but carry.
    const bytes = bytesOf(name);
    const again = encodePayload(decodePayload(bytes));
    assert.equal(Buffer.from(again).toString("hex"), Buffer.from(bytes).toString("hex"), name);
  }
});

test("what was not sent is absent, and zero and false that were sent are there", () => {
  const death = decodePayload(bytesOf("death of a node"));
  assert.deepEqual(death, {
    timestampMs: atMs,
    metrics: [{ name: "bdSeq", datatype: dataTypes.UInt64, value: { kind: "long", value: 7n } }],
  });
  const birth = decodePayload(bytesOf("birth of a node"));
  assert.equal(birth.seq, 0);
  assert.deepEqual(birth.metrics[1]?.value, { kind: "boolean", value: false });
  assert.deepEqual(decodePayload(new Uint8Array(0)), { metrics: [] });
});

test("null, history and properties of another implementation are read", () => {
  const { metrics } = decodePayload(bytesOf("data with null, history and properties"));
  assert.equal(metrics[0]?.isNull, true);
  assert.equal(metrics[0].value, undefined);
  assert.equal(metrics[1]?.historical, true);
  assert.deepEqual(
    metrics[2]?.properties,
    new Map<string, PropertyValue>([
      ["Quality", { datatype: 3, value: { kind: "int", value: 500 } }],
      ["engUnit", { datatype: 12, value: { kind: "string", value: "°C" } }],
    ]),
  );
});

test("a property set inside a property set is passed over, its neighbours are read", () => {
  // properties { keys "in", "a"; values { propertyset_value "…" }, { int_value 1 } }
  const inner = [0x4a, 0x02, 0x0a, 0x00];
  const values = [0x12, inner.length, ...inner, 0x12, 0x02, 0x18, 0x01];
  const set = [0x0a, 0x02, 0x69, 0x6e, 0x0a, 0x01, 0x61, ...values];
  const metric = [0x4a, set.length, ...set];
  const { metrics } = decodePayload(Uint8Array.from([0x12, metric.length, ...metric]));
  assert.deepEqual(
    metrics[0]?.properties,
    new Map<string, PropertyValue>([
      ["in", {}],
      ["a", { value: { kind: "int", value: 1 } }],
    ]),
  );
});

const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const u32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const ms = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const kindOfBytes = fc.constantFrom("bytes", "dataset", "template", "extension");
const plainValue: fc.Arbitrary<NonNullable<PropertyValue["value"]>> = fc.oneof(
  u32.map((value) => ({ kind: "int" as const, value })),
  u64.map((value) => ({ kind: "long" as const, value })),
  fc.float().map((value) => ({ kind: "float" as const, value })),
  fc.double().map((value) => ({ kind: "double" as const, value })),
  fc.boolean().map((value) => ({ kind: "boolean" as const, value })),
  fc.string({ unit: "grapheme" }).map((value) => ({ kind: "string" as const, value })),
);
const anyValue: fc.Arbitrary<MetricValue> = fc.oneof(
  plainValue,
  fc.tuple(kindOfBytes, fc.uint8Array()).map(([kind, value]) => ({ kind, value })),
);
const properties = fc
  .uniqueArray(
    fc.tuple(
      fc.string(),
      fc.record(
        { datatype: u32, isNull: fc.boolean(), value: plainValue },
        { requiredKeys: [], noNullPrototype: true },
      ),
    ),
    { selector: ([key]) => key, maxLength: 4 },
  )
  .map((entries) => new Map<string, PropertyValue>(entries));
const metric = fc.record(
  {
    name: fc.string({ unit: "grapheme" }),
    alias: u64,
    timestampMs: ms,
    datatype: u32,
    historical: fc.boolean(),
    isNull: fc.boolean(),
    properties,
    value: anyValue,
  },
  { requiredKeys: [], noNullPrototype: true },
);
const payload: fc.Arbitrary<SparkplugPayload> = fc.record(
  { timestampMs: ms, seq: fc.nat(255), metrics: fc.array(metric, { maxLength: 6 }) },
  { requiredKeys: ["metrics"], noNullPrototype: true },
);

test("whatever is written is read back, with nothing added and nothing lost", () => {
  fc.assert(
    fc.property(payload, (written) => {
      assert.deepEqual(decodePayload(encodePayload(written)), written);
    }),
  );
});

test("bytes from anywhere are read or refused with an error, and nothing else happens", () => {
  const [sample] = Object.keys(recorded);
  const good = bytesOf(sample ?? "");
  const damaged = fc
    .tuple(fc.nat(good.length - 1), fc.nat(255), fc.nat(good.length))
    .map(([at, byte, length]) => {
      const bytes = Uint8Array.from(good);
      bytes[at] = byte;
      return bytes.subarray(0, length);
    });
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), damaged), (bytes) => {
      try {
        decodePayload(bytes);
      } catch (failure) {
        assert.ok(failure instanceof Error);
      }
    }),
    { numRuns: 1_000 },
  );
});

test("a value read does not change when the buffer of its message is used again", () => {
  const bytes = encodePayload({ metrics: [{ value: { kind: "bytes", value: Uint8Array.of(7) } }] });
  const [read] = decodePayload(bytes).metrics;
  bytes.fill(0);
  assert.deepEqual(read?.value?.value, Uint8Array.of(7));
});
