import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { seededRandom, silentLog, systemClock } from "@millwright/kit";
import type { GatewayId, LaneMark } from "@millwright/wire-contract";
import pg from "pg";

import { CaptureKeeper } from "../captures/capture-keeper.ts";
import { sealCapture } from "../captures/test-capture.ts";
import { isBackupUnderWay, tryToBackUp } from "../database/backup-lock.ts";
import { Compactor } from "../history/lake/compactor.ts";
import { LakeFolder } from "../history/lake/lake-folder.ts";
import { SeriesBook } from "../history/series-book.ts";
import { applyMigrations } from "../ingest/migrate.ts";
import { openPostgresStore } from "../ingest/store-postgres.ts";
import { testAlarm, testEvent } from "../ingest/test-events.ts";
import { TestGateway } from "../ingest/test-gateway.ts";
import { intakeOf } from "../ingest/test-store-rig.ts";
import { openSavedViews } from "../saved-views/saved-view-desk.ts";
import { openTestHistory, testDayUs, type TestHistory } from "../test-history.ts";
import { openBackupBook, type BackupBook } from "./backup-book.ts";
import { makeBackup, pruneBackups, type Backup } from "./make-backup.ts";
import { backupsIn, BackupUnusable, readManifest, readSums } from "./manifest.ts";
import { checkSums, chooseBackup, restoreBackup } from "./restore-backup.ts";

let history: TestHistory;
let folder: string;
const never = new AbortController().signal;

