import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { silentLog } from "@millwright/kit";

import {
  makeDataFolder,
  removeDataFolder,
  testDatabase,
  until,
} from "../children/test-children.ts";
import { describeFrameStore, intakeOf } from "./describe-frame-store.ts";
import { IncarnationChanged } from "./frame-store.ts";
import { openPostgresStore, type PostgresStore } from "./store-postgres.ts";
import { TestGateway } from "./test-gateway.ts";

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
  assert.notEqual(await store().incarnation(), before);
  assert.equal((await store().takeIn(intakeOf(gateway, [frame]))).stored.length, 1);
});
