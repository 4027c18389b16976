/** What `bench outage-peers` asks of each. */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

export interface OutageFigures {
  /** From the last of the data to being acknowledged by the buffer, ms. */
  readonly bufferMs: number;
  /** From a hub that is there to the last of what arrives, ms. */
  readonly drainMs: number;
  /** On the disk of the edge when it is killed. */
  readonly diskBytes: number;
  /** Of the process that buffers, at the end of the outage. */
  readonly pssMb: number;
  /** Samples that were acknowledged before the kill -9 and are not at the hub. */
  readonly lost: number;
}

/** After so long without another message the rest does not come: reconnects take a second or two. */
const quietMsMax = 20_000;

/** Waits until all has arrived, or nothing comes any more; answers when the last came, ms, and how many came. */
export async function arrivals(
  wanted: number,
  count: () => Promise<number> | number,
  signal: AbortSignal,
): Promise<{ readonly lastMs: number; readonly came: number }> {
  let came = 0;
  let lastMs = performance.now();
  while (came < wanted && performance.now() - lastMs < quietMsMax) {
    const now = await count();
    if (now > came) {
      came = now;
      lastMs = performance.now();
    }
    await sleep(5, undefined, { signal });
  }
  return { lastMs, came };
}

export function bytesIn(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
}
