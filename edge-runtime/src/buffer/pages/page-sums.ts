/**
 * A sum for each page of the journal's file, in a file beside it: SQLite keeps none, and would read a page that a disk has
 * changed as if it were its own. The file changes with checkpoints alone, so sums are written, and synced, right before
 * one; until it is over, what they are about is in the log, which has sums of its own.
 */
import { closeSync, existsSync, fsyncSync, openSync, readSync, writeSync } from "node:fs";
import { crc32 } from "node:zlib";

import { mendBytes } from "./mend-page.ts";

/** A block of sums ends with its own. */
const blockBytes = 1_024;
const sumsBytes = blockBytes - 4;
const sumsPerBlock = sumsBytes / 4;
/** Of a page whose sum is not known: written by a version that kept none. */
export const unknown = 0;

export class PageSums {
  readonly #fd: number;
  #block = -1;
  #read = Buffer.alloc(blockBytes);
  /** Blocks that could not be read and not be mended: their pages count as unknown. */
  blocksLost = 0;

  constructor(file: string) {
    this.#fd = openSync(file, existsSync(file) ? "r+" : "w+", 0o600);
  }

  /** @param page from 1 */
  of(page: number): number {
    const index = page - 1;
    this.#load(Math.floor(index / sumsPerBlock));
    return this.#read.readUInt32LE((index % sumsPerBlock) * 4);
  }

  /** @param isDurable they are on the medium when this returns */
  note(sums: ReadonlyMap<number, number>, isDurable: boolean): void {
    const pages = [...sums.keys()].sort((a, b) => a - b);
    for (const page of pages) {
      const index = page - 1;
      const block = Math.floor(index / sumsPerBlock);
      if (block !== this.#block) this.#store();
      this.#load(block);
      this.#read.writeUInt32LE(sums.get(page) || 1, (index % sumsPerBlock) * 4);
    }
    this.#store();
    if (isDurable) fsyncSync(this.#fd);
  }

  /** From here on nothing is known of these pages. */
  forget(pages: readonly number[]): void {
    for (const page of pages.toSorted((a, b) => a - b)) {
      const index = page - 1;
      this.#load(Math.floor(index / sumsPerBlock));
      this.#read.writeUInt32LE(unknown, (index % sumsPerBlock) * 4);
      this.#store();
    }
  }

  close(): void {
    closeSync(this.#fd);
  }

  #load(block: number): void {
    if (block === this.#block) return;
    this.#block = block;
    this.#read.fill(0);
    if (readSync(this.#fd, this.#read, 0, blockBytes, block * blockBytes) === 0) return;
    const sums = this.#read.subarray(0, sumsBytes);
    const wanted = this.#read.readUInt32LE(sumsBytes);
    // A part of the file that was never written reads as zeros.
    if (crc32(sums) === wanted || this.#read.every((byte) => byte === 0)) return;
    const mended = mendBytes(sums, wanted);
    if (mended === undefined) this.blocksLost++;
    this.#read.fill(0);
    if (mended !== undefined) this.#read.set(mended);
  }

  #store(): void {
    if (this.#block < 0) return;
    this.#read.writeUInt32LE(crc32(this.#read.subarray(0, sumsBytes)), sumsBytes);
    writeSync(this.#fd, this.#read, 0, blockBytes, this.#block * blockBytes);
  }
}

/** As it is kept: a page whose sum is 0 is not one of which none is known. */
export function sumOf(page: Uint8Array): number {
  return crc32(page) || 1;
}
