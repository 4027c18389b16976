import type { Scalar } from "@millwright/wire-contract";

import type { WidthUs } from "./width.ts";

/**
 * What is known of one tag in buckets of equal width, as columns: row `i` of each column is the bucket that begins at
 * `startUs[i]` and ends, exclusive, `widthUs` later. Rows rise in time; a bucket in which no sample lies and no value
 * holds has no row.
 *
 * A **good** sample has a status of severity good and a finite number (or, for wide types, a scalar). Only good samples
 * count in `min` … `changes`; uncertain ones are treated as bad, as OPC UA does by default (OPC 10000-13, 4.2.1.2,
 * TreatUncertainAsBad). Where a bucket has no good sample, `min`, `max`, `first`, `last`, `firstUs` and `lastUs` are NaN.
 *
 * A value **holds** from its measured time until the next sample of any status, no longer than the rule of the tag says,
 * and never into a gap (stepped interpolation, OPC 10000-13, 3.1.6, with simple bounding values, 3.1.9). A hold goes over
 * the edges of buckets.
 *
 * All columns but `first`, `last` and their times add, or take the least or greatest, so that buckets of minutes give
 * those of hours. The names of OPC 10000-13, 5.4.3, are said where they fit.
 */
export interface Buckets {
  readonly widthUs: WidthUs;
  /** Rows. Columns may be longer. */
  readonly count: number;
  /** µs since 1970 UTC, a multiple of the width. */
  readonly startUs: Float64Array;
  /** Samples of any status that were measured in the bucket. */
  readonly samples: Uint32Array;
  /** Good ones among them (Count). */
  readonly good: Uint32Array;
  /** How long a good value held in the bucket, µs (DurationGood). The good share is `goodUs / widthUs` (PercentGood). */
  readonly goodUs: Float64Array;
  /** The greatest status code: severity stands in its top bits (WorstQuality). 0 where no sample lies. */
  readonly worst: Uint32Array;
  /** Minimum and Maximum. */
  readonly min: Float64Array;
  readonly max: Float64Array;
  /** First and last good sample, in the order of measured time, then of receipt. */
  readonly first: Float64Array;
  readonly firstUs: Float64Array;
  readonly last: Float64Array;
  readonly lastUs: Float64Array;
  /**
   * Sum and sum of squares of the good samples: the mean of samples (Average) and their deviation. Like `integral` of
   * measurements, setpoints and event values; 0 for other kinds, whose sums say nothing.
   */
  readonly sum: Float64Array;
  readonly sumSquares: Float64Array;
  /** Sum of value × µs held (Total2, in µs). The time-weighted mean is `integral / goodUs` (TimeAverage2). */
  readonly integral: Float64Array;
  /**
   * Of a counter: what was counted from the good sample before each good sample of the bucket to that sample (Delta).
   * A step over a gap is charged to the bucket of the later sample: nothing counted is lost with the gap. 0 for other
   * kinds.
   */
  readonly delta: Float64Array;
  /** Of a counter: how often it went over its end, and how often it began anew. */
  readonly rollOvers: Uint32Array;
  readonly resets: Uint32Array;
  /**
   * Good samples that differ from the good sample before them (NumberOfTransitions). 0 for measurements and counters, of
   * which it says nothing.
   */
  readonly changes: Uint32Array;
  /** Of a state: how long each state held. */
  readonly states?: StateTimes;
  /** By row: what a double cannot hold, of tags of wide types. The columns hold the nearest double, NaN for text. */
  readonly exact?: ReadonlyMap<number, ExactBucket>;
}

/** How long each state held, one row for each pair of bucket and state, in the order of buckets. */
export interface StateTimes {
  /** The states that occur, each once: numbers, 64-bit integers or texts. */
  readonly keys: readonly Scalar[];
  readonly count: number;
  /** Row of the bucket. */
  readonly bucket: Uint32Array;
  /** Place in `keys`. */
  readonly key: Uint32Array;
  /** Always above 0; those of one bucket add up to its `goodUs`. */
  readonly us: Float64Array;
}

export interface ExactBucket {
  readonly first: Scalar;
  readonly last: Scalar;
  /** Of 64-bit integers only. */
  readonly min?: bigint;
  readonly max?: bigint;
  /** Of counters of 64 bits only. */
  readonly delta?: bigint;
}
