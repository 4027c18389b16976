/**
 * Reads the files of a bundle. A bundle comes from outside, on a stick or over the wire: it is a folder of plain files of
 * declared size and digest, and nothing else. Links, devices, and files that the manifest does not name are refused.
 */
import { createHash } from "node:crypto";
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readSync,
} from "node:fs";
import { join } from "node:path";

import type { BundleFile } from "./manifest.ts";
import type { BundleProblem } from "./problem.ts";

export const manifestFile = "manifest.json";
/** Inputs by the hundred, each with a histogram, take about 200 KiB. */
const manifestBytesMax = 2 ** 20;
/** More files than a folder of examples has are not looked at. */
const filesMax = 200;
const depthMax = 4;

export function readManifestBytes(
  folder: string,
  problems: BundleProblem[],
): Uint8Array | undefined {
  return readPlain(folder, manifestFile, manifestBytesMax, problems);
}

/** @returns the bytes when the file is what the manifest says of it; otherwise says why not */
export function readDeclared(
  folder: string,
  path: string,
  declared: BundleFile,
  bytesMax: number,
  problems: BundleProblem[],
): Uint8Array | undefined {
  if (declared.bytes > bytesMax) {
    problems.push({
      where: path,
      what: `is declared with ${mebibytes(declared.bytes)}; at most ${mebibytes(bytesMax)} are taken`,
    });
    return undefined;
  }
  const bytes = readPlain(folder, path, bytesMax, problems);
  if (bytes === undefined) return undefined;
  if (bytes.length !== declared.bytes) {
    problems.push({
      where: path,
      what: `has ${bytes.length} bytes, not the ${declared.bytes} of the manifest; copy the bundle again`,
    });
    return undefined;
  }
  if (createHash("sha256").update(bytes).digest("hex") !== declared.sha256) {
    problems.push({
      where: path,
      what: "is not the file that the manifest names (its SHA-256 differs); copy the bundle again",
    });
    return undefined;
  }
  return bytes;
}

/** What lies in the folder and does not belong there. */
export function strangersIn(folder: string, declared: ReadonlySet<string>): BundleProblem[] {
  const problems: BundleProblem[] = [];
  let count = 0;
  const look = (below: string, depth: number): void => {
    for (const entry of readdirSync(join(folder, below), { withFileTypes: true })) {
      const path = below === "" ? entry.name : `${below}/${entry.name}`;
      count++;
      if (count > filesMax) return;
      if (entry.isSymbolicLink()) {
        problems.push({ where: path, what: "is a link; a bundle holds plain files only" });
      } else if (entry.isDirectory()) {
        if (depth < depthMax) look(path, depth + 1);
        else problems.push({ where: path, what: `lies more than ${depthMax} folders deep` });
      } else if (!entry.isFile()) {
        problems.push({ where: path, what: "is neither a file nor a folder" });
      } else if (!declared.has(path)) {
        problems.push({
          where: path,
          what: "is not named by the manifest; take it out of the folder",
        });
      }
    }
  };
  look("", 0);
  if (count > filesMax) {
    problems.push({ where: folder, what: `holds more than ${filesMax} files` });
  }
  return problems;
}

function readPlain(
  folder: string,
  path: string,
  bytesMax: number,
  problems: BundleProblem[],
): Uint8Array | undefined {
  const result = readOrRefuse(folder, path, bytesMax);
  if (typeof result !== "string") return result;
  problems.push({ where: path, what: result });
  return undefined;
}

/** The bytes, or why they are not taken. */
function readOrRefuse(folder: string, path: string, bytesMax: number): Uint8Array | string {
  const parts = path.split("/");
  let file: number;
  try {
    // Each folder on the way, too: a link there leads out of the bundle just as well.
    for (let depth = 0; depth < parts.length; depth++) {
      const step = parts.slice(0, depth + 1).join("/");
      if (lstatSync(join(folder, step)).isSymbolicLink()) {
        return "is a link, or lies behind one; a bundle holds plain files only";
      }
    }
    file = openSync(
      join(folder, path),
      constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK,
    );
  } catch (failure) {
    const code = failure instanceof Error && "code" in failure ? String(failure.code) : "";
    return code === "ENOENT" ? "is missing" : `cannot be read (${code})`;
  }
  try {
    const { size } = fstatSync(file);
    if (!fstatSync(file).isFile()) return "is no plain file";
    if (size > bytesMax) {
      return `has ${mebibytes(size)}; at most ${mebibytes(bytesMax)} are taken`;
    }
    const bytes = new Uint8Array(size);
    let at = 0;
    while (at < size) {
      const count = readSync(file, bytes, at, size - at, at);
      if (count === 0) return "became shorter while it was read; copy the bundle again";
      at += count;
    }
    return bytes;
  } finally {
    closeSync(file);
  }
}

function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}
