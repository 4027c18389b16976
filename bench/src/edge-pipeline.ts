import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { Part } from "@millwright/launcher";

import type { Bench, BenchContext, Figures } from "./bench.ts";
import { startGateway, type Counters } from "./gateway.ts";
import { useOf, type ProcessUse } from "./processes.ts";

/** The way of a value through the gateway at full speed, and what it does when more comes than it can bear. */
export const bench: Bench = {
  name: "edge-pipeline",
  about:
    "Modbus TCP polls of made sensors (hundredths) to durable frames, everything stored; supervisor and runtime with their default flags and commits of 1 s; the server is another process",
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
 * Overload: one register an answer, of which the gateway can make less than a tenth of what is due every 10 ms.
 * The same tags, the same answers, another period make the half of what it bore.
 */
const overloadTags = 8_000;
const overloadPerRead = 1;

async function measure(context: BenchContext, folder: string, port: number): Promise<Figures> {
  const { quick } = context;
  mkdirSync(folder, { recursive: true });
  const seconds = quick ? 2 : 8;
  const bare = await runBare(folder, port, seconds);
  const full = await load(context, join(folder, "full"), {
    seconds,
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
    samples_per_cpu_s: {
      value: full.storedPerCpuS,
      unit: "samples/s",
      limit: bare,
      note: "to the durable frame, all threads of all gateway processes, without what the journal's thread spends on older frames (next line); limit: one plain loop, 12 bytes a sample, SQLite FULL every 50 ms",
    },
    samples_per_cpu_s_with_tiers: {
      value: full.storedPerCpuSWithTiers,
      unit: "samples/s",
      note: `everything the processes spent; ${full.tendShare.toFixed(2)} of it re-packed older frames into chunks and hours`,
    },
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

interface Load {
  readonly storedPerS: number;
  /** CPU time of the way to the disk; what becomes of frames later is apart. */
  readonly storedPerCpuS: number;
  readonly storedPerCpuSWithTiers: number;
  readonly tendShare: number;
  readonly duePerS: number;
  readonly readPerS: number;
  readonly lostPerS: number;
  readonly rssMb: number;
  readonly unexplained: number;
}

async function load(
  context: BenchContext,
  folder: string,
  { seconds, device }: { readonly seconds: number; readonly device: Device },
): Promise<Load> {
  const gateway = await startGateway(folder, { devices: [deviceOf(folder, device)] });
  await gateway.firstDurable("source");
  // Warmed: the compiler has seen all of it, and every buffer has had its largest size.
  await sleep(context.quick ? 1_000 : 4_000, undefined, { signal: context.signal });
  const before = await look();
  const uses: ProcessUse[] = [];
  for (let step = 0; step < 8; step++) {
    await sleep((seconds * 1_000) / 8, undefined, { signal: context.signal });
    if (step >= 4) uses.push(useOf(gateway.part.pid));
  }
  const after = await look();
  await gateway.part.stop();
  const tookS = (after.atMs - before.atMs) / 1_000;
  const of = (pick: (counters: Counters) => number): number =>
    pick(after.counters) - pick(before.counters);
  const ofSource = (key: "due" | "read" | "lost"): number =>
    of(({ devices: all }) => all.find((each) => each.device === "source")?.[key] ?? Number.NaN);
  const stored = of(({ journal }) => journal.sent);
  const cpuS = after.use.cpuS - before.use.cpuS;
  const tendS = of(({ journal }) => journal.tendCpuMs) / 1_000;
  return {
    storedPerS: stored / tookS,
    storedPerCpuS: stored / (cpuS - tendS),
    storedPerCpuSWithTiers: stored / cpuS,
    tendShare: tendS / cpuS,
    duePerS: ofSource("due") / tookS,
    readPerS: ofSource("read") / tookS,
    lostPerS: ofSource("lost") / tookS,
    rssMb: Math.max(...uses.map(({ rssMb }) => rssMb)),
    unexplained: after.counters.unexplained,
  };

  async function look(): Promise<{ counters: Counters; use: ProcessUse; atMs: number }> {
    const counters = await gateway.counters();
    return { counters, use: useOf(gateway.part.pid), atMs: performance.now() };
  }
}

interface Device {
  readonly port: number;
  readonly tags: number;
  readonly everyMs: number;
  readonly registersMax: number;
}

function deviceOf(folder: string, { port, tags, everyMs, registersMax }: Device): object {
  const rows = Array.from(
    { length: tags },
    (_tag, at) => `source/s${at},holding:${at},uint16,0.01,2`,
  );
  mkdirSync(folder, { recursive: true });
  const table = join(folder, "source.csv");
  writeFileSync(table, `id,address,type,scale,decimals\n${rows.join("\n")}\n`);
  return {
    id: "source",
    protocol: "modbus",
    connection: { framing: "tcp", host: "127.0.0.1", port, concurrent: 16, registersMax },
    everyMs,
    tags: table,
  };
}

async function runBare(folder: string, port: number, seconds: number): Promise<number> {
  const file = join(folder, "bare.db");
  const bare = startProgram("bare-edge.ts", [port, fullTags, seconds, file].map(String));
  const { samples, cpuS } = await bare.ready;
  await bare.exited;
  return Number(samples) / Number(cpuS);
}

function startProgram(program: string, args: readonly string[]): Part {
  return new Part({
    name: program,
    program: join(import.meta.dirname, program),
    args,
    readyMsMax: 60_000,
  });
}
