/**
 * One backup: rows of one moment, the files that they list, settings and credentials; then all of it is read
 * back into a database of its own. Only what came back whole counts, and only then gateways may let go of what it holds.
 */
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";

import { Fault, type Clock } from "@millwright/kit";
import pg from "pg";

import { writeAudit } from "../database/audit.ts";
import { tryToBackUp } from "../database/backup-lock.ts";
import { copyWithDigest, digestOfFile, syncFolder, writeSynced } from "./digest.ts";
import { dumpDatabase } from "./dump.ts";
import { loadBackup, type ApplyMigrations } from "./load.ts";
import {
  backupsIn,
  keptFolders,
  manifestFile,
  nameOf,
  partEnding,
  readManifest,
  readSums,
  sumsFile,
  sumsText,
  type KeptFile,
  type Manifest,
} from "./manifest.ts";

export interface BackupOptions {
  readonly databaseUrl: string;
  /** Where backups lie; made when it is not there. */
  readonly folder: string;
  readonly lakeFolder: string;
  readonly captureFolder: string;
  /** Settings and credentials: what a hub on new hardware needs besides. Those that do not exist are left out. */
  readonly files: readonly string[];
  readonly applyMigrations: ApplyMigrations;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

export interface Backup {
  readonly path: string;
  readonly madeUs: number;
  readonly bytes: number;
  readonly rows: number;
}

export class BackupFailed extends Fault {
  override readonly name = "BackupFailed";
  readonly code = "backup.failed";
  readonly retry = "soon";
  readonly hint: string;

  constructor(message: string, hint: string, options?: ErrorOptions) {
    super(message, options);
    this.hint = hint;
  }
}

/** A file is not what the rows list. */
class FileChanged extends BackupFailed {
  readonly sha256: string;

  constructor(path: string, sha256: string) {
    super(
      `${path} is not what the database lists`,
      "The hub reads it again from its second copy, where there is one: see the log for history.file-damaged and captures.file-damaged.",
    );
    this.sha256 = sha256;
  }
}

/** The hub looks at it with its next round, and then fetches it or lists it no more: the next backup can be made. */
async function askToVerify(client: pg.Client, sha256: string): Promise<void> {
  for (const table of ["lake_files", "captures"])
    await client.query(`update ${table} set verified_us = 0 where sha256 = $1`, [sha256]);
}

const scratchPrefix = "millwright_verify_";

/** What fails leaves no folder that could be taken for a backup, and the backups that are there stay. */
export async function makeBackup(options: BackupOptions): Promise<Backup> {
  const { databaseUrl, clock } = options;
  const client = new pg.Client({
    connectionString: databaseUrl,
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
  });
  client.on("error", () => undefined);
  await client.connect();
  try {
    if (!(await tryToBackUp(client))) {
      throw new BackupFailed("a backup of this hub is being made", "Wait until it has ended.");
    }
    tidy(options.folder);
    // Never older than the moment of the snapshot: what is stored meanwhile may be in it and is not promised.
    const madeUs = Math.round(clock.nowUs());
    const path = join(options.folder, nameOf(madeUs));
    const part = `${path}${partEnding}`;
    try {
      const { rows, bytes } = await writeBackup(part, madeUs, options);
      const safe = await verify(client, part, options);
      renameSync(part, path);
      syncFolder(options.folder);
      const backup = { path, madeUs, bytes, rows };
      await record(client, backup, safe, clock.nowUs());
      return backup;
    } catch (failure) {
      rmSync(part, { recursive: true, force: true });
      if (failure instanceof FileChanged) await askToVerify(client, failure.sha256);
      throw failure;
    }
  } finally {
    // Lets go of the lock.
    await client.end();
  }
}

/** Keeps the newest `keep` and takes the others away, with the files that no backup lists any more. */
export function pruneBackups(folder: string, keep: number): readonly string[] {
  const gone = backupsIn(folder).slice(0, -keep);
  for (const name of gone) rmSync(join(folder, name), { recursive: true, force: true });
  if (gone.length === 0) return gone;
  const manifests = backupsIn(folder).map((name) => readManifest(join(folder, name)));
  for (const kept of keptFolders) {
    const listed = new Set(manifests.flatMap((manifest) => manifest[kept].map(({ path }) => path)));
    removeOthers(join(folder, kept), listed);
  }
  return gone;
}

/** Files lie one folder deep. */
function removeOthers(folder: string, listed: ReadonlySet<string>): void {
  for (const inside of foldersIn(folder)) {
    for (const file of readdirSync(join(folder, inside))) {
      if (!listed.has(join(inside, file))) rmSync(join(folder, inside, file), { force: true });
    }
    if (readdirSync(join(folder, inside)).length === 0)
      rmSync(join(folder, inside), { recursive: true });
  }
}

/** What a kill has left. Nobody else makes a backup now. */
function tidy(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    for (const name of readdirSync(folder)) {
      if (name.startsWith("hub-") && name.endsWith(partEnding))
        rmSync(join(folder, name), { recursive: true, force: true });
    }
  } catch (cause) {
    throw new BackupFailed(
      `cannot write to ${folder}`,
      "Give the user who starts the hub the right to write there, or name another folder.",
      { cause },
    );
  }
}

