import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import type pg from "pg";

const folder = join(import.meta.dirname, "migrations");
/** Any number that only we use: two hubs that start at once bring the tables up to date one after the other. */
const lockNumber = 0x6d696c6c;

/** Brings the tables up to date: each numbered file once, in order, all in one transaction. */
export async function migrate(client: pg.ClientBase): Promise<readonly string[]> {
  await client.query("begin");
  try {
    const applied = await applyMigrations(client);
    await client.query("commit");
    return applied;
  } catch (failure) {
    await client.query("rollback").catch(() => undefined);
    throw failure;
  }
}

/**
 * Inside a transaction.
 *
 * @param only these files; all that there are when left out
 * @returns those that had not been applied before
 */
export async function applyMigrations(
  client: pg.ClientBase,
  only?: readonly string[],
): Promise<readonly string[]> {
  const files = readdirSync(folder)
    .filter((name) => /^\d{3}-.*\.sql$/.test(name) && only?.includes(name) !== false)
    .toSorted();
  const applied: string[] = [];
  await client.query("select pg_advisory_xact_lock($1)", [lockNumber]);
  await client.query(
    "create table if not exists migrations (name text primary key, applied timestamptz not null default now())",
  );
  const known = await client.query<{ name: string }>("select name from migrations");
  const names = new Set(known.rows.map((row) => row.name));
  for (const file of files) {
    if (names.has(file)) continue;
    await client.query(readFileSync(join(folder, file), "utf8"));
    await client.query("insert into migrations (name) values ($1)", [file]);
    applied.push(file);
  }
  return applied;
}
