import assert from "node:assert/strict";
import { test } from "node:test";

import { noCarry, rollUp, widths, type Buckets, type RollupRule } from "@millwright/aggregates";
import type { Scalar } from "@millwright/wire-contract";
import fc from "fast-check";

import { packBuckets } from "./pack-buckets.ts";
import { unpackBuckets } from "./unpack-buckets.ts";

const hourUs = widths.hour;

interface Row {
  readonly us: number;
  readonly value: number;
  readonly bad: boolean;
}

function bucketsOf(rule: RollupRule, rows: readonly Row[], wide?: Map<number, Scalar>): Buckets {
  const sorted = rows.toSorted((a, b) => a.us - b.us);
  return rollUp({
    rule,
    samples: {
      count: sorted.length,
      measuredUs: Float64Array.from(sorted, ({ us }) => us),
      value: Float64Array.from(sorted, ({ value }) => value),
      status: Uint32Array.from(sorted, ({ bad }) => (bad ? 0x8000_0000 : 0)),
      ...(wide === undefined ? {} : { wide }),
    },
    before: noCarry,
    gaps: [],
    widthUs: widths.minute,
    fromUs: 0,
    toUs: hourUs,
    knownToUs: hourUs,
  }).buckets;
}

const measurement: RollupRule = {
  kind: "measurement",
  wide: false,
  holdUs: 90_000_000,
  modulus: Infinity,
};

const values = fc.oneof(
  fc.integer({ min: -50_000, max: 50_000 }).map((whole) => whole / 100),
  fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e12, max: 1e12 }),
  fc.integer({ min: -(2 ** 40), max: 2 ** 40 }),
  fc.constantFrom(0, -0, 0.1, 1e-300, 2 ** 53),
);
const rows = fc.array(
  fc.record({ us: fc.integer({ min: 0, max: hourUs - 1 }), value: values, bad: fc.boolean() }),
  { maxLength: 80 },
);

/** Through the text of a row, as the database would have it. */
function again(buckets: Buckets): Buckets {
  const packed = packBuckets(buckets, 0, buckets.count, 0);
  return unpackBuckets(JSON.parse(JSON.stringify(packed)) as typeof packed, widths.minute, 0);
}

test("buckets come out of a row as they went in, sums within their tolerance", () => {
  fc.assert(
    fc.property(
      rows,
      fc.constantFrom<RollupRule["kind"]>("measurement", "counter", "state"),
      (made, kind) => {
        const before = bucketsOf({ ...measurement, kind }, made);
        if (before.count === 0) return;
        const after = unpackBuckets(packBuckets(before, 0, before.count, 0), widths.minute, 0);
        for (const name of [
          "startUs",
          "samples",
          "good",
          "goodUs",
          "worst",
          "min",
          "max",
          "first",
          "firstUs",
          "last",
          "lastUs",
          "delta",
          "rollOvers",
          "resets",
          "changes",
        ] as const) {
          assert.deepEqual([...after[name]], [...before[name]], name);
        }
        const magnitude = made.reduce((most, { value }) => Math.max(most, Math.abs(value)), 0);
        for (let row = 0; row < before.count; row++) {
          near(after.sum[row], before.sum[row], magnitude * 80);
          near(after.sumSquares[row], before.sumSquares[row], magnitude ** 2 * 80);
          near(after.integral[row], before.integral[row], magnitude * widths.minute);
        }
        assert.deepEqual(after.states, before.states);
      },
    ),
  );
});

function near(after: number | undefined, before: number | undefined, magnitude: number): void {
  const off = Math.abs((after ?? NaN) - (before ?? NaN));
  assert.ok(off <= magnitude * 1e-12, `${after} is not ${before}`);
}

test("an hour of a sensor with two decimals takes few bytes for each minute", () => {
  const made = Array.from({ length: 3_600 }, (_, at) => ({
    us: at * 1_000_000,
    value: Math.round(2_000 + 300 * Math.sin(at / 200)) / 100,
    bad: false,
  }));
  const packed = packBuckets(bucketsOf(measurement, made), 0, 60, 0);
  assert.equal(packed.samples.length, 1);
  assert.equal(packed.good, null);
  assert.equal(packed.worst, null);
  assert.equal(packed.values2?.length, 240);
  assert.equal(packed.sums4?.length, 60);
});

test("texts and 64-bit integers stay exact", () => {
  const rule: RollupRule = { ...measurement, kind: "text", wide: true, holdUs: Infinity };
  const row = (us: number): Row => ({ us, value: NaN, bad: false });
  const texts = bucketsOf(
    rule,
    [row(1), row(2)],
    new Map<number, Scalar>([
      [0, 'a "word"'],
      [1, "n1"],
    ]),
  );
  assert.deepEqual(again(texts).exact, texts.exact);
  const integers = bucketsOf(
    { ...rule, kind: "counter", modulus: 2 ** 64 },
    [row(1), row(2)],
    new Map<number, Scalar>([
      [0, 2n ** 62n],
      [1, 2n ** 62n + 1n],
    ]),
  );
  assert.deepEqual(again(integers).exact, integers.exact);
});
