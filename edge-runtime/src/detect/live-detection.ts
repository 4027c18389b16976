import { setImmediate as nextTurn } from "node:timers/promises";

import { Detector, parseSaved, type EpisodeBody } from "@millwright/detection";
import { messageChain, type Clock, type Log, type Service } from "@millwright/kit";
import type {
  ContextEvent,
  Contribution,
  EventRecord,
  LabelEvent,
  NewEvent,
  Verdict,
} from "@millwright/wire-contract/events";
import type { TagDefinition } from "@millwright/wire-contract";

import type {
  AssetHealth,
  DetectionFeed,
  Episode,
  EpisodeDesk,
  EventBook,
  SampleBatch,
  SampleWatcher,
  SavedState,
  TagView,
} from "../hand-over.ts";
import { ContextWatch } from "./context-watch.ts";
import type { WatchedState } from "./models/bundle-watch.ts";
import { NamedEpisodes } from "./named-episodes.ts";
import { namesIn, parseSavedDetection, tracksOfBefore } from "./saved-detection.ts";
import { SavedEpisodes, type SavedAssetEpisodes } from "./saved-episodes.ts";
import type { AssetFile, DetectionFile } from "./settings.ts";
import { watchPlan } from "./watch-plan.ts";

/** Statistics step once a second: what they remember is counted in seconds. */
const stepMs = 1_000;
/** A crash costs the learning of so long. More often would write baselines all day: of 2,000 tags they are a megabyte. */
const saveEveryMs = 600_000;
/** Contexts of an asset after which what was learnt holds no longer (field practice 61). */
const resets: ReadonlySet<string> = new Set(["repair", "sensor-change", "calibration"]);
/** As every part names what it saves: what was learnt, and the episodes of all assets in one as programs of before saved them. */
const savedAs = "detection";
const savedTracksAs = "episodes";
const labels: Readonly<Record<Verdict, LabelEvent["label"]>> = {
  open: "unknown",
  confirmed: "fault",
  false: "no-fault",
  unknown: "unknown",
};

export interface DetectionParts {
  readonly assets: readonly AssetFile[];
  readonly detection: DetectionFile;
  readonly tagOf: (id: string) => TagDefinition | undefined;
  readonly current: TagView;
  readonly book: EventBook;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Detection of the running gateway: samples in, episodes, states and context out as events. Holds no sample up: what it does
 * with one takes some 20 ns, and everything else is done once a second.
 */
export class LiveDetection implements Service, SampleWatcher, EpisodeDesk, DetectionFeed {
  readonly name = "detection";
  readonly broken: Promise<never> = new Promise(() => undefined);
  readonly #parts: DetectionParts;
  readonly #detector: Detector;
  readonly #context: ContextWatch;
  readonly #episodes = new NamedEpisodes();
  readonly #savedEpisodes: SavedEpisodes;
  readonly #ids: ReadonlySet<string>;
  readonly #listeners = new Set<(asset: string) => void>();
  readonly #changed = new Set<string>();
  /** Assets whose episodes are not saved as they are now. */
  readonly #unsaved = new Set<string>();
  /** The state of each asset that was told last. */
  readonly #told = new Map<string, string>();
  readonly #end = new AbortController();
  #events: NewEvent[] = [];
  /** Of the events told last: rejects when they could not be kept. */
  #kept: Promise<unknown> = Promise.resolve();
  /** Of all so far; never rejects. */
  #keeping: Promise<unknown> = Promise.resolve();
  #loop: Promise<void> = Promise.resolve();
  #savedMs = 0;
  #stopListening: () => void = () => undefined;

  constructor(parts: DetectionParts) {
    this.#parts = parts;
    const { assets, detection, tagOf, clock, book } = parts;
    this.#ids = new Set(assets.map(({ id }) => id));
    this.#context = new ContextWatch(assets, tagOf);
    this.#savedEpisodes = new SavedEpisodes(book);
    this.#detector = new Detector(
      watchPlan(assets, detection, tagOf),
      {
        episode: (asset, body) => {
          this.#take(asset, body);
        },
        state: (asset, state, _before, atUs) => {
          this.#changed.add(asset);
          this.#tellState(asset, state, atUs);
        },
      },
      clock.nowUs(),
    );
    this.#restore(book.state(savedAs), book.state(savedTracksAs));
  }

