import { seededRandom } from "@millwright/kit";
import {
  bundleFormat,
  writeBundle,
  type BundleInput,
  type Example,
  type Manifest,
} from "@millwright/model-bundle";
import { longestWindow } from "@millwright/features";
import { encodeModel } from "@millwright/onnx";
import { cardOf } from "./card.ts";
import { checkExport } from "./check-export.ts";
import type { Detector } from "./detector.ts";
import { histogramOf, limitOf, usualRange } from "./limits.ts";
import { falsePerDay, faultMetric, forestComparison, rounded, type Metrics } from "./metrics.ts";
import { featureMapOf, type Recipe } from "./recipe.ts";
import { TrainingRefused } from "./refused.ts";
import type { FaultyRun, TrainingData, TrainingRun } from "./training-run.ts";
import { windowsOf, type RunWindows } from "./windows.ts";

/** Fewer windows than this say nothing of a limit. */
const windowsMin = 100;
// Half a minute at one window in ten seconds; one window alone is a passing crane.
const persistence = { k: 3, n: 3 };
const offShare = 0.7;
/** Of ten windows that are shown to a gateway, nine are normal. */
const exampleCount = 10;

export interface TrainedBundle {
  readonly manifest: Omit<Manifest, "files">;
  readonly files: Readonly<Record<string, Uint8Array | string>>;
  readonly metrics: Metrics;
}

/**
 * Fits, sets the limit on other runs, judges on others again, exports, and compares the export with what was trained. The
 * same data give the same files, byte for byte.
 *
 * @param say told what is going on, a line at a time
 * @throws TrainingRefused
 */
export async function trainBundle(
  recipe: Recipe,
  data: TrainingData,
  program: string,
  say: (line: string) => void,
): Promise<TrainedBundle> {
  const map = featureMapOf(recipe);
  const windows = (runs: readonly TrainingRun[]): readonly RunWindows[] =>
    runs.map((run) => {
      const found = windowsOf(recipe, run);
      const lacked = Object.entries(found.lacking).map(([name, count]) => `${name} ${count} times`);
      const lacks = lacked.length === 0 ? "" : `; not scored for ${lacked.join(", ")}`;
      const late = found.late === 0 ? "" : `; ${found.late} samples came too late`;
      say(`${run.name}: ${found.vectors.length} windows${lacks}${late}`);
      return found;
    });
  const fit = windows(data.fit);
  const calibrate = windows(data.calibrate);
  const heldOut = windows(data.heldOut);
  const faulty = data.faulty.map((run) => ({ run, windows: windowsOf(recipe, run) }));
  const fitVectors = fit.flatMap(({ vectors }) => vectors);
  const calibrateVectors = calibrate.flatMap(({ vectors }) => vectors);
  enough("fitting", fitVectors, fit);
  enough("setting the limit", calibrateVectors, calibrate);

  say(
    `fitting ${recipe.method} on ${fitVectors.length} windows of ${fitVectors[0]?.length} numbers`,
  );
  const detector = await recipe.fit(fitVectors, map, seededRandom(recipe.name), say);
  const scores = calibrateVectors.map((vector) => detector.answer(vector).score);
  const spanRows = longestWindow(recipe.features) + recipe.lag * recipe.features.everyRows;
  const on = rounded(limitOf(scores, (scores.length * recipe.features.everyRows) / spanRows));
  const gate = { on, off: rounded(offShare * on), persistence };
  const sampled = [
    ...spread(calibrateVectors, 200),
    ...faulty.flatMap(({ windows: found }) => spread(found.vectors, 20)),
  ];
  const exportError = await checkExport(detector, sampled);
  say(`the exported graph differs from the program by ${exportError.toExponential(1)} at most`);

  const everyUs = recipe.features.gridMs * recipe.features.everyRows * 1_000;
  const answer = (vector: Float64Array): number => detector.answer(vector).score;
  const normal = falsePerDay(heldOut, answer, gate, everyUs);
  const properties = recipe.inputs.map(({ property }) => property);
  const metrics: Metrics = {
    data: data.description,
    windows: {
      fit: fitVectors.length,
      calibrate: calibrateVectors.length,
      heldOut: heldOut.reduce((sum, { vectors }) => sum + vectors.length, 0),
    },
    limit: on,
    falseEpisodesPerDay: rounded(normal.perDay),
    heldOutDays: rounded(normal.days),
    heldOutLargest: rounded(normal.largest),
    faults: faulty.map((one) => faultMetric(one.run, one.windows, detector, properties, gate)),
    isolationForest: forestComparison(fitVectors, calibrateVectors, heldOut, faulty, gate, everyUs),
    exportError,
  };
  for (const { name, found, delayMinutes, largest } of metrics.faults) {
    say(
      `${name}: ${found ? `found after ${delayMinutes} min` : "not found"}, score ${largest} of the limit`,
    );
  }
  say(`false episodes a day on normal runs: ${metrics.falseEpisodesPerDay}`);
  const seen = [...fit, ...calibrate, ...heldOut];
  const manifest = manifestOf(recipe, gate, inputsOf(recipe, seen, faulty), scores);
  const examples = { tolerance: 1e-4, windows: examplesOf(detector, calibrateVectors, faulty) };
  return {
    manifest,
    metrics,
    files: {
      "model.onnx": encodeModel(detector.toModel()),
      "examples.json": `${JSON.stringify(examples)}\n`,
      "metrics.json": `${JSON.stringify(metrics, null, 2)}\n`,
      "card.md": cardOf(recipe, metrics),
      "train.ts": program,
    },
  };
}

