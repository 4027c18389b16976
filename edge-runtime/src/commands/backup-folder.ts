/**
 * A gateway's backup as a folder: `journal.db`, what lies beside the journal in `data/`, the settings and all that they
 * name in `settings/`, and `SHA256SUMS` over all of it, which `sha256sum -c` understands.
 */
import { createHash } from "node:crypto";
import {
  closeSync,
  copyFileSync,
  createReadStream,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, relative } from "node:path";

import { BackupUnusable } from "./backup-faults.ts";

export const sumsFile = "SHA256SUMS";
export const partEnding = ".part";

const backupName = /^gateway-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ$/;

/** Sorts by time, can be typed, and needs no quotes on any file system. */
export function nameOf(nowUs: number): string {
  const iso = new Date(nowUs / 1_000).toISOString();
  return `gateway-${iso.slice(0, 19).replaceAll(":", "-")}Z`;
}

/** The backup that a person means: the folder itself, or the newest in it. Throws `BackupUnusable`. */
export function chooseBackup(folder: string): string {
  let names: readonly string[];
  try {
    names = readdirSync(folder);
  } catch (cause) {
    throw new BackupUnusable(`cannot read ${folder}`, { cause });
  }
  if (names.includes(sumsFile)) return folder;
  const newest = names
    .filter((name) => backupName.test(name))
    .toSorted()
    .at(-1);
  if (newest === undefined) throw new BackupUnusable(`${folder} holds no backup of a gateway`);
  return join(folder, newest);
}

/** All files below a folder, as paths from it, in the order of names. */
export function filesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .toSorted();
}

/** On the medium, whole, and readable by the one who made it alone: keys are among them. */
export function copySynced(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true, mode: 0o700 });
  copyFileSync(from, to);
  syncFile(to);
}

export function syncFile(path: string): void {
  const handle = openSync(path, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** Names of files reach the medium with their folder. */
export function syncFolders(folder: string): void {
  const folders = readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name));
  for (const path of [...folders, folder]) syncFile(path);
}

export async function writeSums(folder: string): Promise<void> {
  let text = "";
  for (const path of filesBelow(folder)) text += `${await digestOf(join(folder, path))}  ${path}\n`;
  writeFileSync(join(folder, sumsFile), text, { mode: 0o600 });
  syncFile(join(folder, sumsFile));
}

/** Throws `BackupUnusable` with the first file that is not what it was. */
export async function checkSums(folder: string): Promise<void> {
  const lines = readFileSync(join(folder, sumsFile), "utf8").split("\n").slice(0, -1);
  for (const line of lines) {
    const [, sha256, path = ""] = /^([0-9a-f]{64}) {2}(.+)$/.exec(line) ?? [];
    const found = await digestOf(join(folder, path)).catch((cause: unknown) => {
      throw new BackupUnusable(`${join(folder, path)} cannot be read`, { cause });
    });
    if (found !== sha256)
      throw new BackupUnusable(`${join(folder, path)} is not what it was when it was written`);
  }
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest("hex");
}
