/**
 * The episodes of one asset: one for each cause. What comes while an episode still grows belongs to it, because a cause
 * spreads: a bearing shakes and then warms. One that has not grown for an hour stands: it goes on until what it is about has
 * gone, and whatever else comes is another episode, so that nothing is hidden by what everybody knows.
 */
import { EpisodeTrack, offShare, type EpisodeBody } from "./episode-track.ts";
import { fuse, type Finding } from "./fusion.ts";

/** A finding with whether it has come often enough not to be chance. */
export interface Voice extends Finding {
  readonly persistent: boolean;
  /** The tag that the finding's own is judged against, if any. */
  readonly reference?: string;
}

export interface EpisodesStep {
  readonly nowUs: number;
  /** Since the step before, s; 0 when only a model was heard. */
  readonly dtS: number;
  readonly voices: readonly Voice[];
  /** What a guess must exceed to begin one; what is certain needs no more than 1. */
  readonly gain: number;
  /** Whether values can be judged now: the machine is in a state for it, and has settled. */
  readonly judged: boolean;
}

/**
 * So long without growth until it stands. What a machine warms through takes minutes to an hour; a second cause within it is
 * rarer than one that spreads.
 */
const standsAfterS = 3_600;
/** A tag that has been well for so long has no more to do with it. */
const wellAfterS = 3_600;
/** Growth that counts: a tenth. Less is what the largest of many does by chance. */
const growth = 1.1;
/** Episodes of one asset at a time: where so much is wrong, one more says no more, and the newest takes all that comes. */
const openMax = 4;

interface Cause {
  readonly track: EpisodeTrack;
  /** What it is about, by `keyOf`: for how long it has been well, s. */
  readonly about: Map<string, number>;
  unchangedS: number;
  size: number;
}

export class AssetEpisodes {
  /** In the order in which they began. */
  #open: readonly Cause[] = [];
  /** The one that begins next. */
  #next = new EpisodeTrack();

  /** Those that last, in the order in which they began. */
  get lasting(): readonly EpisodeBody[] {
    return this.#open.flatMap(({ track }) => track.open ?? []);
  }

  get any(): boolean {
    return this.#open.length > 0;
  }

  get endedUs(): number {
    return this.#next.endedUs;
  }

  /** Whether one that lasts has to do with the tag. */
  isAbout(tag: string): boolean {
    return this.#open.some(({ about }) => about.has(tag) || about.has(missingOf(tag)));
  }

