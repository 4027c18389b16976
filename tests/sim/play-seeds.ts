import { once } from "node:events";
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";

/** Seeds of one thread: each `step`-th of `from` to `to`. */
export interface SeedShare {
  readonly from: number;
  readonly to: number;
  readonly step: number;
}

export interface PlayedSeed {
  readonly seed: number;
  readonly breaches: readonly string[];
  readonly playedMs: number;
  readonly samples: number;
}

/** Plays the random scenarios of the seeds 1 to `count`, on as many threads as there are cores. Rejects when one breaks. */
export async function playSeeds(count: number, played: (one: PlayedSeed) => void): Promise<void> {
  const threads = Math.min(count, availableParallelism());
  const shares = Array.from({ length: threads }, (_thread, at): SeedShare => {
    return { from: at + 1, to: count, step: threads };
  });
  await Promise.all(
    shares.map(async (share) => {
      const worker = new Worker(new URL("seed-worker.ts", import.meta.url), { workerData: share });
      worker.on("message", played);
      await once(worker, "exit");
    }),
  );
}
