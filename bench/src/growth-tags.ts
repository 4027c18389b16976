import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { Part } from "@millwright/launcher";

import type { BenchContext, Figures } from "./bench.ts";
import { startGateway, type Counters } from "./gateway.ts";
import { useOf, type ProcessUse } from "./processes.ts";

/** As many registers as one unit has in the source; a device for each. */
const tagsPerDevice = 10_000;
/** The settings of 100,000 tags are read, checked and numbered. */
const readyMsMax = 300_000;
const few = 1_000;
const some = 10_000;
const many = 100_000;

/**
 * The memory is taken between 10 K and 100 K tags, because below that what every gateway has lies over it, and as the
 * least of the seconds watched: what the collector has not come to yet is no memory of a tag.
 */
export async function measureTags(context: BenchContext): Promise<Figures> {
  const source = new Part({
    name: "source",
    program: join(import.meta.dirname, "modbus-source.ts"),
    args: [String(tagsPerDevice), "1000"],
    readyMsMax: 60_000,
  });
  try {
    const port = Number((await source.ready)["port"]);
    const small = await run(context, port, few);
    const middle = await run(context, port, some);
    const large = await run(context, port, many);
    const bytes = (pick: (load: Load) => number): number =>
      ((pick(large) - pick(middle)) * 1e6) / (many - some);
    return {
      cpu_per_sample_ratio_100k_to_1k: {
        value: large.cpuUsPerSample / small.cpuUsPerSample,
        unit: "x",
        peers: {
          us_at_1k: small.cpuUsPerSample,
          us_at_10k: middle.cpuUsPerSample,
          us_at_100k: large.cpuUsPerSample,
        },
        note: "processor time of all gateway processes per sample on disk",
      },
      bytes_ram_per_tag: {
        value: bytes(({ pssMb }) => pssMb),
        unit: "B",
        peers: {
          mb_at_1k: small.pssMb,
          mb_at_10k: middle.pssMb,
          mb_at_100k: large.pssMb,
          highest_second: bytes(({ pssMbMax }) => pssMbMax),
        },
        note: "PSS of all gateway processes, from 10 K to 100 K tags",
      },
      stored_share_at_100k: {
        value: large.storedShare,
        unit: "",
        note: `of what was due at 1 Hz; first sample on disk after ${(large.firstMs / 1_000).toFixed(1)} s`,
      },
      unexplained_samples: {
        value: small.unexplained + middle.unexplained + large.unexplained,
        unit: "samples",
      },
    };
  } finally {
    await source.stop();
  }
}

interface Load {
  readonly cpuUsPerSample: number;
  readonly pssMb: number;
  readonly pssMbMax: number;
  readonly storedShare: number;
  readonly firstMs: number;
  readonly unexplained: number;
}

async function run(context: BenchContext, port: number, tags: number): Promise<Load> {
  const { quick, signal } = context;
  const folder = join(context.folder, `tags-${tags}`);
  mkdirSync(folder, { recursive: true });
  const count = Math.ceil(tags / tagsPerDevice);
  const devices = Array.from({ length: count }, (_device, at) =>
    deviceOf(folder, `line-${at}`, port, Math.min(tags, tagsPerDevice)),
  );
  const gateway = await startGateway(folder, { devices }, undefined, readyMsMax);
  try {
    const names = Array.from({ length: count }, (_device, at) => `line-${at}`);
    await Promise.all(names.map((name) => gateway.firstDurable(name)));
    const firstMs = performance.now() - gateway.spawnedMs;
    await sleep(quick ? 2_000 : 20_000, undefined, { signal });
    const before = await look();
    const uses: ProcessUse[] = [];
    for (let second = 0; second < (quick ? 4 : 30); second++) {
      await sleep(1_000, undefined, { signal });
      uses.push(useOf(gateway.part.pid));
    }
    const after = await look();
    const stored = after.counters.journal.sent - before.counters.journal.sent;
    const dueOf = ({ devices: all }: Counters): number =>
      all.reduce((sum, { due }) => sum + due, 0);
    const pssMb = Math.min(...uses.map((use) => use.pssMb));
    context.say(
      `${tags} tags: ${pssMb.toFixed(0)} MB, first on disk after ${firstMs.toFixed(0)} ms`,
    );
    return {
      cpuUsPerSample: ((after.use.cpuS - before.use.cpuS) * 1e6) / stored,
      pssMb,
      pssMbMax: Math.max(...uses.map((use) => use.pssMb)),
      storedShare: stored / (dueOf(after.counters) - dueOf(before.counters)),
      firstMs,
      unexplained: after.counters.unexplained,
    };
  } finally {
    await gateway.part.stop();
    rmSync(folder, { recursive: true, force: true });
  }

  async function look(): Promise<{ counters: Counters; use: ProcessUse }> {
    const counters = await gateway.counters();
    return { counters, use: useOf(gateway.part.pid) };
  }
}

function deviceOf(folder: string, id: string, port: number, tags: number): object {
  const rows = Array.from(
    { length: tags },
    (_tag, at) => `${id}/s${at},holding:${at},uint16,0.01,2`,
  );
  const table = join(folder, `${id}.csv`);
  writeFileSync(table, `id,address,type,scale,decimals\n${rows.join("\n")}\n`);
  return {
    id,
    protocol: "modbus",
    connection: { framing: "tcp", host: "127.0.0.1", port, concurrent: 4, registersMax: 125 },
    everyMs: 1_000,
    tags: table,
  };
}
