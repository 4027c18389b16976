import { FeatureRows, type Feature } from "@millwright/features";
import { Mahalanobis } from "@millwright/models";

// The benchmark gives rows 0 to 399 of each run for fitting and calibration. Limits set on fitted rows are too narrow
// (22 % false alarms were measured), so the last 30 % are kept for them.
const fitRows = 280;
export const calibrationRows = 400;
/** Strong enough for 280 rows, of which every twentieth is independent. */
const shrink = 0.1;
/** Where an alarm begins: chosen once, on the given files, the same for every run. */
export const skabThreshold = 1.27;

/**
 * Three views of the same run, each a Mahalanobis distance over its own limit, joined by their geometric mean:
 *
 * - means of 20 rows of all channels,
 * - means of 10 rows without temperatures, which drift with the room and would hide what is quick,
 * - means of 10 rows, with temperatures by how they moved against their last minute.
 */
export class SkabDetector {
  readonly #rows: FeatureRows;
  readonly #views: readonly View[];
  readonly #fit: Float64Array[] = [];
  readonly #calibration: Float64Array[] = [];
  #detectors: readonly { readonly distance: Mahalanobis; readonly limit: number }[] = [];
  #row = 0;

  constructor(channels: readonly string[]) {
    const thermal = channels.map((channel) => /temperature|thermocouple/i.test(channel));
    const windows = [20, 10, 60].flatMap((length) =>
      channels.map((property): Feature => {
        return { name: `${property}.mean.${length}`, property, kind: "mean", rows: length };
      }),
    );
    // Rows of the files are taken as they come, one a second.
    const grid = { gridMs: 1_000, holdMs: 0, graceMs: 0, everyRows: 1 };
    this.#rows = new FeatureRows({ ...grid, windows }, channels);
    const count = channels.length;
    const all = channels.map((_channel, at) => at);
    const quick = all.filter((at) => thermal[at] !== true);
    const slow = all.filter((at) => thermal[at] === true);
    const mean20 = (vector: Float64Array): Float64Array => vector.slice(0, count);
    const mean10 = (vector: Float64Array): Float64Array =>
      Float64Array.from(quick, (at) => vector[count + at] ?? NaN);
    const moved = (vector: Float64Array): Float64Array =>
      Float64Array.from([
        ...mean10(vector),
        ...slow.map((at) => (vector[count + at] ?? NaN) - (vector[2 * count + at] ?? NaN)),
      ]);
    this.#views = [mean20, mean10, moved];
  }

  /** Takes the next row and gives its score, 1 being the edge of what calibration saw; 0 before calibration is over. */
  push(row: Float64Array): number {
    const index = this.#row++;
    const vector = this.#rows.push(index, row);
    if (index < calibrationRows) {
      if (vector !== undefined)
        (index < fitRows ? this.#fit : this.#calibration).push(vector.slice());
      if (index === calibrationRows - 1) this.#calibrate();
      return 0;
    }
    if (vector === undefined) return 0;
    let logs = 0;
    this.#detectors.forEach(({ distance, limit }, at) => {
      const view = this.#views[at]?.(vector) ?? vector;
      logs += Math.log(distance.score(view) / limit + 1e-9);
    });
    return Math.exp(logs / this.#detectors.length);
  }

  #calibrate(): void {
    this.#detectors = this.#views.map((view) => {
      const fitted = this.#fit.map(view);
      const width = fitted[0]?.length ?? 0;
      const own = Array.from({ length: width }, (_unused, at) => at);
      const distance = new Mahalanobis(fitted, { inputOf: own, shownBy: own }, shrink);
      const scores = this.#calibration.map((vector) => distance.score(view(vector)));
      return { distance, limit: Math.max(...scores) };
    });
  }
}

type View = (vector: Float64Array) => Float64Array;
