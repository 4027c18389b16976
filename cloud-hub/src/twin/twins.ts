/** The twins of all gateways, in memory, fed by commits. After a start they are made again from the newest frames. */
import { BoundedQueue, type Clock, type Log, messageChain } from "@millwright/kit";
import type { ValueTable } from "@millwright/live-feed";
import {
  decodeSamples,
  type Beat,
  type Dictionary,
  type GatewayId,
  type SampleColumns,
} from "@millwright/wire-contract";

import { unrankedEpoch, type Commit, type FrameReader, type StoredFrame } from "../hand-over.ts";
import { ReportedTwin } from "./reported-twin.ts";

export interface TwinsOptions {
  readonly reader: FrameReader;
  readonly clock: Clock;
  readonly log: Log;
  /** A stored frame cannot be decoded after all. */
  undecodable(frame: StoredFrame, reason: string): void;
}

/**
 * Read back at a start, for each gateway: more than an hour at one frame a second. Tags that did not change for longer
 * come with the snapshot that a gateway sends after its hello.
 */
const framesAtStartMax = 5_000;
/** Frames that came before their dictionary. More than these, the newest are enough for current values. */
const pendingMax = 256;

interface Place {
  twin: ReportedTwin;
  /** The one in force: what its numbers mean is what the numbers of the twin mean. */
  dictionary: Dictionary | undefined;
  readonly dictionaries: Map<bigint, Dictionary>;
  readonly pending: BoundedQueue<StoredFrame>;
  /** Frames came whose epoch no hello had named: samples were left out, and which dictionary is in force is not sure. */
  unranked: boolean;
  /** The store did not answer what was asked of it: it is asked again with the next commit. */
  unread: boolean;
  work: Promise<void>;
}

export class Twins {
  readonly #options: TwinsOptions;
  readonly #places = new Map<string, Place>();
  readonly #listeners = new Set<(gateway: string, tags: readonly string[]) => void>();
  /** Ends the listening to each table, while anybody listens here. */
  readonly #listening = new Set<() => void>();
  /** The last of those that are made again. */
  #reloading: Promise<void> = Promise.resolve();

  constructor(options: TwinsOptions) {
    this.#options = options;
  }

  /** The current values of a gateway, undefined for one that has sent nothing. */
  table(gateway: string): ValueTable | undefined {
    return this.#places.get(gateway)?.twin.table;
  }

  dictionary(gateway: string): Dictionary | undefined {
    return this.#places.get(gateway)?.dictionary;
  }

  onChanged(listener: (gateway: string, tags: readonly string[]) => void): () => void {
    this.#listeners.add(listener);
    if (this.#listeners.size === 1) this.#listen();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.#listenNoMore();
    };
  }

  /** Makes one twin again. Commits that come meanwhile are taken too: order does not matter. */
  async load(gateway: GatewayId): Promise<void> {
    const { reader } = this.#options;
    const place = this.#placeOf(gateway);
    const newest = (await reader.newestDictionaries([gateway])).get(gateway);
    await this.#renewDictionary(gateway, place, newest);
    const frames = await reader.newestSamples(gateway, 0, framesAtStartMax);
    // Oldest first, so that "unchanged since" is right.
    for (const frame of frames.toReversed()) {
      const hash = frame.head.dictionary;
      if (!place.dictionaries.has(hash)) {
        const dictionary = await reader.dictionary(gateway, hash);
        if (dictionary !== undefined) remember(place, dictionary);
      }
      this.#apply(place, frame);
    }
  }

  take(commit: Commit): void {
    this.#takeDictionaries(commit.dictionaries);
    for (const frame of commit.stored) {
      if (frame.head.content === "samples") this.#apply(this.#placeOf(frame.head.gateway), frame);
    }
    for (const gateway of commit.touched) {
      const place = this.#places.get(gateway);
      if (place?.unread === true) this.#reload(gateway, place);
    }
  }

