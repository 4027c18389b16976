/**
 * The files themselves. A file is read only after its bytes were found to be those that the database lists; one that
 * has changed is put aside, and never read or written over.
 */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";

import type { LakeFile } from "./lake-store.ts";
import type { LakePlace } from "./lake-messages.ts";
import { ObjectBucket } from "./object-bucket.ts";
import { digestOf } from "./part-writer.ts";

export interface LakeFolderOptions {
  readonly folder: string;
  /** Where a second copy of each file is. */
  readonly bucket?: ObjectBucket;
  /** The bytes of a listed file are not what they were, or it is gone, here and in the bucket. */
  damaged(file: LakeFile, reason: string): Promise<void>;
}

/** The bucket of these settings, as an option of the folder. */
export function bucketIn({ bucket }: LakePlace): Pick<LakeFolderOptions, "bucket"> {
  return bucket === undefined ? {} : { bucket: new ObjectBucket(bucket) };
}

/** Where what is only on its way lies, below the lake's folder. */
export function scratchIn(folder: string): string {
  return join(folder, ".scratch");
}

/** At the start of a hub, before anybody has put something there. */
export function clearScratch(folder: string): void {
  const scratch = scratchIn(folder);
  if (!existsSync(scratch)) return;
  for (const name of readdirSync(scratch)) rmSync(join(scratch, name), { recursive: true });
}

/** A file that was found whole, as it was then: what has changed since is looked at again. */
interface Seen {
  readonly mtimeMs: number;
  readonly size: number;
  readonly inode: number;
}

export class LakeFolder {
  /** For what does not fit into memory. */
  readonly scratch: string;
  readonly #options: LakeFolderOptions;
  readonly #whole = new Map<string, Seen>();

  constructor(options: LakeFolderOptions) {
    this.#options = options;
    this.scratch = scratchIn(options.folder);
    mkdirSync(this.scratch, { recursive: true });
  }

  path(path: string): string {
    return join(this.#options.folder, path);
  }

  /** Where to read it; undefined when it is damaged or gone, which has been said then. */
  async checked(file: LakeFile): Promise<string | undefined> {
    const path = this.path(file.path);
    const seen = seenOf(path);
    const known = this.#whole.get(path);
    if (seen !== undefined && known !== undefined && isSame(seen, known)) return path;
    return (await this.verify(file)) ? path : undefined;
  }

  /** Reads all of it, and fetches it from the bucket where it has to. False when both are damaged or gone. */
  async verify(file: LakeFile): Promise<boolean> {
    const path = this.path(file.path);
    const here = await this.#whatIsWrong(path, file);
    if (here !== undefined) {
      this.#whole.delete(path);
      this.#putAside(path);
      if (!(await this.#fetch(file, path))) {
        await this.#options.damaged(file, here);
        return false;
      }
    }
    const seen = seenOf(path);
    if (seen === undefined) return false;
    // Some thousand files of a year; a new start looks at them again.
    if (this.#whole.size > 100_000) this.#whole.clear();
    this.#whole.set(path, seen);
    return true;
  }

  /** Puts a file into the bucket. False when there is none. */
  async upload({ path, sha256 }: Pick<LakeFile, "path" | "sha256">): Promise<boolean> {
    const { bucket } = this.#options;
    if (bucket === undefined) return false;
    await bucket.put(path, this.path(path), sha256);
    return true;
  }

  /** Removes a file here and in the bucket. */
  async remove(path: string): Promise<void> {
    rmSync(this.path(path), { force: true });
    await this.#options.bucket?.remove(path);
  }

  async #whatIsWrong(path: string, file: LakeFile): Promise<string | undefined> {
    if (!existsSync(path)) return "the file is gone";
    const sha256 = await digestOf(path);
    return sha256 === file.sha256
      ? undefined
      : `its SHA-256 is ${sha256}, listed is ${file.sha256}`;
  }

  async #fetch(file: LakeFile, path: string): Promise<boolean> {
    const { bucket } = this.#options;
    if (bucket === undefined) return false;
    const part = `${path}.part`;
    mkdirSync(dirname(path), { recursive: true });
    if (!(await bucket.get(file.path, part))) return false;
    if ((await this.#whatIsWrong(part, file)) !== undefined) {
      rmSync(part, { force: true });
      return false;
    }
    renameSync(part, path);
    return true;
  }

  /** Removes files that are not in `valid` and were not touched since `beforeMs`: what a kill has left. */
  removeOthers(valid: ReadonlySet<string>, beforeMs: number): readonly string[] {
    const { folder } = this.#options;
    const removed: string[] = [];
    for (const day of readdirSync(folder).filter((name) => name.startsWith("day="))) {
      for (const name of readdirSync(join(folder, day))) {
        const path = join(day, name);
        if (valid.has(path) || statSync(join(folder, path)).mtimeMs > beforeMs) continue;
        rmSync(join(folder, path), { force: true });
        removed.push(path);
      }
      if (readdirSync(join(folder, day)).length === 0)
        rmSync(join(folder, day), { recursive: true });
    }
    return removed;
  }

  /** For a person: what can be read of it may still be worth something. */
  #putAside(path: string): void {
    const aside = join(this.#options.folder, "damaged");
    mkdirSync(aside, { recursive: true });
    if (existsSync(path)) renameSync(path, join(aside, basename(path)));
  }
}

function seenOf(path: string): Seen | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat === undefined
    ? undefined
    : { mtimeMs: stat.mtimeMs, size: stat.size, inode: stat.ino };
}

function isSame(a: Seen, b: Seen): boolean {
  return a.mtimeMs === b.mtimeMs && a.size === b.size && a.inode === b.inode;
}
