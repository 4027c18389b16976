import type { Contribution, EpisodeClass } from "@millwright/wire-contract/events";

import { AssetEpisodes, type Voice } from "./asset-episodes.ts";
import type { Baselines } from "./baselines.ts";
import { at, detectorCount, detectors, type DetectorName } from "./detectors.ts";
import type { EpisodeBody } from "./episode-track.ts";
import { speaksFrom, type Finding } from "./fusion.ts";
import { StateTracker } from "./operating-state.ts";
import { PersistenceColumns } from "./persistence.ts";
import type { WatchedAsset } from "./plan.ts";
import type { SampleWatch } from "./sample-watch.ts";
import { limitScore, missingScore } from "./tag-scores.ts";

/** Three of the last five seconds: a single odd sample is no episode. */
const [neededS, ofS] = [3, 5];
/** Two of three windows of a model, each of which has seen many samples already. */
const [neededWindows, ofWindows] = [2, 3];
/** A score of a model holds for so long when no other comes. */
const modelHoldsUs = 300 * 1_000_000;
/** Models on one asset; more are refused, by the first come. */
const modelsMax = 16;

/** A short one is a spike once it has ended; while it lasts nobody knows. */
const classes: Readonly<Record<DetectorName, EpisodeClass>> = {
  value: "drift",
  mean: "drift",
  level: "drift",
  shift: "drift",
  spread: "oscillation",
  flat: "flat-line",
};

interface ModelScore {
  readonly column: number;
  score: number;
  atUs: number;
  persistent: boolean;
  contributions: readonly Contribution[];
}

export interface AssetStep {
  readonly nowUs: number;
  /** Since the step before, s. */
  readonly dtS: number;
  /** Nothing is known of the time before it: ages are counted from here at most, µs. */
  readonly awakeUs: number;
  /** Last proof that the value of a tag still holds; 0 for none. */
  readonly confirmedUs: (tag: number) => number;
  /** What a guess must exceed to begin an episode. */
  readonly gain: number;
}

/** All levels of one asset, second by second: what speaks, and the episodes that come of it. */
export class AssetWatch {
  readonly plan: WatchedAsset;
  readonly state: StateTracker;
  readonly episodes: AssetEpisodes = new AssetEpisodes();
  /** Highest score now, whether it has persisted or not. */
  score: number = 0;
  readonly #slot: number;
  readonly #row: number;
  readonly #watch: SampleWatch;
  readonly #baselines: Baselines;
  readonly #persistence: PersistenceColumns;
  readonly #models = new Map<string, ModelScore>();
  readonly #modelPersistence = new PersistenceColumns(modelsMax, neededWindows, ofWindows);
  /** What limits and statistics said in the last step. */
  #voices: readonly Voice[] = [];
  /** Place of the state that is judged in among those of the asset; -1 where none is. */
  #judged = -1;
  #settledUs = 0;

  constructor(options: {
    readonly plan: WatchedAsset;
    readonly slot: number;
    readonly row: number;
    readonly watch: SampleWatch;
    readonly baselines: Baselines;
    readonly startUs: number;
  }) {
    this.plan = options.plan;
    this.state = new StateTracker(options.plan.state, options.startUs);
    this.#slot = options.slot;
    this.#row = options.row;
    this.#watch = options.watch;
    this.#baselines = options.baselines;
    this.#persistence = new PersistenceColumns(options.plan.tags.length, neededS, ofS);
  }

  /** Share of learning that is done in the state of now, over the tags that are learnt; 1 where there is nothing to learn. */
  get learnt(): number {
    const place = this.#judged < 0 ? 0 : this.#judged;
    let [sum, count] = [0, 0];
    this.plan.tags.forEach((tag, index) => {
      if (!tag.learnt) return;
      sum += this.#baselines.learnt(this.#rowOf(index, place));
      count++;
    });
    return count === 0 ? 1 : sum / count;
  }

  /** One step, about a second after the one before. @returns what is to be told */
  step(now: AssetStep): readonly EpisodeBody[] {
    this.#enter(now.nowUs);
    const voices: Voice[] = [];
    const findings: Finding[] = [];
    for (let index = 0; index < this.plan.tags.length; index++) {
      findings.length = 0;
      this.#look(index, now, findings);
      let beyond = false;
      for (const { score } of findings) if (score >= 1) beyond = true;
      const persistent = this.#persistence.add(index, beyond);
      if (findings.length === 0) continue;
      const reference = this.plan.tags[this.plan.tags[index]?.relativeTo ?? -1]?.id;
      const about = { persistent, ...(reference === undefined ? {} : { reference }) };
      for (const finding of findings) voices.push({ ...finding, ...about });
    }
    this.#voices = voices;
    return this.#fuseAt(now.nowUs, now.dtS, now.gain);
  }

