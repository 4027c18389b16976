import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import {
  BucketDigest,
  encodeTold,
  inTime,
  mergeBuckets,
  noCarry,
  rollUp,
  ruleOf,
  widths,
  type Buckets,
  type Series,
} from "@millwright/aggregates";
import { seededRandom, type Random } from "@millwright/kit";
import { encodeAggregates, type ClockState, type TagDefinition } from "@millwright/wire-contract";

import { digestBuckets } from "../lake/digest-buckets.ts";
import { TestGateway, testTag, type TestFrame } from "../../ingest/test-gateway.ts";
import { openTestHistory, testDayUs, type TestHistory } from "../../test-history.ts";
import { hourTier, minuteTier, readRollups, type RollupTier } from "./rollup-store.ts";

let history: TestHistory;
const none = new AbortController().signal;
const secondUs = 1_000_000;
const { minute: minuteUs, hour: hourUs } = widths;
const firstHour = testDayUs / hourUs;
const telling = { rule: "dead-band", error: 5, heartbeatMs: 300_000 } as const;
const tag = testTag(0, { telling, expectedMs: 60_000 });

before(async () => {
  history = await openTestHistory();
});
after(() => history[Symbol.asyncDispose]());

type Row = readonly [us: number, value: number];

function seriesOf(rows: readonly Row[]): Series {
  const sorted = rows.toSorted(([a], [b]) => a - b);
  return {
    count: sorted.length,
    measuredUs: Float64Array.from(sorted, ([us]) => us),
    value: Float64Array.from(sorted, ([, value]) => value),
    status: new Uint32Array(sorted.length),
  };
}

/** What the gateway reckons from all of its samples. */
function minutesOf(rows: readonly Row[], hours: number, of: TagDefinition = tag): Buckets {
  const toUs = testDayUs + hours * hourUs;
  return rollUp({
    rule: ruleOf(of),
    samples: inTime(seriesOf(rows), testDayUs, toUs),
    before: noCarry,
    gaps: [],
    widthUs: widths.minute,
    fromUs: testDayUs,
    toUs,
    knownToUs: toUs,
  }).buckets;
}

/** One frame about one hour. */
function tell(
  gateway: TestGateway,
  rows: readonly Row[],
  hour: number,
  revision: number,
  change: { readonly clock?: ClockState } = {},
): TestFrame {
  const fromUs = testDayUs + hour * hourUs;
  const minutes = inHour(minutesOf(rows, hour + 1), fromUs);
  const body = encodeTold([{ tag: 0, buckets: minutes }], fromUs, () => tag);
  return gateway.seal(
    "history",
    "aggregates",
    encodeAggregates({ hour: firstHour + hour, revision, minutes: body }),
    { firstUs: fromUs, lastUs: fromUs + hourUs - 1, ...change },
  );
}

function inHour({ count, startUs, ...buckets }: Buckets, fromUs: number): Buckets {
  const from = startUs.subarray(0, count).findIndex((us) => us >= fromUs);
  const columns = Object.entries({ startUs, ...buckets }).map(([name, column]) => [
    name,
    ArrayBuffer.isView(column) ? column.slice(Math.max(0, from), count) : column,
  ]);
  const told = Object.fromEntries(columns) as Omit<Buckets, "count">;
  return { ...told, count: from < 0 ? 0 : count - from };
}

/** Told rows of a dead-band: the first, and each that is further off than the error from the last told. */
function toldOf(rows: readonly Row[]): readonly Row[] {
  let last = NaN;
  return seriesRows(rows).filter(([, value]) => {
    if (Math.abs(value - last) <= telling.error) return false;
    last = value;
    return true;
  });
}

function seriesRows(rows: readonly Row[]): readonly Row[] {
  return rows.toSorted(([a], [b]) => a - b);
}

function samples(gateway: TestGateway, rows: readonly Row[], late = false): TestFrame {
  const lane = late ? "history" : "live";
  return gateway.samples(
    rows.map(([us, value]) => [0, value, us] as const),
    { lane, late },
  );
}

