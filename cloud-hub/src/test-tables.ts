/** For tests of what has tables of its own: a database as a hub makes it, there while the tests of a file run. */
import { after, before } from "node:test";

import { silentLog } from "@millwright/kit";
import type pg from "pg";

import { makeDataFolder, removeDataFolder, testDatabase } from "./children/test-children.ts";
import { openPool } from "./database/pool.ts";
import { openPostgresStore, type PostgresStore } from "./ingest/store-postgres.ts";

export interface TestTables {
  readonly url: string;
  readonly store: PostgresStore;
  readonly pool: pg.Pool;
}

/** For the file in which it is called; what it answers can be used once its tests have begun. */
export function testTables(): TestTables {
  const folder = makeDataFolder();
  const database = testDatabase(folder);
  let open: TestTables | undefined;
  before(async () => {
    await database.child.start();
    const url = database.url();
    const store = await openPostgresStore({ url, writers: 1, log: silentLog });
    const pool = openPool({ url, connectionsMax: 2, statementMs: 10_000, log: silentLog });
    open = { url, store, pool };
  });
  after(async () => {
    await open?.pool.end();
    await open?.store[Symbol.asyncDispose]();
    await database.child.stop(AbortSignal.timeout(10_000));
    removeDataFolder(folder);
  });
  const there = (): TestTables => {
    if (open === undefined) throw new Error("the tests have not begun");
    return open;
  };
  return {
    get url() {
      return there().url;
    },
    get store() {
      return there().store;
    },
    get pool() {
      return there().pool;
    },
  };
}
