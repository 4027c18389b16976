import { seededRandom } from "@millwright/kit";
import type { Detector } from "./detector.ts";
import { IsolationForest } from "./isolation-forest.ts";
import { episodesOf, type Gate } from "./limits.ts";
import type { FaultyRun } from "./training-run.ts";
import type { RunWindows } from "./windows.ts";

/** `metrics.json`: by run and episode, never by row (field practice 80). */
export interface Metrics {
  readonly data: string;
  readonly windows: { readonly fit: number; readonly calibrate: number; readonly heldOut: number };
  readonly limit: number;
  /** On held-out normal runs. */
  readonly falseEpisodesPerDay: number;
  readonly heldOutDays: number;
  /** The largest held-out normal score over the limit: what is left until a false episode. */
  readonly heldOutLargest: number;
  readonly faults: readonly FaultMetric[];
  /** An isolation forest on the same windows, with a limit set the same way, for comparison. */
  readonly isolationForest: { readonly faultsFound: number; readonly falseEpisodesPerDay: number };
  /** Largest difference between the exported graph and the program it was exported from. */
  readonly exportError: number;
}

export interface FaultMetric {
  readonly name: string;
  readonly found: boolean;
  /** From the beginning of the fault to the episode. */
  readonly delayMinutes: number | null;
  /** Largest score over the limit. */
  readonly largest: number;
  /** Inputs that had most to do with it, at the largest score. */
  readonly named: readonly string[];
}

const dayWindows = (everyUs: number): number => 86_400e6 / everyUs;

export function falsePerDay(
  heldOut: readonly RunWindows[],
  scoreOf: (vector: Float64Array) => number,
  gate: Gate,
  everyUs: number,
): { readonly perDay: number; readonly days: number; readonly largest: number } {
  let episodes = 0;
  let windows = 0;
  let largest = 0;
  for (const { vectors } of heldOut) {
    const scores = vectors.map(scoreOf);
    for (const score of scores) largest = Math.max(largest, score / gate.on);
    episodes += episodesOf(scores, gate).length;
    windows += vectors.length;
  }
  const days = windows / dayWindows(everyUs);
  return { perDay: episodes / Math.max(1e-9, days), days, largest };
}

export function faultMetric(
  run: FaultyRun,
  { vectors, endsUs }: RunWindows,
  detector: Detector,
  properties: readonly string[],
  gate: Gate,
): FaultMetric {
  const scores = vectors.map((vector) => detector.answer(vector).score);
  const begun = episodesOf(scores, gate)
    .map((at) => endsUs[at] ?? 0)
    .find((us) => us > run.faultFromUs);
  let peak = 0;
  scores.forEach((score, at) => {
    if ((endsUs[at] ?? 0) > run.faultFromUs && score > (scores[peak] ?? 0)) peak = at;
  });
  const { contributions } = detector.answer(vectors[peak] ?? new Float64Array());
  const named = properties
    .map((property, at) => ({ property, share: contributions[at] ?? 0 }))
    .toSorted((a, b) => b.share - a.share)
    .slice(0, 3)
    .map(({ property }) => property);
  return {
    name: run.name,
    found: begun !== undefined,
    delayMinutes: begun === undefined ? null : rounded((begun - run.faultFromUs) / 60e6),
    largest: rounded((scores[peak] ?? 0) / gate.on),
    named,
  };
}

// A forest does not gain by more rows than this; growing it takes time with each.
const forestRowsMax = 4_000;

/** The same windows, judged by an isolation forest whose limit is its largest calibration score. */
export function forestComparison(
  fit: readonly Float64Array[],
  calibrate: readonly Float64Array[],
  heldOut: readonly RunWindows[],
  faulty: readonly { readonly run: FaultyRun; readonly windows: RunWindows }[],
  gate: Gate,
  everyUs: number,
): Metrics["isolationForest"] {
  const step = Math.ceil(fit.length / forestRowsMax);
  const forest = new IsolationForest(
    fit.filter((_row, at) => at % step === 0),
    seededRandom("forest"),
  );
  const scoreOf = (vector: Float64Array): number => forest.score(vector);
  let on = 0;
  for (const vector of calibrate) on = Math.max(on, scoreOf(vector));
  const own: Gate = { ...gate, on, off: 0.9 * on };
  const found = faulty.filter(({ run, windows }) =>
    episodesOf(windows.vectors.map(scoreOf), own).some(
      (at) => (windows.endsUs[at] ?? 0) > run.faultFromUs,
    ),
  );
  return {
    faultsFound: found.length,
    falseEpisodesPerDay: rounded(falsePerDay(heldOut, scoreOf, own, everyUs).perDay),
  };
}

export function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
