import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { silentLog } from "@millwright/kit";
import pg from "pg";

import { makeDataFolder, removeDataFolder, testDatabase } from "../children/test-children.ts";
import { listPartitions } from "../database/range-partitions.ts";
import { openPostgresStore, type PostgresStore } from "./store-postgres.ts";
import { TestGateway, type TestFrame } from "./test-gateway.ts";
import { intakeOf } from "./test-store-rig.ts";

const folder = makeDataFolder();
const database = testDatabase(folder);
const dayUs = 86_400_000_000;
const monday = 1_800_000_000_000_000;

before(() => database.child.start());

after(async () => {
  await database.child.stop(AbortSignal.timeout(10_000));
  removeDataFolder(folder);
});

/** A database of its own, with the statements that are run before the store is opened. */
async function openDatabase(name: string, ...statements: readonly string[]): Promise<string> {
  const maker = new pg.Client({ connectionString: database.url() });
  await maker.connect();
  await maker.query(`create database ${name}`);
  await maker.end();
  const url = new URL(database.url());
  url.pathname = `/${name}`;
  await withClient(url.href, async (client) => {
    for (const statement of statements) await client.query(statement);
  });
  return url.href;
}

async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

async function releaseDays(url: string, beforeUs: number): Promise<void> {
  await withClient(url, async (client) => {
    for (const { name, to } of await listPartitions(client, "frames")) {
      if (to <= beforeUs) await client.query(`drop table ${name}`);
    }
  });
}

async function unexplained(store: PostgresStore, gateway: TestGateway): Promise<number> {
  const known = await store.gateway(gateway.gateway);
  return known?.balance.unexplained ?? 0;
}

const take = (
  store: PostgresStore,
  gateway: TestGateway,
  receivedUs: number,
  ...frames: readonly TestFrame[]
): ReturnType<PostgresStore["takeIn"]> =>
  store.takeIn({ ...intakeOf(gateway, frames), receivedUs });

test("frames of a day that was released come again as repeats, and the balance stays", async () => {
  const url = await openDatabase("released");
  await using store = await openPostgresStore({ url, writers: 2, log: silentLog });
  const gateway = new TestGateway("gw-released");
  const frames = [1, 2, 3, 4].map((at) => gateway.samples([[0, at, at]]));
  await take(store, gateway, monday, ...frames.slice(0, 2));
  await take(store, gateway, monday + 2 * dayUs, ...frames.slice(2));
  await releaseDays(url, monday + 2 * dayUs);
  const again = await take(store, gateway, monday + 2 * dayUs, ...frames);
  assert.equal(again.stored.length, 0);
  assert.equal(again.repeats, 4);
  assert.equal(await unexplained(store, gateway), 0);
});

test("a frame that fills its void is stored once, also when its day is gone", async () => {
  const url = await openDatabase("voids");
  await using store = await openPostgresStore({ url, writers: 2, log: silentLog });
  const gateway = new TestGateway("gw-voids");
  const [one, two, three, four] = [1, 2, 3, 4].map((at) => gateway.samples([[0, at, at]]));
  assert.ok(one !== undefined && two !== undefined && three !== undefined && four !== undefined);
  await take(store, gateway, monday, one, four, gateway.void(two, three));
  assert.equal((await take(store, gateway, monday, two)).stored.length, 1);
  await releaseDays(url, monday + 2 * dayUs);
  const later = monday + 2 * dayUs;
  assert.equal((await take(store, gateway, later, two)).repeats, 1, "it was stored before");
  assert.equal((await take(store, gateway, later, three)).stored.length, 1, "it never was");
  assert.equal((await take(store, gateway, later, three)).repeats, 1);
  assert.equal(await unexplained(store, gateway), 0);
  const balance = (await store.gateway(gateway.gateway))?.balance;
  assert.deepEqual([balance?.stored, balance?.voided], [4, 0]);
});

test("a void that stands for frames which are stored does not make them new once their day is gone", async () => {
  const url = await openDatabase("late_void");
  await using store = await openPostgresStore({ url, writers: 2, log: silentLog });
  const gateway = new TestGateway("gw-late-void");
  const [one, two, three] = [1, 2, 3].map((at) => gateway.samples([[0, at, at]]));
  assert.ok(one !== undefined && two !== undefined && three !== undefined);
  // The gateway gave up two and three before it heard that two was stored; three waited above the hole.
  await take(store, gateway, monday, one, two);
  await take(store, gateway, monday, gateway.void(two, three));
  await releaseDays(url, monday + 2 * dayUs);
  const again = await take(store, gateway, monday + 2 * dayUs, two, three);
  assert.equal(again.repeats, 1);
  assert.equal(again.stored.length, 1);
  assert.equal(await unexplained(store, gateway), 0);
});

test("frames of a database from before partitions are kept, found and told apart", async () => {
  const first = readFileSync(join(import.meta.dirname, "migrations/001-frames.sql"), "utf8");
  const url = await openDatabase(
    "upgraded",
    "create table migrations (name text primary key, applied timestamptz not null default now())",
    first,
    "insert into migrations (name) values ('001-frames.sql')",
  );
  const gateway = new TestGateway("gw-upgraded");
  const [one, two] = [1, 2].map((at) => gateway.samples([[0, at, at]]));
  assert.ok(one !== undefined && two !== undefined);
  await withClient(url, async (client) => {
    await client.query("insert into gateways (gateway) values ('gw-upgraded')");
    await client.query("insert into epochs (gateway, epoch) values ('gw-upgraded', $1)", [
      one.epoch,
    ]);
    const [frame] = intakeOf(gateway, [one]).frames;
    assert.ok(frame !== undefined);
    await client.query("insert into marks values (1, 2, 1, $1, 1, 1, 0)", [
      BigInt.asIntN(64, one.chain),
    ]);
    await client.query("insert into frames values (1, 2, 1, 1, $1, $2, 1, 1, 1, 1, 1, $3, $4)", [
      BigInt.asIntN(64, one.chain),
      frame.contentCrc,
      monday,
      Buffer.from(one.bytes),
    ]);
  });
  await using store = await openPostgresStore({ url, writers: 2, log: silentLog });
  const taken = await take(store, gateway, monday, one, two);
  assert.deepEqual([taken.stored.length, taken.repeats], [1, 1]);
  const found = await store.samplesBetween(gateway.gateway, 0, 10, 10);
  assert.deepEqual(
    found.map((frame) => frame.head.seq),
    [1, 2],
  );
  await take(store, gateway, monday + dayUs, gateway.samples([[0, 3, 3]]));
  assert.equal((await store.samplesBetween(gateway.gateway, 0, 10, 10)).length, 3);
  assert.equal(await unexplained(store, gateway), 0);
});
