import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { SampleDigest } from "./sample-digest.ts";
import type { Scalar } from "./scalar.ts";

interface Row {
  readonly us: number;
  readonly value: number;
  readonly status: number;
  readonly scalar: Scalar | undefined;
}

const anyRow: fc.Arbitrary<Row> = fc.record({
  us: fc.integer({ min: 0, max: 20 }),
  value: fc.oneof(fc.double(), fc.constantFrom(1, 2, -0, 0)),
  status: fc.constantFrom(0, 0x8000_0000, 0x4000_0000),
  scalar: fc.oneof(
    fc.constant(undefined),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
    fc.string({ maxLength: 4 }),
    fc.boolean(),
    fc.uint8Array({ maxLength: 4 }),
  ),
});

function digestOf(pieces: readonly (readonly Row[])[]): { samples: number; digest: string } {
  const digest = new SampleDigest();
  for (const rows of pieces) {
    digest.add({
      count: rows.length,
      measuredUs: Float64Array.from(rows, ({ us }) => us),
      value: Float64Array.from(rows, ({ value }) => value),
      status: Uint32Array.from(rows, ({ status }) => status),
      wide: new Map(
        rows.flatMap(({ scalar }, row) => (scalar === undefined ? [] : [[row, scalar] as const])),
      ),
    });
  }
  const { samples } = digest;
  return { samples, digest: digest.finish() };
}

test("the digest does not depend on the order, on repeats or on where the range was cut", () => {
  fc.assert(
    fc.property(fc.array(anyRow), fc.integer({ min: 0, max: 20 }), (rows, cutUs) => {
      const whole = digestOf([rows]);
      const parts = [rows.filter(({ us }) => us < cutUs), rows.filter(({ us }) => us >= cutUs)];
      assert.deepEqual(digestOf([[...rows, ...rows].toReversed()]), whole);
      assert.deepEqual(digestOf(parts), whole);
    }),
  );
});

test("a sample that is missing, and each field of one that is another, is another digest", () => {
  const row: Row = { us: 5, value: 1.5, status: 0, scalar: undefined };
  const others: readonly Row[] = [
    { ...row, us: 6 },
    { ...row, value: 1.25 },
    { ...row, status: 1 },
    { ...row, scalar: 7n },
    { ...row, scalar: "7" },
    { ...row, scalar: new Uint8Array([7]) },
  ];
  const digests = [[], [row], ...others.map((other) => [other])].map(
    (rows) => digestOf([rows]).digest,
  );
  assert.equal(new Set(digests).size, digests.length);
});

test("more rows than one piece holds are hashed like a few", () => {
  const rows = Array.from({ length: 20_000 }, (_, at): Row => {
    return { us: at, value: at / 3, status: 0, scalar: at % 5_000 === 0 ? "text" : undefined };
  });
  const pieces = Array.from({ length: 20 }, (_, at) => rows.slice(at * 1_000, (at + 1) * 1_000));
  assert.deepEqual(digestOf([rows]), digestOf(pieces));
  assert.equal(digestOf([rows]).samples, 20_000);
});