  /** A window of a model was judged. @returns false when there are too many of them */
  takeModel(
    detector: string,
    nowUs: number,
    score: number,
    contributions: readonly Contribution[],
  ): boolean {
    let model = this.#models.get(detector);
    if (model === undefined) {
      this.#forgetOldModels(nowUs);
      const used = new Set([...this.#models.values()].map(({ column }) => column));
      const column = Array.from({ length: modelsMax }, (_unused, at) => at).find(
        (at) => !used.has(at),
      );
      if (column === undefined) return false;
      this.#modelPersistence.clear(column);
      model = { column, score: 0, atUs: nowUs, persistent: false, contributions: [] };
      this.#models.set(detector, model);
    }
    if (Number.isNaN(score)) return true;
    model.score = score;
    model.atUs = nowUs;
    model.persistent = this.#modelPersistence.add(model.column, score >= 1);
    model.contributions = contributions;
    return true;
  }

  /** What all levels say together, as far as is known now: a model was heard between two steps. */
  fuseAt(nowUs: number, gain: number): readonly EpisodeBody[] {
    return this.#fuseAt(nowUs, 0, gain);
  }

  #fuseAt(nowUs: number, dtS: number, gain: number): readonly EpisodeBody[] {
    let voices = this.#voices;
    let score = this.#quietScore();
    for (const [detector, model] of this.#models) {
      if (nowUs - model.atUs > modelHoldsUs) continue;
      score = Math.max(score, model.score);
      if (model.score >= speaksFrom) voices = [...voices, ...voicesOf(detector, model)];
    }
    for (const voice of voices) score = Math.max(score, voice.score);
    this.score = score;
    // Most assets have nothing to say most of the time, and this is done for each of them each second.
    if (voices.length === 0 && !this.episodes.any) return nothing;
    return this.episodes.step({ nowUs, dtS, voices, gain, judged: this.#judged >= 0 });
  }

  /** What was learnt of these tags, or of all, in all states, is learnt anew. */
  forget(tags?: ReadonlySet<string>): void {
    this.plan.tags.forEach((tag, index) => {
      if (tags !== undefined && !tags.has(tag.id)) return;
      for (let place = 0; place < this.plan.states.length; place++) {
        this.#baselines.forget(this.#rowOf(index, place), this.#watch);
      }
      this.#baselines.restart(this.#slot + index);
      this.#persistence.clear(index);
      if (this.#judged >= 0 && tag.learnt) this.#attend(index);
    });
    if (tags === undefined) this.#models.clear();
    this.#voices = [];
  }

  /** Baselines by tag and state, as plain numbers. */
  *saved(): Generator<readonly [key: string, values: readonly number[]], void, undefined> {
    for (const [key, slot, row] of this.#keys()) {
      const values = this.#baselines.save(slot, row, this.#watch);
      if (values !== undefined) yield [key, values];
    }
  }

  restore(saved: (key: string) => readonly number[] | undefined): void {
    for (const [key, slot, row] of this.#keys()) {
      const values = saved(key);
      if (values !== undefined) this.#baselines.restore(slot, row, this.#watch, values);
    }
  }

  *#keys(): Generator<readonly [string, number, number], void, undefined> {
    for (const [index, tag] of this.plan.tags.entries()) {
      if (!tag.learnt) continue;
      for (const [place, state] of this.plan.states.entries()) {
        yield [`${tag.id} ${state}`, this.#slot + index, this.#rowOf(index, place)];
      }
    }
  }

  #rowOf(index: number, place: number): number {
    return this.#row + place * this.plan.tags.length + index;
  }

  /** Into the baselines of the state of now, or out of all of them. */
  #enter(nowUs: number): void {
    const { state } = this.state;
    const place =
      state !== "unknown" && this.state.settledAt(nowUs) ? this.plan.states.indexOf(state) : -1;
    if (place === this.#judged) return;
    this.#judged = place;
    this.#settledUs = nowUs;
    this.plan.tags.forEach((tag, index) => {
      const slot = this.#slot + index;
      this.#baselines.restart(slot);
      this.#watch.learns[slot] = -1;
      this.#watch.perSigma[slot] = 0;
      this.#watch.takeMean(slot);
      this.#watch.takeScore(slot);
      this.#watch.takeRate(slot);
      if (place >= 0 && tag.learnt) this.#attend(index);
    });
  }

  #attend(index: number): void {
    const row = this.#rowOf(index, this.#judged);
    this.#baselines.attend(this.#slot + index, row, this.#watch);
  }

  /** Looks at one tag at all levels. */
  #look(index: number, { nowUs, dtS, awakeUs, confirmedUs }: AssetStep, findings: Finding[]): void {
    const tag = this.plan.tags[index];
    if (tag === undefined) return;
    const slot = this.#slot + index;
    const watch = this.#watch;
    // A state in which the asset is watched, or none that is known: what is switched off may well be silent.
    const expectsValues =
      this.state.state === "unknown" || this.plan.states.includes(this.state.state);
    const goodUs = watch.goodUs[slot] ?? 0;
    const provenUs = watch.good[slot] === 1 ? Math.max(goodUs, confirmedUs(tag.tag)) : goodUs;
    const ageS = (nowUs - Math.max(provenUs, awakeUs)) / 1e6;
    const missing = missingScore(ageS, tag.expectedS);
    const rate = watch.takeRate(slot);
    if (missing >= 1) {
      this.#baselines.silence(slot);
      if (expectsValues) {
        const nothing = { actual: null, expected: null, within: null };
        const detector = "missing data";
        findings.push({
          ...{ tag: tag.id, ...nothing, detector },
          ...{ level: "limit", class: "missing", score: missing },
        });
      }
      return;
    }
    if (this.#judged < 0 || goodUs === 0) return;
    this.#lookAtLimits(index, rate, findings);
    if (!tag.learnt) return;
    const row = this.#rowOf(index, this.#judged);
    const unchangedS = (nowUs - Math.max(watch.changedUs[slot] ?? 0, this.#settledUs)) / 1e6;
    // What an episode is about is not learnt while it lasts; the day goes on for the other tags.
    const frozen = this.episodes.isAbout(tag.id);
    this.#baselines.step(slot, row, watch, dtS, unchangedS, frozen);
    this.#lookAtScores(index, row, findings);
  }

  #lookAtLimits(index: number, rate: number, findings: Finding[]): void {
    const tag = this.plan.tags[index];
    if (tag === undefined) return;
    const actual = this.#watch.last[this.#slot + index] ?? 0;
    const limit = limitScore(tag, actual);
    if (limit !== undefined && limit.score >= speaksFrom) {
      const said = { tag: tag.id, actual, ...limit };
      findings.push({ ...said, level: "limit", class: "drift", detector: "limit" });
    }
    const steep = rate / tag.perSecondMax;
    if (steep >= speaksFrom) {
      const said = { tag: tag.id, actual, expected: null, within: null, score: steep };
      findings.push({ ...said, level: "limit", class: "spike", detector: "rate of change" });
    }
  }

  #lookAtScores(index: number, row: number, findings: Finding[]): void {
    const tag = this.plan.tags[index];
    const slot = this.#slot + index;
    const from = slot * detectorCount;
    let [most, place] = [0, -1];
    for (let detector = 0; detector < detectorCount; detector++) {
      const score = this.#baselines.scores[from + detector] ?? 0;
      if (score < 1 && score < this.#baselines.unusualFrom(row, detector)) continue;
      if (score > most) [most, place] = [score, detector];
    }
    const name = detectors[place];
    if (tag === undefined || name === undefined || most < speaksFrom) return;
    const said = this.#baselines.explain(slot, row, place, this.#watch);
    findings.push({
      ...{ tag: tag.id, ...said, score: most, level: "statistic", detector: names[name] },
      class: this.#classOf(slot, name, said.more),
    });
  }

  /** One whose mean is where it was, and whose spread is not, shakes or has gone still, whatever saw it first. */
  #classOf(slot: number, name: DetectorName, more: boolean): EpisodeClass {
    const score = (detector: number): number =>
      this.#baselines.scores[slot * detectorCount + detector] ?? 0;
    const shakes = score(at.spread) >= 1 && score(at.mean) < 1 && score(at.level) < 1;
    if (name === "spread" || (name === "value" && shakes))
      return more ? "oscillation" : "flat-line";
    return classes[name];
  }

  /** Highest score where none speaks: for the indicator on the screen. */
  #quietScore(): number {
    let most = 0;
    const from = this.#slot * detectorCount;
    const to = (this.#slot + this.plan.tags.length) * detectorCount;
    for (let place = from; place < to; place++) {
      most = Math.max(most, this.#baselines.scores[place] ?? 0);
    }
    return most;
  }

  #forgetOldModels(nowUs: number): void {
    for (const [detector, { atUs }] of this.#models) {
      if (nowUs - atUs > modelHoldsUs) this.#models.delete(detector);
    }
  }
}

/** The tag that has most to do with it speaks with the whole score, others with their part of it. */
function voicesOf(detector: string, model: ModelScore): readonly Voice[] {
  const { score, persistent, contributions } = model;
  return contributions.map((each) => ({
    ...each,
    ...{ level: "model", class: "pattern", detector, persistent },
    score: score * (each.share / (contributions[0]?.share ?? 1)),
  }));
}

const nothing: readonly EpisodeBody[] = [];

/** As an episode names them. */
const names: Readonly<Record<DetectorName, string>> = {
  value: "modified z-score",
  mean: "EWMA 30 s",
  level: "EWMA 10 min",
  shift: "CUSUM",
  spread: "spread",
  flat: "flat line",
};
