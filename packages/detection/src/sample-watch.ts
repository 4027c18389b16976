import { severityOf, type SampleColumns } from "@millwright/wire-contract";

import { MedianMadColumns } from "./median-mad.ts";

/** A step between two samples counts up to so many expected periods: beyond it nobody knows what was in between. */
const holdPeriods = 4;

/**
 * What is kept of each watched tag from sample to sample, as columns by slot. One pass for each sample, no window, nothing
 * allocated: a time-weighted sum for the statistics that are made once a second, the largest score of single values, the
 * steepest change, and since when the value has not moved.
 */
export class SampleWatch {
  /** By row of the baselines. */
  readonly learning: MedianMadColumns;
  /** The row that values are learnt in now, -1 for none. */
  readonly learns: Int32Array;
  /** Of the state that is judged in now. */
  readonly median: Float64Array;
  readonly perSigma: Float64Array;
  /** Gateway time of the last good value, and of the last change, µs; 0 before the first. */
  readonly goodUs: Float64Array;
  /** 1 while the newest value is not bad: then a proof without a value holds for it. */
  readonly good: Uint8Array;
  readonly changedUs: Float64Array;
  readonly last: Float64Array;
  /** Smallest difference seen between two values, while learning; Infinity before any. */
  readonly step: Float64Array;
  readonly #relativeTo: Int32Array;
  readonly #lastUs: Float64Array;
  readonly #held: Float64Array;
  readonly #holdUs: Float64Array;
  readonly #sum: Float64Array;
  readonly #weight: Float64Array;
  readonly #scoreMax: Float64Array;
  readonly #rateMax: Float64Array;

  /**
   * @param expectedS by slot
   * @param rows of the baselines: one for each tag and state
   * @param relativeTo by slot: that of the tag it is judged against, -1 for none
   */
  constructor(expectedS: readonly number[], rows: number, relativeTo?: readonly number[]) {
    const slots = expectedS.length;
    this.learning = new MedianMadColumns(rows);
    this.learns = new Int32Array(slots).fill(-1);
    this.median = new Float64Array(slots);
    this.perSigma = new Float64Array(slots);
    this.goodUs = new Float64Array(slots);
    this.good = new Uint8Array(slots);
    this.changedUs = new Float64Array(slots);
    this.last = new Float64Array(slots);
    this.#relativeTo =
      relativeTo === undefined ? new Int32Array(slots).fill(-1) : Int32Array.from(relativeTo);
    this.step = new Float64Array(slots).fill(Infinity);
    // Nothing lies between nothing and the first sample.
    this.#lastUs = new Float64Array(slots).fill(NaN);
    this.#held = new Float64Array(slots).fill(NaN);
    this.#holdUs = Float64Array.from(expectedS, (seconds) => holdPeriods * seconds * 1e6);
    this.#sum = new Float64Array(slots);
    this.#weight = new Float64Array(slots);
    this.#scoreMax = new Float64Array(slots);
    this.#rateMax = new Float64Array(slots);
  }

  /** What is taken from a value before it is judged. */
  reference(slot: number): number {
    const other = this.#relativeTo[slot] ?? -1;
    return other < 0 ? 0 : (this.last[other] ?? 0);
  }

  /**
   * Samples from the place `from` to before `to`, O(1) each. A value that is not good, or no number, says nothing.
   *
   * @param slotOf by the tag of a row; -1 where it is not watched
   */
  addRows(
    rows: SampleColumns,
    from: number,
    to: number,
    slotOf: Int32Array,
    receivedUs: number,
  ): void {
    // Columns are named once: there are so many that looking each up for each sample costs as much as the sample.
    const { tag, value: values, status: codes, measuredUs: times } = rows;
    const { learning, learns, median, perSigma, goodUs, good, changedUs, last, step } = this;
    const [relativeTo, lastUs, held, holdUs] = [
      this.#relativeTo,
      this.#lastUs,
      this.#held,
      this.#holdUs,
    ];
    const [sum, weight, scoreMax, rateMax] = [
      this.#sum,
      this.#weight,
      this.#scoreMax,
      this.#rateMax,
    ];
    for (let at = from; at < to; at++) {
      const slot = slotOf[tag[at] ?? -1] ?? -1;
      if (slot < 0) continue;
      const value = values[at] ?? NaN;
      const status = codes[at] ?? 0;
      if (status >>> 30 !== 0 || value !== value) {
        // One that is only uncertain is there all the same: it is not missing.
        const there = severityOf(status) === "uncertain";
        if (there) goodUs[slot] = receivedUs;
        good[slot] = there ? 1 : 0;
        continue;
      }
      const measuredUs = times[at] ?? 0;
      const before = last[slot] ?? 0;
      const other = relativeTo[slot] ?? -1;
      const reference = other < 0 ? 0 : (last[other] ?? 0);
      const dtUs = measuredUs - (lastUs[slot] ?? NaN);
      if (dtUs > 0 && dtUs <= (holdUs[slot] ?? 0)) {
        // The value before held until now: samples that come by exception weigh as long as they held (field practice 52).
        sum[slot] = (sum[slot] ?? 0) + (before - reference) * dtUs;
        weight[slot] = (weight[slot] ?? 0) + dtUs;
        const rate = Math.abs(value - before) / dtUs;
        if (rate > (rateMax[slot] ?? 0)) rateMax[slot] = rate;
      }
      const score = Math.abs(value - reference - (median[slot] ?? 0)) * (perSigma[slot] ?? 0);
      if (score > (scoreMax[slot] ?? 0)) scoreMax[slot] = score;
      const moved = Math.abs(value - (held[slot] ?? NaN));
      // Also true for the first value, where `moved` is NaN.
      if (!(moved === 0)) {
        held[slot] = value;
        changedUs[slot] = receivedUs;
      }
      const row = learns[slot] ?? -1;
      if (row >= 0) {
        learning.add(row, value - reference);
        if (moved > 0 && moved < (step[slot] ?? 0)) step[slot] = moved;
      }
      good[slot] = 1;
      last[slot] = value;
      lastUs[slot] = measuredUs;
      goodUs[slot] = receivedUs;
    }
  }

  /** Time-weighted mean since it was asked for last, or the value that holds where no sample came. */
  takeMean(slot: number): number {
    const weight = this.#weight[slot] ?? 0;
    const mean =
      weight > 0 ? (this.#sum[slot] ?? 0) / weight : (this.last[slot] ?? 0) - this.reference(slot);
    this.#sum[slot] = 0;
    this.#weight[slot] = 0;
    return mean;
  }

  /** Largest modified z-score of single values since it was asked for last; of the value that holds where none came. */
  takeScore(slot: number): number {
    const value = (this.last[slot] ?? 0) - this.reference(slot);
    const held = Math.abs(value - (this.median[slot] ?? 0)) * (this.perSigma[slot] ?? 0);
    const score = Math.max(this.#scoreMax[slot] ?? 0, held);
    this.#scoreMax[slot] = 0;
    return score;
  }

  /** Steepest change since it was asked for last, units a second. */
  takeRate(slot: number): number {
    const rate = (this.#rateMax[slot] ?? 0) * 1e6;
    this.#rateMax[slot] = 0;
    return rate;
  }
}
