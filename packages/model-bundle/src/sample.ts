/**
 * A small bundle for tests and benches: the distance from a centre, whitened (Mahalanobis). Real ONNX, real examples, and
 * numbers that follow from a seed, so that a thousand of them differ in their weights and in nothing else.
 */
import type { Feature } from "@millwright/features";
import { seededRandom } from "@millwright/kit";
import { encodeModel, float32, GraphBuilder, int64, type Model } from "@millwright/onnx";

import { bundleFormat, type Example, type Manifest } from "./manifest.ts";
import { writeBundle } from "./write.ts";

export interface SampleSettings {
  readonly name: string;
  readonly version?: string;
  readonly assetType?: string;
  /** Properties of the asset. */
  readonly inputs: readonly string[];
  readonly seed?: string;
  readonly gridMs?: number;
}

/** Everything of one bundle, before it is written: a test changes what it wants to be wrong. */
export interface SampleBundle {
  readonly manifest: Omit<Manifest, "files">;
  readonly model: Model;
  readonly examples: readonly Example[];
}

export function makeSample(settings: SampleSettings): SampleBundle {
  const { inputs } = settings;
  const width = inputs.length;
  const random = seededRandom(settings.seed ?? settings.name);
  const centre = Float32Array.from(inputs, () => random.next());
  const whitening = Float32Array.from({ length: width * width }, (_each, at) =>
    at % (width + 1) === 0 ? 1 + random.next() : 0.1 * (random.next() - 0.5),
  );
  const windows = inputs.map((property): Feature => ({
    name: `${property}.value`,
    property,
    kind: "value",
    rows: 1,
  }));
  return {
    manifest: {
      format: bundleFormat,
      name: settings.name,
      version: settings.version ?? "1.0.0",
      kind: "anomaly",
      assetType: settings.assetType ?? "pump",
      inputs: inputs.map((property) => ({
        property,
        unit: "",
        required: true,
        trained: { min: -1_000, max: 1_000 },
        histogram: { edges: [0.25, 0.5, 0.75], shares: [0.25, 0.25, 0.25, 0.25] },
      })),
      features: {
        gridMs: settings.gridMs ?? 1_000,
        holdMs: 0,
        graceMs: 500,
        everyRows: 1,
        windows,
      },
      lag: 0,
      states: [],
      settlingS: 0,
      model: {
        file: "model.onnx",
        opset: 17,
        input: { tensor: "window", shape: ["batch", width] },
        outputs: {
          score: { tensor: "score", shape: ["batch", 1] },
          contributions: { tensor: "contributions", shape: ["batch", width] },
        },
      },
      limits: { on: 100, off: 70, persistence: { k: 1, n: 1 }, budgetPerDay: 1 },
      scores: { edges: [0.01, 0.05, 0.1], shares: [0.7, 0.2, 0.05, 0.05] },
      latencyMs: 1,
      memoryBytes: 2 ** 20,
      examples: "examples.json",
    },
    model: graphOf(width, centre, whitening),
    examples: Array.from({ length: 3 }, () =>
      exampleOf(
        centre,
        whitening,
        Float32Array.from(inputs, () => random.next()),
      ),
    ),
  };
}

/** @param replaced instead of the file of that name, or one more */
export function writeSample(
  folder: string,
  sample: SampleBundle,
  replaced: Readonly<Record<string, Uint8Array | string>> = {},
): void {
  writeBundle(folder, sample.manifest, {
    "model.onnx": encodeModel(sample.model),
    "examples.json": JSON.stringify({ tolerance: 1e-4, windows: sample.examples }),
    "card.md": `# ${sample.manifest.name}\n\nThe distance from a centre. For tests.\n`,
    "metrics.json": "{}\n",
    ...replaced,
  });
}

function graphOf(width: number, centre: Float32Array, whitening: Float32Array): Model {
  const graph = new GraphBuilder();
  const window = graph.input("window", ["batch", width]);
  const away = graph.node("Sub", "away", [
    window,
    graph.constant(float32("centre", [width], centre)),
  ]);
  const white = graph.node("MatMul", "white", [
    away,
    graph.constant(float32("whitening", [width, width], whitening)),
  ]);
  const squares = graph.node("Mul", "contributions", [white, white]);
  graph.node("ReduceSum", "score", [squares, graph.constant(int64("axes", [1]))]);
  graph.output("score", ["batch", 1]);
  graph.output("contributions", ["batch", width]);
  return graph.build("sample", "");
}

function exampleOf(centre: Float32Array, whitening: Float32Array, input: Float32Array): Example {
  const width = input.length;
  const contributions = Array.from({ length: width }, (_each, column) => {
    let white = 0;
    for (let row = 0; row < width; row++) {
      white += ((input[row] ?? 0) - (centre[row] ?? 0)) * (whitening[row * width + column] ?? 0);
    }
    return white * white;
  });
  const score = contributions.reduce((sum, each) => sum + each, 0);
  return { input: [...input], score, contributions };
}
