/** What SQLite's log holds for the file, read as SQLite recovers it (SQLite file format, 4.2 to 4.4). */
import { readSync } from "node:fs";
import { crc32 } from "node:zlib";

import { endsCommit, frameHeaderBytes, logHeaderBytes, saltOfFrame, saltOfLog } from "./log-end.ts";

export interface LogPages {
  /** Sum of each page as the last commit has it, by number. */
  readonly sums: ReadonlyMap<number, number>;
  /**
   * Frames of this writing of the log behind the last commit that can be read: torn by a power cut, or damaged. SQLite
   * ignores them.
   */
  readonly lostFrames: number;
}

const framesAtOnce = 512;

/**
 * @param size of the log, bytes
 * @param isOwn it was written by this process and not closed since: nothing of it is checked
 */
export function readLog(fd: number, size: number, pageSize: number, isOwn: boolean): LogPages {
  const sums = new Map<number, number>();
  const header = Buffer.alloc(logHeaderBytes);
  if (size < logHeaderBytes || readSync(fd, header, 0, logHeaderBytes, 0) < logHeaderBytes) {
    return { sums, lostFrames: 0 };
  }
  const step = frameHeaderBytes + pageSize;
  const frames = Math.floor((size - logHeaderBytes) / step);
  const check = isOwn ? undefined : new Chained(header);
  let pending = new Map<number, number>();
  let written = 0;
  let committed = 0;
  let isRead = check?.isWhole !== false;
  const slab = Buffer.alloc(step * Math.min(frames, framesAtOnce));
  for (let frame = 0; frame < frames; frame++) {
    const at = (frame % framesAtOnce) * step;
    if (at === 0) readSync(fd, slab, 0, slab.length, logHeaderBytes + frame * step);
    const head = slab.subarray(at, at + frameHeaderBytes);
    const page = slab.subarray(at + frameHeaderBytes, at + step);
    const isOfNow = isOf(saltOfLog(header), saltOfFrame(head));
    if (isOfNow) written = frame + 1;
    isRead &&= isOfNow && check?.takes(head, page) !== false;
    if (!isRead) continue;
    pending.set(head.readUInt32BE(0), crc32(page));
    // Only the last frame of a commit says how large the file is then.
    if (!endsCommit(head)) continue;
    for (const [number, sum] of pending) sums.set(number, sum);
    pending = new Map();
    committed = frame + 1;
  }
  return { sums, lostFrames: isOwn ? 0 : written - committed };
}

/**
 * Whether a frame was written since the log was begun: the first half of a salt counts the writings, the second is random.
 * One damaged byte leaves one half as it was.
 */
function isOf(log: Buffer, frame: Buffer): boolean {
  return log.compare(frame, 0, 4, 0, 4) === 0 || log.compare(frame, 4, 8, 4, 8) === 0;
}

/** Each frame carries a sum over all before it, and the salt of the log. */
class Chained {
  readonly #salt: Buffer;
  readonly #isBigEndian: boolean;
  #first: number;
  #second: number;
  readonly isWhole: boolean;

  constructor(header: Buffer) {
    this.#salt = saltOfLog(header);
    this.#isBigEndian = (header.readUInt32BE(0) & 1) === 1;
    this.#first = 0;
    this.#second = 0;
    this.#add(header.subarray(0, 24));
    this.isWhole = this.#isAt(header.subarray(24, 32));
  }

  takes(head: Buffer, page: Buffer): boolean {
    this.#add(head.subarray(0, 8));
    this.#add(page);
    return saltOfFrame(head).equals(this.#salt) && this.#isAt(head.subarray(16, 24));
  }

  #isAt(sum: Buffer): boolean {
    return sum.readUInt32BE(0) === this.#first && sum.readUInt32BE(4) === this.#second;
  }

  #add(bytes: Buffer): void {
    let [first, second] = [this.#first, this.#second];
    for (let at = 0; at < bytes.length; at += 8) {
      const one = this.#isBigEndian ? bytes.readUInt32BE(at) : bytes.readUInt32LE(at);
      const two = this.#isBigEndian ? bytes.readUInt32BE(at + 4) : bytes.readUInt32LE(at + 4);
      first = (first + one + second) >>> 0;
      second = (second + two + first) >>> 0;
    }
    this.#first = first;
    this.#second = second;
  }
}
