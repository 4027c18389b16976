import { FeatureStream } from "@millwright/features";
import type { Recipe } from "./recipe.ts";
import type { TrainingRun } from "./training-run.ts";

/** The vectors of one run, and what its inputs were while they were made. */
export interface RunWindows {
  readonly name: string;
  readonly endsUs: readonly number[];
  readonly vectors: readonly Float64Array[];
  /** For each input its newest good value at each vector. */
  readonly values: readonly (readonly number[])[];
  readonly low: readonly number[];
  readonly high: readonly number[];
  /** Vectors that were due and lacked an input, by the property that lacked. */
  readonly lacking: Readonly<Record<string, number>>;
  /** Samples that came after their row. */
  readonly late: number;
}

/** Plays one run through the program that runs live. Vectors before `settlingS` are left out, as live. */
export function windowsOf(recipe: Recipe, run: TrainingRun): RunWindows {
  const properties = recipe.inputs.map(({ property }) => property);
  const vectors: Float64Array[] = [];
  const endsUs: number[] = [];
  const values = properties.map((): number[] => []);
  const newest = new Float64Array(properties.length).fill(NaN);
  const low = new Array<number>(properties.length).fill(Infinity);
  const high = new Array<number>(properties.length).fill(-Infinity);
  const lacking: Record<string, number> = {};
  let firstUs = NaN;
  const stream = new FeatureStream(
    recipe.features,
    properties,
    {
      scorable(endUs, vector) {
        if (endUs < firstUs + recipe.settlingS * 1e6) return;
        endsUs.push(endUs);
        vectors.push(vector.slice());
        newest.forEach((value, input) => values[input]?.push(value));
      },
      lacking(_endUs, input, reason) {
        const property = properties[input] ?? "";
        if (reason !== "unfilled") lacking[property] = (lacking[property] ?? 0) + 1;
      },
    },
    recipe.lag,
  );
  run.play((input, us, value, good) => {
    if (Number.isNaN(firstUs)) firstUs = us;
    if (good && Number.isFinite(value)) {
      newest[input] = value;
      low[input] = Math.min(low[input] ?? value, value);
      high[input] = Math.max(high[input] ?? value, value);
    }
    stream.push(input, us, value, good);
  });
  stream.finish();
  return { name: run.name, endsUs, vectors, values, low, high, lacking, late: stream.late };
}
