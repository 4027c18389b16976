import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { reducePerColumn, silentLog, type Clock, systemClock } from "@millwright/kit";
import { bucketOf, laneNumbers } from "@millwright/wire-contract";

import { brokenAudit } from "../../database/audit.ts";
import { TestGateway, testTag, type TestFrame } from "../../ingest/test-gateway.ts";
import { SampleReader } from "../sample-reader.ts";
import { dayOf } from "../samples/chunk.ts";
import { SeriesBook } from "../series-book.ts";
import { tryToSort } from "../sorter-lock.ts";
import { allGateways } from "../sorter-share.ts";
import { Sorter } from "../sorter.ts";
import { openTestHistory, testDayUs, type TestHistory } from "../../test-history.ts";
import { Compactor } from "./compactor.ts";
import { noteDamaged } from "./damage.ts";
import { openDuck } from "./duck.ts";
import { LakeFolder } from "./lake-folder.ts";
import { listedFiles } from "./lake-store.ts";
import { ReleasedReader } from "./released-reader.ts";
import { Retention } from "./retention.ts";

let history: TestHistory;
let folder: string;
const none = new AbortController().signal;
const secondUs = 1_000_000;
const dayUs = 86_400_000_000;
const day = dayOf(testDayUs);

before(async () => {
  history = await openTestHistory();
  folder = join(history.folder, "lake");
});
after(() => history[Symbol.asyncDispose]());

interface Lake extends Disposable {
  readonly lake: LakeFolder;
  readonly compactor: Compactor;
  readonly retention: Retention;
  readonly sorter: Sorter;
  readonly reader: SampleReader;
  readonly damaged: string[];
}

/** All that works on the lake, so many days after the day of the tests. */
function lakeAt(days: number): Lake {
  const { pool } = history;
  const clock: Clock = { ...systemClock, nowUs: () => testDayUs + days * dayUs + 7_200 * secondUs };
  const damaged: string[] = [];
  const log = silentLog;
  const lake = new LakeFolder({
    folder,
    damaged: async (file, reason) => {
      damaged.push(reason);
      await noteDamaged(pool, file, reason, clock, log);
    },
  });
  const book = new SeriesBook();
  const released = new ReleasedReader(pool, lake);
  return {
    lake,
    compactor: new Compactor({ pool, book, lake, clock, log, settleMs: 0, samplesPerFile: 1_000 }),
    retention: new Retention({
      pool,
      lake,
      clock,
      log,
      hotDays: 3,
      keep: { samples: 90, minutes: 365, hours: 1_826 },
    }),
    sorter: new Sorter({ pool, book, clock, log, hotDays: 3, released }),
    reader: new SampleReader(pool, book, released),
    damaged,
    [Symbol.dispose]() {
      released[Symbol.dispose]();
    },
  };
}

let gateways = 0;
function nextGateway(): TestGateway {
  return new TestGateway(`gw-lake-${++gateways}`, [
    testTag(0),
    testTag(1, { type: "int64", kind: "counter", decimals: 0 }),
  ]);
}

function seconds(gateway: TestGateway, from: number, to: number, step = 1): readonly TestFrame[] {
  const frames: TestFrame[] = [];
  for (let at = from; at < to; at += 60 * step) {
    const rows = Array.from({ length: Math.min(60, (to - at) / step) }, (_, k) => at + k * step);
    frames.push(gateway.samples(rows.map((s) => [0, s / 10, testDayUs + s * secondUs] as const)));
  }
  return frames;
}

