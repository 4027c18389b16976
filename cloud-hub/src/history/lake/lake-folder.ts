/**
 * The files themselves. A file is read only after its bytes were found to be those that the database lists; one that
 * has changed is put aside, and never read or written over.
 */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { basename, join } from "node:path";

import type { LakeFile } from "./lake-store.ts";
import { digestOf } from "./part-writer.ts";

export interface LakeFolderOptions {
  readonly folder: string;
  /** The bytes of a listed file are not what they were, or it is gone. Called once for each file. */
  damaged(file: LakeFile, reason: string): Promise<void>;
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
    this.scratch = join(options.folder, ".scratch");
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

  /** Reads all of it. False when it is damaged or gone, which has been said then. */
  async verify(file: LakeFile): Promise<boolean> {
    const path = this.path(file.path);
    const seen = seenOf(path);
    if (seen === undefined) {
      await this.#options.damaged(file, "the file is gone");
      return false;
    }
    const sha256 = await digestOf(path);
    if (sha256 !== file.sha256) {
      this.#whole.delete(path);
      this.#putAside(path);
      await this.#options.damaged(file, `its SHA-256 is ${sha256}, listed is ${file.sha256}`);
      return false;
    }
    // Some thousand files of a year; a new start looks at them again.
    if (this.#whole.size > 100_000) this.#whole.clear();
    this.#whole.set(path, seen);
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
