import type { SampleColumns } from "@millwright/wire-contract";
import type { Contribution } from "@millwright/wire-contract/events";

import { AssetWatch } from "./asset-watch.ts";
import { Baselines } from "./baselines.ts";
import { AlarmBudget } from "./budget.ts";
import { detectorCount, fastS } from "./detectors.ts";
import { refractoryUs, type EpisodeBody } from "./episode-track.ts";
import type { KnownState } from "./operating-state.ts";
import type { WatchPlan } from "./plan.ts";
import { SampleWatch } from "./sample-watch.ts";
import {
  tracksIn,
  type SavedAsset,
  type SavedDetection,
  type SavedTrack,
  type SavedTracks,
} from "./saved.ts";
import { missingScore } from "./tag-scores.ts";

/** A stop of the program, or a clock that was set, is no time that passed in the machine. */
const stepMostS = 10;
const dayS = 86_400;
/** A part of a step: some 4 µs each, so that it takes half a millisecond. */
const tagsAtOnce = 128;

export interface DetectorListener {
  /** An episode began, grew or ended. Of those of an asset that last, no two began at the same time. */
  readonly episode: (asset: string, body: EpisodeBody) => void;
  readonly state: (asset: string, state: KnownState, before: KnownState, atUs: number) => void;
}

export interface AssetStatus {
  readonly id: string;
  readonly state: KnownState;
  readonly sinceUs: number;
  readonly settled: boolean;
  readonly settledFromUs: number;
  readonly score: number;
  /** 0..1 */
  readonly learnt: number;
  /** The episodes that last, in the order in which they began. */
  readonly lasting: readonly EpisodeBody[];
}

/** What a row of samples means besides a value to watch. */
interface Special {
  /** Assets whose state it tells, and assets of which it is a setpoint, by place in the plan. */
  readonly states: readonly number[];
  readonly setpoints: readonly number[];
  value: number;
  goodUs: number;
  good: boolean;
}

/**
 * Levels 1 and 2 of detection and the fusion of all three, for all watched assets of a gateway. Pure: samples, times and
 * proofs are told to it. `take` for each batch, `advance` about once a second.
 */
export class Detector {
  readonly #plan: WatchPlan;
  readonly #listener: DetectorListener;
  readonly #assets: readonly AssetWatch[];
  readonly #byId: ReadonlyMap<string, AssetWatch>;
  readonly #watch: SampleWatch;
  readonly #baselines: Baselines;
  readonly #budget: AlarmBudget;
  /** Slot by dictionary index, -1 where it is not watched. A tag is watched by one asset, the first that names it. */
  readonly #slotOf: Int32Array;
  readonly #isSpecial: Uint8Array;
  readonly #specials = new Map<number, Special>();
  #nowUs: number;
  /** From here on times are counted: before it nobody looked, or the clock was another. */
  #awakeUs: number;