async function readAll(lake: Lake, gateway: TestGateway): Promise<readonly number[]> {
  const found = await history.pool.query<{ no: number }>(
    "select no from series where gateway = $1 and tag = 'pump/t0'",
    [gateway.gateway],
  );
  const range = { fromUs: testDayUs, toUs: testDayUs + dayUs };
  const { fromUs, toUs } = range;
  const of = { gateway: gateway.gateway, tags: ["pump/t0", "pump/t1"] };
  const numbers = [found.rows[0]?.no, undefined];
  const [series] = await lake.reader.read(of.gateway, of.tags, numbers, fromUs, toUs);
  // What is looked at part by part makes the line of what was put together first.
  const columns = 1_000;
  const question = { ...of, ...range, series: numbers, columns, gaps: [] };
  const [line] = await lake.reader.lines(question);
  assert.ok(series !== undefined);
  const { measuredUs, value, status } = series;
  assert.deepEqual(line, reducePerColumn(measuredUs, value, status, fromUs, toUs, columns));
  assert.deepEqual(
    [...value],
    [...measuredUs].map((us) => (us - testDayUs) / secondUs / 10),
  );
  return [...measuredUs].map((us) => (us - testDayUs) / secondUs);
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, at) => at);

test("a day becomes files that any reader of Parquet can read, sorted by tag and time", async () => {
  const gateway = nextGateway();
  await history.take(gateway, gateway.dictionaryFrame(), ...seconds(gateway, 0, 3_000));
  await history.sorter.sortAll(none);
  using lake = lakeAt(1);
  const written = await lake.compactor.compactDue(none);
  assert.ok(written.some((one) => one.bucket === bucketOf(gateway.gateway)));
  assert.deepEqual(await lake.compactor.compactDue(none), [], "nothing has changed");

  const duck = await openDuck(lake.lake.scratch);
  const glob = join(folder, "**", "*.parquet");
  const rows = await duck.runAndReadAll(
    `select epoch_us(time), value, unit from read_parquet('${glob}') where gateway = '${gateway.gateway}'`,
  );
  assert.deepEqual(
    rows.getRowsJS(),
    upTo(3_000).map((at) => [BigInt(testDayUs + at * secondUs), at / 10, "Cel"]),
  );
  const groups = await duck.runAndReadAll(
    `select distinct compression, stats_min_value is not null from parquet_metadata('${glob}') where path_in_schema = 'time'`,
  );
  assert.deepEqual(groups.getRowsJS(), [["ZSTD", true]]);
  duck.closeSync();
});

test("a day that is over is released to its files, and reads as before", async () => {
  const gateway = nextGateway();
  await history.take(gateway, gateway.dictionaryFrame(), ...seconds(gateway, 0, 2_000));
  await history.sorter.sortAll(none);
  using lake = lakeAt(4);
  const before = await readAll(lake, gateway);
  assert.deepEqual(await lake.retention.releaseChunks(), [], "its files do not hold it yet");
  await lake.compactor.compactDue(none);
  assert.deepEqual(await lake.retention.releaseChunks(), [day]);
  const left = await history.pool.query("select from chunks where day = $1", [day]);
  assert.equal(left.rows.length, 0);
  assert.deepEqual(await readAll(lake, gateway), before);
});

test("late samples of a released day are read at once, are in the next files, and stand once", async () => {
  const gateway = nextGateway();
  using lake = lakeAt(4);
  await history.take(gateway, gateway.dictionaryFrame(), ...seconds(gateway, 0, 2_000, 2));
  await lake.sorter.sortAll(none);
  await lake.compactor.compactDue(none);
  await lake.retention.releaseChunks();
  // All of it once more, and what lay between.
  await history.take(gateway, ...seconds(gateway, 0, 2_000));
  await lake.sorter.sortAll(none);
  assert.deepEqual(await readAll(lake, gateway), upTo(2_000));
  const minutes = await history.pool.query<{ samples: number }>(
    "select samples from rollup_1m where gateway = $1 and tag = 'pump/t0' order by time limit 3",
    [gateway.gateway],
  );
  assert.deepEqual(
    minutes.rows.map(({ samples }) => samples),
    [60, 60, 60],
  );
  await lake.compactor.compactDue(none);
  const rest = await history.pool.query("select from chunks where day = $1", [day]);
  assert.equal(rest.rows.length, 0);
  assert.deepEqual(await readAll(lake, gateway), upTo(2_000));
});

