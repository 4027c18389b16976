/** How far SQLite has written its log since it last began it anew (SQLite file format, 4.1 to 4.3). */
import { readSync } from "node:fs";

export const logHeaderBytes = 32;
export const frameHeaderBytes = 24;
/** Read at once: 66 KiB with pages of 1 KiB, what a commit of a gateway of 10,000 tags writes. */
const framesAtOnce = 64;

/** Says which writing of the log a header or a frame belongs to. @param head of a frame */
export function saltOfFrame(head: Buffer): Buffer {
  return head.subarray(8, 16);
}

export function saltOfLog(header: Buffer): Buffer {
  return header.subarray(16, 24);
}

/** In the head of the last frame of a commit. */
export function endsCommit(head: Buffer): boolean {
  return head.readUInt32BE(4) !== 0;
}

/**
 * After a checkpoint the log is written over from its beginning, because a file that does not grow is synced in half the
 * time of one that does. So its size says nothing of what it holds; its frames do: those of now bear the salt of the
 * header, those of before another.
 */
export class LogEnd {
  readonly #fd: number;
  readonly #step: number;
  readonly #slab: Buffer;
  readonly #header = Buffer.alloc(logHeaderBytes);
  readonly #salt = Buffer.alloc(8);
  #end = 0;

  constructor(fd: number, pageSize: number) {
    this.#fd = fd;
    this.#step = frameHeaderBytes + pageSize;
    this.#slab = Buffer.alloc(framesAtOnce * this.#step);
  }

  /** @returns bytes from the beginning of the log to the end of its last commit; 0 when all of it was folded */
  look(): number {
    const isThere = readSync(this.#fd, this.#header, 0, logHeaderBytes, 0) === logHeaderBytes;
    if (!isThere) return (this.#end = 0);
    if (!saltOfLog(this.#header).equals(this.#salt)) {
      saltOfLog(this.#header).copy(this.#salt);
      this.#end = logHeaderBytes;
    }
    if (this.#end > 0) this.#goOn();
    return this.#end;
  }

  /** All of it is in the file: the next commit begins the log anew, with another salt. */
  folded(): void {
    this.#end = 0;
  }

  #goOn(): void {
    let at = this.#end;
    let frames: number;
    do {
      frames = Math.floor(readSync(this.#fd, this.#slab, 0, this.#slab.length, at) / this.#step);
      for (let frame = 0; frame < frames; frame++) {
        const from = frame * this.#step;
        const head = this.#slab.subarray(from, from + frameHeaderBytes);
        if (!saltOfFrame(head).equals(this.#salt)) return;
        at += this.#step;
        // Behind it may lie what a transaction wrote that was taken back.
        if (endsCommit(head)) this.#end = at;
      }
    } while (frames === framesAtOnce);
  }
}
