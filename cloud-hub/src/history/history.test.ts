import assert from "node:assert/strict";
import { appendFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { silentLog, systemClock } from "@millwright/kit";

import { openHistory, type History } from "./history.ts";
import { Compactor } from "./lake/compactor.ts";
import { openDuck } from "./lake/duck.ts";
import { LakeFolder } from "./lake/lake-folder.ts";
import { Retention } from "./lake/retention.ts";
import { SeriesBook } from "./series-book.ts";
import { TestGateway, testTag } from "../ingest/test-gateway.ts";
import { openTestHistory, testDayUs, type TestHistory } from "../test-history.ts";

let opened: TestHistory;
let history: History;
let lakeFolder: string;
const none = new AbortController().signal;
const secondUs = 1_000_000;
const hourUs = 3_600 * secondUs;
/** Three hours, a sample each five seconds, of which the last half hour is not sorted. */
const all = Array.from({ length: 2_160 }, (_, at) => at * 5);
const gateway = new TestGateway("gw-history", [testTag(0), testTag(1)]);
const valueAt = (at: number): number => (at === 4_000 ? 99 : Math.round(at / 60) / 10);

before(async () => {
  opened = await openTestHistory();
  lakeFolder = join(opened.folder, "lake");
  history = openHistory(
    { databaseUrl: opened.url, folder: lakeFolder, logLevel: "error" },
    opened.store,
    silentLog,
  );
  const frames = Array.from({ length: 36 }, (_, at) =>
    gateway.samples(
      all
        .slice(at * 60, at * 60 + 60)
        .map((s) => [0, valueAt(s), testDayUs + s * secondUs] as const),
    ),
  );
  await opened.take(gateway, gateway.dictionaryFrame(), ...frames.slice(0, 30));
  await opened.sorter.sortAll(none);
  await opened.take(gateway, ...frames.slice(30));
});
after(async () => {
  await history[Symbol.asyncDispose]();
  await opened[Symbol.asyncDispose]();
});

/** `[seconds, value]` of an exported file, which is made by a process of its own. */
async function exported(name: string): Promise<readonly (readonly [number, number])[]> {
  const path = join(opened.folder, name);
  const made = await history.export(
    {
      gateway: gateway.gateway,
      tags: ["pump/t0", "pump/t1"],
      fromUs: testDayUs,
      toUs: testDayUs + 3 * hourUs,
    },
    none,
  );
  assert.ok(made.kind === "export");
  for (;;) {
    const bytes = await made.next();
    if (bytes === undefined) break;
    appendFileSync(path, bytes);
  }
  await made.close();
  mkdirSync(lakeFolder, { recursive: true });
  const duck = await openDuck(lakeFolder);
  const rows = await duck.runAndReadAll(
    `select epoch_us(time)::double, value from read_parquet('${path}') order by tag, time`,
  );
  duck.closeSync();
  const found = rows
    .getRowsJS()
    .map(([us, value]) => [(Number(us) - testDayUs) / secondUs, Number(value)] as const);
  return found;
}

test("an export holds the samples of chunks and of frames that are not sorted, in order and each of them once", async () => {
  assert.deepEqual(
    await exported("hot.parquet"),
    all.map((at) => [at, valueAt(at)]),
  );
});

for (const tier of ["samples", "minutes", "hours"] as const) {
  test(`a line drawn from ${tier} shows the peak, the first value and the last`, async () => {
    const [line] = await history.lines(
      gateway.gateway,
      ["pump/t0", "pump/t1"],
      testDayUs,
      testDayUs + 3 * hourUs,
      300,
      tier,
    );
    assert.ok(line !== undefined);
    assert.equal(Math.max(...line.values), 99);
    assert.equal(line.values[0], valueAt(0));
    assert.equal(line.values.at(-1), valueAt(all.at(-1) ?? 0));
    const rising = line.times.every((us, at) => at === 0 || us >= (line.times[at - 1] ?? 0));
    assert.ok(rising);
  });
}

test("the tier is chosen by the width of a pixel: a day on 1,200 pixels is drawn from minutes", async () => {
  const tags = ["pump/t0"];
  const endUs = testDayUs + 24 * hourUs;
  const [day] = await history.chart(gateway.gateway, tags, testDayUs, endUs, 1_200);
  const of = [gateway.gateway, tags, testDayUs, endUs, 1_200] as const;
  const [minutes] = await history.lines(...of, "minutes");
  const facts = { tag: "pump/t0", tier: "minutes", coarser: [], error: 0, gaps: [] };
  assert.deepEqual(day, { ...facts, ...minutes });
  const hour = testDayUs + hourUs - 1;
  const [zoomed] = await history.chart(gateway.gateway, tags, testDayUs, hour, 1_200);
  assert.equal(zoomed?.tier, "samples");
  assert.equal(zoomed.values.length, 720, "every sample of that hour");
});

test("aggregates of a range are those of its buckets", async () => {
  const minutes = await history.aggregates(
    gateway.gateway,
    "pump/t0",
    testDayUs + 10 * 60 * secondUs,
    testDayUs + 20 * 60 * secondUs,
    "minutes",
  );
  assert.deepEqual(
    minutes.map(({ samples }) => samples),
    new Array<number>(10).fill(12),
  );
  for (const { min = NaN, max = NaN, average = NaN, deviation = NaN } of minutes) {
    assert.ok(min < average && average < max, `${average} between ${min} and ${max}`);
    assert.ok(deviation > 0 && deviation <= (max - min) / 2, `${deviation}`);
  }
  const hours = await history.aggregates(
    gateway.gateway,
    "pump/t0",
    testDayUs,
    testDayUs + 24 * hourUs,
    "hours",
  );
  assert.equal(hours[1]?.max, 99);
});

test("a tag or a gateway that nobody has heard of has an empty line", async () => {
  const [line] = await history.lines(
    gateway.gateway,
    ["no/such"],
    testDayUs,
    testDayUs + hourUs,
    100,
  );
  assert.equal(line?.times.length, 0);
  const empty = await history.aggregates(
    gateway.gateway,
    "no/such",
    testDayUs,
    testDayUs + hourUs,
    "hours",
  );
  assert.deepEqual(empty, []);
});

test("lines and exports of a day that only files hold are those of before", async () => {
  const ask = (): ReturnType<History["lines"]> =>
    history.lines(
      gateway.gateway,
      ["pump/t0", "pump/t1"],
      testDayUs,
      testDayUs + 3 * hourUs,
      500,
      "samples",
    );
  const [line] = await ask();
  await opened.sorter.sortAll(none);
  const pool = opened.pool;
  const clock = { ...systemClock, nowUs: () => testDayUs + 120 * hourUs };
  const lake = new LakeFolder({
    folder: lakeFolder,
    damaged: () => Promise.reject(new Error("no file is damaged")),
  });
  const options = { pool, lake, clock, log: silentLog };
  const compactor = new Compactor({
    ...options,
    book: new SeriesBook(),
    settleMs: 0,
    samplesPerFile: 1_000_000,
  });
  await compactor.compactDue(none);
  const keep = { samples: 90, minutes: 365, hours: 1_826 };
  const released = await new Retention({ ...options, hotDays: 3, keep }).releaseChunks();
  assert.equal(released.length, 1);
  assert.equal((await pool.query("select from chunks")).rows.length, 0);
  assert.deepEqual((await ask())[0], line);
  assert.deepEqual(
    await exported("cold.parquet"),
    all.map((at) => [at, valueAt(at)]),
  );
});
