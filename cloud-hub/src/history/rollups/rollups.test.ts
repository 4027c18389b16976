import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { rollUp, ruleOf, noCarry, widths } from "@millwright/aggregates";
import { severityOf } from "@millwright/wire-contract";
import type { DeviceId } from "@millwright/wire-contract";

import { TestGateway, testTag } from "../../ingest/test-gateway.ts";
import { openTestHistory, testDayUs, type TestHistory } from "../../test-history.ts";

let history: TestHistory;
const none = new AbortController().signal;
const secondUs = 1_000_000;
const minuteUs = widths.minute;
const hourUs = widths.hour;

before(async () => {
  history = await openTestHistory();
});
after(() => history[Symbol.asyncDispose]());

interface ViewRow {
  readonly time: Date;
  readonly samples: number;
  readonly good: number;
  readonly good_share: number;
  readonly minimum: number | null;
  readonly maximum: number | null;
  readonly mean: number | null;
  readonly average: number | null;
  readonly deviation: number | null;
  readonly first: number | null;
  readonly last: number | null;
  readonly worst_status: bigint;
  readonly counted: number;
  readonly changes: number;
}

async function view(name: string, gateway: TestGateway, tag = "pump/t0"): Promise<ViewRow[]> {
  const found = await history.pool.query<ViewRow>(
    `select * from ${name} where gateway = $1 and tag = $2 order by time`,
    [gateway.gateway, tag],
  );
  return found.rows;
}

const valueAt = (at: number): number => Math.round(5_000 * Math.sin(at / 700)) / 100;
/** Two hours and a half, a sample a second. */
const all = Array.from({ length: 9_000 }, (_, at) => at);

function frameOf(
  gateway: TestGateway,
  ats: readonly number[],
  change = {},
): ReturnType<TestGateway["samples"]> {
  return gateway.samples(
    ats.map((at) => [0, valueAt(at), testDayUs + at * secondUs] as const),
    change,
  );
}

test("minutes and hours in the views are those of the samples, whatever order they came in", async () => {
  const gateway = new TestGateway("gw-rollup");
  const late = all.filter((at) => at % 7 === 3 || (at > 4_000 && at < 4_400));
  const onTime = all.filter((at) => !late.includes(at));
  await history.take(gateway, gateway.dictionaryFrame());
  for (let from = 0; from < onTime.length; from += 3_000) {
    await history.take(gateway, frameOf(gateway, onTime.slice(from, from + 3_000)));
    await history.sorter.sortAll(none);
  }
  await history.take(gateway, frameOf(gateway, late, { lane: "history", late: true }));
  await history.sorter.sortAll(none);

  const tag = testTag(0);
  for (const [name, widthUs] of [
    ["rollup_1m", widths.minute],
    ["rollup_1h", widths.hour],
  ] as const) {
    const { buckets } = rollUp({
      rule: ruleOf(tag),
      samples: {
        count: all.length,
        measuredUs: Float64Array.from(all, (at) => testDayUs + at * secondUs),
        value: Float64Array.from(all, valueAt),
        status: new Uint32Array(all.length),
      },
      before: noCarry,
      gaps: [],
      widthUs,
      fromUs: testDayUs,
      toUs: testDayUs + 3 * hourUs,
      // The last value is known to hold until the moment of the last sample.
      knownToUs: testDayUs + 8_999 * secondUs,
    });
    const rows = await view(name, gateway);
    assert.equal(rows.length, buckets.count, name);
    for (const [row, seen] of rows.entries()) {
      assert.equal(seen.time.getTime() * 1_000, buckets.startUs[row]);
      assert.equal(seen.samples, buckets.samples[row]);
      assert.equal(seen.good, buckets.good[row]);
      for (const [of, column] of [
        ["minimum", "min"],
        ["maximum", "max"],
        ["first", "first"],
        ["last", "last"],
      ] as const) {
        assert.equal(seen[of], buckets[column][row], `${name} ${row} ${of}`);
      }
      const good = buckets.good[row] ?? 0;
      close(seen.mean, (buckets.integral[row] ?? 0) / (buckets.goodUs[row] ?? 0));
      close(seen.average, (buckets.sum[row] ?? 0) / good);
      close(seen.good_share, (buckets.goodUs[row] ?? 0) / widthUs);
      const variance =
        (buckets.sumSquares[row] ?? 0) / good - ((buckets.sum[row] ?? 0) / good) ** 2;
      close(seen.deviation, Math.sqrt(Math.max(0, variance)), 1e-6);
    }
  }
});

function close(seen: number | null, expected: number, within = 1e-9): void {
  assert.ok(
    Math.abs((seen ?? NaN) - expected) <= within * Math.max(1, Math.abs(expected)),
    `${seen} is not ${expected}`,
  );
}

test("a bad sample is counted, has no value and shows its status; a gap of the ledger ends a hold", async () => {
  const gateway = new TestGateway("gw-rollup-bad", [
    testTag(0, { expectedMs: 600_000 }),
    testTag(1, { device: "other" as DeviceId }),
  ]);
  await history.take(
    gateway,
    gateway.dictionaryFrame(),
    gateway.ledger([
      {
        number: 1,
        reason: "device unreachable",
        scope: { kind: "device", device: "plc-1" as DeviceId },
        fromUs: testDayUs + 2 * minuteUs,
        toUs: testDayUs + 4 * minuteUs,
        count: { kind: "unknown" },
      },
    ]),
    gateway.samples([[0, 1, testDayUs]]),
    gateway.samples([[0, 2, testDayUs + 5 * minuteUs]]),
    gateway.samples([[0, 3, testDayUs + 6 * minuteUs]]),
  );
  await history.sorter.sortAll(none);
  const rows = await view("rollup_1m", gateway);
  const minutes = rows.map(({ time }) => (time.getTime() * 1_000 - testDayUs) / minuteUs);
  assert.deepEqual(minutes.slice(0, 4), [0, 1, 5, 6]);
  assert.equal(rows[1]?.samples, 0);
  assert.equal(rows[1].mean, 1);
  assert.equal(rows[1].minimum, null);
  assert.equal(severityOf(Number(rows[0]?.worst_status ?? 0n)), "good");
});

test("a counter's step over midnight stands in the bucket of the later sample", async () => {
  const gateway = new TestGateway("gw-rollup-counter", [
    testTag(0, { kind: "counter", type: "uint16", decimals: 0 }),
  ]);
  await history.take(gateway, gateway.dictionaryFrame());
  const midnight = testDayUs + 24 * hourUs;
  for (const [value, us] of [
    [65_530, midnight - 5 * minuteUs],
    [4, midnight + 5 * minuteUs],
  ] as const) {
    await history.take(gateway, gateway.samples([[0, value, us]]));
    await history.sorter.sortAll(none);
  }
  const rows = await view("rollup_1h", gateway);
  assert.deepEqual(
    rows.map(({ counted, first }) => [first, counted]),
    [
      [65_530, 0],
      [4, 10],
    ],
  );
});

test("what a column of the views means can be read in the database", async () => {
  const found = await history.pool.query<{ column: string; comment: string | null }>(
    `select a.attname as column, col_description(a.attrelid, a.attnum) as comment from pg_attribute a
     where a.attrelid = 'rollup_1m'::regclass and a.attnum > 0`,
  );
  const silent = found.rows.filter(({ comment }) => comment === null).map(({ column }) => column);
  assert.deepEqual(silent, ["gateway", "tag", "name", "device", "asset", "unit", "kind", "slot"]);
});
