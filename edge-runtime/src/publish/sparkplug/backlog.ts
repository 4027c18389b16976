/**
 * What the node owes: it reads the journal from where it is, counts, gives up what waited for too long, and remembers how far
 * it has come.
 */
import { createHash } from "node:crypto";

import { messageChain, type Clock, type Log } from "@millwright/kit";
import type { SampleColumns } from "@millwright/wire-contract";

import type { EventBook, KeptFeed } from "../../hand-over.ts";
import {
  backTo,
  beginAt,
  broken,
  counted,
  deliveredTo,
  fromSaved,
  givenUpTo,
  goOn,
  toSaved,
  waitingOf,
  type Delivery,
} from "./delivery.ts";
import { Replay } from "./replay.ts";

/** As the part is called in the journal. */
const part = "sparkplug";
/** What a kill makes be told once more; each time it is kept costs a page of the disk (field practice 73). */
const saveEveryMs = 10_000;
/** What is too old to be told is looked for so often while nobody listens. */
const giveUpEveryMs = 60_000;
const hourUs = 3_600_000_000;
const everything = Number.MAX_SAFE_INTEGER;

export interface BacklogParts {
  readonly feed: KeptFeed;
  readonly book: Pick<EventBook, "state" | "saveState">;
  /** Dictionary indices of the tags that are told. */
  readonly tags: readonly number[];
  readonly storeAndForwardHours: number;
  /** So much of what was told may not have been heard, ms. */
  readonly replayMs: number;
  readonly clock: Clock;
  readonly log: Log;
}

/** Samples to be told, in their order. */
export interface Piece {
  readonly columns: SampleColumns;
  /** They were kept before the running birth. */
  readonly historical: boolean;
  /** Place of the journal behind them. */
  readonly toId: number;
}

export class Backlog {
  readonly #parts: BacklogParts;
  readonly #wanted: Uint8Array;
  readonly #replay: Replay;
  #delivery: Delivery = beginAt(0, "");
  /** What was kept up to this place was kept before the running birth. */
  #historyTo = 0;
  #savedMs = -Infinity;
  #gaveUpMs = -Infinity;
  #lostSaid = 0;

  constructor(parts: BacklogParts) {
    this.#parts = parts;
    this.#wanted = new Uint8Array(parts.tags.reduce((most, tag) => Math.max(most, tag), 0) + 1);
    for (const tag of parts.tags) this.#wanted[tag] = 1;
    this.#replay = new Replay(parts.replayMs);
  }

  get delivery(): Delivery {
    return this.#delivery;
  }

