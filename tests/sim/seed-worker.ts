/** Plays every n-th seed in a thread of its own, and tells what came of each. */
import { parentPort, workerData } from "node:worker_threads";

import { seededRandom } from "@millwright/kit";

import { randomScenario } from "./random-scenario.ts";
import { runScenario } from "./run-scenario.ts";
import type { PlayedSeed, SeedShare } from "./play-seeds.ts";

const { from, to, step } = workerData as SeedShare;
for (let seed = from; seed <= to; seed += step) {
  const { breaches, playedMs, verdict } = await runScenario(
    randomScenario(seededRandom(seed)),
    seed,
  );
  const played: PlayedSeed = { seed, breaches, playedMs, samples: verdict.produced };
  parentPort?.postMessage(played);
}