before(async () => {
  history = await openTestHistory();
  folder = mkdtempSync(join(tmpdir(), "millwright-backup-"));
});
after(async () => {
  await history[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

/** Backups are named by the second: each of these is a minute later than the one before. */
let minutes = 0;

function backUp(to: string): Promise<Backup> {
  minutes++;
  const nowUs = (): number => testDayUs + minutes * 60_000_000;
  return makeBackup({
    databaseUrl: history.url,
    folder: to,
    lakeFolder: join(folder, "lake"),
    captureFolder: join(folder, "captures"),
    files: [import.meta.filename, join(folder, "no-such-file")],
    applyMigrations,
    clock: { ...systemClock, nowUs },
    signal: never,
  });
}

/** An empty database beside the hub's. */
async function emptyDatabase(name: string): Promise<string> {
  await history.pool.query(`create database ${name} template template0`);
  const url = new URL(history.url);
  url.pathname = `/${name}`;
  return url.href;
}

function restore(
  from: string,
  databaseUrl: string,
  lake: string,
): ReturnType<typeof restoreBackup> {
  return restoreBackup({
    databaseUrl,
    folder: from,
    lakeFolder: lake,
    captureFolder: `${lake}-captures`,
    applyMigrations,
    nowUs: testDayUs,
    signal: never,
  });
}

async function ask<Row extends pg.QueryResultRow>(url: string, sql: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Row>(sql)).rows;
  } finally {
    await client.end();
  }
}

/** Tables that a backup or a restore itself writes to. */
const ownTables = new Set(["hub", "backups", "safe_marks", "audit_log"]);

/** Every row of every table, as text, in an order of its own. */
async function contentOf(url: string): Promise<Record<string, string>> {
  const tables = await ask<{ name: string }>(
    url,
    "select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition order by 1",
  );
  const content: Record<string, string> = {};
  for (const { name } of tables.filter((table) => !ownTables.has(table.name))) {
    const [row] = await ask<{ hash: string }>(
      url,
      name === "migrations"
        ? "select string_agg(name, ' ' order by name) as hash from migrations"
        : `select count(*) || md5(coalesce(string_agg(t::text, '' order by t::text), '')) as hash from ${name} t`,
    );
    content[name] = row?.hash ?? "";
  }
  return content;
}

const secondUs = 1_000_000;
const gateway = new TestGateway("line-1");

/** Five frames of ten samples, a second apart. */
async function store(fromSecond: number): Promise<void> {
  for (let frame = 0; frame < 5; frame++) {
    const rows = Array.from({ length: 10 }, (_, at) => {
      const second = fromSecond + frame * 10 + at;
      return [0, second, testDayUs + second * secondUs] as const;
    });
    await history.take(gateway, gateway.samples(rows));
  }
}

/** Writes the day of the tests into a file of the lake. */
async function compact(): Promise<void> {
  const { pool } = history;
  const clock = { ...systemClock, nowUs: () => testDayUs + 2 * 86_400 * secondUs };
  const lake = new LakeFolder({
    folder: join(folder, "lake"),
    damaged: () => Promise.reject(new Error("no file of this test is damaged")),
  });
  const book = new SeriesBook();
  const compactor = new Compactor({
    ...{ pool, book, lake, clock, log: silentLog, settleMs: 0, samplesPerFile: 1_000 },
  });
  await compactor.compactDue(never);
}

async function liveMark(): Promise<LaneMark> {
  const mark = (await history.store.marks(gateway.gateway)).find(({ lane }) => lane === "live");
  assert.ok(mark !== undefined);
  return mark;
}

test("what is restored is what was there, row for row and file for file, whatever came after", async () => {
  await history.take(gateway, gateway.dictionaryFrame());
  await history.take(
    gateway,
    gateway.events([testAlarm(1, "hot", "unacknowledged"), testEvent(2, "c-1")]),
  );
  await store(0);
  await history.sorter.sortAll(never);
  await compact();
  const then = await contentOf(history.url);
  assert.match(then["events"] ?? "", /^2/, "two events are there to be kept");
  assert.match(then["alarms"] ?? "", /^1/);
  const { path, rows } = await backUp(join(folder, "all"));
  assert.ok(rows > 5);
  await store(1_000);
  assert.notDeepEqual(await contentOf(history.url), then);

  const url = await emptyDatabase("restored_all");
  const lakeFolder = join(folder, "lake-restored");
  await restore(path, url, lakeFolder);
  assert.deepEqual(await contentOf(url), then);
  const [listed] = readManifest(path).lake;
  assert.ok(listed !== undefined, "the day of the tests lies in a file");
  assert.deepEqual(
    readFileSync(join(lakeFolder, listed.path)),
    readFileSync(join(folder, "lake", listed.path)),
  );
});

/** Puts together what came of captures, as the hub does. */
function keeperOn(databaseUrl: string, captureFolder: string): CaptureKeeper {
  const options = { databaseUrl, folder: captureFolder, keepDays: 90_000 };
  return new CaptureKeeper({ ...options, clock: systemClock, log: silentLog });
}

const pathOf = (sha256: string): string => join(folder, "captures", sha256.slice(0, 2), sha256);
const waveform = Uint8Array.from({ length: 1_000 }, (_, at) => (at * 13) % 256);
const everyCapture = { tag: "", asset: "", fromUs: 0, toUs: 4e15, max: 10 };

test("views that people have saved are there after a restore, each with who saved it, and take the next numbers", async (t) => {
  const options = { missing: () => undefined, clock: systemClock, log: silentLog };
  const desk = openSavedViews(history.url, options);
  t.after(() => desk[Symbol.asyncDispose]());
  const wish = {
    ...{ name: "Bearings", person: "Ada Novak", chart: "24h" },
    tags: [{ gateway: "line-1", tag: "c-1" }],
  };
  const saved = await desk.save(wish);
  const { path } = await backUp(join(folder, "with-views"));
  const url = await emptyDatabase("restored_views");
  await restore(path, url, join(folder, "lake-of-views"));
  const restored = openSavedViews(url, options);
  t.after(() => restored[Symbol.asyncDispose]());
  const { views } = await restored.list();
  assert.deepEqual(views, [{ ...saved, gone: [] }]);
  const other = await restored.save({ ...wish, name: "Ovens" });
  assert.ok("id" in other && "id" in saved && other.id > saved.id);
});

test("a capture that is restored has the SHA-256 that its gateway gave it", async (t) => {
  const keeper = keeperOn(history.url, join(folder, "captures"));
  t.after(() => keeper.stop());
  const taken = new TestGateway("line-with-capture");
  await history.take(taken, ...sealCapture(taken, waveform));
  await keeper.assembleDue();
  const [sent] = await keeper.list(taken.gateway, everyCapture);
  assert.ok(sent !== undefined);
  const { path } = await backUp(join(folder, "with-captures"));
  // The gateway lets it go now: from here on the backup has to be enough.
  const url = await emptyDatabase("restored_captures");
  const lakeFolder = join(folder, "lake-of-captures");
  await restore(path, url, lakeFolder);
  const restored = keeperOn(url, `${lakeFolder}-captures`);
  t.after(() => restored.stop());
  const file = await restored.file(taken.gateway, sent.sha256);
  const bytes = readFileSync(file ?? "");
  assert.equal(createHash("sha256").update(bytes).digest("hex"), sent.sha256);
  assert.deepEqual(new Uint8Array(bytes), waveform);
  assert.deepEqual(await restored.list(taken.gateway, everyCapture), [sent]);
});

test("a capture whose bytes have changed is in no backup, and its gateway keeps what it has", async (t) => {
  const keeper = keeperOn(history.url, join(folder, "captures"));
  t.after(() => keeper.stop());
  const taken = new TestGateway("line-with-damage");
  await history.take(taken, ...sealCapture(taken, waveform.subarray(0, 500)));
  await keeper.assembleDue();
  const [sent] = await keeper.list(taken.gateway, everyCapture);
  assert.ok(sent !== undefined);
  writeFileSync(pathOf(sent.sha256), "not what the gateway sent");
  const safe = await ask(history.url, "select * from safe_marks order by 1, 2");
  await assert.rejects(backUp(join(folder, "damaged")), (failure: Error) =>
    failure.message.includes(sent.sha256),
  );
  // The hub looks at it, sees what the backup has seen, and lists it no more: the next backup is made.
  await keeper.retain();
  assert.deepEqual(await keeper.list(taken.gateway, everyCapture), []);
  assert.deepEqual(await ask(history.url, "select * from safe_marks order by 1, 2"), safe);
  await backUp(join(folder, "after-damage"));
});

test("nothing of captures is deleted while a backup reads them", async (t) => {
  const gone = { databaseUrl: history.url, folder: join(folder, "captures"), keepDays: -10_000 };
  const keeper = new CaptureKeeper({ ...gone, clock: systemClock, log: silentLog });
  t.after(() => keeper.stop());
  const client = new pg.Client({ connectionString: history.url });
  await client.connect();
  try {
    const count = "select count(*)::int as count from captures";
    const before = await ask(history.url, count);
    assert.equal(await tryToBackUp(client), true);
    await keeper.retain();
    assert.deepEqual(await ask(history.url, count), before);
  } finally {
    await client.end();
  }
});

test("a restored database is another incarnation, goes on with numbers of its own and takes frames", async () => {
  const { path } = await backUp(join(folder, "anew"));
  const url = await emptyDatabase("restored_anew");
  await restore(path, url, join(folder, "lake-anew"));
  await using restored = await openPostgresStore({ url, writers: 1, log: silentLog });
  assert.notEqual(await restored.incarnation(), await history.store.incarnation());
  const other = new TestGateway("line-2");
  await restored.takeIn(intakeOf(other, [other.dictionaryFrame()]));
  assert.equal((await restored.marks(other.gateway))[0]?.storedSeq, 1);
});

/** What gateways of this hub may let go of. */
const openBook = (releaseBelow: "backup" | "stored"): Promise<BackupBook> =>
  openBackupBook({ databaseUrl: history.url, releaseBelow, clock: systemClock, log: silentLog });

test("gateways may delete what the newest verified backup holds, and no frame more", async () => {
  await using book = await openBook("backup");
  const before = await liveMark();
  const { madeUs } = await backUp(join(folder, "safe"));
  await store(2_000);
  await book.reload();
  const after = await liveMark();
  assert.ok(after.storedSeq > before.storedSeq);
  assert.equal(book.lower(gateway.gateway, after).safeSeq, before.storedSeq);
  assert.equal(book.newestUs, madeUs);
  const strange = "line-that-was-never-heard-of" as GatewayId;
  assert.equal(book.lower(strange, after).safeSeq, 0);
});

test("of an epoch that has ended the book knows what is safe as long as its gateway names it", async () => {
  await using book = await openBook("backup");
  const often = new TestGateway("line-started-often");
  await history.store.hello(often.hello(), testDayUs);
  await history.take(often, often.dictionaryFrame());
  const ended = often.epoch;
  often.newEpoch();
  await history.take(often, often.dictionaryFrame());
  await history.store.hello(often.hello(), testDayUs);
  await backUp(join(folder, "often"));
  await book.reload();
  const safeOf = async (epoch: string): Promise<number | undefined> => {
    const marks = await history.store.marks(often.gateway);
    const mark = marks.find((one) => one.epoch === epoch);
    return mark && book.lower(often.gateway, mark).safeSeq;
  };
  assert.deepEqual([await safeOf(ended), await safeOf(often.epoch)], [1, 1]);

  const { epochs } = often.hello();
  await history.store.hello(often.hello({ epochs: epochs.slice(1) }), testDayUs);
  await book.reload();
  assert.deepEqual([await safeOf(ended), await safeOf(often.epoch)], [0, 1]);
});

test("what was released below `stored` is all that is stored, as it was chosen in words", async () => {
  await using book = await openBook("stored");
  const mark = await liveMark();
  assert.deepEqual(book.lower(gateway.gateway, mark), mark);
});

test("a byte that changed anywhere in a backup is noticed, named, and nothing is restored", async () => {
  const { path } = await backUp(join(folder, "bytes"));
  const random = seededRandom(7);
  const url = await emptyDatabase("restored_bytes");
  for (const file of readSums(path).keys()) {
    const damaged = join(path, file);
    const whole = readFileSync(damaged);
    const bytes = Buffer.from(whole);
    const at = random.int(bytes.length);
    bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << random.int(8)), at);
    writeFileSync(damaged, bytes);
    await assert.rejects(checkSums(path), (failure: unknown) => {
      assert.ok(failure instanceof BackupUnusable);
      assert.ok(failure.message.includes(file.replace("../", "")), failure.message);
      return true;
    });
    writeFileSync(damaged, whole);
  }
  const frames = [...readSums(path).keys()].find((file) => file.startsWith("tables/frames_from"));
  assert.ok(frames !== undefined);
  writeFileSync(join(path, frames), "");
  await assert.rejects(restore(path, url, join(folder, "lake-bytes")), BackupUnusable);
  assert.deepEqual(await contentOf(url), {});
});

