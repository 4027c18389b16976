/** Bundles for tests of the detect host, good and bad, and a rig that runs them. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";

import { seededRandom, silentLog, systemClock } from "@millwright/kit";
import { loadBundle, type Bundle } from "@millwright/model-bundle";
import { makeSample, writeSample, type SampleBundle } from "@millwright/model-bundle/sample";
import { elementTypes, float32, GraphBuilder, int64 } from "@millwright/onnx";

import { findIsolation } from "./isolation.ts";
import { ModelHost } from "./model-host.ts";
import type { SlottedBundle } from "./unit-plan.ts";

export interface Score {
  readonly slot: number;
  readonly asker: number;
  readonly endUs: number;
  readonly score: number;
  readonly contributions: readonly number[];
}

export interface Stop {
  readonly slot: number;
  readonly what: "stopped" | "crashed";
  readonly reason: string;
  readonly windowsLost: number;
}

export interface HostRig {
  readonly host: ModelHost;
  readonly scores: readonly Score[];
  readonly stops: readonly Stop[];
  readonly ends: readonly { reason: string; slot: number | undefined; windowsLost: number }[];
  bundle(slot: number, sample: SampleBundle): SlottedBundle;
  /** Resolves when `condition` holds; looks again with each thing that the host tells. */
  until(condition: () => boolean): Promise<void>;
}

/** No host is started so slowly; then the test says what it was told, rather than nothing at its own end. */
const untilMs = 60_000;

export const mainFile: string = join(import.meta.dirname, "host-main.ts");
export const poisonedFile: string = join(import.meta.dirname, "test-poisoned-host.ts");

export function openRig(t: TestContext, file = mainFile): HostRig {
  const folder = mkdtempSync(join(tmpdir(), "millwright-host-"));
  const scores: Score[] = [];
  const stops: Stop[] = [];
  const ends: { reason: string; slot: number | undefined; windowsLost: number }[] = [];
  const waiting = new Set<() => void>();
  const told = (): void => {
    for (const look of waiting) look();
  };
  const host = new ModelHost({
    program: { node: process.execPath, file, isolation: findIsolation() },
    clock: systemClock,
    random: seededRandom("host"),
    log: silentLog,
    listener: {
      scored(slot, asker, endUs, outputs, at, { contributions }) {
        const first = at + contributions.at;
        scores.push({
          slot,
          asker,
          endUs,
          score: outputs[at] ?? NaN,
          contributions: [...outputs.subarray(first, first + contributions.width)],
        });
        told();
      },
      stopped(slot, what, reason, windowsLost) {
        stops.push({ slot, what, reason, windowsLost });
        told();
      },
      ended(reason, slot, windowsLost) {
        ends.push({ reason, slot, windowsLost });
        told();
      },
    },
  });
  t.after(async () => {
    await host.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    host,
    scores,
    stops,
    ends,
    bundle(slot, sample) {
      const place = join(folder, String(slot), sample.manifest.name);
      writeSample(place, sample);
      return { slot, bundle: loadBundle(place) };
    },
    async until(condition) {
      if (condition()) return;
      await new Promise<void>((resolve, reject) => {
        const tooLong = setTimeout(() => {
          const told = JSON.stringify({ scores: scores.length, stops, ends });
          reject(new Error(`what was waited for did not come; told so far: ${told}`));
        }, untilMs);
        const look = (): void => {
          if (!condition()) return;
          clearTimeout(tooLong);
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
      });
    },
  };
}

/** Good bundles of one structure. */
export function sampleOf(seed: number, version = "1.0.0"): SampleBundle {
  return makeSample({
    name: `pump-${seed}`,
    version,
    inputs: ["vibration", "temperature"],
    seed: `${seed} ${version}`,
  });
}

/** The score of an example, as the bundle wrote it down. */
export function exampleOf({ bundle }: { bundle: Bundle }): {
  input: readonly number[];
  score: number;
} {
  const [first] = bundle.examples.windows;
  return { input: first?.input ?? [], score: first?.score ?? NaN };
}

/** Four products of 1,024 by 1,024 by 1,024: tens of milliseconds a window on any core, declared with 0.1. */
export function slowSample(): SampleBundle {
  const sample = sampleOf(0);
  const size = 1_024;
  const graph = new GraphBuilder();
  const window = graph.input("window", [2]);
  const wide = graph.constant(float32("wide", [2, size], new Float32Array(2 * size)));
  const column = graph.constant(float32("column", [size, 1], new Float32Array(size)));
  const large = graph.constant(float32("large", [size, size], new Float32Array(size * size)));
  const row = graph.node("MatMul", "row", [window, wide]);
  // It depends on the window, so that nothing of it is worked out when the graph is opened.
  let value = graph.node("Mul", "square", [column, row]);
  for (let at = 0; at < 4; at++) value = graph.node("MatMul", `product-${at}`, [value, large]);
  const first = graph.constant(int64("first", [0]));
  const sums = graph.node("ReduceSum", "sums", [value, first], {
    keepdims: { kind: "int", value: 0 },
  });
  graph.node("ReduceSum", "score", [sums, first]);
  graph.output("score", [1]);
  return {
    manifest: {
      ...sample.manifest,
      name: "slow",
      latencyMs: 0.1,
      model: {
        ...sample.manifest.model,
        input: { tensor: "window", shape: [2] },
        outputs: { score: { tensor: "score", shape: [1] } },
      },
    },
    model: graph.build("slow", ""),
    examples: [{ input: [0, 0], score: 0 }],
  };
}

/** Takes as many numbers of memory as its first input says: little for its example, 2.4 GB for 600 million. */
export function greedySample(): SampleBundle {
  const sample = sampleOf(0);
  const graph = new GraphBuilder();
  const window = graph.input("window", [2]);
  const first = graph.node("Gather", "first", [window, graph.constant(int64("place", [0]))]);
  const count = graph.node("Cast", "count", [first], {
    to: { kind: "int", value: elementTypes.int64 },
  });
  const room = graph.node("ConstantOfShape", "room", [count]);
  graph.node("ReduceSum", "score", [room, graph.constant(int64("axes", [0]))]);
  graph.output("score", [1]);
  const { manifest } = sample;
  return {
    manifest: {
      ...manifest,
      name: "greedy",
      inputs: manifest.inputs.map((input) => ({ ...input, trained: { min: 0, max: 1e9 } })),
      model: {
        ...manifest.model,
        input: { tensor: "window", shape: [2] },
        outputs: { score: { tensor: "score", shape: [1] } },
      },
    },
    model: graph.build("greedy", ""),
    examples: [{ input: [4, 0], score: 0 }],
  };
}

/** Its score is no number for a negative input. */
export function rootSample(): SampleBundle {
  const sample = sampleOf(0);
  const graph = new GraphBuilder();
  const window = graph.input("window", ["batch", 2]);
  const root = graph.node("Sqrt", "root", [window]);
  graph.node("ReduceSum", "score", [root, graph.constant(int64("axes", [1]))]);
  graph.output("score", ["batch", 1]);
  return {
    manifest: {
      ...sample.manifest,
      name: "root",
      model: {
        ...sample.manifest.model,
        outputs: { score: { tensor: "score", shape: ["batch", 1] } },
      },
    },
    model: graph.build("root", ""),
    examples: [{ input: [4, 9], score: 5 }],
  };
}
