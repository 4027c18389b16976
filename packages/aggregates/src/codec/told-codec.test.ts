import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { seededRandom } from "@millwright/kit";
import { decodeAggregates, parseFrame } from "@millwright/wire-contract";
import fc from "fast-check";

import type { Buckets } from "../buckets.ts";
import { noCarry } from "../carry.ts";
import { rollUp } from "../roll-up.ts";
import type { RollupRule } from "../rule.ts";
import { inTime } from "../series.ts";
import { measurement, rowsOf, seriesOf, someRule, type Sample } from "../test-series.ts";
import { widths } from "../width.ts";
import { decodeTold, encodeTold, type ToldBuckets } from "./told-codec.ts";
import { someNumber, someScalar } from "./test-values.ts";

const hourUs = 480_000 * widths.hour;
const plainScale = { scale: 1, offset: 0 };

function minutesOf(samples: readonly Sample[], rule: RollupRule): Buckets {
  const toUs = hourUs + widths.hour;
  return rollUp({
    rule,
    samples: inTime(seriesOf(samples), hourUs, toUs),
    before: noCarry,
    gaps: [],
    widthUs: widths.minute,
    fromUs: hourUs,
    toUs,
    knownToUs: toUs,
  }).buckets;
}

function throughBytes(told: readonly ToldBuckets[], scale = plainScale): readonly ToldBuckets[] {
  const scaleOf = (): typeof scale => scale;
  const read = decodeTold(encodeTold(told, hourUs, scaleOf), hourUs, scaleOf);
  assert.ok(!("kind" in read), "reason" in read ? read.reason : "");
  return read;
}

/** All that is told: times in states, and those of the first and last sample, are not. */
function rows(told: readonly ToldBuckets[]): unknown {
  const untold = ["states", "firstUs", "lastUs"];
  return told.map(({ tag, buckets }) => [
    tag,
    rowsOf(buckets).map((row) =>
      Object.fromEntries(Object.entries(row).filter(([name]) => !untold.includes(name))),
    ),
  ]);
}

const someUs = fc.oneof(
  fc.integer({ min: 0, max: 3_599 }).map((s) => hourUs + s * 1_000_000),
  fc.integer({ min: 0, max: widths.hour - 1 }).map((us) => hourUs + us),
);
const someMinutes = fc.oneof(
  fc
    .tuple(
      fc.array(
        fc.record({
          us: someUs,
          value: someNumber,
          status: fc.constantFrom(0, 0, 0, 0x480, 0x8000_0000),
        }),
        { maxLength: 40 },
      ),
      someRule,
    )
    .map(([samples, rule]) => minutesOf(samples, rule)),
  fc
    .tuple(
      fc.array(fc.record({ us: someUs, value: fc.constant(NaN), scalar: someScalar }), {
        maxLength: 20,
      }),
      fc.constantFrom("counter" as const, "state" as const, "text" as const),
    )
    .map(([samples, kind]) =>
      minutesOf(samples, { kind, wide: true, holdUs: 9_000_000, modulus: 2 ** 64 }),
    ),
);

test("told minutes come back bit by bit, for every kind of tag, many of them in one frame", () => {
  fc.assert(
    fc.property(fc.array(someMinutes, { maxLength: 5 }), fc.boolean(), (tags, scaled) => {
      const told = tags.map((minutes, at) => ({ tag: at * 3, buckets: minutes }));
      const scale = scaled ? { scale: 0.1, offset: -7 } : plainScale;
      assert.deepEqual(rows(throughBytes(told, scale)), rows(told));
    }),
  );
});

test("an hour in which nothing was measured and nothing held is a statement, too", () => {
  const told = [{ tag: 4, buckets: minutesOf([], measurement) }];
  assert.deepEqual(rows(throughBytes(told)), rows(told));
});

test("bytes that are no told minutes are refused, whatever they are", () => {
  const bytes = encodeTold(
    [
      { tag: 1, buckets: minutesOf(noisy(10_000), measurement) },
      {
        tag: 2,
        buckets: minutesOf([{ us: hourUs + 5, value: NaN, scalar: "lot 7" }], {
          ...measurement,
          kind: "text",
          wide: true,
        }),
      },
    ],
    hourUs,
    () => plainScale,
  );
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.nat(255), fc.boolean(), (at, byte, cut) => {
      const damaged = cut ? bytes.slice(0, at) : bytes.slice();
      if (!cut) damaged[at] = byte;
      const read = decodeTold(damaged, hourUs, (tag) => (tag < 100 ? plainScale : undefined));
      if ("kind" in read) assert.doesNotMatch(read.reason, /defect/);
    }),
  );
  const unknown = decodeTold(bytes, hourUs, () => undefined);
  assert.ok("kind" in unknown && unknown.reason.includes("not in its dictionary"));
});

test("an hour of a noisy sensor takes less than 9 bytes a minute, of one that stands still not one", () => {
  const moving = encodeTold(
    [{ tag: 0, buckets: minutesOf(noisy(1_000), measurement) }],
    hourUs,
    () => plainScale,
  );
  assert.ok(moving.length < 9 * 60, `it takes ${moving.length} bytes`);
  const still = encodeTold(
    [
      {
        tag: 0,
        buckets: minutesOf(
          noisy(1_000).map(({ us }) => ({ us, value: 21.5 })),
          measurement,
        ),
      },
    ],
    hourUs,
    () => plainScale,
  );
  assert.ok(still.length < 60, `it takes ${still.length} bytes`);
});

test("the stored frame of version 1 holds the minutes that it held when it was stored", () => {
  const cases = new URL("../../../wire-contract/cases/version-1/", import.meta.url);
  const frame = parseFrame(readFileSync(new URL("aggregates.frame", cases)));
  assert(frame.kind === "frame" && frame.head.content === "aggregates");
  const body = decodeAggregates(frame.body);
  assert(!("kind" in body));
  const read = decodeTold(body.minutes, body.hour * widths.hour, () => plainScale);
  assert(!("kind" in read), "reason" in read ? read.reason : "");
  const expected: unknown = JSON.parse(
    readFileSync(new URL("../../cases/told-minutes.json", import.meta.url), "utf8"),
  );
  assert.deepEqual(JSON.parse(toJson(rows(read))), expected);
});

/** NaN is null in JSON, and integers of 64 bits are text. */
function toJson(said: unknown): string {
  return JSON.stringify(said, (_key, value: unknown) =>
    typeof value === "bigint" ? String(value) : value,
  );
}

/** Two decimals, a slow wave with noise, 3 ms of jitter. */
function noisy(everyMs: number): Sample[] {
  const random = seededRandom("noisy");
  return Array.from({ length: widths.hour / 1_000 / everyMs }, (_sample, at) => ({
    us: hourUs + (at * everyMs + random.int(7)) * 1_000,
    value: Math.round(5_000 + 300 * Math.sin(at / 300) + 30 * (random.next() - 0.5)) / 100,
  }));
}
