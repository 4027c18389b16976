import type { Scalar } from "@millwright/wire-contract";

import { addDelta, isSame, joinExact, type OpenExact } from "./exact.ts";
import type { Buckets, ExactBucket } from "./buckets.ts";
import { makeColumns, trimmed, type BucketColumns } from "./columns.ts";
import { isGood } from "./carry-after.ts";
import { CompensatedSum, lostIn } from "./compensated-sum.ts";
import { counterStep, counterStepBig } from "./counter.ts";
import { roundSum } from "./rounding.ts";
import type { RollupRule } from "./rule.ts";
import type { Series } from "./series.ts";
import { StateBook } from "./state-book.ts";
import type { WidthUs } from "./width.ts";

/** Room for an hour of minutes; a longer range grows by doubling. */
const roomAtFirst = 64;
/** Room for more than this is let go, so that a long range does not hold memory for ever. */
const spareMax = 4_096;
/** Of the last writer that finished, for the next one: else most garbage of a sorter would be this room. */
let spare: BucketColumns | undefined;

/** What ends a run of good numbers. */
export interface RunLimits {
  /** So long a value holds. */
  readonly holdUs: number;
  readonly bucketEndUs: number;
  /** No value holds beyond. */
  readonly holdEndUs: number;
}

/**
 * Fills buckets in rising order of time: one is open, and is written into the columns when a later one begins. What is
 * added may be samples and holds, or finer buckets.
 */
export class BucketWriter {
  readonly #rule: RollupRule;
  readonly #widthUs: WidthUs;
  readonly #sums: boolean;
  readonly #steps: boolean;
  readonly #states: StateBook | undefined;
  readonly #exact = new Map<number, ExactBucket>();
  #columns: BucketColumns;
  #count = 0;

  #startUs = NaN;
  #samples = 0;
  #good = 0;
  #goodUs = 0;
  #worst = 0;
  #min = NaN;
  #max = NaN;
  #first = NaN;
  #firstUs = NaN;
  #last = NaN;
  #lastUs = NaN;
  readonly #sum = new CompensatedSum();
  readonly #sumSquares = new CompensatedSum();
  readonly #integral = new CompensatedSum();
  readonly #delta = new CompensatedSum();
  #rollOvers = 0;
  #resets = 0;
  #changes = 0;
  #open: OpenExact | undefined;

  constructor(rule: RollupRule, widthUs: WidthUs) {
    this.#columns = spare ?? makeColumns(roomAtFirst);
    spare = undefined;
    this.#rule = rule;
    this.#widthUs = widthUs;
    // A mean of counts, of state numbers or of texts says nothing, and would be most of the bytes.
    this.#sums =
      rule.kind === "measurement" || rule.kind === "setpoint" || rule.kind === "event-value";
    // Of a measurement that is noise.
    this.#steps = rule.kind !== "measurement" && rule.kind !== "counter";
    this.#states = rule.kind === "state" ? new StateBook() : undefined;
  }

