import { createHash } from "node:crypto";
import {
  closeSync,
  createReadStream,
  createWriteStream,
  fsyncSync,
  openSync,
  writeSync,
} from "node:fs";
import { Transform, type TransformCallback } from "node:stream";
import { pipeline } from "node:stream/promises";

/** Passes bytes on and takes their SHA-256. */
export class Digest extends Transform {
  readonly #hash = createHash("sha256");
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  /** Once, after the last byte. */
  sha256(): string {
    return this.#hash.digest("hex");
  }

  override _transform(chunk: Buffer, _encoding: string, done: TransformCallback): void {
    this.#hash.update(chunk);
    this.#bytes += chunk.length;
    done(undefined, chunk);
  }
}

/** Copies a file to disk, whole and synced. @returns the SHA-256 of what was copied */
export async function copyWithDigest(
  from: string,
  to: string,
  signal: AbortSignal,
): Promise<string> {
  const digest = new Digest();
  const target = createWriteStream(to, { mode: 0o600, flush: true });
  await pipeline(createReadStream(from), digest, target, { signal });
  return digest.sha256();
}

export async function digestOfFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest("hex");
}

export function writeSynced(path: string, text: string): void {
  const handle = openSync(path, "w", 0o600);
  try {
    writeSync(handle, text);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** Names of files reach the disk with their folder. */
export function syncFolder(path: string): void {
  const handle = openSync(path, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
