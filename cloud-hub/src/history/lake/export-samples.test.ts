import assert from "node:assert/strict";
import { appendFileSync, existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { silentLog, systemClock, type Clock } from "@millwright/kit";
import { encodeSamples, type Scalar, type TagId } from "@millwright/wire-contract";

import { TestGateway, testTag, type TestFrame } from "../../ingest/test-gateway.ts";
import { openTestHistory, testDayUs, type TestHistory } from "../../test-history.ts";
import { SampleReader } from "../sample-reader.ts";
import { SeriesBook } from "../series-book.ts";
import { Compactor } from "./compactor.ts";
import { openDuck } from "./duck.ts";
import { SampleExport, type ExportOrder } from "./export-samples.ts";
import { fileRun } from "./file-run.ts";
import { LakeFolder } from "./lake-folder.ts";
import { ReleasedReader } from "./released-reader.ts";
import { Retention } from "./retention.ts";

const none = new AbortController().signal;
const secondUs = 1_000_000;
const dayUs = 86_400 * secondUs;
/** A box without a battery begins here, half an hour before the end of the second day. */
const bootUs = 10 * secondUs;
const offsetUs = testDayUs + 2 * dayUs - 1_800 * secondUs - bootUs;

let history: TestHistory;
let lake: LakeFolder;
let released: ReleasedReader;
let reader: SampleReader;

const gateway = new TestGateway("gw-export", [
  testTag(0),
  testTag(1, { type: "int64", kind: "counter", decimals: 0 }),
  testTag(2, { type: "string", decimals: 0 }),
  testTag(3, { type: "bytes", decimals: 0 }),
  // Behind the others in an alphabet, before them by its bytes.
  testTag(4, { id: "pump/Z" as TagId, unit: "bar" }),
]);
const tags = gateway.dictionary.tags.map(({ id }) => id);
const range = { fromUs: testDayUs - dayUs + 17, toUs: testDayUs + 8 * dayUs };
const order: ExportOrder = { gateway: gateway.gateway, tags, ...range };

before(async () => {
  history = await openTestHistory();
  lake = new LakeFolder({
    folder: join(history.folder, "lake"),
    damaged: (file, reason) => Promise.reject(new Error(`${file.path}: ${reason}`)),
  });
  released = new ReleasedReader(history.pool, lake);
  reader = new SampleReader(history.pool, new SeriesBook(), released);
  await makeDays();
});
after(async () => {
  released[Symbol.dispose]();
  await history[Symbol.asyncDispose]();
});

/** An hour of a day, a sample each ten seconds, in all tags. */
function hourOf(day: number, { fromS = 0, shift = 0 } = {}): TestFrame {
  const rows = Array.from({ length: 360 }, (_, at) => at).flatMap((at) =>
    tags.map((_tag, index) => ({
      index,
      us: testDayUs + day * dayUs + (fromS + at * 10) * secondUs,
      scalar: scalarOf(index, at + day * 1_000 + shift),
    })),
  );
  const wide = new Map<number, Scalar>();
  for (const [row, { scalar }] of rows.entries()) {
    if (typeof scalar !== "number") wide.set(row, scalar);
  }
  const times = rows.map(({ us }) => us);
  const body = encodeSamples(
    {
      count: rows.length,
      tag: Int32Array.from(rows, ({ index }) => index),
      measuredUs: Float64Array.from(times),
      value: Float64Array.from(rows, ({ scalar }) => (typeof scalar === "number" ? scalar : NaN)),
      status: new Uint32Array(rows.length),
      wide,
    },
    gateway.dictionary,
  );
  const of = { sampleCount: rows.length, firstUs: Math.min(...times), lastUs: Math.max(...times) };
  return gateway.seal("live", "samples", body, of);
}

function scalarOf(index: number, at: number): Scalar {
  if (index === 1) return 2n ** 60n + BigInt(at);
  if (index === 2) return `it's "${at}"`;
  if (index === 3) return Uint8Array.of(at & 255, 0, 255);
  return at / 10;
}

/** Days in files alone, with what came late for some of them, and days that no file holds. */
async function makeDays(): Promise<void> {
  const { pool } = history;
  const clock: Clock = { ...systemClock, nowUs: () => testDayUs + 6 * dayUs + 7_200 * secondUs };
  const options = { pool, lake, clock, log: silentLog };
  await history.take(gateway, gateway.dictionaryFrame());
  for (const day of [0, 1, 2, 3, 4, 5]) await history.take(gateway, hourOf(day));
  // A clone of it says something else at the same times.
  gateway.newEpoch();
  await history.take(gateway, gateway.dictionaryFrame(), hourOf(0, { shift: 7 }));
  const boot = Array.from(
    { length: 360 },
    (_, at) => [0, at, bootUs + at * 10 * secondUs] as const,
  );
  const unset = { segment: 70, disciplined: false, offsetUs: 0 } as const;
  await history.take(
    gateway,
    gateway.samples(boot, { clock: unset }),
    gateway.clock({ segment: 70, disciplined: true, offsetUs, atUs: testDayUs + 2 * dayUs }),
  );
  await history.sorter.sortAll(none);
  const compactor = new Compactor({
    ...options,
    book: new SeriesBook(),
    settleMs: 0,
    samplesPerFile: 4_000,
  });
  await compactor.compactDue(none);
  const keep = { samples: 90, minutes: 365, hours: 1_826 };
  await new Retention({ ...options, hotDays: 3, keep }).releaseChunks();
  // Late for days that are in files: once more what they hold and what lies between, in order and not sorted yet.
  await history.take(gateway, hourOf(1, { fromS: 1_805 }));
  await history.sorter.sortAll(none);
  await history.take(gateway, hourOf(3), hourOf(3, { fromS: 1_805, shift: 3 }), hourOf(6));
}

type Row = readonly [string, number, number, string | null, number, string];

/** Tag by tag and day by day as the reader that merges puts them together. */
async function merged({ tags: of, fromUs, toUs }: ExportOrder): Promise<readonly Row[]> {
  const found = await history.pool.query<{ no: number; tag: string; unit: string }>(
    `select no, tag, unit from series where gateway = $1 and tag = any($2::text[]) order by tag collate "C"`,
    [gateway.gateway, of],
  );
  const rows: Row[] = [];
  for (const { no, tag, unit } of found.rows) {
    for (let us = fromUs; us <= toUs; us = (Math.floor(us / dayUs) + 1) * dayUs) {
      const endUs = Math.min(toUs, (Math.floor(us / dayUs) + 1) * dayUs - 1);
      const [series] = await reader.read(gateway.gateway, [tag], [no], us, endUs);
      assert.ok(series !== undefined);
      for (let row = 0; row < series.count; row++) {
        const scalar = series.wide?.get(row);
        const number = scalar === undefined ? (series.value[row] ?? NaN) : NaN;
        const exact = scalar instanceof Uint8Array ? Buffer.from(scalar).toString("hex") : scalar;
        rows.push([
          tag,
          series.measuredUs[row] ?? NaN,
          typeof scalar === "bigint" ? Number(scalar) : number,
          exact === undefined ? null : String(exact),
          series.status[row] ?? NaN,
          unit,
        ]);
      }
    }
  }
  return rows;
}

let files = 0;
async function exported(of: ExportOrder): Promise<string> {
  const path = join(history.folder, `export-${++files}.parquet`);
  await using made = new SampleExport({ pool: history.pool, reader, lake }, `test-${files}`, of);
  for (;;) {
    const piece = await made.next();
    if (piece === undefined) return path;
    appendFileSync(path, readFileSync(piece.path).subarray(piece.from, piece.end));
    rmSync(piece.path);
  }
}

/** In the order of the file. */
async function rowsOf(path: string): Promise<readonly Row[]> {
  const duck = await openDuck(lake.scratch);
  const found = await duck.runAndReadAll(
    `select tag, epoch_us(time)::double, value, exact, status, unit from read_parquet('${path}')
     where gateway = '${gateway.gateway}' and clock_segment = 0`,
  );
  duck.closeSync();
  return found.getRowsJS() as unknown as Row[];
}

/** Says the first row that differs: to write out how thousands do takes more memory than there is. */
function assertRows(found: readonly Row[], expected: readonly Row[]): void {
  for (const [at, row] of expected.entries()) assert.deepEqual(found[at], row, `row ${at}`);
  assert.equal(found.length, expected.length);
}

test("an export holds what the reader that merges finds, in its order: in files, late, corrected, cloned and not sorted", async () => {
  const expected = await merged(order);
  assert.ok(expected.length > 5 * 7 * 360);
  assertRows(await rowsOf(await exported(order)), expected);
});

test("a part of a day that begins and ends between samples is exported as it is read", async () => {
  const some = { ...order, fromUs: testDayUs + 15.5 * secondUs, toUs: testDayUs + 2.01 * dayUs };
  const few = { ...some, tags: ["pump/t1", "pump/unknown"] };
  const expected = await merged(few);
  assert.ok(expected.length > 360);
  assertRows(await rowsOf(await exported(few)), expected);
});

test("files alone are read as far as nothing lies beside them", async () => {
  const found = await history.pool.query<{ no: number }>(
    "select no from series where gateway = $1 and tag = 'pump/t0'",
    [gateway.gateway],
  );
  const no = found.rows[0]?.no ?? -1;
  const daysFrom = async (day: number): Promise<number> => {
    const span = { fromUs: testDayUs + day * dayUs, toUs: range.toUs };
    const run = await fileRun(history.pool, gateway.gateway, no, span);
    return (run.toUs + 1 - span.fromUs) / dayUs;
  };
  assert.equal(await daysFrom(0), 1, "for the second day a chunk came late");
  assert.equal(await daysFrom(1), 0);
  assert.equal(await daysFrom(2), 1, "frames of the day behind it are not sorted");
  assert.equal(await daysFrom(3), 0, "frames of it are not sorted");
  assert.equal(await daysFrom(4), 0, "the database holds it");
  const moveEnd = (us: number): Promise<unknown> =>
    history.pool.query("update lake_files set to_us = to_us + $1 where day = $2", [
      us,
      testDayUs / dayUs + 1,
    ]);
  await moveEnd(dayUs);
  assert.equal(await daysFrom(2), 0, "its times lie in files of two days");
  await moveEnd(-dayUs);
});

test("an export that would leave out frames which wait to be sorted is refused in words", async () => {
  const bounded = new SampleReader(history.pool, new SeriesBook(), released, 1);
  const parts = { pool: history.pool, reader: bounded, lake };
  await using made = new SampleExport(parts, "unsorted", order);
  await assert.rejects(made.next(), /samples of this time in 2 frames wait to be sorted/);
  // Before the first of them there is nothing to leave out.
  const sorted = { ...order, toUs: testDayUs + 3 * dayUs - 1 };
  await using before = new SampleExport(parts, "sorted", sorted);
  assert.ok((await before.next()) !== undefined);
});

test("an export without samples is a file with its columns", async () => {
  const path = await exported({ ...order, tags: ["pump/unknown"] });
  assert.deepEqual(await rowsOf(path), []);
});

test("an export that is ended makes no more, and leaves nothing", async () => {
  const made = new SampleExport({ pool: history.pool, reader, lake }, "ended", order);
  assert.ok((await made.next()) !== undefined);
  const next = made.next();
  await made[Symbol.asyncDispose]();
  // What was being made may have been ready.
  await next.catch(() => undefined);
  assert.equal(await made.next(), undefined);
  assert.ok(!existsSync(join(lake.scratch, "export-ended")));
});
