/**
 * Fills an empty database from a backup, in one transaction: all of it or nothing. The same code proves a backup, in a
 * database that goes afterwards, and restores one.
 */
import { createReadStream } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createZstdDecompress } from "node:zlib";

import pg from "pg";
import { from as copyFrom } from "pg-copy-streams";

import { frameDays } from "../database/range-partitions.ts";
import { Digest } from "./digest.ts";
import { BackupUnusable, type Manifest } from "./manifest.ts";

/** Applies the named migrations to an empty database, inside the transaction of the caller. */
export type ApplyMigrations = (
  client: pg.ClientBase,
  names: readonly string[],
) => Promise<readonly string[]>;

export interface LoadOptions {
  readonly url: string;
  readonly folder: string;
  readonly manifest: Manifest;
  readonly sums: ReadonlyMap<string, string>;
  readonly applyMigrations: ApplyMigrations;
  /** In the same transaction, once all rows are there. */
  readonly then?: (client: pg.ClientBase) => Promise<void>;
  readonly signal: AbortSignal;
}

/** Throws `BackupUnusable` when a file is not what it was, and has then changed nothing. */
export async function loadBackup(options: LoadOptions): Promise<void> {
  const { url, folder, manifest, sums, applyMigrations, signal } = options;
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  client.on("error", () => undefined);
  await client.connect();
  try {
    await client.query("begin");
    const applied = await applyMigrations(client, manifest.migrations);
    const unknown = manifest.migrations.filter((name) => !applied.includes(name));
    if (unknown.length > 0) {
      throw new BackupUnusable(
        `${folder} was made by a newer hub: this one does not know ${unknown.join(", ")}`,
      );
    }
    const tables = [...new Set(manifest.tables.map(({ table }) => table))];
    // Migrations leave rows, too.
    await client.query(`truncate ${tables.join(", ")}`);
    for (const partition of manifest.partitions) await makePartition(client, partition);
    for (const table of manifest.tables) {
      const rows = await fill(client, table, folder, sums.get(table.file), signal);
      if (rows !== table.rows)
        throw new BackupUnusable(`${table.file} holds ${rows} rows, not ${table.rows}`);
    }
    for (const table of tables) await setSequences(client, table);
    await options.then?.(client);
    await client.query("commit");
  } finally {
    // Without a commit, the end of the connection takes everything back.
    await client.end();
  }
}

async function makePartition(
  client: pg.Client,
  { table, name, from, to }: Manifest["partitions"][number],
): Promise<void> {
  await client.query(
    `create table ${name} partition of ${table} for values from (${from ?? "minvalue"}) to (${to})`,
  );
  if (table === frameDays.name && frameDays.own !== undefined)
    await client.query(frameDays.own(name));
}

/** Into the whole table: its partitions take what is theirs. @returns how many rows there were */
async function fill(
  client: pg.Client,
  { file, table, columns }: Manifest["tables"][number],
  folder: string,
  sha256: string | undefined,
  signal: AbortSignal,
): Promise<number> {
  const digest = new Digest();
  const rows = client.query(
    copyFrom(`copy ${table} (${columns.join(", ")}) from stdin (format binary)`),
  );
  try {
    await pipeline(
      createReadStream(join(folder, file)),
      digest,
      createZstdDecompress(),
      // A `Writable` of its typings, and of nothing else that they know.
      rows as unknown as NodeJS.WritableStream,
      { signal },
    );
  } catch (cause) {
    if (signal.aborted) throw cause;
    throw new BackupUnusable(`${join(folder, file)} cannot be read as rows of ${table}`, { cause });
  }
  if (digest.sha256() !== sha256)
    throw new BackupUnusable(`${join(folder, file)} is not what it was when it was written`);
  return rows.rowCount;
}

/** Numbers that the database gives go on above those that it has given. */
async function setSequences(client: pg.Client, table: string): Promise<void> {
  const found = await client.query<{ column: string }>(
    `select attname as column from pg_attribute where attrelid = $1::regclass and attidentity <> '' and attnum > 0`,
    [table],
  );
  for (const { column } of found.rows) {
    await client.query(
      `select setval(pg_get_serial_sequence($1, $2), coalesce(max(${column}), 0) + 1, false) from ${table}`,
      [table, column],
    );
  }
}
