import assert from "node:assert/strict";
import { test } from "node:test";

import { silentLog } from "@millwright/kit";
import type { GatewayId } from "@millwright/wire-contract";

import { makeDataFolder, removeDataFolder, testDatabase } from "../children/test-children.ts";
import { brokenAudit } from "../database/audit.ts";
import { openPool } from "../database/pool.ts";
import { openPostgresStore } from "../ingest/store-postgres.ts";
import type { AcknowledgementView } from "../order-views.ts";
import { AcknowledgementStore } from "./acknowledgement-store.ts";

test("who acknowledged an alarm stands in the audit log, also when the asking itself was forgotten", async (t) => {
  const folder = makeDataFolder();
  const database = testDatabase(folder);
  await database.child.start();
  t.after(async () => {
    await database.child.stop(AbortSignal.timeout(10_000));
    removeDataFolder(folder);
  });
  const tables = await openPostgresStore({ url: database.url(), writers: 1, log: silentLog });
  const pool = openPool({
    url: database.url(),
    connectionsMax: 2,
    statementMs: 10_000,
    log: silentLog,
  });
  t.after(async () => {
    await pool.end();
    await tables[Symbol.asyncDispose]();
  });
  const store = new AcknowledgementStore(pool);
  const asked: AcknowledgementView = {
    ...{
      id: 7,
      gateway: "gw-1" as GatewayId,
      alarm: "hot/H",
      raisedUs: 1_000,
      person: "ada",
      askedUs: 2_000,
    },
    ...{ state: "waiting", reason: "" },
  };
  await store.add(asked);
  await assert.rejects(store.add(asked), /duplicate key/);
  assert.deepEqual(await store.open(), [asked]);
  await store.end(7, "accepted", "", 3_000);
  await store.forget(4_000);
  assert.deepEqual(await store.list("gw-1"), []);

  const log = await pool.query("select at_us::int, actor, act, details from audit_log");
  assert.deepEqual(
    log.rows,
    [
      {
        ...{ at_us: 2_000, actor: "ada", act: "acknowledge an alarm" },
        details: { gateway: "gw-1", alarm: "hot/H", raisedUs: 1_000 },
      },
    ],
    "once: what was refused has left no entry",
  );
  assert.equal(await brokenAudit(pool), undefined);
});