async function writeBackup(
  part: string,
  madeUs: number,
  { databaseUrl, folder, lakeFolder, captureFolder, files, signal }: BackupOptions,
): Promise<{ rows: number; bytes: number }> {
  mkdirSync(part, { mode: 0o700 });
  const dump = await dumpDatabase(databaseUrl, part, signal);
  const { sums: sumsOfRows, ...rowsAndFiles } = dump;
  const sums = new Map(sumsOfRows);
  const from = { lake: lakeFolder, captures: captureFolder };
  for (const kept of keptFolders) {
    for (const file of dump[kept]) {
      await copyKeptFile(file, from[kept], join(folder, kept), signal);
      sums.set(`../${kept}/${file.path}`, file.sha256);
    }
  }
  mkdirSync(join(part, "files"), { mode: 0o700 });
  for (const file of files) {
    if (statSync(file, { throwIfNoEntry: false }) === undefined) continue;
    const kept = join("files", basename(file));
    sums.set(kept, await copyWithDigest(file, join(part, kept), signal));
  }
  const manifest: Manifest = { version: 1, madeUs, ...rowsAndFiles };
  writeSynced(join(part, manifestFile), `${JSON.stringify(manifest, undefined, 2)}\n`);
  sums.set(manifestFile, await digestOfFile(join(part, manifestFile)));
  writeSynced(join(part, sumsFile), sumsText(sums));
  for (const inside of ["tables", "files", "."]) syncFolder(join(part, inside));
  const bytes = [...sums.keys()]
    .filter((path) => !path.startsWith("../"))
    .reduce((sum, path) => sum + statSync(join(part, path)).size, 0);
  return { rows: dump.tables.reduce((sum, table) => sum + table.rows, 0), bytes };
}

/** Such a file never changes: one that is there and whole serves this backup, too. */
async function copyKeptFile(
  { path, sha256, bytes }: KeptFile,
  from: string,
  to: string,
  signal: AbortSignal,
): Promise<void> {
  const target = join(to, path);
  if (statSync(target, { throwIfNoEntry: false })?.size === bytes) {
    if ((await digestOfFile(target)) === sha256) return;
  }
  mkdirSync(dirname(target), { recursive: true, mode: 0o700 });
  const part = `${target}${partEnding}`;
  const copied = existsSync(join(from, path))
    ? await copyWithDigest(join(from, path), part, signal)
    : undefined;
  if (copied !== sha256) {
    rmSync(part, { force: true });
    throw new FileChanged(join(from, path), sha256);
  }
  renameSync(part, target);
  syncFolder(dirname(target));
}

/** How far the backup goes in each lane, as read from it. */
interface SafeMark {
  readonly gateway: string;
  readonly epoch: string;
  readonly lane: number;
  readonly seq: string;
}

/** Reads all of it back into a database that goes afterwards. */
async function verify(
  client: pg.Client,
  folder: string,
  { databaseUrl, applyMigrations, signal }: BackupOptions,
): Promise<readonly SafeMark[]> {
  const left = await client.query<{ name: string }>(
    "select datname as name from pg_database where starts_with(datname, $1)",
    [scratchPrefix],
  );
  // What a kill has left: nobody else makes a backup now.
  for (const { name } of left.rows) await client.query(`drop database ${name} with (force)`);
  const scratch = `${scratchPrefix}${randomBytes(6).toString("hex")}`;
  await client.query(`create database ${scratch} template template0`).catch((cause: unknown) => {
    throw new BackupFailed(
      "cannot make the database in which the backup is tried",
      "Give the hub's user in PostgreSQL the right CREATEDB.",
      { cause },
    );
  });
  try {
    const url = new URL(databaseUrl);
    url.pathname = `/${scratch}`;
    let safe: readonly SafeMark[] = [];
    await loadBackup({
      url: url.href,
      folder,
      manifest: readManifest(folder),
      sums: readSums(folder),
      applyMigrations,
      then: async (restored) => {
        const marks = await restored.query<SafeMark>(
          `select e.gateway, e.epoch, m.lane, m.seq::text as seq
           from marks m join epochs e on e.no = m.epoch_no where m.seq > 0`,
        );
        safe = marks.rows;
      },
      signal,
    });
    return safe;
  } finally {
    await client.query(`drop database if exists ${scratch} with (force)`);
  }
}

/** The backup counts from here on: in one transaction with what it proves. */
async function record(
  client: pg.Client,
  { path, madeUs, bytes, rows }: Backup,
  safe: readonly SafeMark[],
  nowUs: number,
): Promise<void> {
  await client.query("begin");
  await client.query(
    "insert into backups (path, made_us, verified_us, byte_count) values ($1, $2, $3, $4)",
    [path, madeUs, Math.round(nowUs), bytes],
  );
  await client.query(
    `insert into safe_marks
     select e.no, s.lane, s.seq from unnest($1::text[], $2::text[], $3::smallint[], $4::bigint[])
       s (gateway, epoch, lane, seq) join epochs e using (gateway, epoch)
     on conflict (epoch_no, lane) do update set seq = greatest(safe_marks.seq, excluded.seq)`,
    [
      safe.map(({ gateway }) => gateway),
      safe.map(({ epoch }) => epoch),
      safe.map(({ lane }) => lane),
      safe.map(({ seq }) => seq),
    ],
  );
  await writeAudit(client, {
    atUs: nowUs,
    actor: "policy",
    act: "backup made",
    details: { path, rows, bytes },
  });
  await client.query("commit");
}

function foldersIn(folder: string): readonly string[] {
  return statSync(folder, { throwIfNoEntry: false }) === undefined ? [] : readdirSync(folder);
}