test("a database that holds something is not written to", async () => {
  const { path } = await backUp(join(folder, "full"));
  await assert.rejects(restore(path, history.url, join(folder, "lake")), /has tables already/);
});

test("a backup that cannot be made leaves none behind, and does not raise what may be deleted", async () => {
  const to = join(folder, "failing");
  const [listed] = readManifest(chooseBackup(join(folder, "all"))).lake;
  assert.ok(listed !== undefined);
  const file = join(folder, "lake", listed.path);
  const whole = readFileSync(file);
  writeFileSync(file, "not what the database lists");
  const safe = await ask(history.url, "select * from safe_marks order by 1, 2");
  await store(3_000);
  await assert.rejects(backUp(to), /is not what the database lists/);
  writeFileSync(file, whole);
  assert.deepEqual(backupsIn(to), []);
  assert.deepEqual(await ask(history.url, "select * from safe_marks order by 1, 2"), safe);
  const scratch = await ask(
    history.url,
    "select datname from pg_database where datname like 'millwright_verify%'",
  );
  assert.deepEqual(scratch, []);
});

test("two backups are not made at once", async () => {
  const both = await Promise.allSettled([backUp(join(folder, "two")), backUp(join(folder, "two"))]);
  const kinds = both.map(({ status }) => status).toSorted();
  assert.deepEqual(kinds, ["fulfilled", "rejected"]);
});

test("so many backups stay as are to be kept, with the files that they list and no others", async () => {
  const to = join(folder, "kept");
  const [first] = [await backUp(to), await backUp(to), await backUp(to)];
  mkdirSync(join(to, "lake/day=2020-01-01"));
  writeFileSync(join(to, "lake/day=2020-01-01/old.parquet"), "of a backup that is gone");
  assert.equal(backupsIn(to).length, 3);
  pruneBackups(to, 2);
  assert.equal(backupsIn(to).length, 2);
  assert.ok(!existsSync(first.path));
  assert.ok(!existsSync(join(to, "lake/day=2020-01-01")));
  for (const name of backupsIn(to)) await checkSums(join(to, name));
});

test("nothing is let go of while a backup is being made", async () => {
  const client = new pg.Client({ connectionString: history.url });
  await client.connect();
  try {
    assert.equal(await isBackupUnderWay(history.pool), false);
    assert.equal(await tryToBackUp(client), true);
    assert.equal(await isBackupUnderWay(history.pool), true);
  } finally {
    await client.end();
  }
});
