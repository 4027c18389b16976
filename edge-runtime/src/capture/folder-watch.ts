/**
 * A folder into which another program drops files. A file is taken when it is complete: its size and time are the same
 * in two looks, and it was not begun under a name that says "not yet". Looking works on every medium, also where a
 * network share tells nobody of changes.
 */
import { readdir, stat } from "node:fs/promises";
import path from "node:path";

export interface FoundFile {
  readonly path: string;
  readonly name: string;
  readonly size: number;
  readonly modifiedUs: number;
}

/** Names under which programs write what they rename when it is whole. */
const unfinished = /^\.|~$|\.(part|partial|tmp|temp|crdownload|filepart)$/i;

/** A folder with more is taken in several turns. */
const filesMax = 1_000;

export class FolderWatch {
  readonly #folder: string;
  #seen = new Map<string, FoundFile>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Files that have not changed since the last look, the oldest first. Throws when the folder cannot be read. */
  async look(): Promise<readonly FoundFile[]> {
    const entries = await readdir(this.#folder, { withFileTypes: true });
    const found = new Map<string, FoundFile>();
    for (const entry of entries) {
      // Links are not followed: they may lead anywhere on this machine.
      if (!entry.isFile() || unfinished.test(entry.name)) continue;
      if (found.size >= filesMax) break;
      const file = await this.#stat(entry.name);
      if (file !== undefined && file.size > 0) found.set(entry.name, file);
    }
    const seen = this.#seen;
    this.#seen = found;
    return [...found.values()]
      .filter((file) => isSame(file, seen.get(file.name)))
      .toSorted((a, b) => a.modifiedUs - b.modifiedUs);
  }

  async #stat(name: string): Promise<FoundFile | undefined> {
    const place = path.join(this.#folder, name);
    try {
      const { size, mtimeMs } = await stat(place);
      return { path: place, name, size, modifiedUs: Math.round(mtimeMs * 1_000) };
    } catch {
      // Renamed or taken away meanwhile.
      return undefined;
    }
  }
}

function isSame(file: FoundFile, seen: FoundFile | undefined): boolean {
  return seen !== undefined && seen.size === file.size && seen.modifiedUs === file.modifiedUs;
}

const mediaTypes: Readonly<Record<string, string>> = {
  ".bmp": "image/bmp",
  ".csv": "text/csv",
  ".gif": "image/gif",
  ".jpeg": "image/jpeg",
  ".jpg": "image/jpeg",
  ".json": "application/json",
  ".pdf": "application/pdf",
  ".png": "image/png",
  ".txt": "text/plain",
  ".wav": "audio/wav",
  ".webp": "image/webp",
};

/** By the end of its name (IANA media types); what is not known is bytes. */
export function mediaTypeOf(name: string): string {
  return mediaTypes[path.extname(name).toLowerCase()] ?? "application/octet-stream";
}
