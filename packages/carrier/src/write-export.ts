/**
 * Writes an export so that a stick which is pulled half-way is noticed: everything goes into a folder whose name ends in
 * `.part`, each file is synced, the manifest comes last under a name of its own, and only then the folder gets its name.
 */
import { createHash } from "node:crypto";
import { mkdir, open, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";

import type { FrameHead } from "@millwright/wire-contract";

import { carrierFault, CarrierUnusable } from "./faults.ts";
import { packedBytes, packFrames, type CarriedFrame } from "./frame-file.ts";
import type { SigningKey } from "./key.ts";
import {
  exportedFileBytesMax,
  exportedFileName,
  manifestName,
  sealManifest,
  type ExportedFile,
  type ExportedLane,
  type Manifest,
} from "./manifest.ts";

/** A file is begun anew at this size, so that a hub reads a piece at a time. */
const fileBytesUsual = 16 * 2 ** 20;
/** Two exports in one second, and one more, are a person who is trying; more are a script that runs wild. */
const sameNameMax = 99;
const partEnding = ".part";

export function isUnfinishedName(name: string): boolean {
  return name.endsWith(partEnding);
}

/** What the writer itself knows of a manifest. */
export type Contents = Pick<Manifest, "frames" | "samples" | "lanes" | "files">;

export class ExportWriter {
  readonly #parent: string;
  readonly #name: string;
  readonly #folder: string;
  readonly #fileBytes: number;
  readonly #files: ExportedFile[] = [];
  readonly #lanes = new Map<string, ExportedLane>();
  #waiting: { frame: CarriedFrame; head: FrameHead }[] = [];
  #waitingBytes = 0;

  private constructor(parent: string, name: string, fileBytes: number) {
    this.#parent = parent;
    this.#name = name;
    this.#folder = join(parent, name + partEnding);
    this.#fileBytes = Math.min(fileBytes, exportedFileBytesMax / 2);
  }

  /**
   * @param parent the stick; it must be there
   * @param name of the new folder on it
   */
  static async open(
    parent: string,
    name: string,
    fileBytes: number = fileBytesUsual,
  ): Promise<ExportWriter> {
    try {
      if (!(await stat(parent)).isDirectory())
        throw new CarrierUnusable(`${parent} is not a folder`, "Name the folder of the stick.");
      const writer = new ExportWriter(parent, await freeName(parent, name), fileBytes);
      await mkdir(writer.#folder);
      return writer;
    } catch (failure) {
      throw carrierFault(parent, failure);
    }
  }

  get files(): readonly ExportedFile[] {
    return this.#files;
  }

  /** Frames of a lane in rising order. Throws `CarrierUnusable`. */
  async add(frame: CarriedFrame, head: FrameHead): Promise<void> {
    this.#waiting.push({ frame, head });
    this.#waitingBytes += packedBytes(frame);
    this.#note(head, frame);
    if (this.#waitingBytes >= this.#fileBytes) await this.#writeFile();
  }

  /**
   * Writes what waits, the manifest, and gives the folder its name.
   *
   * @returns the folder
   */
  async finish(of: Omit<Manifest, keyof Contents>, key: SigningKey): Promise<string> {
    if (this.#waiting.length > 0) await this.#writeFile();
    const sum = (pick: (file: ExportedFile) => number): number =>
      this.#files.reduce((total, file) => total + pick(file), 0);
    const manifest: Manifest = {
      ...of,
      frames: sum((file) => file.frames),
      samples: sum((file) => file.samples),
      lanes: [...this.#lanes.values()],
      files: this.#files,
    };
    const folder = join(this.#parent, this.#name);
    try {
      await writeSynced(
        join(this.#folder, `${manifestName}${partEnding}`),
        sealManifest(manifest, key),
      );
      await rename(
        join(this.#folder, `${manifestName}${partEnding}`),
        join(this.#folder, manifestName),
      );
      await syncFolder(this.#folder);
      await rename(this.#folder, folder);
      await syncFolder(this.#parent);
    } catch (failure) {
      throw carrierFault(this.#parent, failure);
    }
    return folder;
  }

  /** Makes room again after a failure. A stick that is gone keeps what it has, which nobody takes for an export. */
  async abandon(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true }).catch(() => undefined);
  }

  #note(head: FrameHead, { lane }: CarriedFrame): void {
    const key = `${head.epoch}/${lane}`;
    const known = this.#lanes.get(key);
    this.#lanes.set(key, {
      epoch: head.epoch,
      lane,
      fromSeq: known?.fromSeq ?? head.seq,
      toSeq: head.seq,
      frames: (known?.frames ?? 0) + 1,
    });
  }

  async #writeFile(): Promise<void> {
    const bytes = packFrames(this.#waiting.map(({ frame }) => frame));
    const heads = this.#waiting.map(({ head }) => head);
    const name = exportedFileName(this.#files.length);
    try {
      await writeSynced(join(this.#folder, name), bytes);
    } catch (failure) {
      throw carrierFault(this.#parent, failure);
    }
    this.#files.push({
      name,
      bytes: bytes.length,
      sha256: createHash("sha256").update(bytes).digest("hex"),
      frames: heads.length,
      samples: heads.reduce((total, head) => total + head.sampleCount, 0),
      firstUs: Math.min(...heads.map((head) => head.firstUs)),
      lastUs: Math.max(...heads.map((head) => head.lastUs)),
    });
    this.#waiting = [];
    this.#waitingBytes = 0;
  }
}

/** Writes a small file whole or not at all. Throws `CarrierUnusable`. */
export async function writeWhole(folder: string, name: string, bytes: Uint8Array): Promise<void> {
  const part = join(folder, name + partEnding);
  try {
    await rm(part, { force: true });
    await writeSynced(part, bytes);
    await rename(part, join(folder, name));
    await syncFolder(folder);
  } catch (failure) {
    throw carrierFault(folder, failure);
  }
}

/** Never over what is there: a link that lies in the way must not lead our bytes elsewhere. */
async function writeSynced(path: string, bytes: Uint8Array): Promise<void> {
  const handle = await open(path, "wx", 0o644);
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes the names durable. Some file systems of sticks know no such thing; then the sync of the files must do. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } catch (failure) {
    const code = failure instanceof Error && "code" in failure ? failure.code : "";
    if (code !== "EINVAL" && code !== "ENOTSUP" && code !== "EISDIR") throw failure;
  } finally {
    await handle.close();
  }
}

async function freeName(parent: string, name: string): Promise<string> {
  for (let number = 1; number <= sameNameMax; number++) {
    const wanted = number === 1 ? name : `${name}-${number}`;
    const taken = await Promise.all([
      isThere(join(parent, wanted)),
      isThere(join(parent, wanted + partEnding)),
    ]);
    if (!taken.includes(true)) return wanted;
  }
  throw new CarrierUnusable(`${parent} has an export of this name`, "Remove old exports from it.");
}

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch {
    return false;
  }
}
