import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { silentLog } from "@millwright/kit";

import {
  makeDataFolder,
  removeDataFolder,
  testDatabase,
  until,
} from "../children/test-children.ts";
import { openPool } from "../database/pool.ts";
import { describeFrameStore } from "./describe-frame-store.ts";
import { IncarnationChanged } from "./frame-store.ts";
import { openPostgresStore, type PostgresStore } from "./store-postgres.ts";
import { testAlarm, testEvent } from "./test-events.ts";
import { forked, TestGateway } from "./test-gateway.ts";
import { intakeOf } from "./test-store-rig.ts";

const folder = makeDataFolder();
const database = testDatabase(folder);
let opened: PostgresStore | undefined;

before(async () => {
  await database.child.start();
  opened = await openPostgresStore({ url: database.url(), writers: 4, log: silentLog });
});

after(async () => {
  await opened?.[Symbol.asyncDispose]();
  await database.child.stop(AbortSignal.timeout(10_000));
  removeDataFolder(folder);
});

function store(): PostgresStore {
  assert.ok(opened !== undefined);
  return opened;
}

describeFrameStore("the store in PostgreSQL", store);

test("tables are brought up to date once, also when two hubs start together", async () => {
  const options = { url: database.url(), writers: 1, log: silentLog };
  const others = await Promise.all([openPostgresStore(options), openPostgresStore(options)]);
  for (const other of others) {
    assert.equal(await other.incarnation(), await store().incarnation());
    await other[Symbol.asyncDispose]();
  }
});

test("after a restart of the database the incarnation is another, and work in flight is dropped", async () => {
  const gateway = new TestGateway("gw-restart");
  const frame = gateway.samples([[0, 1, 1]]);
  const before = await store().incarnation();
  assert.ok(await store().isTheSame());
  const { pid } = database.child;
  process.kill(pid, "SIGKILL");
  await until("PostgreSQL is back", () => database.child.pid !== 0 && database.child.pid !== pid);
  // Connections of the pool that broke are replaced; the first use may still meet a broken one.
  await until("the store works again", async () => {
    try {
      await store().marks(gateway.gateway);
      return true;
    } catch {
      return false;
    }
  });
  await assert.rejects(store().takeIn(intakeOf(gateway, [frame])), IncarnationChanged);
  assert.deepEqual(await store().marks(gateway.gateway), []);
  assert.ok(!(await store().isTheSame()));
  assert.notEqual(await store().incarnation(), before);
  assert.ok(await store().isTheSame());
  assert.equal((await store().takeIn(intakeOf(gateway, [frame]))).stored.length, 1);
});

test("frames that come together share a row, and each of them is told apart when it comes again", async () => {
  const gateway = new TestGateway("gw-runs");
  const frames = Array.from({ length: 100 }, (_, at) => gateway.samples([[0, at, at]]));
  const late = gateway.samples([[0, 100, 100]]);
  await store().takeIn(intakeOf(gateway, frames));
  await store().takeIn(intakeOf(gateway, [late]));
  const rows = await askRows("gw-runs");
  assert.deepEqual(rows, [
    { run_from: 1n, seq: 64n },
    { run_from: 65n, seq: 100n },
    { run_from: null, seq: 101n },
  ]);
  const again = [frames[0], frames[40], frames[63], frames[64], late].filter(
    (frame) => frame !== undefined,
  );
  const taken = await store().takeIn(intakeOf(gateway, [...again, forked(again[1] ?? late)]));
  assert.deepEqual([taken.stored.length, taken.repeats, taken.quarantined], [0, 5, 1]);
  const found = await store().samplesBetween(gateway.gateway, 30, 70, 1_000);
  assert.deepEqual(
    found.map(({ head }) => head.seq),
    Array.from({ length: 41 }, (_, at) => 31 + at),
  );
  const newest = await store().newestSamples(gateway.gateway, 0, 3);
  assert.deepEqual(
    newest.map(({ head }) => head.seq),
    [101, 100, 99],
  );
});

test("frames above a hole stand alone until their chain is known to fit", async () => {
  const gateway = new TestGateway("gw-alone");
  const [one, two, three, four] = [1, 2, 3, 4].map((at) => gateway.samples([[0, at, at]]));
  assert.ok(one !== undefined && two !== undefined && three !== undefined && four !== undefined);
  await store().takeIn(intakeOf(gateway, [one, forked(three), four]));
  assert.equal((await askRows("gw-alone")).length, 3);
  const taken = await store().takeIn(intakeOf(gateway, [two]));
  assert.equal(taken.quarantined, 1);
  await store().takeIn(intakeOf(gateway, [three]));
  const found = await store().samplesBetween(gateway.gateway, 0, 10, 10);
  assert.deepEqual(
    found.map(({ head }) => head.seq),
    [1, 2, 3, 4],
  );
});

test("events go by age, the oldest first, with an entry in the audit log, and what is active stays known", async () => {
  const gateway = new TestGateway("gw-old-events");
  const lines = [
    testAlarm(1, "stuck", "unacknowledged", { atUs: 1_000_000 }),
    ...[2, 3, 4].map((number) => ({ ...testEvent(number, "c"), atUs: number * 1_000_000 })),
  ];
  await store().takeIn(intakeOf(gateway, [gateway.events(lines)]));
  assert.equal(await store().expireEvents(3_500_000, 2, 9_000_000), 2);
  assert.equal(await store().expireEvents(3_500_000, 2, 9_000_000), 1);
  assert.equal(await store().expireEvents(3_500_000, 2, 9_000_000), 0);
  const before = "1970-01-01T00:00:03.500Z";
  assert.deepEqual(await auditOf("events expired"), [
    { actor: "policy", at_us: 9_000_000n, details: { before, events: 2 } },
    { actor: "policy", at_us: 9_000_000n, details: { before, events: 1 } },
  ]);
  const asked = { gateways: [gateway.gateway], max: 10 };
  const left = (await store().events(asked)).map(({ line }) => line.number);
  assert.deepEqual(left, [4]);
  const alarms = await store().alarms(100_000);
  assert.ok(alarms.some((one) => one.gateway === gateway.gateway && one.line.subject === "stuck"));
  const own = await store().alarms(100_000, gateway.gateway);
  assert.deepEqual(
    own.map(({ line }) => line.subject),
    ["stuck"],
  );
  assert.deepEqual(await store().alarms(100_000, "gw-nobody"), []);
});

function askRows(gateway: string): Promise<readonly unknown[]> {
  return ask(
    `select f.run_from, f.seq from frames f join epochs e on e.no = f.epoch_no where e.gateway = $1 order by f.seq`,
    gateway,
  );
}

function auditOf(act: string): Promise<readonly unknown[]> {
  return ask("select actor, at_us, details from audit_log where act = $1 order by no", act);
}

async function ask(statement: string, value: string): Promise<readonly unknown[]> {
  const pool = openPool({
    url: database.url(),
    connectionsMax: 1,
    statementMs: 60_000,
    log: silentLog,
  });
  try {
    const found = await pool.query(statement, [value]);
    return found.rows as unknown[];
  } finally {
    await pool.end();
  }
}