  /** After a restart. All but the newest stood, or the newest had not begun. */
  resume(lasting: readonly EpisodeBody[], endedUs: number): void {
    this.#open = lasting.map((body, place): Cause => {
      const track = new EpisodeTrack();
      track.resume(body, endedUs);
      const keys = body.contributions.map(({ tag, actual }) =>
        actual === null ? missingOf(tag) : tag,
      );
      return {
        track,
        about: new Map(keys.map((key) => [key, 0])),
        unchangedS: place === lasting.length - 1 ? 0 : standsAfterS,
        size: body.class === "missing" ? 0 : body.score,
      };
    });
    this.#next.resume(undefined, endedUs);
  }

  /** Ends what lasts and is about these tags, or all. */
  close(nowUs: number, tags?: ReadonlySet<string>): readonly EpisodeBody[] {
    const closed = this.#open.filter(
      ({ about }) => tags === undefined || [...about.keys()].some((key) => tags.has(tagOf(key))),
    );
    return closed.flatMap((cause) => this.#ended(cause, cause.track.close(nowUs)));
  }

  /** @returns what is to be told */
  step(now: EpisodesStep): readonly EpisodeBody[] {
    const { voices } = now;
    if (this.#open.length === 0) return this.#begin(now, voices);
    const news: Voice[] = [];
    const shares = this.#share(voices, news);
    const silent = new Set(voices.filter(isMissing).map(({ tag }) => tag));
    const told: EpisodeBody[] = [];
    for (const [place, cause] of [...this.#open].entries()) {
      told.push(...this.#go(cause, now, shares[place] ?? [], silent));
    }
    told.push(...this.#begin(now, news));
    return told;
  }

  /** Each voice to the oldest episode that is about the same; what is left to the newest while it grows, or to none. */
  #share(voices: readonly Voice[], news: Voice[]): readonly (readonly Voice[])[] {
    const shares = this.#open.map((): Voice[] => []);
    const newest = this.#open.length - 1;
    const stands = (this.#open[newest]?.unchangedS ?? 0) >= standsAfterS;
    const takesAll = !stands || this.#open.length >= openMax;
    // A model speaks of many tags at once: with whom it goes says the one that has most to do with it, which comes first.
    const models = new Map<string, number>();
    for (const voice of voices) {
      const { level, detector, score } = voice;
      let place = level === "model" ? models.get(detector) : undefined;
      place ??= this.#open.findIndex(({ about }) => isOf(about, voice));
      if (level === "model") models.set(detector, place);
      const owner = this.#open[place];
      if (owner === undefined && !takesAll) news.push(voice);
      // What is only near its limit belongs to an episode when it has been beyond.
      else if (score >= 1 || owner?.about.has(keyOf(voice)) === true) {
        shares[owner === undefined ? newest : place]?.push(voice);
      }
    }
    return shares;
  }

  #go(
    cause: Cause,
    { nowUs, dtS, gain, judged }: EpisodesStep,
    own: readonly Voice[],
    silent: ReadonlySet<string>,
  ): readonly EpisodeBody[] {
    const { track, about } = cause;
    const fused = fuse(own);
    const over = (fused?.score ?? 0) < offShare;
    const isSilence = track.open?.class === "missing";
    // What is off, or says nothing, has not got well by that; but what was missing is there again.
    const hidden = [...about.keys()].some((key) => silent.has(key));
    const blind = over && !isSilence && (!judged || hidden);
    const told = track.step({ nowUs, fused, persistent: false, gain, blind });
    if (track.open === undefined) return this.#ended(cause, told);
    if (!blind) cause.unchangedS += dtS;
    for (const voice of own) if (voice.score >= 1) attend(cause, voice);
    const speaking = new Set(own.filter(({ score }) => score >= offShare).map(keyOf));
    for (const [key, wellS] of about) {
      const unknown = !key.startsWith(missingOf("")) && (!judged || silent.has(key));
      if (speaking.has(key)) about.set(key, 0);
      else if (!unknown && wellS + dtS >= wellAfterS) about.delete(key);
      else if (!unknown) about.set(key, wellS + dtS);
    }
    return told === undefined ? [] : [told];
  }

  #begin({ nowUs, gain }: EpisodesStep, voices: readonly Voice[]): readonly EpisodeBody[] {
    const loud = voices.filter(({ score }) => score >= 1);
    if (loud.length === 0) return [];
    const certain = loud.some(({ level }) => level === "limit");
    const told = this.#next.step({
      nowUs,
      fused: fuse(voices),
      persistent: voices.some(({ persistent }) => persistent),
      // The budget holds for what may be wrong: a limit that a person has set, or a missing value, is what it is.
      gain: certain ? 1 : gain,
      blind: false,
    });
    if (told === undefined) return [];
    const cause: Cause = { track: this.#next, about: new Map(), unchangedS: 0, size: 0 };
    for (const voice of loud) attend(cause, voice);
    this.#open = [...this.#open, cause];
    this.#next = new EpisodeTrack();
    this.#next.resume(undefined, cause.track.endedUs);
    return [told];
  }

  #ended(cause: Cause, told: EpisodeBody | undefined): readonly EpisodeBody[] {
    this.#open = this.#open.filter((other) => other !== cause);
    this.#next.resume(undefined, cause.track.endedUs);
    return told === undefined ? [] : [told];
  }
}

/** That a value is not there is another thing than what it was. */
function keyOf(voice: Voice): string {
  return isMissing(voice) ? missingOf(voice.tag) : voice.tag;
}

function missingOf(tag: string): string {
  return `no value: ${tag}`;
}

function tagOf(key: string): string {
  const prefix = missingOf("");
  return key.startsWith(prefix) ? key.slice(prefix.length) : key;
}

function isMissing({ class: kind }: Voice): boolean {
  return kind === "missing";
}

/** The same tag, or one that is judged against a tag that is off itself. */
function isOf(about: ReadonlyMap<string, number>, voice: Voice): boolean {
  if (about.has(keyOf(voice))) return true;
  return !isMissing(voice) && voice.reference !== undefined && about.has(voice.reference);
}

function attend(cause: Cause, voice: Voice): void {
  const key = keyOf(voice);
  const known = cause.about.has(key);
  cause.about.set(key, 0);
  // Of what is missing or rests, the score is how long it has done so, which is no growth.
  const hasSize = voice.class !== "missing" && voice.class !== "flat-line";
  const grew = hasSize && voice.score > growth * cause.size;
  if (grew) cause.size = voice.score;
  if (grew || !known) cause.unchangedS = 0;
}
