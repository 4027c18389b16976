import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { makeSample, writeSample } from "@millwright/model-bundle/sample";

import type { Bench, BenchContext, Figures } from "./bench.ts";
import { startGateway, type Gateway } from "./gateway.ts";
import { firstEpisodes } from "./kept-events.ts";
import { percentile } from "./medians.ts";
import { PacedDevices } from "./paced-devices.ts";
import { probeMeanwhile } from "./probe.ts";
import { familyOf, useOf, type ProcessUse } from "./processes.ts";

const devices = 20;
const assetsEach = 50;
const assetCount = devices * assetsEach;
const properties = ["x0", "x1"];
/** So many assets become odd, one after the other: more than the commits of events of which the gateway knows the waits. */
const oddCount = 160;
const oddEveryMs = 125;
/**
 * A gateway runs for months, so its first minute is not what it costs: the compiler's threads take 2 % of a core in the first
 * ten seconds of windows, 1.1 % until half a minute, 0.4 to 0.7 % after 45 s.
 */
const warmMs = 45_000;
/** Rows of the bundles; at 1,000 samples a second each tag is read once in one. */
const rowMs = 2_000;

/** From a sample that is not normal to the episode that it begins, and to its event on disk; and what watching takes. */
export const bench: Bench = {
  name: "detect-scale",
  about: `${assetCount * properties.length} tags of ${assetCount} assets over Modbus TCP (${devices} devices), statistics on each and a bundle with weights of its own for each asset, a window every ${rowMs / 1_000} s; supervisor, runtime and detect host, samples committed each second; measured after ${warmMs / 1_000} s`,
  open(context) {
    const models = join(context.folder, "models");
    for (let asset = 0; asset < assetCount; asset++) writeBundle(models, asset, "1.0.0");
    let run = 0;
    return Promise.resolve({
      measure: () => measure(context, models, ++run),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    });
  },
};

async function measure(context: BenchContext, models: string, run: number): Promise<Figures> {
  const seconds = context.quick ? 10 : 20;
  const slow = await watched(context, join(context.folder, `slow-${run}`), models, rowMs);
  const quiet = await slow.use(seconds);
  const peakMb = await slow.swap(`1.${run}.0`);
  const busySeconds = (oddCount * oddEveryMs) / 1_000;
  const [{ cpuPercent: cpuBusy }, diskMs, episodes] = await Promise.all([
    slow.use(busySeconds),
    probeMeanwhile(context.folder, busySeconds * 1_000, oddEveryMs, context.signal),
    slow.oddAssets(),
  ]);
  const { journal } = await slow.gateway.counters();
  const slowMs = await slow.close(episodes);

  const fast = await watched(context, join(context.folder, `fast-${run}`), models, rowMs / 100);
  const fastMs = await fast.close(await fast.oddAssets());
  const from =
    "from the answer of the device that completes the second window in a row that is not normal (two of three make one) to the time of the episode's event";
  return {
    received_to_episode_p99_ms: {
      value: percentile(slowMs, 99),
      unit: "ms",
      note: `${from}; ${slowMs.length} episodes, 8 a second, at 1,000 samples/s`,
    },
    received_to_episode_p50_ms: { value: percentile(slowMs, 50), unit: "ms" },
    received_to_episode_p99_ms_100k: {
      value: percentile(fastMs, 99),
      unit: "ms",
      note: `${fastMs.length} episodes at 100,000 samples/s, polls coming evenly over 20 ms, in which the windows of all assets end; the ${devices} devices take their part of the same processors`,
    },
    received_to_episode_p50_ms_100k: { value: percentile(fastMs, 50), unit: "ms" },
    event_durable_p99_ms: {
      value: journal.eventsP99Ms,
      unit: "ms",
      limit: percentile(diskMs, 99),
      note: "the longest wait of each of the newest 128 commits of events, by the gateway's own count; limit: 4 KB made durable on the same disk in the same seconds",
    },
    cpu_percent_of_core: {
      value: quiet.cpuPercent,
      unit: "%",
      peers: { with_8_episodes_per_s: cpuBusy },
      note: "all processes of the gateway, from polls to durable frames; nobody has opened the page",
    },
    pss_mb_all_processes: { value: quiet.use.pssMb, unit: "MB" },
    pss_mb_peak_during_swap: {
      value: peakMb,
      unit: "MB",
      note: "highest of all looks, some 20 a second, while a bundle is exchanged and two detect hosts are there",
    },
  };
}

interface Watched {
  readonly gateway: Gateway;
  /** What the gateway takes in a stretch of time, and holds at its end. */
  use(seconds: number): Promise<{ readonly use: ProcessUse; readonly cpuPercent: number }>;
  /** Gives one asset another version of its bundle. @returns the highest memory until the old host has ended, MB */
  swap(version: string): Promise<number>;
  /** Makes one asset after the other odd. @returns when the answer that completes their second odd window left, µs */
  oddAssets(): Promise<ReadonlyMap<string, number>>;
  /** @returns from there to the episode, ms */
  close(decided: ReadonlyMap<string, number>): Promise<readonly number[]>;
}

