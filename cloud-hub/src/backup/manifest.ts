/**
 * What a backup says of itself. It lies in a folder of its own: `manifest.json`, the rows of each table in `tables/`,
 * settings and credentials in `files/`, and `SHA256SUMS` over all of it, which `sha256sum -c` understands. Parquet files
 * lie beside it in `lake/`, and the bytes of captures in `captures/`, once for all backups that list them.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { Fault } from "@millwright/kit";
import * as z from "zod";

export interface Manifest {
  readonly version: 1;
  /** Moment of the snapshot, µs: what was stored by then is in it. */
  readonly madeUs: number;
  /** Names of the migrations that had been applied: they make the tables again. */
  readonly migrations: readonly string[];
  /** Partitions that the program has made, by their ranges; `from` is null where it has no beginning. */
  readonly partitions: readonly {
    readonly table: string;
    readonly name: string;
    readonly from: number | null;
    readonly to: number;
  }[];
  /** In the order in which they can be filled: a table comes after those that it refers to. */
  readonly tables: readonly {
    /** Below the folder of the backup: rows in PostgreSQL's binary COPY format, compressed with zstd. */
    readonly file: string;
    readonly table: string;
    readonly columns: readonly string[];
    readonly rows: number;
  }[];
  /** Valid files of the lake, by their paths below its folder. */
  readonly lake: readonly KeptFile[];
  /** Bytes of captures, below theirs. */
  readonly captures: readonly KeptFile[];
}

/** A file that the rows of the database list. */
export interface KeptFile {
  readonly path: string;
  readonly sha256: string;
  readonly bytes: number;
}

/** Folders beside the backups, of files that all of them list. */
export const keptFolders = ["lake", "captures"] as const;

/** The folder holds no backup, or one that is not as it was when it was verified. */
export class BackupUnusable extends Fault {
  override readonly name: string = "BackupUnusable";
  readonly code = "backup.unusable";
  readonly retry = "never";
  readonly hint: string = "Take another backup: the folders beside it are older ones.";
}

export const manifestFile = "manifest.json";
export const sumsFile = "SHA256SUMS";
/** Until it is verified, and for what a kill has left, a backup's folder ends so. */
export const partEnding = ".part";

// Names go into SQL and paths: what the database itself would need quotes for is refused.
const name = z.string().regex(/^[a-z_][a-z0-9_]{0,62}$/);
const whole = z.int().min(0);
const manifest: z.ZodType<Manifest> = z.strictObject({
  version: z.literal(1),
  madeUs: whole,
  migrations: z.array(z.string().regex(/^\d{3}-[a-z0-9-]+\.sql$/)),
  partitions: z.array(z.strictObject({ table: name, name, from: z.int().nullable(), to: z.int() })),
  tables: z.array(
    z.strictObject({
      file: z.string().regex(/^tables\/[a-z0-9_.-]+$/),
      table: name,
      columns: z.array(name).min(1),
      rows: whole,
    }),
  ),
  lake: filesUnder(/^day=[0-9-]+\/[A-Za-z0-9_.=-]+$/),
  // Backups of before captures were kept in them list none.
  captures: filesUnder(/^[0-9a-f]{2}\/[0-9a-f]{64}$/).default([]),
});

function filesUnder(path: RegExp): z.ZodArray<z.ZodType<KeptFile>> {
  return z.array(
    z.strictObject({
      path: z.string().regex(path),
      sha256: z.string().regex(/^[0-9a-f]{64}$/),
      bytes: z.int().min(0),
    }),
  );
}

/** Throws `BackupUnusable`. */
export function readManifest(folder: string): Manifest {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(join(folder, manifestFile), "utf8"));
  } catch (cause) {
    throw new BackupUnusable(`${folder} holds no backup that can be read`, { cause });
  }
  const parsed = manifest.safeParse(content);
  if (parsed.success) return parsed.data;
  const [first] = parsed.error.issues;
  throw new BackupUnusable(
    `${join(folder, manifestFile)}: ${first?.path.join(".") ?? ""}: ${first?.message ?? ""}`,
  );
}

/** SHA-256 by path below the folder, as `sha256sum` writes them. */
export function readSums(folder: string): ReadonlyMap<string, string> {
  let text: string;
  try {
    text = readFileSync(join(folder, sumsFile), "utf8");
  } catch (cause) {
    throw new BackupUnusable(`${folder} has no ${sumsFile}`, { cause });
  }
  const lines = text.split("\n").filter((line) => line !== "");
  return new Map(
    lines.map((line) => {
      const found = /^([0-9a-f]{64}) {2}(.+)$/.exec(line);
      if (found === null) throw new BackupUnusable(`${join(folder, sumsFile)}: "${line}"`);
      return [found[2] ?? "", found[1] ?? ""];
    }),
  );
}

export function sumsText(sums: ReadonlyMap<string, string>): string {
  return [...sums].map(([path, sha256]) => `${sha256}  ${path}\n`).join("");
}

const backupName = /^hub-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ$/;

/** Sorts by time, can be typed, and needs no quotes on any file system. */
export function nameOf(madeUs: number): string {
  const iso = new Date(madeUs / 1_000).toISOString();
  return `hub-${iso.slice(0, 19).replaceAll(":", "-")}Z`;
}

/** Verified backups in a folder, the oldest first. None where there is no such folder. */
export function backupsIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
      .filter((name) => backupName.test(name))
      .toSorted();
  } catch {
    return [];
  }
}