  /** Which of its dictionaries is in force is for the store to say: an old one may be delivered again. */
  #takeDictionaries(dictionaries: Commit["dictionaries"]): void {
    if (dictionaries.length === 0) return;
    const gateways = new Set<GatewayId>();
    for (const { gateway, dictionary, unranked } of dictionaries) {
      const place = this.#placeOf(gateway);
      remember(place, dictionary);
      place.unranked ||= unranked;
      gateways.add(gateway);
    }
    // One question for all: when a fleet comes back, each gateway brings one.
    const asked = this.#options.reader.newestDictionaries([...gateways]);
    // Who waits for it may still have other work, and it may fail before: each of them says so when it comes to it.
    asked.catch(() => undefined);
    for (const gateway of gateways) {
      const place = this.#placeOf(gateway);
      place.work = place.work
        .then(async () => this.#renewDictionary(gateway, place, (await asked).get(gateway)))
        .catch((failure: unknown) => {
          place.unread = true;
          this.#options.log.warn("twin.dictionary-not-read", {
            gateway,
            reason: messageChain(failure),
          });
        });
    }
  }

  /** The gateway has said hello, and its epochs are ranked: what had to wait for that is read back. */
  greeted(gateway: GatewayId): void {
    const place = this.#placeOf(gateway);
    if (!place.unranked) return;
    place.unranked = false;
    this.#reload(gateway, place);
  }

  /**
   * One gateway after the other, as at a start: a database that comes back owes a whole fleet, and ingest uses the same
   * connections.
   */
  #reload(gateway: GatewayId, place: Place): void {
    place.unread = false;
    const before = place.work;
    this.#reloading = this.#reloading
      .then(() => before)
      .then(() => this.load(gateway))
      .catch((failure: unknown) => {
        place.unread = true;
        this.#options.log.warn("twin.values-not-read", { gateway, reason: messageChain(failure) });
      });
    place.work = this.#reloading;
  }

  /** What a device proved all at once travels in the beat and not in frames. */
  beat(gateway: GatewayId, beat: Beat): void {
    this.#placeOf(gateway).twin.confirm(beat);
  }

  /** Waits for dictionaries that are being read. */
  async settled(): Promise<void> {
    await Promise.all([...this.#places.values()].map((place) => place.work));
  }

  async #renewDictionary(
    gateway: GatewayId,
    place: Place,
    newest: bigint | undefined,
  ): Promise<void> {
    if (newest === undefined) return;
    const dictionary =
      place.dictionaries.get(newest) ?? (await this.#options.reader.dictionary(gateway, newest));
    if (dictionary === undefined) return;
    remember(place, dictionary);
    if (place.dictionary !== undefined && !agrees(dictionary, place.dictionary)) {
      // Numbers mean other tags: the journal is another one, and what was known belongs to the old numbers.
      place.twin = this.#newTwin(gateway);
    }
    place.dictionary = dictionary;
    place.twin.know(dictionary);
    for (const frame of place.pending.drain()) this.#apply(place, frame);
  }

  #apply(place: Place, frame: StoredFrame): void {
    // Whether it is newer than what is shown cannot be known (N9): after a restore the broker brings frames of an epoch
    // that the database no longer knows.
    if (frame.epochRank === unrankedEpoch) {
      place.unranked = true;
      return;
    }
    const dictionary = place.dictionaries.get(frame.head.dictionary);
    if (dictionary === undefined || place.dictionary === undefined) {
      const { head, body, epochRank } = frame;
      place.pending.push({ head, body, epochRank });
      return;
    }
    if (!agrees(dictionary, place.dictionary)) return;
    let samples: SampleColumns;
    if (frame.samples === undefined) {
      const decoded = decodeSamples(frame.body, dictionary);
      if ("kind" in decoded) {
        this.#options.undecodable(frame, decoded.reason);
        return;
      }
      samples = decoded;
    } else {
      samples = frame.samples;
    }
    place.twin.apply(frame, samples);
  }

  #placeOf(gateway: GatewayId): Place {
    let place = this.#places.get(gateway);
    if (place === undefined) {
      place = {
        twin: this.#newTwin(gateway),
        dictionary: undefined,
        dictionaries: new Map(),
        pending: new BoundedQueue<StoredFrame>(pendingMax),
        unranked: false,
        unread: false,
        work: Promise.resolve(),
      };
      this.#places.set(gateway, place);
    }
    return place;
  }

  #newTwin(gateway: string): ReportedTwin {
    const twin = new ReportedTwin();
    if (this.#listeners.size > 0) this.#listenTo(gateway, twin);
    return twin;
  }

  /** Twins collect what changed only while somebody listens. */
  #listen(): void {
    for (const [gateway, { twin }] of this.#places) this.#listenTo(gateway, twin);
  }

  #listenTo(gateway: string, { table }: ReportedTwin): void {
    const stop = table.onChanged((tags) => {
      for (const listener of this.#listeners) listener(gateway, tags);
    });
    this.#listening.add(stop);
  }

  #listenNoMore(): void {
    for (const stop of this.#listening) stop();
    this.#listening.clear();
  }
}

const agreements = new WeakMap<Dictionary, WeakMap<Dictionary, boolean>>();

/** True when no number means two tags: both are then of one journal, where numbers are never used again. */
function agrees(a: Dictionary, b: Dictionary): boolean {
  if (a.hash === b.hash) return true;
  const known = agreements.get(a)?.get(b);
  if (known !== undefined) return known;
  const agreed = a.book.indices.every((index) => {
    const other = b.book.idOf(index);
    return other === undefined || other === a.book.idOf(index);
  });
  const row = agreements.get(a) ?? new WeakMap<Dictionary, boolean>();
  row.set(b, agreed);
  agreements.set(a, row);
  return agreed;
}

/** Tags change rarely; frames on the road name the newest two or three dictionaries. */
const dictionariesMax = 16;

function remember(place: Place, dictionary: Dictionary): void {
  place.dictionaries.delete(dictionary.hash);
  place.dictionaries.set(dictionary.hash, dictionary);
  for (const oldest of place.dictionaries.keys()) {
    if (place.dictionaries.size <= dictionariesMax) break;
    place.dictionaries.delete(oldest);
  }
}
