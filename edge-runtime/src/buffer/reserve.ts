import { randomBytes } from "node:crypto";
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  statfsSync,
  statSync,
  truncateSync,
  writeSync,
} from "node:fs";
import path from "node:path";

/**
 * Room on the disk that is kept for a start when somebody else has taken all of it. The log of the journal is gone after
 * a planned stop, and the first commit makes it anew: without the reserve a gateway that is switched on with a full disk
 * could count nothing of what it cannot keep. It is a file that holds nothing of use, and letting go is making it shorter.
 */

/** Written between two commits: a few milliseconds on a slow card. */
const pieceBytes = 256 * 1_024;
/** So many times the reserve must be free before it is filled: on a disk that is filling up it is not the last straw. */
const freeTimesMin = 4;

export const reserveName = "journal.reserve";
const fileOf = (folder: string): string => path.join(folder, reserveName);

/**
 * Lets go of half of it: who filled the disk may take that, too, and the next start needs some again.
 *
 * @returns whether there was room to let go of, so that what failed for want of it may be tried again
 */
export function releaseReserve(folder: string): boolean {
  const file = fileOf(folder);
  const held = sizeOf(file);
  if (held === 0) return false;
  truncateSync(file, held > pieceBytes ? Math.floor(held / 2) : 0);
  return true;
}

export class Reserve {
  readonly #folder: string;
  readonly #bytes: number;
  #held: number;
  #isLetGo: boolean;

  constructor(folder: string, bytes: number) {
    this.#folder = folder;
    this.#bytes = bytes;
    this.#held = sizeOf(fileOf(folder));
    this.#isLetGo = this.#held < bytes && existsSync(fileOf(folder));
  }

  /** It was needed, by this run or one before, and is not whole again. */
  get isLetGo(): boolean {
    return this.#isLetGo;
  }

  /** @see releaseReserve */
  letGo(): boolean {
    if (!releaseReserve(this.#folder)) return false;
    this.#held = sizeOf(fileOf(this.#folder));
    this.#isLetGo = true;
    return true;
  }

  /**
   * Fills another piece of it where the disk has plenty of room.
   *
   * @returns whether there is more to fill
   */
  fillSome(): boolean {
    if (this.#held >= this.#bytes) return false;
    const { bavail, bsize } = statfsSync(this.#folder);
    return bavail * bsize >= freeTimesMin * this.#bytes && this.#fill();
  }

  /** At a planned end: what the log had is there for the next start, and for nobody else. */
  takeBack(): void {
    // Each piece is another step to the whole, and the first that finds no room is the last.
    if (this.#isLetGo) while (this.#fill());
  }

  #fill(): boolean {
    let handle: number | undefined;
    try {
      handle = openSync(fileOf(this.#folder), "a");
      // Not zeros: a file system that compresses would keep no room for them.
      const piece = randomBytes(Math.min(pieceBytes, this.#bytes - this.#held));
      this.#held += writeSync(handle, piece);
      if (this.#held < this.#bytes) return true;
      // Room that was promised only is not there after a power cut.
      fsyncSync(handle);
      this.#isLetGo = false;
      return false;
    } catch {
      // What is there stays; the rest is filled when the disk takes it.
      return false;
    } finally {
      if (handle !== undefined) closeSync(handle);
    }
  }
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