/** What is said of each bucket, bit by bit, but for the times of its first and last sample, which are not told. */
function said(buckets: Buckets): readonly unknown[] {
  const names = [
    "startUs",
    "samples",
    "good",
    "goodUs",
    "worst",
    "min",
    "max",
    "first",
    "last",
    "sum",
    "sumSquares",
    "integral",
    "delta",
  ] as const;
  return Array.from({ length: buckets.count }, (_, row) => names.map((name) => buckets[name][row]));
}

async function kept(gateway: TestGateway, tier: RollupTier): Promise<readonly unknown[]> {
  const found = await history.pool.query<{ no: number }>(
    "select no from series where gateway = $1 and tag = $2",
    [gateway.gateway, tag.id],
  );
  const [rows = []] = await readRollups(history.pool, tier, [
    { series: found.rows[0]?.no ?? -1, fromSlot: 0, toSlot: 2 ** 30 },
  ]);
  return rows.flatMap(said);
}

function shuffled<T>(all: readonly T[], random: Random): readonly T[] {
  return all
    .map((one) => ({ one, key: random.next() }))
    .toSorted((a, b) => a.key - b.key)
    .map(({ one }) => one);
}

async function takeAndSort(gateway: TestGateway, ...frames: readonly TestFrame[]): Promise<void> {
  await history.take(gateway, ...frames);
  await history.sorter.sortAll(none);
}

for (let seed = 1; seed <= 6; seed++) {
  test(`the hub says of a dead-banded tag's minutes what its gateway reckoned, whatever came when (seed ${seed})`, async () => {
    const random = seededRandom(`told ${seed}`);
    const gateway = new TestGateway(`gw-told-${seed}`, [tag]);
    const all: Row[] = Array.from({ length: 2 * 3_600 }, (_, second): Row => [
      testDayUs + second * secondUs + random.int(900) * 1_000,
      // Digits of an instrument, and now and then of a computation, whose sums have no short form.
      seed % 2 === 0
        ? Math.round(1_000 * Math.sin(second / 400) + random.int(40)) / 10
        : 100 * Math.sin(second / 400) + random.next(),
    ]).filter(() => random.next() < 0.8);
    const isLate = (us: number): boolean => Math.floor(us / secondUs) % 37 === 5;
    const onTime = all.filter(([us]) => !isLate(us));
    const told = toldOf(onTime);
    const half = Math.floor(told.length / 2);
    const frames = [
      samples(gateway, told.slice(0, half)),
      samples(gateway, told.slice(half)),
      // Each hour as it was first reckoned, and again when late samples had come.
      tell(gateway, onTime, 0, 11),
      tell(gateway, onTime, 1, 12),
      samples(
        gateway,
        all.filter(([us]) => isLate(us)),
        true,
      ),
      tell(gateway, all, 0, 21),
      tell(gateway, all, 1, 22),
    ];
    await history.take(gateway, gateway.dictionaryFrame());
    // Some come twice, some later, and the sorter is at work meanwhile.
    const coming = shuffled([...frames, ...frames.filter(() => random.next() < 0.5)], random);
    for (const frame of coming) {
      await history.take(gateway, frame);
      if (random.next() < 0.4) await history.sorter.sortAll(none);
    }
    await history.sorter.sortAll(none);

    const minutes = minutesOf(all, 2);
    assert.deepEqual(await kept(gateway, minuteTier), said(minutes));
    const hours = mergeBuckets(minutes, widths.hour, ruleOf(tag));
    assert.deepEqual(await kept(gateway, hourTier), said(hours));
    const counts = await history.pool.query<Record<string, bigint>>(
      "select * from sample_counts where gateway = $1",
      [gateway.gateway],
    );
    const inFrames = told.length + all.length - onTime.length;
    assert.equal(counts.rows[0]?.["in_frames"], BigInt(inFrames), "aggregates are no samples");
    assert.equal(counts.rows[0]["stored"], BigInt(inFrames));
  });
}