  constructor(plan: WatchPlan, listener: DetectorListener, startUs: number) {
    this.#plan = plan;
    this.#listener = listener;
    this.#nowUs = startUs;
    this.#awakeUs = startUs;
    this.#budget = new AlarmBudget(plan.episodesPerDayMax);
    const tags = plan.assets.flatMap((asset) => asset.tags);
    // Places within an asset become slots.
    const firsts = plan.assets.map((_asset, place) =>
      plan.assets.slice(0, place).reduce((sum, { tags: own }) => sum + own.length, 0),
    );
    const references = plan.assets.flatMap((asset, place) =>
      asset.tags.map(({ relativeTo }) => (relativeTo < 0 ? -1 : (firsts[place] ?? 0) + relativeTo)),
    );
    const rows = plan.assets.reduce(
      (sum, { states, tags: own }) => sum + states.length * own.length,
      0,
    );
    this.#watch = new SampleWatch(
      tags.map(({ expectedS }) => expectedS),
      rows,
      references,
    );
    // Of all that is judged in a day, so much may exceed its limit in health.
    const judged = Math.max(1, tags.filter(({ learnt }) => learnt).length) * detectorCount;
    this.#baselines = new Baselines({
      rows,
      ranges: tags.map(({ range }) => range),
      learnS: plan.learnS,
      chance: Math.min(0.1, (plan.episodesPerDayMax * 2 * fastS) / (dayS * judged)),
    });
    const indices = [
      ...tags.map(({ tag }) => tag),
      ...plan.assets.flatMap(({ state, setpoints }) => [state?.tag ?? -1, ...setpoints]),
    ];
    const size = indices.reduce((most, index) => Math.max(most, index), -1) + 1;
    this.#slotOf = new Int32Array(size).fill(-1);
    this.#isSpecial = new Uint8Array(size);
    tags.forEach(({ tag }, slot) => {
      if (this.#slotOf[tag] === -1) this.#slotOf[tag] = slot;
    });
    let [slot, row] = [0, 0];
    this.#assets = plan.assets.map((asset) => {
      const made = new AssetWatch({
        plan: asset,
        slot,
        row,
        watch: this.#watch,
        baselines: this.#baselines,
        startUs,
      });
      slot += asset.tags.length;
      row += asset.tags.length * asset.states.length;
      return made;
    });
    this.#byId = new Map(this.#assets.map((asset) => [asset.plan.id, asset]));
    this.#nameSpecials();
  }

  /** Samples of one device, in the order in which they came. Columns are read at once and not kept. */
  take(rows: SampleColumns, receivedUs: number): void {
    const { count, tag, value, status } = rows;
    let from = 0;
    // What tells a state or is a setpoint is seen between the samples before and after it.
    for (let row = 0; row < count && this.#specials.size > 0; row++) {
      const index = tag[row] ?? -1;
      if (this.#isSpecial[index] !== 1) continue;
      this.#watch.addRows(rows, from, row + 1, this.#slotOf, receivedUs);
      this.#takeSpecial(index, value[row] ?? NaN, status[row] ?? 0, receivedUs);
      from = row + 1;
    }
    this.#watch.addRows(rows, from, count, this.#slotOf, receivedUs);
  }

  /**
   * Judges all assets. About once a second; a step is at most ten seconds long, whatever the clock says.
   *
   * @param confirmedUs last proof that the value of a tag still holds, by the clock of `nowUs`; 0 for none
   */
  advance(nowUs: number, confirmedUs: (tag: number) => number): void {
    const parts = this.advanceInParts(nowUs, confirmedUs);
    while (parts.next().done !== true);
  }

  /**
   * As `advance`, part by part: who has to be quick about other things does them in between, and a thousand assets keep nothing
   * waiting that is told meanwhile. All parts are of the same moment, and end before the next `advance`.
   */
  *advanceInParts(
    nowUs: number,
    confirmedUs: (tag: number) => number,
  ): Generator<undefined, void, undefined> {
    const passedS = (nowUs - this.#nowUs) / 1e6;
    const dtS = Math.min(stepMostS, Math.max(0, passedS));
    this.#nowUs = nowUs;
    if (passedS < 0 || passedS > stepMostS) this.#awakeUs = nowUs;
    if (dtS === 0) return;
    const gain = this.#budget.gain(nowUs);
    const step = { nowUs, dtS, awakeUs: this.#awakeUs, confirmedUs, gain };
    let tags = 0;
    for (const asset of this.#assets) {
      if (tags >= tagsAtOnce) {
        yield undefined;
        tags = 0;
      }
      tags += asset.plan.tags.length;
      this.#watchState(asset, nowUs, confirmedUs);
      this.#tell(asset, asset.step(step), nowUs);
    }
  }

  /** The result of a model. @returns false for an asset that is not watched, or when it has too many models */
  scored(
    id: string,
    detector: string,
    nowUs: number,
    score: number,
    contributions: readonly Contribution[],
  ): boolean {
    const asset = this.#byId.get(id);
    if (asset?.takeModel(detector, nowUs, score, contributions) !== true) return false;
    if (score >= 1 || asset.episodes.any) {
      this.#tell(asset, asset.fuseAt(nowUs, this.#budget.gain(nowUs)), nowUs);
    }
    return true;
  }

  status(id: string): AssetStatus | undefined {
    const asset = this.#byId.get(id);
    return asset === undefined ? undefined : this.#statusOf(asset);
  }

  statuses(): readonly AssetStatus[] {
    return this.#assets.map((asset) => this.#statusOf(asset));
  }

  /** A repair, another sensor, a calibration: what was learnt holds no longer, and all that lasts is over. */
  forget(id: string, nowUs: number): void {
    const asset = this.#byId.get(id);
    if (asset === undefined) return;
    asset.forget();
    this.#tell(asset, asset.episodes.close(nowUs), nowUs);
  }

  /** It was nothing: what these tags do is learnt as normal, and what lasts and is about them is over. */
  accept(id: string, tags: readonly string[], nowUs: number): void {
    const asset = this.#byId.get(id);
    if (asset === undefined) return;
    const about = new Set(tags);
    asset.forget(about);
    this.#tell(asset, asset.episodes.close(nowUs, about), nowUs);
  }

  /** A person has confirmed an episode: it is taken out of the budget. */
  confirm(beginUs: number): void {
    this.#budget.refund(beginUs);
  }

  /** All that was learnt, and the episodes of now: some hundred bytes for each tag and state. */
  save(): SavedDetection {
    const assets = this.#assets.map((asset) => [
      asset.plan.id,
      {
        baselines: Object.fromEntries(asset.saved()),
        setpoints: asset.plan.setpoints.map((tag) => finite(this.#specials.get(tag)?.value)),
        endedUs: Math.max(0, asset.episodes.endedUs),
        ...savedTracksOf(asset.episodes.lasting),
      },
    ]);
    return {
      version: 1,
      begunUs: this.#budget.begun,
      assets: Object.fromEntries(assets) as SavedDetection["assets"],
    };
  }

  /** The episodes of one asset alone; undefined where nothing lasts and nothing that has ended still weighs. */
  saveTrack(id: string): SavedTrack | undefined {
    const asset = this.#byId.get(id);
    if (asset === undefined) return undefined;
    const { lasting, endedUs } = asset.episodes;
    const weighs = this.#nowUs - endedUs < refractoryUs;
    if (lasting.length === 0 && !weighs) return undefined;
    return { lasting, endedUs: weighs ? endedUs : 0 };
  }

  /** Begins of episodes that the budget counts, µs. */
  get begunUs(): readonly number[] {
    return this.#budget.begun;
  }

  /**
   * Before the first sample. What is not watched any more is left out.
   *
   * @param tracks saved since
   */
  restore(saved: SavedDetection, tracks: SavedTracks = tracksIn(saved)): void {
    this.#budget.resume(tracks.begunUs);
    for (const asset of this.#assets) {
      const { id, setpoints } = asset.plan;
      const { open, standing = {}, endedUs } = tracks;
      const newest = open[id];
      const lasting = newest === undefined ? [] : [...(standing[id] ?? []), newest];
      asset.episodes.resume(lasting, endedUs[id] ?? 0);
      const own = saved.assets[id];
      if (own === undefined) continue;
      asset.restore((key) => own.baselines[key]);
      setpoints.forEach((tag, place) => {
        const special = this.#specials.get(tag);
        if (special !== undefined) special.value = own.setpoints[place] ?? NaN;
      });
    }
  }

  #nameSpecials(): void {
    const special = (tag: number): Special & { states: number[]; setpoints: number[] } => {
      const known = this.#specials.get(tag) as ReturnType<typeof special> | undefined;
      if (known !== undefined) return known;
      const made = { states: [], setpoints: [], value: NaN, goodUs: 0, good: false };
      this.#specials.set(tag, made);
      this.#isSpecial[tag] = 1;
      return made;
    };
    this.#plan.assets.forEach(({ state, setpoints }, place) => {
      if (state !== undefined) special(state.tag).states.push(place);
      for (const tag of setpoints) special(tag).setpoints.push(place);
    });
  }

  #takeSpecial(index: number, value: number, status: number, receivedUs: number): void {
    const special = this.#specials.get(index);
    if (special === undefined) return;
    special.good = status >>> 30 === 0 && !Number.isNaN(value);
    if (!special.good) return;
    special.goodUs = receivedUs;
    const moved = value !== special.value && !Number.isNaN(special.value);
    special.value = value;
    for (const place of special.states) {
      const asset = this.#assets[place];
      if (asset === undefined) continue;
      const before = asset.state.state;
      if (asset.state.tell(value, receivedUs)) this.#tellState(asset, before, receivedUs);
    }
    if (!moved) return;
    for (const place of special.setpoints) {
      const asset = this.#assets[place];
      asset?.state.unsettle(receivedUs);
      // While an episode lasts, what it is judged by stays.
      if (asset?.episodes.any === false) asset.forget();
    }
  }

  /** A state that is not proven any more is not known. */
  #watchState(asset: AssetWatch, nowUs: number, confirmedUs: (tag: number) => number): void {
    const { state } = asset.plan;
    const special = state === undefined ? undefined : this.#specials.get(state.tag);
    if (state === undefined || special === undefined || special.goodUs === 0) return;
    const confirmed = special.good ? confirmedUs(state.tag) : 0;
    const ageS = (nowUs - Math.max(special.goodUs, confirmed, this.#awakeUs)) / 1e6;
    const before = asset.state.state;
    if (!special.good || missingScore(ageS, state.expectedS) >= 1) {
      if (asset.state.lose(nowUs)) this.#tellState(asset, before, nowUs);
    } else if (before === "unknown" && asset.state.tell(special.value, nowUs)) {
      this.#tellState(asset, before, nowUs);
    }
  }

  #tellState(asset: AssetWatch, before: KnownState, atUs: number): void {
    this.#listener.state(asset.plan.id, asset.state.state, before, atUs);
  }

  #tell(asset: AssetWatch, told: readonly EpisodeBody[], nowUs: number): void {
    for (const body of told) {
      // What a limit says is certain, and no guess that a budget could hold down.
      if (body.what === "began" && !body.levels.includes("limit")) this.#budget.spend(nowUs);
      this.#listener.episode(asset.plan.id, body);
    }
  }

  #statusOf(asset: AssetWatch): AssetStatus {
    return {
      id: asset.plan.id,
      state: asset.state.state,
      sinceUs: asset.state.sinceUs,
      settled: asset.state.settledAt(this.#nowUs),
      settledFromUs: asset.state.settledFromUs,
      score: asset.score,
      learnt: asset.learnt,
      lasting: asset.episodes.lasting,
    };
  }
}

/** The newest apart from those that stood when it began. */
function savedTracksOf(lasting: readonly EpisodeBody[]): Pick<SavedAsset, "open" | "standing"> {
  const open = lasting.at(-1);
  if (open === undefined) return {};
  return lasting.length === 1 ? { open } : { open, standing: lasting.slice(0, -1) };
}

function finite(value: number | undefined): number | null {
  return value === undefined || !Number.isFinite(value) ? null : value;
}
