import { join } from "node:path";
import type { Bench, Figures } from "./bench.ts";
import { dataFolder } from "./public-data/data-folder.ts";
import { readNab, type NabSeries } from "./public-data/nab-data.ts";
import { RecordDetector } from "./public-data/nab-detector.ts";
import { bestNab, nabAt, nabProfiles } from "./public-data/nab-score.ts";
import { short, writePredictions } from "./public-data/predictions.ts";

/** Where an alarm begins when no threshold may be chosen: five percent above every record before. */
const fixedThreshold = 1.05 / 2.05;

/** Single streams (Numenta Anomaly Benchmark): strictly online, one setting and one threshold for all series. */
export const bench: Bench = {
  name: "nab",
  about:
    "NAB series, strictly online, one setting for all; the benchmark's own score with the threshold that is best for all together",
  open(context) {
    const series = readNab(dataFolder(context.data, "nab", ["combined_windows.json"]));
    const measure = (): Figures => {
      const scores = series.map(scoresOf);
      writePredictions(
        join(context.resultsFolder, "nab.csv"),
        ["file", "row", "score"],
        series.flatMap(({ file }, at) =>
          Array.from(scores[at] ?? [], (score, row) => [file, row, short(score)]),
        ),
      );
      return figuresOf(series, scores);
    };
    return Promise.resolve({
      measure: () => Promise.resolve(measure()),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    });
  },
};

function scoresOf({ timesMs, values }: NabSeries): Float64Array {
  const detector = new RecordDetector();
  return values.map((value, row) => detector.push(timesMs[row] ?? NaN, value));
}

function figuresOf(series: readonly NabSeries[], scores: readonly Float64Array[]): Figures {
  const standard = bestNab(series, scores, nabProfiles.standard);
  const windows = series.reduce((sum, one) => sum + one.windows.length, 0);
  return {
    standard: {
      value: standard.score,
      unit: "",
      note: `${series.length} series, ${windows} windows, threshold ${short(standard.threshold)}`,
    },
    reward_low_fp: { value: bestNab(series, scores, nabProfiles.rewardLowFp).score, unit: "" },
    reward_low_fn: { value: bestNab(series, scores, nabProfiles.rewardLowFn).score, unit: "" },
    standard_fixed: {
      value: nabAt(series, scores, nabProfiles.standard, fixedThreshold),
      unit: "",
      note: `threshold ${short(fixedThreshold)}, fixed beforehand`,
    },
    standard_other_half: {
      value: otherHalf(series, scores),
      unit: "",
      note: "threshold chosen on every second series and applied to the others, both ways, mean",
    },
  };
}

function otherHalf(series: readonly NabSeries[], scores: readonly Float64Array[]): number {
  const half = (parity: number): [NabSeries[], Float64Array[]] => [
    series.filter((_one, at) => at % 2 === parity),
    scores.filter((_one, at) => at % 2 === parity),
  ];
  const judged = [0, 1].map((parity) => {
    const { threshold } = bestNab(...half(parity), nabProfiles.standard);
    return nabAt(...half(1 - parity), nabProfiles.standard, threshold);
  });
  return judged.reduce((sum, one) => sum + one, 0) / judged.length;
}
