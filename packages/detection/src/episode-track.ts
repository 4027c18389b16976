import type { EpisodeEvent } from "@millwright/wire-contract/events";

import type { Fused } from "./fusion.ts";

/** Over at seven tenths of where it began: a score that dances about the limit is one episode (field practice 33). */
export const offShare = 0.7;
/** It ends once it has been below for so long; what comes back sooner belongs to it. */
const quietUs = 120 * 1_000_000;
/** After an end, a new one needs this much more for a while: the tail of what has been told is no news. */
export const refractoryUs: number = 600 * 1_000_000;
const refractoryGain = 1.5;
/** It is told again when its score has grown by half, or more tags or levels have to do with it; at most so often. */
const growth = 1.5;
const tellEveryUs = 10 * 1_000_000;
/** What it is shows within the first minutes: means and spreads need time to see what single values saw at once. */
const namingUs = 600 * 1_000_000;
/** One this short is a spike, whatever it looked like. */
const spikeUs = 15 * 1_000_000;

/** What an episode is before it has a name and a verdict. */
export type EpisodeBody = Omit<EpisodeEvent, "verdict" | "person">;

export interface TrackInput {
  readonly nowUs: number;
  /** Enough findings have persisted for one to begin, at this gain. */
  readonly fused: Fused | undefined;
  readonly persistent: boolean;
  /** What a score must exceed to begin one: 1, more when the budget of alarms is used up. */
  readonly gain: number;
  /** Nothing can be judged now: an episode neither ends nor begins. */
  readonly blind: boolean;
}

/** Begin, growth, peak and end of episodes, one at a time. */
export class EpisodeTrack {
  #open: EpisodeBody | undefined;
  #belowSinceUs = NaN;
  #toldUs = 0;
  #toldScore = 0;
  #endedUs = -Infinity;

  get open(): EpisodeBody | undefined {
    return this.#open;
  }

  /** After a restart. */
  resume(open: EpisodeBody | undefined, endedUs: number): void {
    this.#open = open;
    this.#toldScore = open?.score ?? 0;
    this.#endedUs = endedUs;
    this.#belowSinceUs = NaN;
  }

  /** @returns what is to be told, if anything */
  step(input: TrackInput): EpisodeBody | undefined {
    return this.#open === undefined ? this.#begin(input) : this.#go(this.#open, input);
  }

  /** What was abnormal is taken for normal from now on. */
  close(nowUs: number): EpisodeBody | undefined {
    return this.#open === undefined ? undefined : this.#end(this.#open, nowUs, nowUs);
  }

  #begin({ nowUs, fused, persistent, gain, blind }: TrackInput): EpisodeBody | undefined {
    if (blind || !persistent || fused === undefined) return undefined;
    const refractory = nowUs - this.#endedUs < refractoryUs;
    if (fused.score < gain * (refractory ? refractoryGain : 1)) return undefined;
    this.#open = { what: "began", beginUs: nowUs, peakUs: nowUs, ...fused };
    this.#belowSinceUs = NaN;
    this.#tell(nowUs, fused.score);
    return this.#open;
  }

  #go(open: EpisodeBody, { nowUs, fused, blind }: TrackInput): EpisodeBody | undefined {
    if (blind) return undefined;
    if (fused === undefined || fused.score < offShare) {
      if (Number.isNaN(this.#belowSinceUs)) this.#belowSinceUs = nowUs;
      if (nowUs - this.#belowSinceUs < quietUs) return undefined;
      return this.#end(open, this.#belowSinceUs, nowUs);
    }
    this.#belowSinceUs = NaN;
    const renamed =
      fused.score >= 1 && fused.class !== open.class && nowUs - open.beginUs <= namingUs;
    const news = renamed || fused.levels.some((level) => !open.levels.includes(level));
    if (fused.score > open.score) {
      this.#open = {
        ...open,
        ...fused,
        what: "grew",
        peakUs: nowUs,
        severity: Math.max(open.severity, fused.severity),
        levels: [...new Set([...open.levels, ...fused.levels])],
        detectors: [...new Set([...open.detectors, ...fused.detectors])].slice(0, 8),
      };
    } else if (news) {
      this.#open = {
        ...open,
        what: "grew",
        class: renamed ? fused.class : open.class,
        levels: [...new Set([...open.levels, ...fused.levels])],
      };
    } else return undefined;
    if (nowUs - this.#toldUs < tellEveryUs) return undefined;
    if (!news && this.#open.score < growth * this.#toldScore) return undefined;
    this.#tell(nowUs, this.#open.score);
    return this.#open;
  }

  #end(open: EpisodeBody, endUs: number, nowUs: number): EpisodeBody {
    this.#open = undefined;
    this.#endedUs = nowUs;
    const short = endUs - open.beginUs < spikeUs && open.class !== "missing";
    return { ...open, what: "ended", endUs, class: short ? "spike" : open.class };
  }

  #tell(nowUs: number, score: number): void {
    this.#toldUs = nowUs;
    this.#toldScore = score;
  }

  get endedUs(): number {
    return this.#endedUs;
  }
}
