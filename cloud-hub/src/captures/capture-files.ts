/**
 * The bytes of captures, each in a file named by its SHA-256, and a copy of each in the bucket where there is one. What has
 * changed here is put aside, fetched from there, and never read as the capture.
 */
import { createHash } from "node:crypto";
import { createReadStream, existsSync, mkdirSync } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";

import type { SecondPlace } from "../hand-over.ts";

export class CaptureFiles {
  readonly #folder: string;
  readonly #second: SecondPlace | undefined;

  constructor(folder: string, second: SecondPlace | undefined) {
    this.#folder = folder;
    this.#second = second;
    mkdirSync(folder, { recursive: true });
  }

  /** A backup lists it by the same path (`backup/dump.ts`). */
  path(sha256: string): string {
    return join(this.#folder, sha256.slice(0, 2), sha256);
  }

  /** On disk when it resolves. */
  async keep(sha256: string, bytes: Uint8Array): Promise<void> {
    const path = this.path(sha256);
    if (existsSync(path)) return;
    mkdirSync(dirname(path), { recursive: true });
    const part = `${path}.part`;
    const file = await open(part, "w");
    try {
      await file.writeFile(bytes);
    } finally {
      await file.close();
    }
    await this.#settle(part, path);
  }

  /** Reads all of it, and fetches it where it has to. False when it is damaged or gone here and in the bucket. */
  async verify(sha256: string): Promise<boolean> {
    const path = this.path(sha256);
    if ((await digestOf(path)) === sha256) return true;
    if (existsSync(path)) {
      // For a person: what can be read of it may still be worth something.
      const aside = join(this.#folder, "damaged");
      mkdirSync(aside, { recursive: true });
      await rename(path, join(aside, sha256));
    }
    return this.#fetch(sha256, path);
  }

  /** Where to read it; fetched when it is gone here. */
  async whole(sha256: string): Promise<string | undefined> {
    const path = this.path(sha256);
    return existsSync(path) || (await this.#fetch(sha256, path)) ? path : undefined;
  }

  /** Into the bucket. False when there is none. */
  async upload(sha256: string): Promise<boolean> {
    if (this.#second === undefined) return false;
    await this.#second.put(keyOf(sha256), this.path(sha256), sha256);
    return true;
  }

  /** Here and in the bucket. */
  async remove(sha256: string): Promise<void> {
    await rm(this.path(sha256), { force: true });
    await this.#second?.remove(keyOf(sha256));
  }

  async #fetch(sha256: string, path: string): Promise<boolean> {
    const part = `${path}.part`;
    mkdirSync(dirname(path), { recursive: true });
    if ((await this.#second?.get(keyOf(sha256), part)) !== true) return false;
    if ((await digestOf(part)) !== sha256) {
      await rm(part, { force: true });
      return false;
    }
    await this.#settle(part, path);
    return true;
  }

  /** A file has its name when all of it is on disk, and the name is there after a power cut, too. */
  async #settle(part: string, path: string): Promise<void> {
    await sync(part);
    await rename(part, path);
    await sync(dirname(path));
  }
}

/** In the bucket they lie beside the days of samples. */
function keyOf(sha256: string): string {
  return `captures/${sha256.slice(0, 2)}/${sha256}`;
}

/** Undefined when it cannot be read. */
async function digestOf(path: string): Promise<string | undefined> {
  const hash = createHash("sha256");
  try {
    for await (const piece of createReadStream(path, { highWaterMark: 2 ** 20 })) {
      hash.update(piece as Buffer);
    }
  } catch {
    return undefined;
  }
  return hash.digest("hex");
}

async function sync(path: string): Promise<void> {
  const file = await open(path, "r");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
