import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";

import type { Bench, BenchContext, Figures } from "./bench.ts";
import { costOf, load, runBare, startProgram } from "./full-load.ts";

/** The way of a value through the gateway at full speed, and what it does when more comes than it can bear. */
export const bench: Bench = {
  name: "edge-pipeline",
  about:
    "Modbus TCP polls of made sensors (hundredths) to durable frames, everything stored; supervisor and runtime with their default flags and commits of 1 s, measured after 45 s; the server is another process",
  async open(context) {
    const source = startProgram("modbus-source.ts", [String(fullTags), "10"]);
    const port = Number((await source.ready)["port"]);
    let run = 0;
    return {
      measure: () => measure(context, join(context.folder, `run-${++run}`), port),
      async [Symbol.asyncDispose]() {
        await source.stop();
      },
    };
  },
};

/** 10,000 tags each 10 ms are 1 M samples/s. */
const fullTags = 10_000;
const fullEveryMs = 10;
/**
 * A gateway runs for months, so its first minute is not what it costs: the compiler's threads take 10 % of a core in the
 * first 9 s, 4.4 % in the next, 3 % after 30 s and 1.5 to 2 % after 45.
 */
const warmSeconds = 45;
/**
 * Overload: one register an answer, of which the gateway can make less than a tenth of what is due every 10 ms.
 * The same tags, the same answers, another period make the half of what it bore.
 */
const overloadTags = 8_000;
const overloadPerRead = 1;

async function measure(context: BenchContext, folder: string, port: number): Promise<Figures> {
  const { quick } = context;
  mkdirSync(folder, { recursive: true });
  const seconds = quick ? 2 : 8;
  const bare = await runBare(folder, port, fullTags, seconds);
  const full = await load(context, join(folder, "full"), {
    seconds,
    warmSeconds,
    device: { port, tags: fullTags, everyMs: fullEveryMs, registersMax: 125 },
  });
  const over = await load(context, join(folder, "over"), {
    seconds: seconds + 2,
    device: { port, tags: overloadTags, everyMs: 10, registersMax: overloadPerRead },
  });
  const halfEveryMs = Math.round((overloadTags / over.readPerS) * 2_000);
  const half = await load(context, join(folder, "half"), {
    seconds: seconds + 2,
    device: {
      port,
      tags: overloadTags,
      everyMs: halfEveryMs,
      registersMax: overloadPerRead,
    },
  });
  rmSync(folder, { recursive: true, force: true });
  return {
    ...costOf(full, bare),
    samples_per_s: {
      value: full.storedPerS,
      unit: "samples/s",
      note: `stored; offered ${full.duePerS.toExponential(2)}/s`,
    },
    rss_overload_ratio: {
      value: over.rssMb / half.rssMb,
      unit: "",
      peers: { overload_mb: over.rssMb, half_mb: half.rssMb },
      note: "highest of the second half of each run, the same tags, a request for each of them",
    },
    overload_factor: {
      value: over.duePerS / over.readPerS,
      unit: "x",
      note: "due by schedule over read; the rest is in the ledger",
    },
    overload_counted_share: {
      value: over.lostPerS / (over.duePerS - over.readPerS),
      unit: "",
      note: "of what was due and not read",
    },
    unexplained_samples: {
      value: full.unexplained + over.unexplained + half.unexplained,
      unit: "samples",
    },
  };
}
