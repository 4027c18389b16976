import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { silentLog, systemClock, type Clock } from "@millwright/kit";
import type { ClockRecord } from "@millwright/wire-contract";

import { TestGateway, testTag } from "../ingest/test-gateway.ts";
import { openTestHistory, testDayUs, type TestHistory } from "../test-history.ts";
import { Compactor } from "./lake/compactor.ts";
import { LakeFolder } from "./lake/lake-folder.ts";
import { ReleasedReader } from "./lake/released-reader.ts";
import { Retention } from "./lake/retention.ts";
import { SampleReader } from "./sample-reader.ts";
import { SeriesBook } from "./series-book.ts";

let history: TestHistory;
const none = new AbortController().signal;
const secondUs = 1_000_000;
const hourUs = 3_600 * secondUs;
/** A box without a battery begins here; by then it is `testDayUs`. */
const bootUs = 10 * secondUs;
const offsetUs = testDayUs - bootUs;
const unset = { segment: 70, disciplined: false, offsetUs: 0 } as const;
const correction: ClockRecord = { segment: 70, disciplined: true, offsetUs, atUs: testDayUs };
/** A sample every ten seconds for an hour, counted from the boot. */
const hour = Array.from({ length: 360 }, (_, at) => at * 10);

before(async () => {
  history = await openTestHistory();
});
after(() => history[Symbol.asyncDispose]());

/** What was stamped in 1970, of a tag that the gateway stamps and of one that the device does. */
function bootHour(gateway: TestGateway): ReturnType<TestGateway["samples"]> {
  return gateway.samples(
    hour.map((s) => [0, s, bootUs + s * secondUs] as const),
    { clock: unset },
  );
}

/** `[seconds after the boot, value]` as a chart reads it. */
async function chart(
  gateway: TestGateway,
  tag = "pump/t0",
): Promise<readonly (readonly number[])[]> {
  const lake = new LakeFolder({
    folder: join(history.folder, "lake"),
    damaged: () => Promise.resolve(),
  });
  using released = new ReleasedReader(history.pool, lake);
  const reader = new SampleReader(history.pool, new SeriesBook(), released);
  const found = await history.pool.query<{ no: number }>(
    "select no from series where gateway = $1 and tag = $2",
    [gateway.gateway, tag],
  );
  const [series] = await reader.read(
    gateway.gateway,
    [tag],
    [found.rows[0]?.no],
    testDayUs - hourUs,
    testDayUs + 2 * hourUs,
  );
  return Array.from({ length: series?.count ?? 0 }, (_, row) => [
    ((series?.measuredUs[row] ?? NaN) - testDayUs) / secondUs,
    series?.value[row] ?? NaN,
  ]);
}

async function minutes(gateway: TestGateway): Promise<readonly (readonly [number, number])[]> {
  const found = await history.pool.query<{ time: Date; samples: number }>(
    "select time, samples from rollup_1m where gateway = $1 and tag = 'pump/t0' order by time",
    [gateway.gateway],
  );
  return found.rows.map(({ time, samples }) => [
    (time.getTime() * 1_000 - testDayUs) / secondUs,
    samples,
  ]);
}

test("what a gateway stamped in 1970 is read where it was measured once its clock record is here", async () => {
  const gateway = new TestGateway("gw-boot");
  await history.take(
    gateway,
    gateway.dictionaryFrame(),
    bootHour(gateway),
    gateway.clock(correction),
  );
  await history.sorter.sortAll(none);
  assert.deepEqual(
    await chart(gateway),
    hour.map((s) => [s, s]),
  );
  assert.deepEqual(
    (await minutes(gateway)).map(([at]) => at),
    Array.from({ length: 60 }, (_, minute) => minute * 60),
  );
});