  start(): Promise<void> {
    const { book, clock } = this.#parts;
    this.#savedMs = clock.monotonicMs();
    this.#stopListening = book.onKept((events) => {
      for (const event of events) this.#hear(event);
    });
    if (this.#ids.size > 0) this.#loop = this.#run();
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    this.#stopListening();
    this.#end.abort();
    await this.#loop;
    this.#flush(true);
    await this.#keeping;
  }

  watch(batch: SampleBatch): void {
    // A device's history says what was, and this is about now.
    if (batch.late || this.#ids.size === 0) return;
    this.#detector.take(batch, batch.receivedUs);
    if (this.#events.length > 0 || this.#changed.size > 0) this.#flush(false);
  }

  scored(
    asset: string,
    detector: string,
    atUs: number,
    score: number,
    contributions: readonly Contribution[],
  ): void {
    this.#detector.scored(asset, detector, atUs, score, contributions);
    if (this.#events.length > 0) this.#flush(false);
  }

  health(asset: string): AssetHealth | undefined {
    const status = this.#detector.status(asset);
    if (status === undefined) return undefined;
    const { state, sinceUs, settled, score, learnt } = status;
    // What came last is what nobody has looked at yet.
    const episode = this.#episodes.newestOf(asset);
    return {
      state: { asset, state, sinceUs, settled },
      score,
      learnt,
      ...(episode === undefined ? {} : { episode }),
    };
  }

  /** For those who judge windows by their own time, and not by that of the last look. */
  watchedState(asset: string): WatchedState | undefined {
    return this.#detector.status(asset);
  }

  assets(): readonly AssetHealth[] {
    return [...this.#ids].flatMap((id) => this.health(id) ?? []);
  }

  episodes(): readonly Episode[] {
    return this.#episodes.all();
  }

  async judge(
    id: string,
    verdict: Verdict,
    person: string,
    failureMode: string,
  ): Promise<Episode | undefined> {
    const known = await this.#find(id);
    if (known === undefined) return undefined;
    const { clock } = this.#parts;
    const { asset } = known;
    const nowUs = clock.nowUs();
    const episode = {
      ...known,
      event: { ...known.event, what: "verdict", verdict, person } as const,
    };
    this.#episodes.remember(episode);
    this.#unsaved.add(asset);
    const label = {
      fromUs: known.event.beginUs,
      toUs: known.event.endUs ?? nowUs,
      label: labels[verdict],
      failureMode,
      author: person,
      // Nobody knows better than who stands before the machine.
      sureness: verdict === "confirmed" || verdict === "false" ? 1 : 0,
      source: "episode",
      episode: id,
    } as const;
    this.#events.push(
      { kind: "episode", atUs: nowUs, asset, subject: id, body: episode.event },
      { kind: "label", atUs: nowUs, asset, subject: id, body: label },
    );
    if (verdict === "confirmed") this.#detector.confirm(known.event.beginUs);
    if (verdict === "false") {
      const tags = known.event.contributions.map(({ tag }) => tag);
      this.#detector.accept(asset, tags, nowUs);
    }
    // What was learnt is written where it has changed: of 2,000 tags it is a megabyte, and episodes are saved with what is told.
    this.#flush(verdict === "false");
    await this.#kept;
    return this.#episodes.find(id) ?? episode;
  }

  async resetBaselines(
    asset: string,
    reason: "repair" | "sensor-change" | "calibration",
    person: string,
    note: string,
  ): Promise<void> {
    const atUs = this.#parts.clock.nowUs();
    this.#events.push({
      ...{ kind: "context", atUs, asset, subject: `${reason} of ${asset}` },
      body: { what: "began", context: reason, value: note, person },
    });
    // Nothing is forgotten yet: that comes when it is kept, as for one that another part tells.
    this.#flush(false);
    await this.#kept;
  }

  onChanged(listener: (asset: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async #run(): Promise<void> {
    const { clock, current } = this.#parts;
    while (!this.#end.signal.aborted) {
      const waited = await clock.sleep(stepMs, this.#end.signal).then(
        () => true,
        () => false,
      );
      if (!waited) return;
      const nowUs = clock.nowUs();
      const parts = this.#detector.advanceInParts(nowUs, (tag) => current.confirmedUs(tag));
      // Samples and scores that come meanwhile are taken between two parts.
      while (parts.next().done !== true) await nextTurn();
      this.#events.push(...this.#context.look(current, nowUs));
      this.#flush(false);
    }
  }

  /** A state that is not known ends no interval: what is known next says whether it went on. */
  #tellState(asset: string, state: string, atUs: number): void {
    const before = this.#told.get(asset);
    if (state === "unknown" || state === before) return;
    const about = { kind: "context", atUs, asset, subject: `state of ${asset}` } as const;
    const bodyOf = (what: ContextEvent["what"], value: string): ContextEvent => ({
      what,
      context: "state",
      value,
    });
    if (before !== undefined) this.#events.push({ ...about, body: bodyOf("ended", before) });
    this.#events.push({ ...about, body: bodyOf("began", state) });
    this.#told.set(asset, state);
  }

  /** What the detector says becomes an event with a name of its own. */
  #take(asset: string, body: EpisodeBody): void {
    const { id, event } = this.#episodes.take(asset, body);
    this.#unsaved.add(asset);
    this.#changed.add(asset);
    const atUs = this.#parts.clock.nowUs();
    this.#events.push({ kind: "episode", atUs, asset, subject: id, body: event });
  }

  async #find(id: string): Promise<Episode | undefined> {
    const known = this.#episodes.find(id);
    if (known !== undefined) return known;
    const [record] = await this.#parts.book.list({ kind: "episode", subject: id, max: 1 });
    if (record?.kind !== "episode") return undefined;
    return { id, asset: record.asset, event: record.body };
  }

  /** A repair is told by whoever did it, here or elsewhere. */
  #hear(event: EventRecord): void {
    if (event.kind !== "context" || event.body.what !== "began") return;
    if (!resets.has(event.body.context) || !this.#ids.has(event.asset)) return;
    const { log, clock } = this.#parts;
    log.info("detect.learns-anew", { asset: event.asset, reason: event.body.context });
    this.#detector.forget(event.asset, clock.nowUs());
    this.#flush(true);
  }

  /** Tells what has happened, in order. @param save baselines, too */
  #flush(save: boolean): void {
    const { book, log, clock } = this.#parts;
    const events = this.#events;
    this.#events = [];
    const told = events.some(({ kind }) => kind === "episode");
    const due = clock.monotonicMs() - this.#savedMs >= saveEveryMs;
    if (this.#ids.size > 0 && (save || due)) {
      this.#savedMs = clock.monotonicMs();
      book.saveState(savedAs, this.#save());
      // Scores of those that last go on without a word, and what has ended weighs no longer.
      for (const asset of this.#episodes.assets) this.#unsaved.add(asset);
      for (const asset of this.#savedEpisodes.assets) this.#unsaved.add(asset);
    }
    if (this.#ids.size > 0 && (save || due || told)) this.#saveEpisodes();
    const changed = new Set([...this.#changed, ...events.map(({ asset }) => asset)]);
    this.#changed.clear();
    if (events.length > 0) {
      // In one transaction with what was saved above; the book keeps the order.
      this.#kept = book.keep(events);
      const kept = this.#kept.catch((failure: unknown) => {
        const reason = messageChain(failure);
        log.error("detect.events-not-kept", { count: events.length, reason });
      });
      this.#keeping = Promise.all([this.#keeping, kept]);
    }
    for (const asset of changed) for (const listener of this.#listeners) listener(asset);
  }

  #save(): SavedState {
    return {
      ...this.#episodes.names(),
      tracksApart: true,
      states: Object.fromEntries(this.#told),
      context: this.#context.save(),
      learnt: this.#detector.save() as unknown as SavedState,
    };
  }

  #saveEpisodes(): void {
    const head = { next: this.#episodes.next, begunUs: this.#detector.begunUs };
    this.#savedEpisodes.write(head, this.#unsaved, (asset): SavedAssetEpisodes | undefined => {
      const track = this.#detector.saveTrack(asset);
      return track === undefined ? undefined : { names: this.#episodes.namesOf(asset), track };
    });
    this.#unsaved.clear();
  }

  #restore(saved: SavedState | undefined, savedTracks: SavedState | undefined): void {
    const whole = parseSavedDetection(saved);
    if (whole === undefined) return;
    const { tracksApart, states, context, learnt } = whole;
    this.#context.restore(context);
    for (const [asset, state] of Object.entries(states)) this.#told.set(asset, state);
    const detection = parseSaved(learnt);
    if (detection === undefined) return;
    // A program of before saves all in one, and leaves what it finds apart as it was.
    const own = tracksApart ? this.#savedEpisodes.read() : undefined;
    // From now on by asset, all of them with the first that is told.
    if (own === undefined) for (const id of this.#ids) this.#unsaved.add(id);
    const apart = own ?? (tracksApart ? tracksOfBefore(savedTracks) : undefined);
    const { tracks, ...names } = apart ?? { ...namesIn(whole), tracks: undefined };
    this.#detector.restore(detection, tracks);
    this.#episodes.restore(names, (asset) => this.#detector.status(asset)?.lasting ?? []);
  }
}
