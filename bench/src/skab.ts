import { join } from "node:path";
import type { Bench, Figures } from "./bench.ts";
import {
  bestF1,
  countAt,
  curveOf,
  ratesOf,
  type Counts,
  type ScoredRow,
} from "./public-data/counts.ts";
import { dataFolder } from "./public-data/data-folder.ts";
import { short, writePredictions } from "./public-data/predictions.ts";
import { readSkab, type SkabRun } from "./public-data/skab-data.ts";
import { calibrationRows, SkabDetector, skabThreshold } from "./public-data/skab-detector.ts";

/** Anomalies of a pump test bed (SKAB v0.9): each run alone, strictly causal, one setting for all of them. */
export const bench: Bench = {
  name: "skab",
  about:
    "SKAB runs, each alone: rows 0-399 fit and calibrate, later rows are scored from what came before; one setting for all; counts pooled",
  open(context) {
    const folder = dataFolder(context.data, "skab", ["valve1", "valve2", "other"]);
    const runs = readSkab(folder);
    const measure = (): Figures => {
      const scored = runs.map((run) => ({ run, scores: scoresOf(run) }));
      writePredictions(
        join(context.resultsFolder, "skab.csv"),
        ["file", "row", "pred", "score"],
        scored.flatMap(({ run, scores }) =>
          [...scores].flatMap((score, row) =>
            row < calibrationRows
              ? []
              : [[run.file, row, score >= skabThreshold ? 1 : 0, short(score)]],
          ),
        ),
      );
      return figuresOf(scored);
    };
    return Promise.resolve({
      measure: () => Promise.resolve(measure()),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    });
  },
};

interface Scored {
  readonly run: SkabRun;
  readonly scores: Float64Array;
}

function scoresOf(run: SkabRun): Float64Array {
  const detector = new SkabDetector(run.channels);
  return Float64Array.from(run.rows, (row) => detector.push(row));
}

function rowsOf({ run, scores }: Scored): readonly ScoredRow[] {
  return run.anomaly
    .map((anomaly, row) => ({ anomaly, score: scores[row] ?? 0 }))
    .slice(calibrationRows);
}

function figuresOf(scored: readonly Scored[]): Figures {
  const rows = scored.flatMap(rowsOf);
  const rates = ratesOf(countAt(rows, skabThreshold));
  const strict = bestF1(curveOf(rows), ({ farPercent }) => farPercent <= 10);
  const note = `${scored.length} runs, ${rows.length} rows, threshold ${skabThreshold}`;
  return {
    f1: { value: rates.f1, unit: "", note },
    far_percent: { value: rates.farPercent, unit: "%" },
    mar_percent: { value: rates.marPercent, unit: "%" },
    f1_at_far_10: {
      value: strict?.f1 ?? 0,
      unit: "",
      note: `threshold ${short(strict?.threshold ?? NaN)}, chosen on these runs; FAR ${short(strict?.farPercent ?? NaN)} %`,
    },
    ...leftOut(scored),
  };
}

/** The threshold chosen on two groups of runs, judged on the third: what an unseen group would get. */
function leftOut(scored: readonly Scored[]): Figures {
  const total: Counts = { tp: 0, fp: 0, tn: 0, fn: 0 };
  const groups = new Set(scored.map(({ run }) => run.group));
  if (groups.size < 2) return {};
  for (const group of groups) {
    const others = scored.filter(({ run }) => run.group !== group).flatMap(rowsOf);
    const chosen = bestF1(curveOf(others))?.threshold ?? skabThreshold;
    const own = countAt(scored.filter(({ run }) => run.group === group).flatMap(rowsOf), chosen);
    for (const kind of ["tp", "fp", "tn", "fn"] as const) total[kind] += own[kind];
  }
  const rates = ratesOf(total);
  const note = "threshold chosen on the other groups of runs, for each group in turn";
  return {
    f1_left_out: { value: rates.f1, unit: "", note },
    far_percent_left_out: { value: rates.farPercent, unit: "%" },
    mar_percent_left_out: { value: rates.marPercent, unit: "%" },
  };
}
