/**
 * All rows of one moment, from a database that works on. One connection keeps a snapshot and no lock but that; each table
 * is read under it in a transaction of its own, so that nobody waits for the whole backup: a table's lock, held for
 * hours, would keep out whoever attaches the partition of the next day, and behind him those who store frames.
 */
import { createWriteStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { constants, createZstdCompress } from "node:zlib";

import pg from "pg";
import { to as copyTo } from "pg-copy-streams";

import { Digest } from "./digest.ts";
import type { Manifest } from "./manifest.ts";

export interface Dump extends Omit<Manifest, "version" | "madeUs"> {
  /** SHA-256 by path below the folder. */
  readonly sums: ReadonlyMap<string, string>;
}

/** Made by each hub at its start: the tables come from migrations, and so does this list of them. */
const migrationsTable = "migrations";

interface Leaf {
  readonly name: string;
  /** The table that it is a part of, or itself. */
  readonly table: string;
  readonly bound: string | null;
  readonly columns: readonly string[];
}

/** @param folder gets `tables/` */
export async function dumpDatabase(
  url: string,
  folder: string,
  signal: AbortSignal,
): Promise<Dump> {
  await mkdir(join(folder, "tables"), { recursive: true, mode: 0o700 });
  const holder = await connect(url);
  const reader = await connect(url).catch(async (failure: unknown) => {
    await holder.end();
    throw failure;
  });
  try {
    await holder.query("begin isolation level repeatable read read only");
    const exported = await holder.query<{ id: string }>("select pg_export_snapshot() as id");
    const snapshot = exported.rows[0]?.id ?? "";
    const leaves = inOrder(await listLeaves(holder), await listReferences(holder));
    const tables: Manifest["tables"][number][] = [];
    const sums = new Map<string, string>();
    for (const leaf of leaves) {
      const file = `tables/${leaf.name}.copy.zst`;
      const { rows, sha256 } = await readTable(reader, snapshot, leaf, join(folder, file), signal);
      tables.push({ file, table: leaf.table, columns: leaf.columns, rows });
      sums.set(file, sha256);
    }
    const migrations = await holder.query<{ name: string }>(
      `select name from ${migrationsTable} order by name`,
    );
    const lake = await holder.query<{ path: string; sha256: string; bytes: string }>(
      "select path, sha256, byte_count::text as bytes from lake_files where state = 'listed' order by path",
    );
    // As `captures/capture-keeper.ts` names the file of a capture. Several captures may have one file.
    const captures = await holder.query<{ path: string; sha256: string; bytes: string }>(
      `select distinct left(sha256, 2) || '/' || sha256 as path, sha256, byte_count::text as bytes
       from captures where state = 'stored' order by path`,
    );
    return {
      migrations: migrations.rows.map((row) => row.name),
      partitions: leaves.flatMap(partitionOf),
      tables,
      lake: lake.rows.map((row) => ({ ...row, bytes: Number(row.bytes) })),
      captures: captures.rows.map((row) => ({ ...row, bytes: Number(row.bytes) })),
      sums,
    };
  } finally {
    await Promise.all([holder.end(), reader.end()]);
  }
}

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  // The statement under way rejects; an idle connection that breaks is noticed by the next one.
  client.on("error", () => undefined);
  await client.connect();
  return client;
}

async function readTable(
  client: pg.Client,
  snapshot: string,
  leaf: Leaf,
  path: string,
  signal: AbortSignal,
): Promise<{ rows: number; sha256: string }> {
  await client.query("begin isolation level repeatable read read only");
  await client.query(`set transaction snapshot '${snapshot}'`);
  const rows = client.query(
    copyTo(`copy ${leaf.name} (${leaf.columns.join(", ")}) to stdout (format binary)`),
  );
  const digest = new Digest();
  // Frames and chunks come compressed: a higher level only takes time.
  const zstd = createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: 1 } });
  const file = createWriteStream(path, { mode: 0o600, flush: true });
  await pipeline(rows, zstd, digest, file, { signal });
  await client.query("commit");
  return { rows: rows.rowCount, sha256: digest.sha256() };
}

async function listLeaves(client: pg.Client): Promise<readonly Leaf[]> {
  const found = await client.query<Leaf>(
    `select c.relname as name, coalesce(p.relname, c.relname) as "table",
       pg_get_expr(c.relpartbound, c.oid) as bound,
       array(select a.attname::text from pg_attribute a where a.attrelid = c.oid and a.attnum > 0
         and not a.attisdropped and a.attgenerated = '' order by a.attnum) as columns
     from pg_class c left join pg_inherits i on i.inhrelid = c.oid left join pg_class p on p.oid = i.inhparent
     where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace and c.relname <> $1 order by c.relname`,
    [migrationsTable],
  );
  return found.rows;
}

async function listReferences(
  client: pg.Client,
): Promise<readonly { readonly table: string; readonly to: string }[]> {
  const found = await client.query<{ table: string; to: string }>(
    `select t.relname as "table", r.relname as "to" from pg_constraint k
     join pg_class t on t.oid = k.conrelid join pg_class r on r.oid = k.confrelid where k.contype = 'f'`,
  );
  return found.rows;
}

/** Those that others refer to come first. */
function inOrder(
  leaves: readonly Leaf[],
  references: readonly { readonly table: string; readonly to: string }[],
): readonly Leaf[] {
  const ordered: Leaf[] = [];
  const done = new Set<string>();
  let rest = leaves;
  while (rest.length > 0) {
    const waits = (leaf: Leaf): boolean =>
      references.some(({ table, to }) => table === leaf.table && to !== table && !done.has(to));
    const ready = rest.filter((leaf) => !waits(leaf));
    if (ready.length === 0) throw new Error("tables refer to each other in a circle");
    ordered.push(...ready);
    for (const leaf of ready) done.add(leaf.table);
    rest = rest.filter((leaf) => !ready.includes(leaf));
  }
  return ordered;
}

function partitionOf({ name, table, bound }: Leaf): Manifest["partitions"] {
  const range = /FROM \('?(MINVALUE|-?\d+)'?\) TO \('?(-?\d+)'?\)/.exec(bound ?? "");
  if (range === null) return [];
  const from = range[1] === "MINVALUE" ? null : Number(range[1]);
  return [{ table, name, from, to: Number(range[2]) }];
}
