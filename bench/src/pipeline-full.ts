import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";

import { makeSample, writeSample } from "@millwright/model-bundle/sample";

import type { Bench, BenchContext, Figures } from "./bench.ts";
import { costOf, load, runBare, startProgram } from "./full-load.ts";
import type { startGateway } from "./gateway.ts";

const tagCount = 10_000;
const everyMs = 10;
const assetCount = 1_000;
const inputs = tagCount / assetCount;

/** The way of a value through all that looks at it. */
export const bench: Bench = {
  name: "pipeline-full",
  about: `Modbus TCP polls of ${tagCount} made sensors (hundredths) to durable frames, everything stored; statistics on each, ${assetCount} rules over two of them each, and for each of ${assetCount} assets a bundle of its own over ${inputs}, a window a second; supervisor, runtime and detect host, commits of 1 s`,
  async open(context) {
    const source = startProgram("modbus-source.ts", [String(tagCount), String(everyMs)]);
    const port = Number((await source.ready)["port"]);
    const models = join(context.folder, "models");
    for (let asset = 0; asset < assetCount; asset++) writeBundle(models, asset);
    let run = 0;
    return {
      measure: () => measure(context, join(context.folder, `run-${++run}`), port, models),
      async [Symbol.asyncDispose]() {
        await source.stop();
      },
    };
  },
};

async function measure(
  context: BenchContext,
  folder: string,
  port: number,
  models: string,
): Promise<Figures> {
  const seconds = context.quick ? 4 : 8;
  mkdirSync(folder, { recursive: true });
  const bare = await runBare(folder, port, tagCount, context.quick ? 2 : seconds);
  const full = await load(context, join(folder, "full"), {
    seconds,
    device: { port, tags: tagCount, everyMs, registersMax: 125 },
    more: settingsFor(models),
    isUp: (gateway) => gateway.logged("detect.model-loaded", assetCount),
  });
  rmSync(folder, { recursive: true, force: true });
  return {
    ...costOf(full, bare),
    samples_per_s: {
      value: full.storedPerS,
      unit: "samples/s",
      note: `stored, seen by statistics and models, a fifth of them by rules; offered ${full.duePerS.toExponential(2)}/s`,
    },
    unexplained_samples: { value: full.unexplained, unit: "samples" },
  };
}

function settingsFor(models: string): Omit<Parameters<typeof startGateway>[1], "devices"> {
  const tag = (asset: number, input: number): string => `source/s${asset * inputs + input}`;
  const name = (asset: number): string => `A-${asset}`;
  const assets = Array.from({ length: assetCount }, (_asset, at) => at);
  // No register passes 655.35: these are judged with each value, and nothing comes of them.
  const conditions = ["a > 690.0 && b < 5.0", "a - b > 660.0 || b > 700.0", "b / 7.0 > 100.0"];
  return {
    assets: assets.map((asset) => ({
      ...{ id: name(asset), type: "bench" },
      tags: Object.fromEntries(
        Array.from({ length: inputs }, (_input, at) => [`x${at}`, tag(asset, at)]),
      ),
    })),
    models: {
      folder: models,
      bundles: assets.map((asset) => ({ bundle: bundleName(asset), assets: [name(asset)] })),
    },
    rules: assets.map((asset) => ({
      ...{ id: `R-${asset}`, version: "1", title: "Bench" },
      inputs: { a: tag(asset, 0), b: tag(asset, 1) },
      when: conditions[asset % conditions.length],
      then: [{ notify: "look" }],
    })),
  };
}

/** As samples have it, with limits that registers of no machine in particular do not pass. */
function writeBundle(models: string, asset: number): void {
  const name = bundleName(asset);
  const sample = makeSample({
    ...{ name, assetType: "bench" },
    inputs: Array.from({ length: inputs }, (_input, at) => `x${at}`),
  });
  const limits = { ...sample.manifest.limits, on: 1e9, off: 7e8 };
  writeSample(join(models, name), { ...sample, manifest: { ...sample.manifest, limits } });
}

function bundleName(asset: number): string {
  return `bench-${asset}`;
}
