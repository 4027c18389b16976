import { BlockWindow } from "./block-window.ts";
import { bandRms, Spectrum } from "./spectrum.ts";
import type { Moments } from "./moments.ts";
import type { Feature, FeatureSpec } from "./spec.ts";

/** A feature with the window that it shares with others of the same input and length; the newest row itself needs none. */
interface Placed {
  readonly feature: Feature;
  readonly input: number;
  readonly window: BlockWindow | undefined;
}

/**
 * Rows in, vectors out. A vector holds the features of the newest window, then those of `lag` windows before it. Where
 * an input has no value the windows over it begin anew; `lacking` names it.
 */
export class FeatureRows {
  /** Numbers in a vector. */
  readonly width: number;
  readonly #spec: FeatureSpec;
  readonly #placed: readonly Placed[];
  readonly #windows: readonly (readonly BlockWindow[])[];
  readonly #spectra = new Map<number, Spectrum>();
  readonly #lag: number;
  readonly #vector: Float64Array;
  /** Vectors without a gap, ending with the newest. */
  #vectors = 0;
  #lastRow = -2;
  #lacking = -1;

  /** @param properties the inputs, in the order of a row. Throws when a feature names another. */
  constructor(spec: FeatureSpec, properties: readonly string[], lag = 0) {
    const windows = properties.map(() => new Map<number, BlockWindow>());
    this.#spec = spec;
    this.#lag = lag;
    this.#placed = spec.windows.map((feature) => {
      const input = properties.indexOf(feature.property);
      const known = windows[input];
      if (known === undefined) {
        throw new Error(
          `feature ${feature.name} is made of ${feature.property}, which is no input`,
        );
      }
      if (feature.kind === "value") return { feature, input, window: undefined };
      const window = known.get(feature.rows) ?? new BlockWindow(feature.rows);
      known.set(feature.rows, window);
      if (feature.kind === "band" && !this.#spectra.has(feature.rows)) {
        this.#spectra.set(feature.rows, new Spectrum(feature.rows));
      }
      return { feature, input, window };
    });
    this.#windows = windows.map((each) => [...each.values()]);
    this.width = spec.windows.length * (lag + 1);
    this.#vector = new Float64Array(this.width);
  }

  /** After `push` gave nothing in a row that was due: the place of an input whose window is not filled, or −1. */
  get lacking(): number {
    return this.#lacking;
  }

  /** A vector is due with this row. */
  isDue(row: number): boolean {
    return (row + 1) % this.#spec.everyRows === 0;
  }

  /**
   * Takes the next row, NaN where an input has no value. Gives the vector when one is due and every window is filled;
   * it is reused by the next call.
   */
  push(row: number, values: Float64Array): Float64Array | undefined {
    const follows = row === this.#lastRow + 1;
    this.#lastRow = row;
    if (!follows) this.#vectors = 0;
    for (let input = 0; input < this.#windows.length; input++) {
      const value = values[input] ?? NaN;
      for (const window of this.#windows[input] ?? []) {
        if (!follows || Number.isNaN(value)) window.restart();
        if (!Number.isNaN(value)) window.push(row, value);
      }
    }
    if (!this.isDue(row)) return undefined;
    const features = this.#placed.length;
    this.#vector.copyWithin(features, 0, features * this.#lag);
    this.#lacking = this.#fill(values);
    this.#vectors = this.#lacking < 0 ? this.#vectors + 1 : 0;
    return this.#vectors > this.#lag ? this.#vector : undefined;
  }

  #fill(values: Float64Array): number {
    for (let index = 0; index < this.#placed.length; index++) {
      const placed = this.#placed[index];
      if (placed === undefined) continue;
      const { feature, input, window } = placed;
      const value = window === undefined ? (values[input] ?? NaN) : NaN;
      if (!Number.isNaN(value)) this.#vector[index] = value;
      else if (window?.full === true) this.#vector[index] = this.#measure(feature, window);
      else if (feature.missing !== undefined) this.#vector[index] = feature.missing;
      else return input;
    }
    return -1;
  }

  #measure(feature: Feature, window: BlockWindow): number {
    if (feature.kind === "band") return this.#band(feature, window);
    return momentFeature(feature.kind, window.moments(), this.#spec.gridMs / 1_000);
  }

  #band(feature: Feature, window: BlockWindow): number {
    const spectrum = this.#spectra.get(window.rows);
    if (spectrum === undefined) return NaN;
    window.copy(spectrum.values);
    const rateHz = 1_000 / this.#spec.gridMs;
    return bandRms(spectrum.measure(), rateHz, feature.fromHz ?? 0, feature.toHz ?? rateHz / 2);
  }
}

function momentFeature(
  kind: Exclude<Feature["kind"], "band">,
  moments: Moments,
  rowS: number,
): number {
  const { count, mean, second } = moments;
  const rms = Math.sqrt(mean * mean + second / count);
  switch (kind) {
    case "value":
    case "mean":
      return mean;
    case "spread":
      return Math.sqrt(second / (count - 1));
    case "slope":
      // Σ (t − mean t)² of n rows is n (n² − 1) / 12.
      return moments.withTime / ((count * (count * count - 1)) / 12) / rowS;
    case "range":
      return moments.high - moments.low;
    case "rms":
      return rms;
    case "crest":
      return rms === 0 ? 1 : Math.max(Math.abs(moments.low), Math.abs(moments.high)) / rms;
    case "kurtosis":
      return second === 0 ? 3 : (count * moments.fourth) / (second * second);
  }
}