/** @throws BundleRefused never: a folder that is not whole is found when it is loaded */
export function writeTrained(folder: string, { manifest, files }: TrainedBundle): void {
  writeBundle(folder, manifest, files);
}

function enough(what: string, vectors: readonly Float64Array[], runs: readonly RunWindows[]): void {
  if (vectors.length >= windowsMin) return;
  const lacking = runs.flatMap((run) => Object.keys(run.lacking));
  const why =
    lacking.length === 0
      ? "the data are too short for the windows"
      : `inputs without usable values: ${[...new Set(lacking)].join(", ")}`;
  throw new TrainingRefused(
    `only ${vectors.length} windows for ${what}, and ${windowsMin} are the least: ${why}. Give longer data, or take the input out of the recipe.`,
  );
}

function manifestOf(
  recipe: Recipe,
  gate: {
    readonly on: number;
    readonly off: number;
    readonly persistence: { k: number; n: number };
  },
  inputs: readonly BundleInput[],
  scores: readonly number[],
): Omit<Manifest, "files"> {
  const width = recipe.features.windows.length * (recipe.lag + 1);
  const each = ["batch", inputs.length] as const;
  const over = scores.map((score) => score / gate.on);
  const usual = over.toSorted((a, b) => a - b)[Math.floor(0.95 * over.length)] ?? 0.5;
  return {
    format: bundleFormat,
    name: recipe.name,
    version: recipe.version,
    kind: "anomaly",
    assetType: recipe.assetType,
    inputs,
    features: recipe.features,
    lag: recipe.lag,
    states: recipe.states,
    settlingS: recipe.settlingS,
    model: {
      file: "model.onnx",
      opset: 17,
      input: { tensor: "window", shape: ["batch", width] },
      outputs: {
        score: { tensor: "score", shape: ["batch", 1] },
        contributions: { tensor: "contributions", shape: each },
        expected: { tensor: "expected", shape: each },
      },
    },
    limits: { ...gate, budgetPerDay: 1 },
    scores: histogramOf(over, [usual, 1]),
    latencyMs: 1,
    // A few dense products of some hundred numbers, and the runtime's own arena.
    memoryBytes: 2 ** 20,
    examples: "examples.json",
  };
}

function inputsOf(
  recipe: Recipe,
  seen: readonly RunWindows[],
  faulty: readonly { readonly run: FaultyRun; readonly windows: RunWindows }[],
): readonly BundleInput[] {
  const all = [...seen, ...faulty.map(({ windows }) => windows)];
  return recipe.inputs.map(({ property, unit, range }, input) => {
    const low = Math.min(...all.map((run) => run.low[input] ?? Infinity));
    const high = Math.max(...all.map((run) => run.high[input] ?? -Infinity));
    // Played faults show how far a fault goes; without them a fault may go as far again as normal goes.
    const slack = (faulty.length > 0 ? 0.2 : 1) * Math.max(high - low, 1e-3 * Math.abs(high), 1e-3);
    const values = seen.flatMap((run) => [...(run.values[input] ?? [])]);
    return {
      property,
      unit,
      required: true,
      trained: range ?? { min: rounded(low - slack), max: rounded(high + slack) },
      histogram: usualRange(values, 0.005, 0.995),
    };
  });
}

function examplesOf(
  detector: Detector,
  normal: readonly Float64Array[],
  faulty: readonly { readonly windows: RunWindows }[],
): readonly Example[] {
  const odd = faulty.flatMap(({ windows }) => windows.vectors.slice(-1)).slice(0, 1);
  return [...spread(normal, exampleCount - 1), ...odd].map((vector) => {
    // As a gateway hands it over: 32-bit.
    const input = Float64Array.from(vector, Math.fround);
    const { score, contributions, expected } = detector.answer(input);
    return { input: [...input], score, contributions, expected };
  });
}

/** So many, evenly over all. */
function spread(vectors: readonly Float64Array[], count: number): readonly Float64Array[] {
  const step = Math.max(1, Math.floor(vectors.length / count));
  return vectors.filter((_vector, at) => at % step === 0).slice(0, count);
}
