import { CusumColumns } from "./cusum.ts";
import {
  accuracyShare,
  at,
  detectorCount,
  detectors,
  fastS,
  independentS,
  leastLimit,
  shiftSlack,
  shiftStepS,
  slowS,
  spreadS,
} from "./detectors.ts";
import { EwmaColumns } from "./ewma.ts";
import { marginOf } from "./margin.ts";
import type { SampleWatch } from "./sample-watch.ts";

/** The first part of the learning time gives the baseline, the rest its limits: on data that were not fitted. */
const fitShare = 0.7;
/** A limit follows normal scores upwards by no more than half in a day: what creeps faster is seen. */
const growthPerMinute = 1.5 ** (1 / 1_440);
/** Before it has seen a whole day, nobody knows what a day does to it: then a limit may become four times as high in one. */
const firstGrowthPerMinute = 4 ** (1 / 1_440);
const firstDayS = 86_400;
/** The baseline follows the mean with an eighth of its own age as memory, from an hour to a week: the day's warmth is normal. */
const followShare = 1 / 8;
const followLeastS = 3_600;
const followMostS = 7 * 86_400;
/** The longest rest of a value, as part of the normal time that was seen. */
const restShare = 0.01;
/**
 * What remembers for long stops at twice its limit, so that it is back below it within minutes after the trouble has gone:
 * how far away a value is, the fast mean says.
 */
const mostShare = 2;
const minuteS = 60;

/** More digits than any instrument has, fewer than a double writes. */
const savedDigits = 9;

export interface Explanation {
  readonly actual: number;
  readonly expected: number;
  /** Half width of the expected band. */
  readonly within: number;
  /** Of a spread: whether there is more of it than there was. */
  readonly more: boolean;
}

/** `fit`, `limit`: the two parts of learning. `judge`: limits hold. */
const phase = { fit: 0, limit: 1, judge: 2 } as const;

/**
 * What is normal for each tag in each operating state, as columns by row; and how far each tag is from it now, by slot.
 * Everything is one step a second for each tag, whatever its rate.
 */
export class Baselines {
  /** Scores over their limits by slot and detector; 0 where nothing is judged. */
  readonly scores: Float64Array;
  readonly #phase: Uint8Array;
  readonly #normalS: Float64Array;
  readonly #centre: Float64Array;
  readonly #median: Float64Array;
  readonly #sigma: Float64Array;
  readonly #spread: Float64Array;
  readonly #accuracy: Float64Array;
  readonly #largest: Float64Array;
  readonly #limit: Float64Array;
  /** By row and detector: the largest deviation of a minute, in the mean of many. NaN before the first. */
  readonly #usual: Float64Array;
  /** By slot and detector: the largest deviation of this minute in health. */
  readonly #ofMinute: Float64Array;
  readonly #fast: EwmaColumns;
  readonly #slow: EwmaColumns;
  readonly #variance: EwmaColumns;
  readonly #shift: CusumColumns;
  readonly #range: Float64Array;
  readonly #learnS: number;
  readonly #chance: number;

  /**
   * `rows`: one for each tag and state. `ranges`: by slot, one for each tag; NaN where none is stated. `chance`: allowed for
   * one independent score to exceed its limit in health.
   */
  constructor(options: {
    readonly rows: number;
    readonly ranges: readonly number[];
    readonly learnS: number;
    readonly chance: number;
  }) {
    const { rows, ranges, learnS, chance } = options;
    const slots = ranges.length;
    this.scores = new Float64Array(slots * detectorCount);
    this.#phase = new Uint8Array(rows);
    this.#normalS = new Float64Array(rows);
    this.#centre = new Float64Array(rows);
    this.#median = new Float64Array(rows);
    this.#sigma = new Float64Array(rows);
    this.#spread = new Float64Array(rows);
    this.#accuracy = new Float64Array(rows);
    this.#largest = new Float64Array(rows * detectorCount);
    this.#limit = new Float64Array(rows * detectorCount);
    this.#usual = new Float64Array(rows * detectorCount).fill(NaN);
    this.#ofMinute = new Float64Array(slots * detectorCount);
    this.#fast = new EwmaColumns(slots, fastS);
    this.#slow = new EwmaColumns(slots, slowS);
    this.#variance = new EwmaColumns(slots, spreadS);
    this.#shift = new CusumColumns(slots, shiftSlack);
    this.#range = Float64Array.from(ranges);
    this.#learnS = learnS;
    this.#chance = chance;
  }

  judges(row: number): boolean {
    return this.#phase[row] === phase.judge;
  }

