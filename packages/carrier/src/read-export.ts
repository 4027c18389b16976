/**
 * Reads an export from a stick that may be anybody's. Only plain files with the names that we give are opened, links are
 * never followed, nothing is read beyond its stated size, and nothing of it is ever run. What is refused is said in words.
 */
import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { lstat, open, readdir } from "node:fs/promises";
import { join } from "node:path";

import { carrierFault } from "./faults.ts";
import {
  isExportedFileName,
  manifestBytesMax,
  manifestName,
  readManifest,
  type ExportedFile,
  type Manifest,
} from "./manifest.ts";
import { isRefusal, refuse, type Refusal } from "./refuse.ts";
import { isUnfinishedName } from "./write-export.ts";

export interface FoundExports {
  /** By name, which is by time for each gateway. */
  readonly folders: readonly string[];
  /** Names of what was not finished, or is a link. */
  readonly refused: readonly { readonly name: string; readonly reason: string }[];
}

export interface ReadableExport {
  /** As it lies in the file, for who verifies it again. */
  readonly manifestBytes: Uint8Array;
  readonly manifest: Manifest;
  /** One file of the manifest, when its hash is right. */
  read(file: ExportedFile): Promise<Uint8Array | Refusal>;
}

const exportName = /^millwright-[A-Za-z0-9]/;
const marksFileName = /^marks-[A-Za-z0-9_-]+\.json$/;

/** The folder itself when it is an export, else those that lie in it. Throws `CarrierUnusable`. */
export async function findExports(folder: string): Promise<FoundExports> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    if (entries.some(({ name }) => name === manifestName))
      return { folders: [folder], refused: [] };
    const ours = entries.filter(({ name }) => exportName.test(name));
    const good = ours.filter((entry) => entry.isDirectory() && !isUnfinishedName(entry.name));
    return {
      folders: good.map(({ name }) => join(folder, name)).toSorted(),
      refused: ours
        .filter((entry) => !good.includes(entry))
        .map((entry) => ({
          name: entry.name,
          reason: entry.isSymbolicLink()
            ? "it is a link, and links are not followed"
            : "it was not finished: the stick was pulled, or the export failed",
        })),
    };
  } catch (failure) {
    throw carrierFault(folder, failure);
  }
}

/** Throws `CarrierUnusable` when the folder cannot be read at all. */
export async function openExport(folder: string): Promise<ReadableExport | Refusal> {
  let names: string[];
  try {
    if ((await lstat(folder)).isSymbolicLink())
      return refuse("it is a link, and links are not followed");
    names = await readdir(folder);
  } catch (failure) {
    throw carrierFault(folder, failure);
  }
  if (!names.includes(manifestName))
    return refuse("it has no manifest: the stick was pulled before the export was finished");
  const manifestBytes = await readPlain(join(folder, manifestName), manifestBytesMax);
  if (isRefusal(manifestBytes)) return refuse(`${manifestName}: ${manifestBytes.reason}`);
  const manifest = readManifest(manifestBytes);
  if (isRefusal(manifest)) return manifest;
  const known = new Set(manifest.files.map(({ name }) => name));
  const strange = names.find(
    (name) => name !== manifestName && !known.has(name) && !marksFileName.test(name),
  );
  if (strange !== undefined)
    return refuse(`"${strange}" lies in it, which its manifest does not name; take it away first`);
  return {
    manifestBytes,
    manifest,
    async read(file) {
      // The names were checked with the manifest; a caller may have one of his own.
      if (!isExportedFileName(file.name)) return refuse(`"${file.name}" is no name of ours`);
      const bytes = await readPlain(join(folder, file.name), file.bytes);
      if (isRefusal(bytes)) return refuse(`${file.name}: ${bytes.reason}`);
      const wrong = provesFile(file, bytes);
      return wrong ?? bytes;
    },
  };
}

/** Undefined when these are the bytes that the manifest speaks of. */
export function provesFile(file: ExportedFile, bytes: Uint8Array): Refusal | undefined {
  if (bytes.length !== file.bytes)
    return refuse(`${file.name}: it has ${bytes.length} bytes, the manifest says ${file.bytes}`);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  return sha256 === file.sha256
    ? undefined
    : refuse(`${file.name}: its bytes are not those that were signed`);
}

/**
 * The whole of a plain file.
 *
 * @param bytesMax a longer one is refused unread
 */
export async function readPlain(path: string, bytesMax: number): Promise<Uint8Array | Refusal> {
  try {
    const found = await lstat(path);
    if (found.isSymbolicLink()) return refuse("it is a link, and links are not followed");
    if (!found.isFile()) return refuse("it is not a plain file");
    // Between the look and the opening somebody may have put a link or a pipe there.
    const handle = await open(
      path,
      constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK,
    );
    try {
      const opened = await handle.stat();
      if (!opened.isFile()) return refuse("it is not a plain file");
      if (opened.size > bytesMax)
        return refuse(`it has ${opened.size} bytes, at most ${bytesMax} are expected`);
      const bytes = Buffer.alloc(opened.size);
      let at = 0;
      while (at < bytes.length) {
        const { bytesRead } = await handle.read(bytes, at, bytes.length - at, at);
        if (bytesRead === 0) return refuse("it became shorter while it was read");
        at += bytesRead;
      }
      return bytes;
    } finally {
      await handle.close();
    }
  } catch (failure) {
    const code = failure instanceof Error && "code" in failure ? String(failure.code) : "";
    if (code === "ENOENT") return refuse("it is missing");
    if (code === "ELOOP") return refuse("it is a link, and links are not followed");
    return refuse(`it cannot be read (${code === "" ? String(failure) : code})`);
  }
}
