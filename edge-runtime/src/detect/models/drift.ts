/**
 * Drift: whether what a model is given, or what it says, is still what it was trained on. The population stability index
 * over the parts of the training histogram: Σ (a − e) ln(a / e). Below 0.1 nothing moved, above 0.25 it is another
 * population (N. Siddiqi, Credit Risk Scorecards, 2006). Pure: time comes with the windows.
 */
import type { Histogram } from "@millwright/model-bundle";

export const drifting = 0.25;
export const steady = 0.1;

/**
 * A shift: a machine that does one job all morning is not another machine. And enough windows for ten parts (PSI of n draws
 * from the training population itself is about parts / n).
 */
const judgedAfterUs = 8 * 3_600_000_000;
const judgedAfterCount = 1_000;
/** What a part that nothing fell into counts as, so that one empty part does not weigh without end. */
const leastShare = 1e-3;

export function stabilityIndex(expected: readonly number[], actual: readonly number[]): number {
  const expectedSum = expected.reduce((sum, each) => sum + each, 0);
  const actualSum = actual.reduce((sum, each) => sum + each, 0);
  let index = 0;
  for (let part = 0; part < expected.length; part++) {
    const e = Math.max(leastShare, (expected[part] ?? 0) / expectedSum);
    const a = Math.max(leastShare, (actual[part] ?? 0) / actualSum);
    index += (a - e) * Math.log(a / e);
  }
  return index;
}

/**
 * Counts one quantity of many windows, and judges when there are enough. Counts, edges and the beginning lie beside each
 * other: a gateway has some thousands of these, and none of them is in a cache when its window comes.
 */
export class DriftWatch {
  readonly #shares: readonly number[];
  readonly #edges: number;
  /** Since when, µs; how many; then the edges, and how many fell into each part. */
  readonly #numbers: Float64Array;

  constructor({ edges, shares }: Histogram) {
    this.#shares = shares;
    this.#edges = edges.length;
    this.#numbers = Float64Array.of(NaN, 0, ...edges, ...shares.map(() => 0));
  }

  /** @returns the index of the span that ends with this window, when one does */
  add(atUs: number, value: number): number | undefined {
    const numbers = this.#numbers;
    const sinceUs = numbers[0] ?? NaN;
    if (Number.isNaN(sinceUs)) numbers[0] = atUs;
    const firstPart = 2 + this.#edges;
    let part = 0;
    while (part < this.#edges && value >= (numbers[2 + part] ?? Infinity)) part++;
    numbers[firstPart + part] = (numbers[firstPart + part] ?? 0) + 1;
    const count = (numbers[1] ?? 0) + 1;
    numbers[1] = count;
    // Not at the first: `sinceUs` is no number then.
    if (count < judgedAfterCount || atUs - sinceUs < judgedAfterUs) return undefined;
    const index = stabilityIndex(this.#shares, [...numbers.subarray(firstPart)]);
    numbers.fill(0, firstPart);
    numbers[1] = 0;
    numbers[0] = atUs;
    return index;
  }
}
