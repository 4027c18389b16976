/**
 * Conditions of alarms over the samples as they come, in columns by condition and without an object for a sample: what
 * the values say, since when, and what counts of it after dead-band and delays. It knows no clock: whoever calls it says
 * what time it is, so that a backtest gives what live gave.
 *
 * A value that is bad, or a repetition of the last usable one, judges nothing: what counted goes on to count, no delay runs
 * out meanwhile, and `heldOf` says why.
 */
import { countsAfter, countsAtMs, isBeyond } from "@millwright/alarms";
import { status as statusCodes, statusWords, type SampleColumns } from "@millwright/wire-contract";

import type { AlarmCondition } from "./definition.ts";

export interface WatchedCondition {
  readonly condition: AlarmCondition;
  /** Dictionary index; -1 where nothing is watched. */
  readonly tag: number;
  readonly onDelayMs: number;
  readonly offDelayMs: number;
  /** What counted before the start. */
  readonly counts: boolean;
}

/** A condition began or ceased to count. `value` is that of the tag then; NaN where it has none. */
export type CountsChanged = (place: number, counts: boolean, value: number) => void;

/** Why nothing is judged. */
const judged = 0;
const never = 1;
const heldBad = 2;
const heldNumber = 3;

export class AlarmWatch {
  readonly #conditions: readonly WatchedCondition[];
  readonly #changed: CountsChanged;
  readonly #isFresh: (tag: number) => boolean;
  /** Places of the conditions of tag `t` are `#places[#first[t] .. #first[t + 1])`. */
  readonly #first: Int32Array;
  readonly #places: Int32Array;
  readonly #raw: Uint8Array;
  readonly #counts: Uint8Array;
  readonly #sinceMs: Float64Array;
  readonly #value: Float64Array;
  readonly #held: Uint8Array;
  readonly #status: Uint32Array;
  /** 0 while the state of the asset is none in which the condition is judged. */
  readonly #open: Uint8Array;
  /** Of a rate: the value that it is measured from. */
  readonly #fromValue: Float64Array;
  readonly #fromMs: Float64Array;
  #nextMs = Infinity;

  /**
   * @param isFresh whether the value of a tag is still proven; asked when a delay runs out
   */
  constructor(
    conditions: readonly WatchedCondition[],
    changed: CountsChanged,
    isFresh: (tag: number) => boolean,
  ) {
    this.#conditions = conditions;
    this.#changed = changed;
    this.#isFresh = isFresh;
    const count = conditions.length;
    const tags = conditions.reduce((most, { tag }) => Math.max(most, tag), -1) + 1;
    this.#first = new Int32Array(tags + 1);
    // Counted, summed up, and filled in: the usual three passes.
    for (const { tag } of conditions) {
      if (tag >= 0) this.#first[tag + 1] = (this.#first[tag + 1] ?? 0) + 1;
    }
    for (let tag = 0; tag < tags; tag++) {
      this.#first[tag + 1] = (this.#first[tag + 1] ?? 0) + (this.#first[tag] ?? 0);
    }
    this.#places = new Int32Array(this.#first[tags] ?? 0);
    const filled = this.#first.slice();
    for (const [place, { tag }] of conditions.entries()) {
      if (tag < 0) continue;
      const at = filled[tag] ?? 0;
      this.#places[at] = place;
      filled[tag] = at + 1;
    }
    this.#raw = Uint8Array.from(conditions, ({ counts }) => Number(counts));
    this.#counts = this.#raw.slice();
    this.#sinceMs = new Float64Array(count).fill(-Infinity);
    this.#value = new Float64Array(count).fill(NaN);
    this.#held = new Uint8Array(count).fill(never);
    this.#status = new Uint32Array(count);
    this.#open = new Uint8Array(count).fill(1);
    this.#fromValue = new Float64Array(count).fill(NaN);
    this.#fromMs = new Float64Array(count).fill(NaN);
  }

  /** When `turn` has something to do without a new sample, monotonic ms; Infinity for never. */
  get nextMs(): number {
    return this.#nextMs;
  }

  /** Samples in the order in which they came. */
  take({ count, tag, value, status, wide }: SampleColumns, nowMs: number): void {
    const last = this.#first.length - 1;
    for (let row = 0; row < count; row++) {
      const of = tag[row] ?? -1;
      if (of < 0 || of >= last) continue;
      const end = this.#first[of + 1] ?? 0;
      for (let at = this.#first[of] ?? 0; at < end; at++) {
        const large = wide?.get(row);
        const number = typeof large === "bigint" ? Number(large) : (value[row] ?? NaN);
        this.#judge(this.#places[at] ?? 0, number, status[row] ?? 0, nowMs);
      }
    }
  }