test("a byte that changed in a file is noticed, the file is named and put aside, and written again", async () => {
  const gateway = nextGateway();
  // A day of its own, which the database still holds.
  const us = testDayUs + dayUs;
  await history.take(
    gateway,
    gateway.dictionaryFrame(),
    gateway.samples([
      [0, 1, us],
      [0, 2, us + 1],
    ]),
  );
  using lake = lakeAt(2);
  await lake.sorter.sortAll(none);
  await lake.compactor.compactDue(none);
  const [file] = await listedFiles(history.pool, day + 1, bucketOf(gateway.gateway));
  assert.ok(file !== undefined);
  damage(lake.lake.path(file.path));
  assert.equal(await lake.lake.checked(file), undefined);
  assert.match(lake.damaged[0] ?? "", /SHA-256/);
  assert.ok(readdirSync(join(folder, "damaged")).length > 0);
  const log = await history.pool.query<{ details: { path: string } }>(
    "select details from audit_log where act = 'history file damaged'",
  );
  assert.deepEqual(
    log.rows.map(({ details }) => details.path),
    [file.path],
  );

  await lake.compactor.compactDue(none);
  const [again] = await listedFiles(history.pool, day + 1, bucketOf(gateway.gateway));
  assert.equal(again?.samples, 2);
  assert.ok((await lake.lake.checked(again)) !== undefined);
});

test("a file that changed since it was checked is checked again before it is read", async () => {
  using lake = lakeAt(2);
  const [file] = await listedFiles(history.pool, day + 1, bucketOf(`gw-lake-${gateways}` as never));
  assert.ok(file !== undefined);
  assert.ok((await lake.lake.checked(file)) !== undefined);
  damage(lake.lake.path(file.path));
  assert.equal(await lake.lake.checked(file), undefined);
});

function damage(path: string): void {
  const bytes = readFileSync(path);
  const middle = Math.floor(bytes.length / 2);
  bytes[middle] = (bytes[middle] ?? 0) ^ 1;
  writeFileSync(path, bytes);
}

test("files that nobody lists are removed, and those that are listed stay", async () => {
  using lake = lakeAt(4);
  const stray = join(folder, `day=2027-01-15`, "stray.parquet");
  await lake.compactor.compactDue(none);
  writeFileSync(lake.lake.path("day=2027-01-15/stray.parquet.part"), "half");
  writeFileSync(stray, "whole, but not listed");
  await lake.retention.run();
  const left = readdirSync(join(folder, "day=2027-01-15"));
  assert.ok(!left.some((name) => name.includes("stray")));
  assert.ok(left.length > 0);
});

test("nobody waits for a pass of a sorter where nothing is old enough to go", async () => {
  using lake = lakeAt(2);
  const pass = await history.pool.connect();
  try {
    await pass.query("begin");
    await tryToSort(pass, allGateways);
    const run = lake.retention.run();
    const through = await Promise.race([run.then(() => true), hasWaiting(run).then(() => false)]);
    assert.ok(through, "it waits for the pass");
  } finally {
    await pass.query("rollback");
    pass.release();
  }
});

/** Resolves once somebody waits for the sorters; never when `run` ends before. */
async function hasWaiting(run: Promise<void>): Promise<void> {
  const ended = new AbortController();
  void run.finally(() => {
    ended.abort();
  });
  while (!ended.signal.aborted) {
    const found = await history.pool.query(
      "select from pg_locks where relation = 'sorted_lanes'::regclass and not granted",
    );
    if (found.rows.length > 0) return;
    await systemClock.sleep(10, ended.signal).catch(() => undefined);
  }
  await new Promise<never>(() => undefined);
}

test("frames of a day go when all of them are sorted, and what could not be decoded stays", async () => {
  using lake = lakeAt(10);
  const gateway = nextGateway();
  await history.take(gateway, gateway.dictionaryFrame(), gateway.samples([[0, 1, testDayUs]]));
  const partition = `frames_from_${testDayUs}`;
  assert.ok(!(await lake.retention.releaseFrames()).includes(partition), "one is not sorted");
  await lake.sorter.sortAll(none);
  await history.pool.query("update frames set content = 0 where sample_count = 1");
  assert.ok((await lake.retention.releaseFrames()).includes(partition));
  const kept = await history.pool.query("select from frames_undecodable");
  assert.ok(kept.rows.length > 0);
});

