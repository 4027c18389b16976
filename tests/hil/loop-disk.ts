/**
 * A small file system of its own (ext4 in a file, through a loop device), so that a test sees what a power cut leaves: what
 * the system has written through is in the file, what it still holds in its memory is not. It cannot show what a drive
 * loses that answers a flush before it has done it, nor a sector that was torn. Needs root.
 */
import { execFileSync } from "node:child_process";
import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";

export interface LoopDiskOptions {
  /** The size of the file system; it is made in memory, of which it takes what is written. */
  readonly mebibytes: number;
  /** How much the medium really takes; all when absent. What is written beyond is an input or output error, not "full". */
  readonly mediumMebibytes?: number;
  /** For a control: the disk answers each sync at once and does nothing. */
  readonly ignoresSync?: boolean;
}

/** Two readings of the medium that are equal are one moment of it; the system writes in bursts with pauses between. */
const readingsMax = 200;

export class LoopDisk {
  /** Where its files are seen. */
  readonly at: string;
  readonly #medium: string;
  readonly #image: string;
  readonly #mounted: string;
  readonly #options: LoopDiskOptions;

  private constructor(at: string, folder: string, options: LoopDiskOptions) {
    this.at = at;
    this.#options = options;
    this.#medium = join(folder, "medium");
    this.#image = join(this.#medium, "disk.img");
    this.#mounted = join(folder, "mounted");
  }

  /**
   * @param at an empty folder
   * @param folder for what it is made of
   */
  static make(at: string, folder: string, options: LoopDiskOptions): LoopDisk {
    const disk = new LoopDisk(at, folder, options);
    for (const one of [at, disk.#medium, disk.#mounted]) mkdirSync(one, { recursive: true });
    const size = options.mediumMebibytes ?? options.mebibytes * 2;
    run("mount", "-t", "tmpfs", "-o", `size=${size}m`, "tmpfs", disk.#medium);
    run("truncate", "-s", `${options.mebibytes}M`, disk.#image);
    // Without a reserve for root, and nothing of it set up later in the background.
    const lazy = "lazy_itable_init=0,lazy_journal_init=0";
    run("mkfs.ext4", "-q", "-F", "-m", "0", "-E", lazy, "-J", "size=4", disk.#image);
    disk.#mount();
    return disk;
  }

  /** The medium as it is at one moment. Whoever writes to it stands still meanwhile. */
  read(): Buffer {
    let before = readFileSync(this.#image);
    for (let reading = 0; reading < readingsMax; reading++) {
      const now = readFileSync(this.#image);
      if (now.equals(before)) return now;
      before = now;
    }
    throw new Error("the system did not stop writing to the medium");
  }

  /** The medium once the system has brought all to it that it held. */
  flushed(): Buffer {
    run("sync", "-f", this.#mounted);
    return this.read();
  }

  /** The file system comes back with what was on the medium then. Nobody uses it meanwhile. */
  cameBackWith(medium: Buffer): void {
    this.#unmount();
    writeFileSync(this.#image, medium);
    this.#mount();
  }

  /** As a person does it who finds it broken: let go, checked and repaired, in use again. */
  repair(): void {
    this.#unmount();
    try {
      run("e2fsck", "-p", "-f", this.#image);
    } catch (failure) {
      // 1: errors were found and corrected (e2fsck(8)).
      if (!(failure instanceof Error && "status" in failure && failure.status === 1)) throw failure;
    }
    this.#mount();
  }

  /** The medium takes nothing any more that it does not have a place for; until `takesAgain`. */
  takesNothing(): void {
    const handle = openSync(join(this.#medium, "ballast"), "w");
    try {
      const block = Buffer.alloc(2 ** 12);
      // Bounded by the medium, which has this many blocks at most.
      const blocks = this.#options.mebibytes * 2 * 256;
      for (let at = 0; at < blocks; at++) writeSync(handle, block);
    } catch (failure) {
      if (!(failure instanceof Error && "code" in failure && failure.code === "ENOSPC"))
        throw failure;
    } finally {
      closeSync(handle);
    }
  }

  takesAgain(): void {
    rmSync(join(this.#medium, "ballast"));
  }

  remove(): void {
    this.#unmount();
    run("umount", "-l", this.#medium);
  }

  #mount(): void {
    run("mount", "-o", "loop", this.#image, this.#mounted);
    const files = join(this.#mounted, "files");
    mkdirSync(files, { recursive: true });
    if (this.#options.ignoresSync !== true) {
      run("mount", "--bind", files, this.at);
      return;
    }
    const [lower, work] = [join(this.#mounted, "lower"), join(this.#mounted, "work")];
    rmSync(work, { recursive: true, force: true });
    for (const one of [lower, work]) mkdirSync(one, { recursive: true });
    // "All forms of sync calls to the upper filesystem are omitted" (kernel documentation, overlayfs, volatile mount).
    const layers = `lowerdir=${lower},upperdir=${files},workdir=${work},volatile`;
    run("mount", "-t", "overlay", "-o", layers, "overlay", this.at);
  }

  #unmount(): void {
    run("umount", this.at);
    run("umount", this.#mounted);
  }
}

/** Why it cannot be made here; undefined where it can. */
export function noLoopDisk(): string | undefined {
  if (process.getuid?.() !== 0) return "needs root: it mounts a file system";
  for (const program of ["mkfs.ext4", "e2fsck", "losetup"]) {
    try {
      execFileSync("which", [program], { stdio: "ignore" });
    } catch {
      return `needs ${program}`;
    }
  }
  try {
    execFileSync("losetup", ["-f"], { stdio: "ignore" });
    return undefined;
  } catch {
    return "needs a loop device: this machine has none that is free";
  }
}

function run(program: string, ...args: readonly string[]): void {
  execFileSync(program, args, { stdio: ["ignore", "ignore", "pipe"] });
}