  /** The bucket that begins at `startUs` is the open one from now on. */
  begin(startUs: number): void {
    if (startUs === this.#startUs) return;
    this.#close();
    this.#startUs = startUs;
  }

  /** One sample that is not good. */
  addOther(status: number): void {
    this.#samples++;
    if (status > this.#worst) this.#worst = status;
  }

  /**
   * One good sample.
   *
   * @param before value of the good sample before it; NaN when there is none, or it is a scalar
   * @param scalar for wide types
   */
  addGood(
    us: number,
    value: number,
    status: number,
    before: number,
    scalar: Scalar | undefined,
    scalarBefore: Scalar | undefined,
  ): void {
    this.#samples++;
    if (status > this.#worst) this.#worst = status;
    if (this.#good === 0) {
      this.#first = value;
      this.#firstUs = us;
      this.#min = value;
      this.#max = value;
    } else {
      // Math.min and Math.max tell -0 from 0.
      this.#min = Math.min(this.#min, value);
      this.#max = Math.max(this.#max, value);
    }
    this.#good++;
    this.#last = value;
    this.#lastUs = us;
    if (this.#sums) {
      this.#sum.add(value);
      this.#sumSquares.add(value * value);
    }
    if (scalar === undefined) {
      if (Number.isNaN(before)) return;
      if (this.#steps && value !== before) this.#changes++;
      if (this.#rule.kind === "counter") this.#step(before, value);
    } else {
      this.#addScalar(scalar, scalarBefore);
    }
  }

  /**
   * The rule lets `addRun` take samples: not where each step counts for itself, and not where the time in each state is
   * kept.
   */
  get takesRuns(): boolean {
    return this.#sums && !this.#steps;
  }

  /**
   * Good numbers one after the other, each of which holds until the next and all of which lie in the open bucket: what
   * `addHold` and `addGood` would do for each, with the sums at hand. The sample before them is the last that was added.
   * Each sample is looked at and added in one go, because most of what the hub sorts goes through here.
   *
   * @returns the first row that is not of that kind
   */
  addRun(
    { count, measuredUs, value, status }: Series,
    from: number,
    { holdUs, bucketEndUs, holdEndUs }: RunLimits,
  ): number {
    let min = this.#min;
    let max = this.#max;
    let worst = this.#worst;
    let goodUs = this.#goodUs;
    // Each term waits for the one before it in its own sum, and for nothing in the other two.
    let [ofValues, restOfValues] = [this.#sum.sum, this.#sum.rest];
    let [ofSquares, restOfSquares] = [this.#sumSquares.sum, this.#sumSquares.rest];
    let [ofHolds, restOfHolds] = [this.#integral.sum, this.#integral.rest];
    let previous = value[from - 1] ?? NaN;
    let previousUs = measuredUs[from - 1] ?? NaN;
    let row = from;
    for (; row < count; row++) {
      const us = measuredUs[row] ?? NaN;
      if (!(us >= previousUs && us <= previousUs + holdUs)) break;
      if (!(us <= holdEndUs && us < bucketEndUs)) break;
      const one = value[row] ?? NaN;
      const code = status[row] ?? 0;
      if (!isGood(code, one, undefined)) break;
      min = Math.min(min, one);
      max = Math.max(max, one);
      if (code > worst) worst = code;
      const heldUs = us - previousUs;
      goodUs += heldUs;
      const square = one * one;
      const held = previous * heldUs;
      restOfValues += lostIn(ofValues, one);
      ofValues += one;
      restOfSquares += lostIn(ofSquares, square);
      ofSquares += square;
      restOfHolds += lostIn(ofHolds, held);
      ofHolds += held;
      previous = one;
      previousUs = us;
    }
    if (row === from) return row;
    this.#min = min;
    this.#max = max;
    this.#worst = worst;
    this.#goodUs = goodUs;
    this.#samples += row - from;
    this.#good += row - from;
    this.#last = previous;
    this.#lastUs = previousUs;
    this.#sum.sum = ofValues;
    this.#sum.rest = restOfValues;
    this.#sumSquares.sum = ofSquares;
    this.#sumSquares.rest = restOfSquares;
    this.#integral.sum = ofHolds;
    this.#integral.rest = restOfHolds;
    return row;
  }

  /** A good value that holds. @param state what it is, when the tag is a state */
  addHold(fromUs: number, toUs: number, value: number, state: Scalar): void {
    for (let at = fromUs; at < toUs;) {
      const startUs = Math.floor(at / this.#widthUs) * this.#widthUs;
      this.begin(startUs);
      const end = Math.min(toUs, startUs + this.#widthUs);
      this.#goodUs += end - at;
      if (this.#sums) this.#integral.add(value * (end - at));
      this.#states?.add(state, end - at);
      at = end;
    }
  }

  /** One finer bucket, but for its states. */
  addBucket(finer: Buckets, row: number): void {
    const good = finer.good[row] ?? 0;
    this.#samples += finer.samples[row] ?? 0;
    this.#goodUs += finer.goodUs[row] ?? 0;
    this.#worst = Math.max(this.#worst, finer.worst[row] ?? 0);
    this.#integral.add(finer.integral[row] ?? 0);
    this.#delta.add(finer.delta[row] ?? 0);
    this.#rollOvers += finer.rollOvers[row] ?? 0;
    this.#resets += finer.resets[row] ?? 0;
    this.#changes += finer.changes[row] ?? 0;
    if (good === 0) return;
    const min = finer.min[row] ?? NaN;
    const max = finer.max[row] ?? NaN;
    if (this.#good === 0) {
      this.#first = finer.first[row] ?? NaN;
      this.#firstUs = finer.firstUs[row] ?? NaN;
      this.#min = min;
      this.#max = max;
    } else {
      this.#min = Math.min(this.#min, min);
      this.#max = Math.max(this.#max, max);
    }
    this.#good += good;
    this.#last = finer.last[row] ?? NaN;
    this.#lastUs = finer.lastUs[row] ?? NaN;
    this.#sum.add(finer.sum[row] ?? 0);
    this.#sumSquares.add(finer.sumSquares[row] ?? 0);
    const exact = finer.exact?.get(row);
    if (exact !== undefined) this.#open = joinExact(this.#open, exact);
  }

  addState(state: Scalar, us: number): void {
    this.#states?.add(state, us);
  }

  /** All buckets. Nothing may be added after it. */
  finish(): Buckets {
    this.#close();
    const columns = trimmed(this.#columns, this.#count);
    if (this.#columns.startUs.length <= spareMax) spare = this.#columns;
    return {
      widthUs: this.#widthUs,
      count: this.#count,
      ...columns,
      ...(this.#states === undefined ? {} : { states: this.#states.finish() }),
      ...(this.#exact.size === 0 ? {} : { exact: this.#exact }),
    };
  }

  #step(before: number, now: number): void {
    const { kind, delta } = counterStep(before, now, this.#rule.modulus);
    this.#delta.add(delta);
    if (kind === "rolled-over") this.#rollOvers++;
    if (kind === "reset") this.#resets++;
  }

  #addScalar(scalar: Scalar, before: Scalar | undefined): void {
    const step: ExactBucket =
      typeof scalar === "bigint"
        ? { first: scalar, last: scalar, min: scalar, max: scalar }
        : { first: scalar, last: scalar };
    this.#open = joinExact(this.#open, step);
    if (before === undefined) return;
    if (this.#steps && !isSame(scalar, before)) this.#changes++;
    if (this.#rule.kind !== "counter") return;
    if (typeof scalar !== "bigint" || typeof before !== "bigint") return;
    const modulus = Number.isFinite(this.#rule.modulus) ? BigInt(this.#rule.modulus) : undefined;
    const { kind, delta } = counterStepBig(before, scalar, modulus);
    this.#open.delta = addDelta(this.#open.delta ?? 0n, delta);
    this.#delta.add(Number(delta));
    if (kind === "rolled-over") this.#rollOvers++;
    if (kind === "reset") this.#resets++;
  }

  #close(): void {
    if (this.#samples === 0 && this.#goodUs === 0) return;
    const row = this.#count;
    if (row === this.#columns.startUs.length) this.#columns = makeColumns(row * 2, this.#columns);
    const columns = this.#columns;
    const greatest = this.#good === 0 ? 0 : Math.max(Math.abs(this.#min), Math.abs(this.#max));
    columns.startUs[row] = this.#startUs;
    columns.samples[row] = this.#samples;
    columns.good[row] = this.#good;
    columns.goodUs[row] = this.#goodUs;
    columns.worst[row] = this.#worst;
    columns.min[row] = this.#min;
    columns.max[row] = this.#max;
    columns.first[row] = this.#first;
    columns.firstUs[row] = this.#firstUs;
    columns.last[row] = this.#last;
    columns.lastUs[row] = this.#lastUs;
    columns.sum[row] = roundSum(this.#sum.value, greatest * this.#good);
    columns.sumSquares[row] = roundSum(this.#sumSquares.value, 0);
    columns.integral[row] = roundSum(this.#integral.value, greatest * this.#goodUs);
    columns.delta[row] = roundSum(this.#delta.value, greatest);
    columns.rollOvers[row] = this.#rollOvers;
    columns.resets[row] = this.#resets;
    columns.changes[row] = this.#changes;
    this.#states?.close(row);
    if (this.#open !== undefined) this.#exact.set(row, this.#open);
    this.#count++;
    this.#clear();
  }

  #clear(): void {
    this.#samples = 0;
    this.#good = 0;
    this.#goodUs = 0;
    this.#worst = 0;
    this.#min = this.#max = NaN;
    this.#first = this.#firstUs = NaN;
    this.#last = this.#lastUs = NaN;
    this.#sum.clear();
    this.#sumSquares.clear();
    this.#integral.clear();
    this.#delta.clear();
    this.#rollOvers = 0;
    this.#resets = 0;
    this.#changes = 0;
    this.#open = undefined;
  }
}