test("without the minutes that the gateway told, the hub knows only what it was told (control)", async () => {
  const gateway = new TestGateway("gw-told-control", [tag]);
  const all = Array.from({ length: 600 }, (_, second): Row => [
    testDayUs + second * secondUs,
    Math.sin(second),
  ]);
  await takeAndSort(gateway, gateway.dictionaryFrame(), samples(gateway, toldOf(all)));
  assert.notDeepEqual(await kept(gateway, minuteTier), said(minutesOf(all, 1)));
  await takeAndSort(gateway, tell(gateway, all, 0, 1));
  assert.deepEqual(await kept(gateway, minuteTier), said(minutesOf(all, 1)));
});

test("a minute of which the hub has more samples than were told of it stays as it is", async () => {
  const gateway = new TestGateway("gw-told-less", [tag]);
  const all = Array.from({ length: 600 }, (_, second): Row => [
    testDayUs + second * secondUs,
    second % 50,
  ]);
  await takeAndSort(gateway, gateway.dictionaryFrame(), samples(gateway, all));
  const before = await kept(gateway, minuteTier);
  // A gateway that was replaced in minute 5 knows only what came later.
  const later = all.filter(([us]) => us >= testDayUs + 5 * minuteUs + 30 * secondUs);
  await takeAndSort(gateway, tell(gateway, later, 0, 7));
  const kept5 = await kept(gateway, minuteTier);
  assert.deepEqual(kept5.slice(0, 6), before.slice(0, 6));
});

test("the view says which minutes were told, and that nothing was measured can be told, too", async () => {
  const gateway = new TestGateway("gw-told-view", [tag]);
  const first: readonly Row[] = [[testDayUs + 10 * secondUs, 7]];
  await takeAndSort(gateway, gateway.dictionaryFrame(), samples(gateway, first));
  await takeAndSort(gateway, tell(gateway, first, 1, 3));
  // An hour without a minute is a row that says so.
  await takeAndSort(gateway, tell(gateway, [], 2, 4));
  const view = await history.pool.query<{ time: Date; told: boolean; slot: number }>(
    "select time, told, slot from rollup_1m where gateway = $1 order by time",
    [gateway.gateway],
  );
  assert.ok(view.rows.length > 0);
  assert.deepEqual(
    view.rows.filter(({ slot }) => slot === firstHour).map(({ told }) => told),
    view.rows.filter(({ slot }) => slot === firstHour).map(() => false),
  );
  const rows = await history.pool.query<{ slot: number; n: number; told: readonly number[] }>(
    `select r.slot, r.n, r.told from rollup_minutes r join series s on s.no = r.series
     where s.gateway = $1 and r.told is not null order by r.slot`,
    [gateway.gateway],
  );
  assert.deepEqual(
    rows.rows.map(({ slot, n, told }) => [slot - firstHour, n, told]),
    [
      [1, 0, [3]],
      [2, 0, [4]],
    ],
  );
});

