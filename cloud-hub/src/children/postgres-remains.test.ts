/** A database is started again beside what a kill or a power cut has left, and strangers are left in peace. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test, type TestContext } from "node:test";

import pg from "pg";

import { ChildFailed } from "./child-faults.ts";
import type { PostgresChild } from "./postgres.ts";
import { remainsOf } from "./postgres-remains.ts";
import { isRunning, systemUser } from "./process-table.ts";
import { makeDataFolder, removeDataFolder, testDatabase, until } from "./test-children.ts";

const nobody = (): boolean => false;
const everybody = (): boolean => true;
const server = { pid: 20, title: "/usr/lib/postgresql/15/bin/postgres" };
const backend = { pid: 21, title: "postgres: millwright postgres 127.0.0.1(4000) SELECT" };
const shell = { pid: 22, title: "bash" };

test("nothing is in the way of a server that works in its folder, whatever its record says", () => {
  for (const record of ["20\n", "99\n", "", undefined]) {
    assert.deepEqual(remainsOf(record, [server, backend], everybody), {
      orphans: [],
      record: false,
    });
  }
});

test("children of a server that is gone are in the way, and who merely stands in the folder is not", () => {
  assert.deepEqual(remainsOf("20\n", [backend, shell], nobody), { orphans: [21], record: false });
  assert.deepEqual(remainsOf(undefined, [shell], nobody), { orphans: [], record: false });
});

test("a record is in the way when it names a stranger, or was torn; that of nobody PostgreSQL removes itself", () => {
  const isInTheWay = (record: string | undefined, runs: () => boolean): boolean =>
    remainsOf(record, [shell], runs).record;
  assert.equal(isInTheWay("20\n/data\n", everybody), true);
  assert.equal(isInTheWay("-20\n/data\n", everybody), true);
  assert.equal(isInTheWay("20\n/data\n", nobody), false);
  assert.equal(isInTheWay(undefined, everybody), false);
  for (const torn of ["", "\0\0\0", "word"]) assert.equal(isInTheWay(torn, nobody), true);
});

const linuxOnly = process.platform === "linux" ? {} : { skip: "only Linux tells who works where" };

interface Cluster {
  readonly folder: string;
  readonly record: string;
  readonly database: PostgresChild;
}

/** With a table of one row, in a folder that goes with the test. */
async function madeCluster(t: TestContext): Promise<Cluster> {
  const folder = makeDataFolder();
  t.after(() => {
    removeDataFolder(folder);
  });
  const database = testDatabase(folder);
  await database.child.start();
  await ask(database, "create table kept as select 17 as value");
  return { folder, record: join(folder, "postgres/cluster/postmaster.pid"), database };
}

async function ask(database: PostgresChild, query: string): Promise<unknown> {
  const client = new pg.Client({ connectionString: database.url() });
  client.on("error", () => undefined);
  await client.connect();
  try {
    return (await client.query<{ value: unknown }>(query)).rows[0]?.value;
  } finally {
    await client.end();
  }
}

/** As after a power cut: nobody looks after it, and its record stays. */
async function kill({ child }: PostgresChild): Promise<void> {
  child.letGo();
  const { pid } = child;
  process.kill(pid, "SIGKILL");
  await until("the server is gone", () => !isRunning(pid));
}

async function comesBack(t: TestContext, { folder }: Cluster): Promise<PostgresChild> {
  const database = testDatabase(folder);
  await database.child.start();
  t.after(() => database.child.stop(AbortSignal.timeout(10_000)));
  assert.equal(await ask(database, "select value from kept"), 17);
  return database;
}

/** The same user as the database's, so that PostgreSQL takes it for a server. */
function stranger(t: TestContext): number {
  const user = process.getuid?.() === 0 ? (systemUser("postgres") ?? systemUser("nobody")) : {};
  const child = spawn("sleep", ["1000"], { ...user, stdio: "ignore" });
  t.after(() => child.kill());
  assert.ok(child.pid !== undefined);
  return child.pid;
}

/** The record that a server had left, with a number that is another's by now. */
function putNumber({ record }: Cluster, pid: number): void {
  const [, ...lines] = readFileSync(record, "utf8").split("\n");
  writeFileSync(record, [pid, ...lines].join("\n"));
}

test(
  "a database whose record names a stranger by now starts, and the stranger lives",
  linuxOnly,
  async (t) => {
    const cluster = await madeCluster(t);
    await kill(cluster.database);
    const pid = stranger(t);
    putNumber(cluster, pid);
    const { child } = await comesBack(t, cluster);
    assert.equal(child.adopted, false);
    assert.notEqual(child.pid, pid);
    assert.equal(isRunning(pid), true);
  },
);

test(
  "a database whose record names the server of another cluster starts beside it",
  linuxOnly,
  async (t) => {
    const cluster = await madeCluster(t);
    await kill(cluster.database);
    const other = await madeCluster(t);
    t.after(() => other.database.child.stop(AbortSignal.timeout(10_000)));
    putNumber(cluster, other.database.child.pid);
    await comesBack(t, cluster);
    assert.equal(await ask(other.database, "select value from kept"), 17);
    assert.equal(other.database.child.serving, true);
  },
);

test("a database whose record was torn by a power cut starts", linuxOnly, async (t) => {
  const cluster = await madeCluster(t);
  await kill(cluster.database);
  writeFileSync(cluster.record, "");
  await comesBack(t, cluster);
});

test(
  "a database that was killed in the midst of a long question does not wait for its answer",
  linuxOnly,
  async (t) => {
    const cluster = await madeCluster(t);
    const answer = ask(cluster.database, "select count(*) as value from generate_series(1, 1e10)");
    const working =
      "select count(*)::int as value from pg_stat_activity where query like '%1e10%' and state = 'active'";
    // It counts itself.
    await until("it counts", async () => (await ask(cluster.database, working)) === 2);
    await Promise.all([
      assert.rejects(answer),
      kill(cluster.database).then(() => comesBack(t, cluster)),
    ]);
  },
);

test(
  "a server that was started by another name of its folder is found again",
  linuxOnly,
  async (t) => {
    const cluster = await madeCluster(t);
    t.after(() => cluster.database.child.stop(AbortSignal.timeout(10_000)));
    const link = `${cluster.folder}-link`;
    symlinkSync(cluster.folder, link);
    t.after(() => {
      removeDataFolder(link);
    });
    const { child } = await comesBack(t, { ...cluster, folder: link });
    assert.equal(child.adopted, true);
    assert.equal(child.pid, cluster.database.child.pid);
  },
);

test("a database that refuses to start says why", async (t) => {
  const cluster = await madeCluster(t);
  await cluster.database.child.stop(AbortSignal.timeout(10_000));
  writeFileSync(join(dirname(cluster.record), "PG_VERSION"), "9.1\n");
  assert.ok(existsSync(join(dirname(cluster.record), "base")));
  await assert.rejects(
    testDatabase(cluster.folder).child.start(),
    (failure: unknown) =>
      failure instanceof ChildFailed &&
      /exit code 1: .*FATAL: +database files are incompatible with server/.test(failure.message),
  );
});
