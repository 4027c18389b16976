import { FeatureRows } from "./feature-rows.ts";
import { SampleGrid, type MissingReason, type SampleRun } from "./sample-grid.ts";
import type { FeatureSpec } from "./spec.ts";

/** Where vectors go. */
export interface FeatureSink {
  /** @param vector reused after the call; @param endUs end of the newest row */
  scorable(endUs: number, vector: Float64Array): void;
  /**
   * A vector was due and could not be made.
   *
   * @param input the place of the input that lacks
   * @param reason why its newest row has no value; "unfilled" when it has one and its window is not full yet
   */
  lacking(endUs: number, input: number, reason: MissingReason | "unfilled"): void;
}

/**
 * Samples in, vectors out: the program of architecture section 8 that runs live, in a backtest and for training. The
 * same samples give the same vectors to the last bit, wherever a run begins and however they are cut into batches.
 */
export class FeatureStream {
  readonly width: number;
  readonly #grid: SampleGrid;

  constructor(spec: FeatureSpec, properties: readonly string[], sink: FeatureSink, lag = 0) {
    const rows = new FeatureRows(spec, properties, lag);
    const gridUs = spec.gridMs * 1_000;
    this.width = rows.width;
    this.#grid = new SampleGrid(spec, properties.length, (row, values, missing) => {
      const vector = rows.push(row, values);
      if (vector !== undefined) sink.scorable((row + 1) * gridUs, vector);
      else if (rows.isDue(row)) {
        // All windows are full and only the lagged ones are not: that is nobody's fault in particular.
        const input = Math.max(0, rows.lacking);
        sink.lacking((row + 1) * gridUs, input, missing[input] ?? "unfilled");
      }
    });
  }

  /** Samples that came after their row was closed. */
  get late(): number {
    return this.#grid.late;
  }

  push(input: number, measuredUs: number, value: number, good: boolean): void {
    this.#grid.push(input, measuredUs, value, good);
  }

  /**
   * Takes samples of neighbouring inputs for as long as they can close no row, as `push` would one by one.
   *
   * @returns the place of the first that it did not take, which is for `push`
   */
  keepRun(input: number, run: SampleRun, from: number, to: number): number {
    return this.#grid.keepRun(input, run, from, to);
  }

  /** The device proves that what it said last of an input still holds, and will until `us`. */
  holdUntil(input: number, us: number): void {
    this.#grid.holdUntil(input, us);
  }

  /** No sample before `us` is on its way any more. */
  advance(us: number): void {
    this.#grid.advance(us);
  }

  /** The end of a backtest or of an export: closes the rows that are still open. */
  finish(): void {
    this.#grid.finish();
  }
}