test("hours that were told in the place of minutes are kept with those that are known, and both sides hash the same", async () => {
  const gateway = new TestGateway("gw-told-hours", [tag]);
  const all = Array.from({ length: 3 * 360 }, (_, at): Row => [
    testDayUs + at * 10 * secondUs,
    Math.sin(at / 7),
  ]);
  const fourth = testDayUs + 3 * hourUs;
  const last: readonly Row[] = [[fourth + 5 * secondUs, 3]];
  // Of the first hour the hub has all, of the second a tenth, of the third nothing.
  const here = all.filter(
    ([us], at) => us < testDayUs + hourUs || (us < testDayUs + 2 * hourUs && at % 10 === 0),
  );
  await takeAndSort(gateway, gateway.dictionaryFrame(), samples(gateway, here));
  const hours = mergeBuckets(minutesOf(all, 3), widths.hour, ruleOf(tag));
  const coded = encodeTold([{ tag: 0, buckets: hours }], testDayUs, () => tag, widths.hour);
  const statement = { hour: firstHour, revision: 5, minutes: new Uint8Array(0), hours: coded };
  const body = encodeAggregates(statement);
  const frame = gateway.seal("history", "aggregates", body);
  await history.take(gateway, frame);
  const range = [testDayUs, testDayUs + 3 * hourUs] as const;
  const wanted = { gateway: gateway.gateway, resolution: "hours" as const };
  const ask = (): ReturnType<typeof digestBuckets> =>
    digestBuckets(history.pool, { ...wanted, tags: [{ tag: tag.id, ranges: [range] }] });
  assert.equal(await ask(), undefined, "what is not sorted yet is not compared");
  await history.sorter.sortAll(none);
  // What comes later makes hours of its own, and leaves those that were told.
  await takeAndSort(gateway, samples(gateway, last));

  const digest = new BucketDigest();
  digest.add(hours, ...range);
  assert.deepEqual(await ask(), { tags: [{ samples: 3, digest: digest.finish() }] });
  const known = await kept(gateway, hourTier);
  assert.deepEqual(known.slice(0, 3), said(hours));
  assert.ok(known.length > 3);
  // Samples that say more than was told take their place.
  const more = all.flatMap(([us, value]): Row[] => [
    [us, value],
    [us + secondUs, value + 1],
  ]);
  await takeAndSort(gateway, samples(gateway, more, true));
  const [first] = await kept(gateway, hourTier);
  assert.notDeepEqual(first, said(hours)[0]);
});

test("a frame that tells of a tag which its dictionary has not is kept as bytes, and stops nothing", async () => {
  const gateway = new TestGateway("gw-told-unknown", [tag]);
  const rows: readonly Row[] = [[testDayUs + secondUs, 1]];
  const stranger = encodeTold(
    [{ tag: 9, buckets: inHour(minutesOf(rows, 1), testDayUs) }],
    testDayUs,
    () => tag,
  );
  const body = encodeAggregates({ hour: firstHour, revision: 1, minutes: stranger });
  await takeAndSort(
    gateway,
    gateway.dictionaryFrame(),
    gateway.seal("history", "aggregates", body),
    tell(gateway, rows, 0, 2),
  );
  assert.deepEqual(await kept(gateway, minuteTier), said(minutesOf(rows, 1)));
  const noted = await history.pool.query(
    "select from frames f join epochs e on e.no = f.epoch_no where e.gateway = $1 and f.content = 0",
    [gateway.gateway],
  );
  assert.equal(noted.rows.length, 1);
});

test("minutes by the stamps of a clock that was wrong are not taken, and go when their samples move", async () => {
  const gateway = new TestGateway("gw-told-clock", [tag]);
  const rows: readonly Row[] = [[testDayUs + 10 * secondUs, 7]];
  const wrong = { segment: 5, disciplined: false, offsetUs: 2 * hourUs } as const;
  await takeAndSort(
    gateway,
    gateway.dictionaryFrame(),
    tell(gateway, rows, 0, 3, { clock: wrong }),
  );
  assert.deepEqual(await kept(gateway, minuteTier), []);

  const unset = { segment: 6, disciplined: false, offsetUs: 0 } as const;
  await takeAndSort(
    gateway,
    gateway.samples([[0, 7, testDayUs + 10 * secondUs]], { clock: unset }),
    tell(gateway, rows, 0, 4, { clock: unset }),
  );
  assert.deepEqual(await kept(gateway, minuteTier), said(minutesOf(rows, 1)));
  const record = { ...wrong, segment: 6, disciplined: true, atUs: testDayUs };
  await takeAndSort(gateway, gateway.clock(record));
  const view = await history.pool.query<{ time: Date; told: boolean }>(
    "select time, told from rollup_1m where gateway = $1 order by time limit 1",
    [gateway.gateway],
  );
  assert.deepEqual(view.rows, [{ time: new Date((testDayUs + 2 * hourUs) / 1_000), told: false }]);
});
