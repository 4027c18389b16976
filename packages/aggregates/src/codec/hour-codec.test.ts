import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "@millwright/kit";
import fc from "fast-check";

import type { Buckets } from "../buckets.ts";
import { noCarry } from "../carry.ts";
import { mergeBuckets } from "../merge.ts";
import { rollUp } from "../roll-up.ts";
import type { RollupRule } from "../rule.ts";
import { inTime } from "../series.ts";
import { measurement, rowsOf, seriesOf, someRule, type Sample } from "../test-series.ts";
import { widths } from "../width.ts";
import { decodeHour, decodeHourHead, encodeHour, type HourRollup } from "./hour-codec.ts";
import { someNumber, someScalar } from "./test-values.ts";

const hourUs = widths.hour;
const fromUs = 480_000 * hourUs;

function hourOf(samples: readonly Sample[], rule: RollupRule, withSeconds = true): HourRollup {
  const toUs = fromUs + hourUs;
  const sorted = inTime(seriesOf(samples), fromUs, toUs);
  const common = {
    rule,
    samples: sorted,
    before: noCarry,
    gaps: [],
    fromUs,
    toUs,
    knownToUs: toUs,
  };
  const { buckets: minutes, after } = rollUp({ ...common, widthUs: widths.minute });
  const hour = mergeBuckets(minutes, widths.hour, rule);
  if (!withSeconds) return { hour, minutes, after };
  const { buckets: seconds } = rollUp({ ...common, widthUs: widths.second });
  return { hour, minutes, seconds, after };
}

function decoded(bytes: Uint8Array): HourRollup {
  const rollup = decodeHour(bytes);
  assert.ok(!("kind" in rollup), "reason" in rollup ? rollup.reason : "");
  return rollup;
}

function assertSame(actual: HourRollup, expected: HourRollup): void {
  assert.deepEqual(plainOf(actual), plainOf(expected));
}

function plainOf({ hour, minutes, seconds, after }: HourRollup): unknown {
  const rows = (buckets: Buckets | undefined): unknown =>
    buckets === undefined ? undefined : [buckets.widthUs, rowsOf(buckets)];
  return { hour: rows(hour), minutes: rows(minutes), seconds: rows(seconds), after };
}

const someUs = fc.oneof(
  fc.integer({ min: 0, max: 3_599 }).map((s) => fromUs + s * 1_000_000),
  fc.integer({ min: 0, max: 3_599_999 }).map((ms) => fromUs + ms * 1_000),
  fc.integer({ min: 0, max: hourUs - 1 }).map((us) => fromUs + us),
);

test("what is encoded comes back bit by bit, for every kind of tag", () => {
  const samples = fc.array(
    fc.record({
      us: someUs,
      value: someNumber,
      status: fc.constantFrom(0, 0, 0, 0x480, 0x8000_0000),
    }),
    { maxLength: 80 },
  );
  fc.assert(
    fc.property(samples, someRule, fc.boolean(), fc.boolean(), (some, rule, fast, scaled) => {
      // An hour of seconds in which a value holds has 3,600 rows, and is no other case than a minute of them.
      const hour = hourOf(some, fast ? { ...rule, holdUs: 3_000_000 } : rule, fast);
      const device = scaled ? { scale: 0.1, offset: 0 } : undefined;
      assertSame(decoded(encodeHour(hour, device)), hour);
    }),
  );
});

test("64-bit integers, texts and bytes come back exactly", () => {
  const samples = fc.array(fc.record({ us: someUs, value: fc.constant(NaN), scalar: someScalar }), {
    maxLength: 40,
  });
  fc.assert(
    fc.property(
      samples,
      fc.constantFrom("counter", "state", "text", "event-value"),
      (some, kind) => {
        const hour = hourOf(some, { kind, wide: true, holdUs: 9_000_000, modulus: 2 ** 64 });
        assertSame(decoded(encodeHour(hour)), hour);
      },
    ),
  );
});

test("the head of an hour says the same as the whole", () => {
  const hour = hourOf([{ us: fromUs + 7, value: 3 }], measurement);
  const head = decodeHourHead(encodeHour(hour));
  assert.ok(!("kind" in head));
  assert.deepEqual(rowsOf(head.hour), rowsOf(hour.hour));
  assert.deepEqual(head.after, hour.after);
});

test("bytes that are no rollup are refused, whatever they are", () => {
  const bytes = encodeHour(hourOf(noisy(2_000), measurement, false));
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.nat(255), fc.boolean(), (at, byte, cut) => {
      const damaged = cut ? bytes.slice(0, at) : bytes.slice();
      if (!cut) damaged[at] = byte;
      const rollup = decodeHour(damaged);
      if ("kind" in rollup) assert.doesNotMatch(rollup.reason, /defect/);
    }),
  );
});

test("an hour of a noisy sensor at 0.5 Hz takes less than 950 bytes in minutes", () => {
  const { length } = encodeHour(hourOf(noisy(2_000), measurement, false));
  assert.ok(length < 950, `it takes ${length} bytes`);
});

/** Two decimals, a slow wave with noise, 3 ms of jitter. */
function noisy(everyMs: number): Sample[] {
  const random = seededRandom("noisy");
  return Array.from({ length: hourUs / 1_000 / everyMs }, (_sample, at) => ({
    us: fromUs + (at * everyMs + random.int(7)) * 1_000,
    value: Math.round(5_000 + 300 * Math.sin(at / 300) + 30 * (random.next() - 0.5)) / 100,
  }));
}