  /** Share of the learning that is done, 0..1. */
  learnt(row: number): number {
    if (this.judges(row)) return 1;
    return Math.min(1, (this.#normalS[row] ?? 0) / this.#learnS);
  }

  /**
   * Below its limit a score says something only from here on: halfway between what health usually reaches and the limit. A press
   * comes near its limit with each stroke once the limit is what was seen in weeks, and has not been wrong since by that.
   */
  unusualFrom(row: number, detector: number): number {
    const place = row * detectorCount + detector;
    const usual = this.#usual[place] ?? NaN;
    return Number.isNaN(usual) ? 0 : (1 + usual / (this.#limit[place] ?? 1)) / 2;
  }

  /** All is learnt anew. */
  forget(row: number, watch: SampleWatch): void {
    watch.learning.clear(row);
    this.#phase[row] = phase.fit;
    this.#normalS[row] = 0;
    this.#centre[row] = 0;
    this.#spread[row] = 0;
    this.#largest.fill(0, row * detectorCount, (row + 1) * detectorCount);
    this.#limit.fill(0, row * detectorCount, (row + 1) * detectorCount);
    this.#usual.fill(NaN, row * detectorCount, (row + 1) * detectorCount);
  }

  /** What is going on now is another thing than what was: means begin anew, what was learnt stays. */
  restart(slot: number): void {
    this.#fast.clear(slot);
    this.#slow.clear(slot);
    this.#variance.clear(slot);
    this.#shift.clear(slot);
    this.#ofMinute.fill(0, slot * detectorCount, (slot + 1) * detectorCount);
    this.silence(slot);
  }

  /** Nothing can be said of it now. */
  silence(slot: number): void {
    this.scores.fill(0, slot * detectorCount, (slot + 1) * detectorCount);
  }

  /** Hands what single values are judged by to where they come in. */
  attend(slot: number, row: number, watch: SampleWatch): void {
    const fits = this.#phase[row] === phase.fit;
    watch.learns[slot] = fits ? row : -1;
    watch.median[slot] = this.#median[row] ?? 0;
    watch.perSigma[slot] = fits ? 0 : 1 / (this.#sigma[row] ?? 1);
  }

  /**
   * One second of one tag.
   *
   * @param unchangedS since when its value has not moved
   * @param frozen an episode lasts: judged, and nothing learnt
   */
  step(
    slot: number,
    row: number,
    watch: SampleWatch,
    dtS: number,
    unchangedS: number,
    frozen: boolean,
  ): void {
    const value = watch.takeScore(slot);
    const mean = watch.takeMean(slot);
    const fast = this.#fast.add(slot, mean, dtS);
    let slow = this.#slow.add(slot, mean, dtS);
    let variance = this.#variance.add(slot, (mean - fast) ** 2, dtS);
    if (this.#phase[row] === phase.fit) {
      if (!frozen) this.#fit(slot, row, watch, mean, variance, dtS);
      return;
    }
    const base = row * detectorCount;
    const limit = this.#limit;
    const centre = this.#centre[row] ?? 0;
    this.#judge(slot, row, at.value, value, frozen);
    if (this.#fast.warm(slot)) {
      this.#judge(slot, row, at.mean, Math.abs(fast - centre), frozen);
    }
    const judges = this.#phase[row] === phase.judge;
    if (this.#slow.warm(slot)) {
      const off = mostShare * (limit[base + at.level] ?? 0);
      if (judges) slow = this.#slow.clamp(slot, centre - off, centre + off);
      this.#judge(slot, row, at.level, Math.abs(slow - centre), frozen);
      const share = (slow - centre) / (limit[base + at.level] ?? 1);
      const most = mostShare * (limit[base + at.shift] ?? 0);
      const shift = this.#shift.add(slot, share, dtS / shiftStepS, most);
      this.#judge(slot, row, at.shift, shift, frozen);
    }
    if (this.#variance.warm(slot)) {
      const least = (0.5 * (this.#accuracy[row] ?? 0)) ** 2;
      const usual = (this.#spread[row] ?? 0) + least;
      if (judges) {
        const times = Math.exp(mostShare * (limit[base + at.spread] ?? 0));
        variance = this.#variance.clamp(slot, usual / times - least, usual * times - least);
      }
      const ratio = (variance + least) / usual;
      this.#judge(slot, row, at.spread, Math.abs(Math.log(ratio)), frozen);
    }
    this.#judgeRest(slot, row, unchangedS, frozen);
    if (frozen) return;
    const before = this.#normalS[row] ?? 0;
    const normalS = before + dtS;
    this.#normalS[row] = normalS;
    if (this.#phase[row] === phase.judge) this.#follow(slot, row, watch, slow, dtS);
    if (Math.floor(before / minuteS) !== Math.floor(normalS / minuteS)) {
      this.#moveUsual(slot, row);
      this.#moveLimits(row);
      if (this.#phase[row] === phase.limit && normalS >= this.#learnS) {
        this.#phase[row] = phase.judge;
        this.#shift.clear(slot);
      }
    }
  }

  /** What a person is told of one detector of one tag, in the unit of the tag. */
  explain(slot: number, row: number, detector: number, watch: SampleWatch): Explanation {
    const place = row * detectorCount + detector;
    const reference = watch.reference(slot);
    if (detector === at.mean || detector === at.level || detector === at.shift) {
      const held = detector === at.mean ? this.#fast : this.#slow;
      const limit = detector === at.shift ? place - at.shift + at.level : place;
      return {
        actual: reference + held.value(slot),
        expected: reference + (this.#centre[row] ?? 0),
        within: this.#limit[limit] ?? 0,
        more: true,
      };
    }
    const value = row * detectorCount + at.value;
    return {
      actual: watch.last[slot] ?? 0,
      expected: reference + (this.#median[row] ?? 0),
      within: (this.#limit[value] ?? 0) * (this.#sigma[row] ?? 0),
      more: this.#variance.value(slot) > (this.#spread[row] ?? 0),
    };
  }

  /** As plain numbers; undefined while the baseline itself is not learnt. */
  save(slot: number, row: number, watch: SampleWatch): readonly number[] | undefined {
    const stage = this.#phase[row] ?? phase.fit;
    if (stage === phase.fit) return undefined;
    const step = watch.step[slot] ?? Infinity;
    const from = row * detectorCount;
    return [
      stage,
      ...this.#plain().map((column) => column[row] ?? 0),
      step === Infinity ? -1 : step,
      ...this.#largest.subarray(from, from + detectorCount),
      ...this.#limit.subarray(from, from + detectorCount),
      // Less than nothing stands for what is not known: JSON has no NaN.
      ...this.#usual.subarray(from, from + detectorCount).map((each) => (each >= 0 ? each : -1)),
    ].map((value) => Number(value.toPrecision(savedDigits)));
  }

  /** @returns false when it was saved by a program that learnt other things; then all is learnt anew */
  restore(slot: number, row: number, watch: SampleWatch, saved: readonly number[]): boolean {
    const plain = this.#plain();
    const [stage = -1, ...values] = saved;
    const known = plain.length + 1 + 2 * detectorCount;
    // Programs of before did not know what is usual; it is seen within a minute.
    const fits =
      (values.length === known || values.length === known + detectorCount) &&
      (stage === phase.limit || stage === phase.judge) &&
      saved.every(Number.isFinite);
    if (!fits) return false;
    plain.forEach((column, index) => (column[row] = values[index] ?? 0));
    this.#phase[row] = stage;
    const step = values[plain.length] ?? -1;
    watch.step[slot] = step < 0 ? Infinity : step;
    const from = row * detectorCount;
    const rest = values.slice(plain.length + 1);
    this.#largest.set(rest.slice(0, detectorCount), from);
    this.#limit.set(rest.slice(detectorCount, 2 * detectorCount), from);
    for (let detector = 0; detector < detectorCount; detector++) {
      const usual = rest[2 * detectorCount + detector] ?? -1;
      this.#usual[from + detector] = usual < 0 ? NaN : usual;
    }
    return true;
  }

  #plain(): readonly Float64Array[] {
    return [this.#normalS, this.#centre, this.#median, this.#sigma, this.#spread, this.#accuracy];
  }

  #fit(
    slot: number,
    row: number,
    watch: SampleWatch,
    mean: number,
    variance: number,
    dtS: number,
  ): void {
    const normalS = (this.#normalS[row] ?? 0) + dtS;
    this.#normalS[row] = normalS;
    const share = dtS / normalS;
    this.#centre[row] = (this.#centre[row] ?? 0) + share * (mean - (this.#centre[row] ?? 0));
    this.#spread[row] = (this.#spread[row] ?? 0) + share * (variance - (this.#spread[row] ?? 0));
    if (normalS < fitShare * this.#learnS) return;
    this.#phase[row] = phase.limit;
    const { learning } = watch;
    const held = (watch.last[slot] ?? 0) - watch.reference(slot);
    const median = learning.count(row) > 0 ? learning.median(row) : held;
    const range = this.#range[slot] ?? NaN;
    // Where no range is stated, a hundredth of the value itself; where that is nothing, the smallest step that was seen.
    const scale = Number.isNaN(range) ? Math.abs(median) : range;
    const step = watch.step[slot] ?? Infinity;
    const least = accuracyShare * scale || (step === Infinity ? 1 : step);
    this.#accuracy[row] = least;
    this.#median[row] = median;
    // Half the accuracy: a value that never moved while it was learnt has no deviation to judge others by.
    this.#sigma[row] = Math.max(learning.sigma(row) || 0, least / 2);
    learning.clear(row);
    this.#moveLimits(row);
    this.attend(slot, row, watch);
  }

  /** Scores one deviation; in health it counts among those that the limit lies above. */
  #judge(slot: number, row: number, detector: number, deviation: number, frozen: boolean): void {
    const place = row * detectorCount + detector;
    const judges = this.#phase[row] === phase.judge;
    const score = deviation / (this.#limit[place] ?? 1);
    this.scores[slot * detectorCount + detector] = judges ? score : 0;
    if (frozen || (judges && score >= 1)) return;
    if (deviation > (this.#largest[place] ?? 0)) this.#largest[place] = deviation;
    const now = slot * detectorCount + detector;
    if (deviation > (this.#ofMinute[now] ?? 0)) this.#ofMinute[now] = deviation;
  }

  /** Of what rests for long no one knows how long it may: it must have come to rest a hundred times to be judged by it. */
  #judgeRest(slot: number, row: number, unchangedS: number, frozen: boolean): void {
    const place = row * detectorCount + at.flat;
    const longestS = this.#largest[place] ?? 0;
    if (longestS > 0 && longestS <= restShare * (this.#normalS[row] ?? 0)) {
      this.#judge(slot, row, at.flat, unchangedS, frozen);
      return;
    }
    this.scores[slot * detectorCount + at.flat] = 0;
    if (!frozen && unchangedS > longestS) this.#largest[place] = unchangedS;
  }

  /** The baseline goes after the mean, as slowly as it is old. */
  #follow(slot: number, row: number, watch: SampleWatch, slow: number, dtS: number): void {
    if (!this.#slow.warm(slot)) return;
    const moved = ((slow - (this.#centre[row] ?? 0)) * dtS) / this.#memoryS(row);
    this.#centre[row] = (this.#centre[row] ?? 0) + moved;
    this.#median[row] = (this.#median[row] ?? 0) + moved;
    watch.median[slot] = this.#median[row] ?? 0;
  }

  /** What health usually reaches, followed as slowly as the baseline. */
  #moveUsual(slot: number, row: number): void {
    const share = minuteS / this.#memoryS(row);
    for (let detector = 0; detector < detectorCount; detector++) {
      const most = this.#ofMinute[slot * detectorCount + detector] ?? 0;
      const place = row * detectorCount + detector;
      const usual = this.#usual[place] ?? NaN;
      this.#usual[place] = Number.isNaN(usual) ? most : usual + share * (most - usual);
      this.#ofMinute[slot * detectorCount + detector] = 0;
    }
  }

  #memoryS(row: number): number {
    return Math.min(followMostS, Math.max(followLeastS, followShare * (this.#normalS[row] ?? 0)));
  }

  /** Once a minute: down with what has been learnt since, up no faster than what is normal may. */
  #moveLimits(row: number): void {
    const judges = this.#phase[row] === phase.judge;
    const normalS = this.#normalS[row] ?? 0;
    const seenS = normalS - fitShare * this.#learnS;
    const growth = normalS < firstDayS ? firstGrowthPerMinute : growthPerMinute;
    for (let detector = 0; detector < detectorCount; detector++) {
      const name = detectors[detector];
      if (name === undefined) continue;
      const place = row * detectorCount + detector;
      // Nobody knows the tail of how long a value rests: it is given the whole margin for ever.
      const effective = detector === at.flat ? 0 : seenS / independentS[name];
      const margin = marginOf(effective, this.#chance);
      const wanted = Math.max(this.#leastOf(row, detector), margin * (this.#largest[place] ?? 0));
      const now = this.#limit[place] ?? 0;
      this.#limit[place] = judges ? Math.min(wanted, now * growth) : wanted;
    }
  }

  #leastOf(row: number, detector: number): number {
    const name = detectors[detector] ?? "value";
    const least = leastLimit[name];
    return detector === at.mean || detector === at.level
      ? least * (this.#accuracy[row] ?? 1)
      : least;
  }
}
