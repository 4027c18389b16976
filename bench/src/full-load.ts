/** A gateway that is offered more than it can bear, by a server that costs next to nothing. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { Part } from "@millwright/launcher";

import type { BenchContext, Figures } from "./bench.ts";
import { startGateway, type Counters, type Gateway } from "./gateway.ts";
import { useOf, type ProcessUse } from "./processes.ts";

export interface Load {
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

/** What a stored sample costs, with and without what becomes of it later. @param bare samples per CPU-s of the plain loop */
export function costOf(full: Load, bare: number): Figures {
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
  };
}

/** Runs a gateway with this one device for a while. */
export async function load(
  context: BenchContext,
  folder: string,
  run: {
    readonly seconds: number;
    /** Before anything is measured; 12 where it is left out, in which every buffer has had its largest size. */
    readonly warmSeconds?: number;
    readonly device: SourceDevice;
    /** Settings beside the device. */
    readonly more?: Omit<Parameters<typeof startGateway>[1], "devices">;
    /** Waited for before anything is measured. */
    readonly isUp?: (gateway: Gateway) => Promise<void>;
  },
): Promise<Load> {
  const { seconds, warmSeconds = 12, device, more, isUp } = run;
  const gateway = await startGateway(folder, { devices: [deviceOf(folder, device)], ...more });
  await gateway.firstDurable("source");
  await isUp?.(gateway);
  const warmMs = context.quick ? 1_000 : warmSeconds * 1_000;
  await sleep(warmMs, undefined, { signal: context.signal });
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

export interface SourceDevice {
  readonly port: number;
  readonly tags: number;
  readonly everyMs: number;
  readonly registersMax: number;
}

function deviceOf(folder: string, { port, tags, everyMs, registersMax }: SourceDevice): object {
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

/** What one plain loop reaches with the same server: samples a second of processor time. */
export async function runBare(
  folder: string,
  port: number,
  tags: number,
  seconds: number,
): Promise<number> {
  const file = join(folder, "bare.db");
  const bare = startProgram("bare-edge.ts", [port, tags, seconds, file].map(String));
  const { samples, cpuS } = await bare.ready;
  await bare.exited;
  return Number(samples) / Number(cpuS);
}

export function startProgram(program: string, args: readonly string[]): Part {
  return new Part({
    name: program,
    program: join(import.meta.dirname, program),
    args,
    readyMsMax: 60_000,
  });
}
