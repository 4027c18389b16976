import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from "node:fs";
import { open } from "node:fs/promises";
import { cpus, release, totalmem } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { percentile } from "./medians.ts";

export interface Probe {
  readonly fdatasync_p50_ms: number;
  readonly fdatasync_p99_ms: number;
}

/**
 * What this disk takes to make 4 KB durable, now: it changed by two orders of magnitude between minutes on the machine
 * of the first measurements, so every durable figure is read beside it.
 */
export function probeDisk(folder: string, quick: boolean): Probe {
  const path = join(folder, "probe");
  const page = new Uint8Array(4_096);
  const file = openSync(path, "w");
  const timesMs: number[] = [];
  try {
    for (let turn = 0; turn < (quick ? 20 : 200); turn++) {
      writeSync(file, page, 0, page.length, turn * page.length);
      const fromMs = performance.now();
      fdatasyncSync(file);
      timesMs.push(performance.now() - fromMs);
    }
  } finally {
    closeSync(file);
    rmSync(path, { force: true });
  }
  return {
    fdatasync_p50_ms: rounded(percentile(timesMs, 50)),
    fdatasync_p99_ms: rounded(percentile(timesMs, 99)),
  };
}

/**
 * The same beside something that is measured: one page after the other, so far apart that they are no load, and by another
 * thread, so that whoever measures goes on. @returns what each took, ms
 */
export async function probeMeanwhile(
  folder: string,
  forMs: number,
  everyMs: number,
  signal: AbortSignal,
): Promise<readonly number[]> {
  const path = join(folder, "probe-meanwhile");
  const page = new Uint8Array(4_096);
  const timesMs: number[] = [];
  const file = await open(path, "w");
  try {
    const untilMs = performance.now() + forMs;
    while (performance.now() < untilMs) {
      await file.write(page, 0, page.length, timesMs.length * page.length);
      const fromMs = performance.now();
      await file.datasync();
      timesMs.push(performance.now() - fromMs);
      await sleep(everyMs, undefined, { signal });
    }
  } finally {
    await file.close();
    rmSync(path, { force: true });
  }
  return timesMs;
}

/** Processor, memory, system and Node, in one line. */
export function machine(): string {
  const [first] = cpus();
  const gib = Math.round(totalmem() / 2 ** 30);
  const system = `${process.platform} ${release()} ${process.arch}`;
  return `${cpus().length} x ${first?.model ?? "unknown"}, ${gib} GiB, ${system}, Node ${process.versions.node}`;
}

function rounded(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}
