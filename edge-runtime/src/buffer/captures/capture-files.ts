/**
 * The bytes of captures: a file each beside the journal, named by its SHA-256, so that the same bytes lie there once and
 * a half-written file is never taken for a whole one. Who writes lives with the callers, who reads with the journal.
 */
import { createHash, type Hash } from "node:crypto";
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readSync, rmSync } from "node:fs";
import { mkdir, open, rename, rm } from "node:fs/promises";
import path from "node:path";

/** Names of what is not whole yet; a crash leaves them, and the next start takes them away. */
const unfinished = ".part";

export interface StoredBytes {
  readonly sha256: string;
  readonly byteCount: number;
}

export function captureFolderOf(journalFolder: string): string {
  return path.join(journalFolder, "captures");
}

/** Folders of 256, so that none holds more names than is quick to list. */
export function captureFile(folder: string, sha256: string): string {
  return path.join(folder, sha256.slice(0, 2), sha256);
}

/** More than this was offered than a capture may have. */
export class CaptureTooLarge extends Error {
  constructor(bytesMax: number) {
    super(`a capture may have ${bytesMax} bytes`);
  }
}

/**
 * Writes bytes as they come. They are on the medium, name and all, when it resolves: after a power cut the file is there
 * whole or not at all.
 *
 * @param name of the unfinished file; two writers at the same time need two names
 * @throws CaptureTooLarge
 */
export async function writeCaptureFile(
  folder: string,
  name: string,
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  bytesMax: number,
): Promise<StoredBytes> {
  await mkdir(folder, { recursive: true });
  const part = path.join(folder, `${name}${unfinished}`);
  const hash = createHash("sha256");
  let byteCount = 0;
  try {
    const file = await open(part, "w");
    try {
      for await (const chunk of chunks) {
        byteCount += chunk.length;
        if (byteCount > bytesMax) throw new CaptureTooLarge(bytesMax);
        hash.update(chunk);
        await file.writeFile(chunk);
      }
      await file.sync();
    } finally {
      await file.close();
    }
    const sha256 = hash.digest("hex");
    const target = captureFile(folder, sha256);
    await mkdir(path.dirname(target), { recursive: true });
    await rename(part, target);
    await syncFolder(path.dirname(target));
    await syncFolder(folder);
    return { sha256, byteCount };
  } catch (failure) {
    await rm(part, { force: true });
    throw failure;
  }
}

/** For the thread of the journal, which reads a piece between two commits. */
export class CaptureFiles {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** At most `bytes` bytes from `at`; fewer where the file ends or is gone, which its CRC or SHA-256 then shows. */
  read(sha256: string, at: number, bytes: number): Uint8Array {
    const data = Buffer.alloc(bytes);
    let descriptor: number;
    try {
      descriptor = openSync(captureFile(this.folder, sha256), "r");
    } catch {
      return data.subarray(0, 0);
    }
    try {
      let read = 0;
      while (read < bytes) {
        const more = readSync(descriptor, data, read, bytes - read, at + read);
        if (more === 0) break;
        read += more;
      }
      return data.subarray(0, read);
    } catch {
      // A sector that cannot be read is as bad as one that reads wrong.
      return data.subarray(0, 0);
    } finally {
      closeSync(descriptor);
    }
  }

  /** All of it, piece by piece, and whether the pieces are together what the name says. */
  *pieces(sha256: string, byteCount: number, pieceBytes: number): Generator<Piece, boolean> {
    const hash: Hash = createHash("sha256");
    for (let at = 0; at < byteCount; at += pieceBytes) {
      const data = this.read(sha256, at, Math.min(pieceBytes, byteCount - at));
      hash.update(data);
      yield { at, data };
    }
    return hash.digest("hex") === sha256;
  }

  remove(sha256: string): void {
    rmSync(captureFile(this.folder, sha256), { force: true });
  }

  /** What a crash has left: unfinished files, and whole ones that no record names. Only while nobody writes. */
  removeOthers(isKnown: (sha256: string) => boolean): void {
    if (!existsSync(this.folder)) return;
    for (const entry of readdirSync(this.folder, { withFileTypes: true })) {
      const place = path.join(this.folder, entry.name);
      if (!entry.isDirectory()) {
        if (entry.name.endsWith(unfinished)) rmSync(place, { force: true });
        continue;
      }
      for (const name of readdirSync(place)) {
        if (!isKnown(name)) rmSync(path.join(place, name), { force: true });
      }
    }
  }

  make(): void {
    mkdirSync(this.folder, { recursive: true });
  }
}

export interface Piece {
  readonly at: number;
  readonly data: Uint8Array;
}

/** A name is on the medium when its folder is. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
