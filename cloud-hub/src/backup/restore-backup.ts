/** A hub's database out of a backup. Files that it lists are put beside it, and nothing that is there is written over. */
import { mkdirSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";

import pg from "pg";

import { copyWithDigest, digestOfFile, syncFolder } from "./digest.ts";
import { loadBackup, type ApplyMigrations } from "./load.ts";
import {
  backupsIn,
  BackupUnusable,
  keptFolders,
  partEnding,
  readManifest,
  readSums,
  type KeptFile,
  type Manifest,
} from "./manifest.ts";

export interface RestoreOptions {
  readonly databaseUrl: string;
  /** One backup. */
  readonly folder: string;
  readonly lakeFolder: string;
  readonly captureFolder: string;
  readonly applyMigrations: ApplyMigrations;
  readonly nowUs: number;
  readonly signal: AbortSignal;
}

/** The backup that a person means: the folder itself, or the newest in it. Throws `BackupUnusable`. */
export function chooseBackup(folder: string): string {
  if (statSync(join(folder, "manifest.json"), { throwIfNoEntry: false }) !== undefined)
    return folder;
  const newest = backupsIn(folder).at(-1);
  if (newest === undefined) throw new BackupUnusable(`${folder} holds no backup`);
  return join(folder, newest);
}

/** Reads all of a backup and compares it with its checksums. Throws `BackupUnusable` with the first that differs. */
export async function checkSums(folder: string): Promise<void> {
  for (const [path, sha256] of readSums(folder)) {
    const found = await digestOfFile(join(folder, path)).catch((cause: unknown) => {
      throw new BackupUnusable(`${join(folder, path)} cannot be read`, { cause });
    });
    if (found !== sha256)
      throw new BackupUnusable(`${join(folder, path)} is not what it was when it was written`);
  }
}

/**
 * Fills the database, which must be empty. It begins a new incarnation: gateways compare where they stand at their next
 * hello, and send again what this backup does not hold (no-loss protocol 9).
 */
export async function restoreBackup(options: RestoreOptions): Promise<Manifest> {
  const { databaseUrl, folder, lakeFolder, captureFolder, applyMigrations, nowUs, signal } =
    options;
  await mustBeEmpty(databaseUrl);
  await checkSums(folder);
  const manifest = readManifest(folder);
  const to = { lake: lakeFolder, captures: captureFolder };
  for (const kept of keptFolders) {
    for (const file of manifest[kept])
      await putKeptFile(file, join(folder, "..", kept), to[kept], signal);
  }
  await loadBackup({
    url: databaseUrl,
    folder,
    manifest,
    sums: readSums(folder),
    applyMigrations,
    then: (client) => beginAnew(client, manifest, folder, nowUs),
    signal,
  });
  return manifest;
}

async function beginAnew(
  client: pg.ClientBase,
  manifest: Manifest,
  folder: string,
  nowUs: number,
): Promise<void> {
  // Also where the server goes on running: its start is the other half of the incarnation.
  await client.query("update hub set salt = gen_random_uuid()::text");
  // A backup of a hub of before backups were recorded leaves these tables to the next start.
  const found = await client.query<{ name: string | null }>(
    "select to_regclass('safe_marks') as name",
  );
  if (found.rows[0]?.name == null) return;
  // What is here was read from a verified backup: all of it is safe, and nothing else.
  await client.query("delete from safe_marks");
  await client.query("insert into safe_marks select epoch_no, lane, seq from marks");
  await client.query(
    "insert into backups (path, made_us, verified_us, byte_count) values ($1, $2, $3, 0)",
    [folder, manifest.madeUs, Math.round(nowUs)],
  );
}

async function mustBeEmpty(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  client.on("error", () => undefined);
  await client.connect();
  try {
    const found = await client.query<{ name: string }>(
      "select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') limit 1",
    );
    if (found.rows.length > 0) {
      throw new DatabaseNotEmpty(found.rows[0]?.name ?? "");
    }
  } finally {
    await client.end();
  }
}

export class DatabaseNotEmpty extends BackupUnusable {
  override readonly hint = "Make an empty database and name it in the settings, database.url.";

  constructor(table: string) {
    super(`the database has tables already (${table}); nothing was restored`);
  }
}

async function putKeptFile(
  { path, sha256 }: KeptFile,
  from: string,
  to: string,
  signal: AbortSignal,
): Promise<void> {
  const target = join(to, path);
  if (statSync(target, { throwIfNoEntry: false }) !== undefined) {
    if ((await digestOfFile(target)) === sha256) return;
    renameSync(target, `${target}.damaged`);
  }
  mkdirSync(dirname(target), { recursive: true });
  const part = `${target}${partEnding}`;
  await copyWithDigest(join(from, path), part, signal);
  rmSync(target, { force: true });
  renameSync(part, target);
  syncFolder(dirname(target));
}