test("samples that were sorted before the clock record came move to where they were measured, and nothing is counted twice", async () => {
  const gateway = new TestGateway("gw-late-record");
  await history.take(gateway, gateway.dictionaryFrame(), bootHour(gateway));
  await history.sorter.sortAll(none);
  assert.deepEqual(await chart(gateway), []);
  assert.ok((await minutes(gateway)).every(([at]) => at < 0));

  await history.take(gateway, gateway.clock(correction));
  await history.sorter.sortAll(none);
  assert.deepEqual(
    await chart(gateway),
    hour.map((s) => [s, s]),
  );
  assert.deepEqual(
    (await minutes(gateway)).map(([at, count]) => [at, count]),
    Array.from({ length: 60 }, (_, minute) => [minute * 60, 6]),
  );
  const counts = await history.pool.query<{ in_frames: bigint; stored: bigint; repeats: bigint }>(
    "select in_frames, stored, repeats from sample_counts where gateway = $1",
    [gateway.gateway],
  );
  assert.deepEqual(counts.rows[0], { in_frames: 360n, stored: 360n, repeats: 0n });
});

test("a sample that comes again after the correction is known by its stamp", async () => {
  const gateway = new TestGateway("gw-again");
  await history.take(gateway, gateway.dictionaryFrame(), bootHour(gateway));
  await history.sorter.sortAll(none);
  await history.take(gateway, gateway.clock(correction));
  await history.sorter.sortAll(none);
  const again = gateway.samples(
    hour.slice(0, 10).map((s) => [0, s, bootUs + s * secondUs] as const),
    { clock: { ...unset, offsetUs }, late: true },
  );
  await history.take(gateway, again);
  const passes = await history.sorter.sortAll(none);
  assert.equal(
    passes.reduce((sum, { repeats }) => sum + repeats, 0),
    10,
  );
  assert.equal((await chart(gateway)).length, 360);
});

test("a head that repeats the offset corrects as the record does that was lost", async () => {
  const gateway = new TestGateway("gw-head");
  await history.take(gateway, gateway.dictionaryFrame(), bootHour(gateway));
  await history.sorter.sortAll(none);
  const later = gateway.samples([[0, 3_600, bootUs + 3_600 * secondUs]], {
    clock: { ...unset, offsetUs },
  });
  await history.take(gateway, later);
  await history.sorter.sortAll(none);
  assert.deepEqual(
    await chart(gateway),
    [...hour, 3_600].map((s) => [s, s]),
  );
});

test("what a device has stamped stays where the device says, whatever the clock of the gateway was", async () => {
  const gateway = new TestGateway("gw-device", [testTag(0, { clock: "device" })]);
  const frame = gateway.samples(
    hour.map((s) => [0, s, testDayUs + s * secondUs] as const),
    { clock: unset },
  );
  await history.take(gateway, gateway.dictionaryFrame(), frame, gateway.clock(correction));
  await history.sorter.sortAll(none);
  assert.deepEqual(
    await chart(gateway),
    hour.map((s) => [s, s]),
  );
});

test("no policy deletes what a clock that was not set has stamped while its true time may still come", async () => {
  const gateway = new TestGateway("gw-policy");
  await history.take(gateway, gateway.dictionaryFrame(), bootHour(gateway));
  await history.sorter.sortAll(none);
  const { pool } = history;
  const at = (days: number): Clock => ({
    ...systemClock,
    nowUs: () => testDayUs + days * 24 * hourUs + 2 * hourUs,
  });
  const lake = new LakeFolder({
    folder: join(history.folder, "lake"),
    damaged: () => Promise.resolve(),
  });
  const keepHouse = async (days: number): Promise<void> => {
    const clock = at(days);
    const options = { pool, lake, clock, log: silentLog };
    const compactor = new Compactor({
      ...options,
      book: new SeriesBook(),
      settleMs: 0,
      samplesPerFile: 1_000,
    });
    await compactor.compactDue(none);
    const keep = { samples: 90, minutes: 365, hours: 1_826 };
    await new Retention({ ...options, hotDays: 3, keep }).run();
  };
  await keepHouse(20);
  await history.take(gateway, gateway.clock(correction));
  await history.sorter.sortAll(none);
  assert.equal((await chart(gateway)).length, 360);
  await keepHouse(21);
  assert.equal((await chart(gateway)).length, 360);
});
