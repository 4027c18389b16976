import { FeatureRows, type Feature } from "@millwright/features";
import { Mahalanobis } from "@millwright/models";

/** 500 rows for 156 numbers: small correlations are what a controller hides a fault in, so little is shrunk. */
const shrink = 0.02;
/** Weight of the newest distance in the smoothed one: faults stay, noise does not (EWMA of T², Lowry 1992). */
const weight = 0.1;
/** One row in a hundred of normal operation may alarm. */
const falseAlarmShare = 0.01;

/**
 * Two views of the process, each a smoothed squared Mahalanobis distance: the newest three rows as one vector (dynamic,
 * lag 2) and their means. Each is divided by its own limit on normal rows; the geometric mean of both is the score.
 */
export class TepDetector {
  readonly #properties: readonly string[];
  readonly #dynamic: Mahalanobis;
  readonly #means: Mahalanobis;
  readonly #limits: readonly [number, number];
  readonly #threshold: number;

  /** @param training normal rows to fit on @param normal other normal rows, for the limits */
  constructor(training: readonly Float64Array[], normal: readonly Float64Array[]) {
    this.#properties = Array.from(training[0] ?? [], (_value, at) => `x${at + 1}`);
    const fit = (kind: "dynamic" | "means"): Mahalanobis => {
      const rows = this.#rows(kind);
      const vectors = training.flatMap((row, at) => rows.push(at, row)?.slice() ?? []);
      const own = Array.from({ length: rows.width }, (_unused, at) => at);
      return new Mahalanobis(vectors, { inputOf: own, shownBy: own }, shrink);
    };
    this.#dynamic = fit("dynamic");
    this.#means = fit("means");
    const both = this.#distances(normal);
    this.#limits = [
      upperQuantile(both.map(([dynamic]) => dynamic)),
      upperQuantile(both.map(([, means]) => means)),
    ];
    this.#threshold = upperQuantile(both.map((each) => this.#joined(each)));
  }

  /** Scores of the rows of one run, each from the rows up to it; an alarm is above 1. */
  score(rows: readonly Float64Array[]): readonly number[] {
    return this.#distances(rows).map((both) => this.#joined(both) / this.#threshold);
  }

  #joined([dynamic, means]: readonly [number, number]): number {
    return Math.sqrt((dynamic / this.#limits[0]) * (means / this.#limits[1]));
  }

  #distances(rows: readonly Float64Array[]): readonly (readonly [number, number])[] {
    const dynamicRows = this.#rows("dynamic");
    const meanRows = this.#rows("means");
    // The squared distance of normal rows is 1 on average, which is where smoothing begins.
    let dynamic = 1;
    let means = 1;
    return rows.map((row, at) => {
      const stacked = dynamicRows.push(at, row);
      const mean = meanRows.push(at, row);
      if (stacked !== undefined) dynamic += weight * (this.#dynamic.score(stacked) ** 2 - dynamic);
      if (mean !== undefined) means += weight * (this.#means.score(mean) ** 2 - means);
      return [dynamic, means];
    });
  }

  #rows(kind: "dynamic" | "means"): FeatureRows {
    const length = kind === "dynamic" ? 1 : 3;
    const windows = this.#properties.map((property): Feature => {
      return { name: property, property, kind: "mean", rows: length };
    });
    const grid = { gridMs: 180_000, holdMs: 0, graceMs: 0, everyRows: 1 };
    return new FeatureRows({ ...grid, windows }, this.#properties, kind === "dynamic" ? 2 : 0);
  }
}

/** The value that `falseAlarmShare` of these are above. */
function upperQuantile(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const at = Math.ceil((1 - falseAlarmShare) * sorted.length) - 1;
  return sorted[Math.min(sorted.length - 1, Math.max(0, at))] ?? NaN;
}