  /** Delays that have run out by now, in the order in which they did. */
  turn(nowMs: number): void {
    if (nowMs < this.#nextMs) return;
    const due: { readonly place: number; readonly atMs: number }[] = [];
    this.#nextMs = Infinity;
    for (let place = 0; place < this.#conditions.length; place++) {
      const atMs = this.#dueMs(place);
      if (atMs > nowMs) this.#nextMs = Math.min(this.#nextMs, atMs);
      else if (this.#isFresh(this.#of(place).tag)) due.push({ place, atMs });
      // Nobody proves the value any more: looked at again in a while.
      else this.#nextMs = Math.min(this.#nextMs, nowMs + staleLookMs);
    }
    due.sort((a, b) => a.atMs - b.atMs || a.place - b.place);
    for (const { place } of due) this.#settle(place, nowMs);
  }

  /** Somebody else than a value says whether the condition holds. */
  tell(place: number, raw: boolean, nowMs: number): void {
    this.#held[place] = judged;
    this.#set(place, raw, nowMs);
  }

  /** The asset is in a state in which the condition is judged, or is not: then it holds no longer, at once. */
  open(place: number, open: boolean, nowMs: number): void {
    if (this.#open[place] === Number(open)) return;
    this.#open[place] = Number(open);
    this.#fromMs[place] = NaN;
    if (open) {
      if (this.#held[place] === judged) this.#see(place, this.#value[place] ?? NaN, nowMs);
      return;
    }
    this.#raw[place] = 0;
    if (this.#counts[place] === 0) return;
    this.#counts[place] = 0;
    this.#changed(place, false, this.#value[place] ?? NaN);
  }

  /** The newest value that was judged; NaN before the first. */
  valueOf(place: number): number {
    return this.#value[place] ?? NaN;
  }

  /** Why the condition is not judged now, in words; "" when it is. */
  heldOf(place: number): string {
    if (this.#of(place).tag === -1) return "";
    switch (this.#held[place] ?? judged) {
      case never:
        return "no value yet";
      case heldBad:
        return statusWords(this.#status[place] ?? 0);
      case heldNumber:
        return "not a number";
    }
    return this.#open[place] === 0 ? "not judged in this state of the machine" : "";
  }

  #judge(place: number, value: number, status: number, nowMs: number): void {
    const { condition } = this.#of(place);
    const bad = status >>> 30 >= 2;
    if (condition.kind === "bad") {
      this.#held[place] = judged;
      this.#value[place] = value;
      if (this.#open[place] === 1) this.#set(place, bad, nowMs);
      return;
    }
    const lastUsable = (status & 0xffff_0000) >>> 0 === statusCodes.uncertainLastUsable;
    if (bad || lastUsable || value !== value) {
      this.#status[place] = status;
      this.#held[place] = bad || lastUsable ? heldBad : heldNumber;
      return;
    }
    if (this.#held[place] !== judged) {
      // What was not seen does not count towards a delay.
      this.#held[place] = judged;
      this.#sinceMs[place] = nowMs;
      this.#fromMs[place] = NaN;
    }
    this.#value[place] = value;
    if (this.#open[place] === 1) this.#see(place, value, nowMs);
  }

  #see(place: number, value: number, nowMs: number): void {
    const { condition } = this.#of(place);
    const was = this.#raw[place] === 1;
    switch (condition.kind) {
      case "limit":
        this.#set(
          place,
          isBeyond(condition.side, condition.limit, condition.deadBand, value, was),
          nowMs,
        );
        break;
      case "equals":
        this.#set(place, condition.values.includes(value), nowMs);
        break;
      case "bit":
        this.#set(place, hasBit(value, condition.bit), nowMs);
        break;
      case "rate":
        this.#seeRate(place, condition, value, nowMs);
        break;
      case "bad":
      case "told":
      case "machine":
        break;
    }
  }

  /** Measured between values that lie at least `overMs` apart: each stretch begins where the one before it ended. */
  #seeRate(
    place: number,
    { perMinute, direction, overMs }: AlarmCondition & { readonly kind: "rate" },
    value: number,
    nowMs: number,
  ): void {
    const fromMs = this.#fromMs[place] ?? NaN;
    const passedMs = nowMs - fromMs;
    if (passedMs < overMs) return;
    const change = value - (this.#fromValue[place] ?? NaN);
    this.#fromValue[place] = value;
    this.#fromMs[place] = nowMs;
    if (fromMs !== fromMs) return;
    const rate = (change * 60_000) / passedMs;
    const seen = direction === "rising" ? rate : direction === "falling" ? -rate : Math.abs(rate);
    this.#set(place, seen > perMinute, nowMs);
  }

  #set(place: number, raw: boolean, nowMs: number): void {
    if (this.#raw[place] !== Number(raw)) {
      this.#raw[place] = Number(raw);
      this.#sinceMs[place] = nowMs;
    }
    if (this.#raw[place] === this.#counts[place]) return;
    this.#settle(place, nowMs);
    const atMs = this.#dueMs(place);
    if (atMs < this.#nextMs) this.#nextMs = atMs;
  }

  #settle(place: number, nowMs: number): void {
    const { onDelayMs, offDelayMs } = this.#of(place);
    const counted = this.#counts[place] === 1;
    const raw = this.#raw[place] === 1;
    const sinceMs = this.#sinceMs[place] ?? 0;
    const counts = countsAfter(raw, sinceMs, counted, onDelayMs, offDelayMs, nowMs);
    if (counts === counted) return;
    this.#counts[place] = Number(counts);
    this.#changed(place, counts, this.#value[place] ?? NaN);
  }

  #of(place: number): WatchedCondition {
    return this.#conditions[place] ?? nothing;
  }

  #dueMs(place: number): number {
    if (this.#held[place] !== judged) return Infinity;
    const { onDelayMs, offDelayMs } = this.#of(place);
    return countsAtMs(
      this.#raw[place] === 1,
      this.#sinceMs[place] ?? 0,
      this.#counts[place] === 1,
      onDelayMs,
      offDelayMs,
    );
  }
}

const staleLookMs = 1_000;
const nothing: WatchedCondition = {
  condition: { kind: "told" },
  tag: -1,
  onDelayMs: 0,
  offDelayMs: 0,
  counts: false,
};

/** Of a word as a controller has it: negative numbers are two's complement. */
function hasBit(word: number, bit: number): boolean {
  if (bit < 32) return ((word >>> bit) & 1) === 1;
  return Math.floor(Math.abs(word) / 2 ** bit) % 2 === 1;
}