async function watched(
  context: BenchContext,
  folder: string,
  models: string,
  everyMs: number,
): Promise<Watched> {
  const { signal, random } = context;
  // Over the time between two polls: over a row, devices that are polled a hundred times in one would all answer in the same
  // millisecond, because what lies between two of them is a multiple of their poll.
  const plan = { devices, assetsEach, inputs: properties.length, periodMs: everyMs };
  const source = await PacedDevices.open(plan, random);
  const gateway = await startGateway(
    folder,
    settingsFor(folder, models, source.ports, everyMs),
    undefined,
    60_000,
  );
  const { pid } = gateway.part;
  await gateway.logged("detect.model-loaded", assetCount);
  // Each tag was read once, and windows flow; the compiler has seen all of it.
  await sleep(context.quick ? 6_000 : warmMs, undefined, { signal });
  return {
    gateway,
    async use(seconds) {
      const from = useOf(pid);
      const fromMs = performance.now();
      await sleep(seconds * 1_000, undefined, { signal });
      const use = useOf(pid);
      const passedS = (performance.now() - fromMs) / 1_000;
      return { use, cpuPercent: ((use.cpuS - from.cpuS) / passedS) * 100 };
    },
    async swap(version) {
      const before = familyOf(pid);
      writeBundle(models, 0, version);
      let peakMb = 0;
      for (;;) {
        peakMb = Math.max(peakMb, useOf(pid).pssMb);
        const now = familyOf(pid);
        if (now.length === before.length && now.some((each) => !before.includes(each))) break;
        await sleep(50, undefined, { signal });
      }
      await sleep(rowMs, undefined, { signal });
      return peakMb;
    },
    async oddAssets() {
      const decided = new Map<string, number>();
      const rowsOf = new Map<number, { row: number; odd: number }>();
      const onceARow = everyMs === rowMs;
      source.onOdd = (asset, atUs) => {
        const row = Math.floor(atUs / (rowMs * 1_000));
        const seen = rowsOf.get(asset);
        // A row takes the first sample in it, and that of the row in which it became odd was taken already.
        if (seen === undefined) {
          rowsOf.set(asset, { row, odd: onceARow ? 1 : 0 });
          return;
        }
        // A poll that comes so late that its answer falls into the next row leaves a row without a sample and one with two:
        // which window is odd is not known here then, whatever the gateway makes of it.
        if (onceARow && row !== seen.row + 1) seen.odd = -Infinity;
        if (row > seen.row) {
          seen.row = row;
          if (++seen.odd === 2) decided.set(nameOf(asset), atUs);
        }
        if (!(seen.odd >= 0 && seen.odd < 4)) source.makeEven(asset);
      };
      for (let step = 0; step < oddCount; step++) {
        // Those of one device are not neighbours in time.
        source.makeOdd((step * 37) % assetCount);
        await sleep(oddEveryMs, undefined, { signal });
      }
      await sleep(3 * rowMs, undefined, { signal });
      return decided;
    },
    async close(decided) {
      await gateway.part.stop();
      await source[Symbol.asyncDispose]();
      const found = firstEpisodes(join(folder, "journal"));
      const ms = [...decided].flatMap(([asset, atUs]) => {
        const episodeUs = found.get(asset);
        return episodeUs === undefined ? [] : [(episodeUs - atUs) / 1_000];
      });
      rmSync(folder, { recursive: true, force: true });
      if (ms.length < decided.size * 0.98) {
        throw new Error(`${ms.length} of ${decided.size} odd assets had an episode`);
      }
      return ms;
    },
  };
}

function writeBundle(models: string, asset: number, version: string): void {
  const name = `bench-${asset}`;
  const sample = { name, version, inputs: properties, assetType: "bench", gridMs: rowMs };
  writeSample(join(models, name), makeSample(sample));
}

function nameOf(asset: number): string {
  return `A-${asset}`;
}

function settingsFor(
  folder: string,
  models: string,
  ports: readonly number[],
  everyMs: number,
): Parameters<typeof startGateway>[1] {
  mkdirSync(folder, { recursive: true });
  return {
    devices: ports.map((port, device) => {
      const table = join(folder, `line-${device}.csv`);
      const rows = Array.from({ length: assetsEach * properties.length }, (_tag, at) => {
        const asset = device * assetsEach + Math.floor(at / properties.length);
        const property = properties[at % properties.length];
        return `${asset}.${property},holding:${at},uint16,0.01,2`;
      });
      writeFileSync(table, `id,address,type,scale,decimals\n${rows.join("\n")}\n`);
      return {
        ...{ id: `line-${device}`, protocol: "modbus", everyMs, tags: table },
        // The first answer waits for its moment.
        connection: { framing: "tcp", host: "127.0.0.1", port, timeoutMs: 10_000 },
      };
    }),
    assets: Array.from({ length: assetCount }, (_asset, at) => ({
      ...{ id: nameOf(at), type: "bench" },
      tags: Object.fromEntries(properties.map((property) => [property, `${at}.${property}`])),
    })),
    models: {
      folder: models,
      bundles: Array.from({ length: assetCount }, (_asset, at) => ({
        ...{ bundle: `bench-${at}`, assets: [nameOf(at)] },
      })),
    },
  };
}