test("frames of a day go when one of them filled a void and has no samples to sort, or was damaged there", async () => {
  using lake = lakeAt(10);
  const gateway = nextGateway();
  const partition = `frames_from_${testDayUs}`;
  const ledger = gateway.ledger([]);
  const [damaged, later] = seconds(gateway, 0, 120);
  assert.ok(damaged !== undefined && later !== undefined);
  await history.take(gateway, gateway.void(ledger, ledger), gateway.void(damaged, damaged), later);
  await history.take(gateway, gateway.dictionaryFrame());
  await lake.sorter.sortAll(none);
  await history.take(gateway, ledger, damaged);
  await history.pool.query(
    `update frames f set bytes = set_byte(f.bytes, length(f.bytes) - 1, get_byte(f.bytes, length(f.bytes) - 1) # 1)
     from epochs e where e.no = f.epoch_no and e.gateway = $1 and f.lane = $2 and f.seq = 1`,
    [gateway.gateway, laneNumbers[damaged.lane]],
  );
  await lake.sorter.sortAll(none);
  assert.ok((await lake.retention.releaseFrames()).includes(partition));
});

test("what is older than the settings want is deleted, and the audit log says so", async () => {
  using soon = lakeAt(89);
  await soon.compactor.compactDue(none);
  await soon.retention.run();
  assert.ok(
    (await history.pool.query("select from lake_files where state = 'listed'")).rows.length > 0,
  );
  using late = lakeAt(120);
  await late.retention.run();
  assert.equal(
    (await history.pool.query("select from lake_files where state = 'listed'")).rows.length,
    0,
  );
  assert.ok((await history.pool.query("select from rollup_minutes")).rows.length > 0);
  using muchLater = lakeAt(500);
  await muchLater.retention.run();
  assert.equal((await history.pool.query("select from rollup_minutes")).rows.length, 0);
  assert.ok((await history.pool.query("select from rollup_hours")).rows.length > 0);
  const acts = await history.pool.query<{ details: { tier: string } }>(
    "select details from audit_log where act = 'history expired' order by no",
  );
  assert.deepEqual(
    acts.rows.map(({ details }) => details.tier),
    ["samples", "minutes"],
  );
  assert.equal(await brokenAudit(history.pool), undefined);
});

test("a late sample whose value holds over released days leaves what is known of them", async () => {
  const gateway = nextGateway();
  using lake = lakeAt(4);
  const sample = (us: number): TestFrame => gateway.samples([[0, 1, us]]);
  await history.take(gateway, gateway.dictionaryFrame(), ...seconds(gateway, 0, 300));
  await history.take(gateway, sample(testDayUs + 3 * dayUs));
  await lake.sorter.sortAll(none);
  await lake.compactor.compactDue(none);
  await lake.retention.releaseChunks();
  const minutesOfDay = async (): Promise<readonly object[]> => {
    const found = await history.pool.query<object>(
      `select time, samples, mean, minimum, maximum from rollup_1m
       where gateway = $1 and tag = 'pump/t0' and time >= to_timestamp($2) and samples > 0 order by time`,
      [gateway.gateway, testDayUs / secondUs],
    );
    return found.rows;
  };
  const before = await minutesOfDay();
  assert.equal(before.length, 6);
  // Of a day of which no file tells; the next sample in the database lies behind the released day.
  await history.take(gateway, sample(testDayUs - 3 * dayUs));
  await lake.sorter.sortAll(none);
  assert.deepEqual(await minutesOfDay(), before);
});

test("an entry of the audit log that was changed does not fit the one before it", async () => {
  await history.pool.query(
    "update audit_log set actor = 'nobody' where no = (select min(no) + 1 from audit_log)",
  );
  assert.equal(await brokenAudit(history.pool), 2);
});