  /** Goes on where the run before was; at the end of the journal, when there was none. */
  async start(): Promise<void> {
    const { feed, book, tags } = this.#parts;
    const saved = fromSaved(book.state(part));
    const names = hashOf(tags);
    this.#delivery = saved === undefined ? beginAt(await feed.head(), names) : goOn(saved, names);
    this.#lostSaid = this.#delivery.lost;
    await feed.hold(this.#delivery.deliveredTo);
  }

  connecting(bdSeq: number): void {
    this.#delivery = { ...this.#delivery, bdSeq };
    this.save();
  }

  /** Nobody listens: what comes is counted, and what waited for too long is not told any more. */
  async wait(stop: AbortSignal): Promise<void> {
    await this.#count(everything, stop);
    await this.#giveUp(stop);
  }

  /** A birth says what holds now: what was kept up to here is the past. */
  async born(stop: AbortSignal): Promise<void> {
    this.#historyTo = await this.#parts.feed.head();
    await this.#count(this.#historyTo, stop);
    this.#note();
  }

  /** Without store and forward what was kept before the birth is not told. */
  forget(): void {
    this.#delivery = givenUpTo(this.#delivery, this.#historyTo, waitingOf(this.#delivery));
    this.#sayLost();
  }

  /** What is to be told next; undefined when there is nothing. */
  async next(): Promise<Piece | undefined> {
    const { feed, log } = this.#parts;
    const { deliveredTo: at, countedTo } = this.#delivery;
    const historical = at < this.#historyTo;
    const known = at < countedTo;
    const toId = historical ? this.#historyTo : known ? countedTo : everything;
    const { columns, gap, toId: read } = await feed.read(at, toId, this.#wanted);
    if (gap && known) log.warn("publish.history-gone", { waiting: waitingOf(this.#delivery) });
    // Nothing is left up to a place that was counted: the journal has let it go.
    const reached = read === at && known ? toId : read;
    if (reached === at) return undefined;
    if (!known) this.#delivery = counted(this.#delivery, reached, columns.count);
    return { columns, historical, toId: reached };
  }

  /** The broker has proven that it had the piece. */
  told({ columns, toId }: Piece): void {
    this.#delivery = deliveredTo(this.#delivery, toId, columns.count);
    this.#note();
    this.#sayLost();
  }

  /** What was told last may not have been heard. */
  goBack(): void {
    const told = this.#replay.back(this.#parts.clock.monotonicMs());
    if (told !== undefined) this.#delivery = backTo(this.#delivery, told);
    this.save();
  }

  saveNowAndThen(): void {
    if (this.#parts.clock.monotonicMs() - this.#savedMs >= saveEveryMs) this.save();
  }

  save(): void {
    const { book, clock, feed, log } = this.#parts;
    this.#savedMs = clock.monotonicMs();
    book.saveState(part, toSaved(this.#delivery));
    const from = Math.min(this.#delivery.deliveredTo, this.#replay.from ?? Infinity);
    feed.hold(from).catch((failure: unknown) => {
      // The journal has ended, and holds what it holds.
      log.warn("publish.not-held", { why: messageChain(failure) });
    });
  }

  #note(): void {
    this.#replay.note(this.#delivery, this.#parts.clock.monotonicMs());
  }

  /** Counts what is owed, up to a place. */
  async #count(toId: number, stop: AbortSignal): Promise<void> {
    const { feed, log } = this.#parts;
    while (this.#delivery.countedTo < toId && !stop.aborted) {
      const at = this.#delivery.countedTo;
      const slice = await feed.read(at, toId, this.#wanted);
      if (slice.gap) {
        // The node was not there while the gateway worked on: nobody knows what was kept meanwhile.
        log.warn("publish.history-unknown", { waiting: waitingOf(this.#delivery) });
        this.#delivery = broken(this.#delivery, await feed.head());
        return;
      }
      if (slice.toId === at) return;
      this.#delivery = counted(this.#delivery, slice.toId, slice.columns.count);
    }
  }

  async #giveUp(stop: AbortSignal): Promise<void> {
    const { feed, clock, storeAndForwardHours } = this.#parts;
    const nowMs = clock.monotonicMs();
    if (nowMs - this.#gaveUpMs < giveUpEveryMs) return;
    this.#gaveUpMs = nowMs;
    const beforeUs = clock.nowUs() - storeAndForwardHours * hourUs;
    while (this.#delivery.deliveredTo < this.#delivery.countedTo && !stop.aborted) {
      const { deliveredTo: at, countedTo } = this.#delivery;
      const slice = await feed.read(at, countedTo, this.#wanted);
      if (slice.toId === at || slice.sealedUs >= beforeUs) break;
      this.#delivery = givenUpTo(this.#delivery, slice.toId, slice.columns.count);
    }
    this.#sayLost();
  }

  #sayLost(): void {
    const { lost } = this.#delivery;
    if (lost === this.#lostSaid) return;
    this.#parts.log.warn("publish.lost", { samples: lost - this.#lostSaid, inAll: lost });
    this.#lostSaid = lost;
  }
}

/** Changes when other tags are published. */
function hashOf(tags: readonly number[]): string {
  const hash = createHash("sha256");
  for (const index of tags.toSorted((a, b) => a - b)) hash.update(`${index} `);
  return hash.digest("hex").slice(0, 16);
}
