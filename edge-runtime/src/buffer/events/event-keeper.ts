import {
  toEventLine,
  toEventRecord,
  type EventLine,
  type EventRecord,
  type NewEvent,
} from "@millwright/wire-contract/events";
import type { Clock } from "@millwright/kit";

import type { EventBook, EventQuery, SavedState } from "../../hand-over.ts";
import { JournalBroken } from "../faults.ts";
import { Percentiles } from "../percentiles.ts";
import { EventsFull } from "./event-faults.ts";
import { assertFits } from "./event-lines.ts";
import type { EventDraft, EventsKept } from "./journal-events.ts";

/** In a storm commits of events follow each other by so much and are shared: 25 a second are what a card bears. */
const commitEveryMs = 40;
/**
 * After a rest so many may follow each other without a pause: what happens a few times in a moment, as a machine whose tags
 * come with several polls, waits for the disk alone. They are made up for: a minute holds no more than 25 a second and these.
 */
const atOnceMax = 5;
/** What waits in memory, beyond any storm that has a cause: 200 s of a thousand in 10 s. */
const waitingMax = 20_000;
/** With one commit: half a second of JSON at worst, some milliseconds of what events usually say. */
const groupMax = 2_000;
/** Made once: without a reason each abort makes one with a stack of its own, and timers are set anew with each event of a storm. */
const disarmed = new Error("disarmed");
/** Of so many commits it is known how long was waited for them. At the start a gateway says much at once: it is not for long. */
const waitsKept = 128;

interface Waiting {
  /** Monotonic. */
  readonly sinceMs: number;
  readonly events: readonly NewEvent[];
  readonly drafts: readonly EventDraft[];
  readonly resolve: (records: readonly EventRecord[]) => void;
  readonly reject: (failure: unknown) => void;
}

/** What the keeper needs of the journal that it is part of. */
export interface EventStore {
  keep(drafts: readonly EventDraft[], states: ReadonlyMap<string, string>): Promise<EventsKept>;
  list(query: EventQuery): Promise<readonly EventLine[]>;
}

/** The half of the event book that lives with its callers: gathers what is kept at the same time, and tells who listens. */
export class EventKeeper implements EventBook {
  readonly #clock: Clock;
  readonly #store: EventStore;
  /** How long a state without an event may wait for one. */
  readonly #statesEveryMs: number;
  readonly #states: Map<string, string>;
  /** Saved, and not on disk yet. */
  #dirty = new Map<string, string>();
  #waiting: Waiting[] = [];
  #waitingCount = 0;
  readonly #listeners = new Set<(events: readonly EventRecord[]) => void>();
  /** The longest of each commit. */
  readonly #waitMs = new Percentiles(waitsKept);
  #lastMs = -Infinity;
  /** The next commit of events is no earlier. Lies behind now by what may follow without a pause. */
  #nextMs = -Infinity;
  #dueMs = Infinity;
  #timer: AbortController | undefined;
  #committing: Promise<void> | undefined;
  #ended = false;

  /** @param states JSON by part, as the journal has it */
  constructor(
    clock: Clock,
    store: EventStore,
    states: ReadonlyMap<string, string>,
    statesEveryMs: number,
  ) {
    this.#clock = clock;
    this.#store = store;
    this.#states = new Map(states);
    this.#statesEveryMs = statesEveryMs;
  }

  /** From being handed in to the disk: of the newest commits, the longest wait in each. */
  get waitP99Ms(): number {
    return this.#waitMs.at(0.99);
  }

  async keep(events: readonly NewEvent[]): Promise<readonly EventRecord[]> {
    const drafts = events.map((event) => toEventLine(event, 0));
    for (const draft of drafts) assertFits(draft);
    if (events.length === 0) return [];
    if (this.#ended) throw new JournalBroken("keeping an event");
    if (this.#waitingCount + events.length > waitingMax) {
      throw new EventsFull(`${this.#waitingCount} events wait for the disk already`);
    }
    this.#waitingCount += events.length;
    const sinceMs = this.#clock.monotonicMs();
    const kept = new Promise<readonly EventRecord[]>((resolve, reject) => {
      this.#waiting.push({ sinceMs, events, drafts, resolve, reject });
    });
    this.#commitBy(Math.max(sinceMs, this.#nextMs));
    return kept;
  }

  async list(query: EventQuery): Promise<readonly EventRecord[]> {
    const lines = await this.#store.list(query);
    return lines.flatMap((line) => toEventRecord(line) ?? []);
  }

  saveState(part: string, state: SavedState): void {
    const json = JSON.stringify(state);
    this.#states.set(part, json);
    this.#dirty.set(part, json);
    this.#commitBy(this.#clock.monotonicMs() + this.#statesEveryMs);
  }

  state(part: string): SavedState | undefined {
    const json = this.#states.get(part);
    return json === undefined ? undefined : (JSON.parse(json) as SavedState);
  }

  onKept(listener: (events: readonly EventRecord[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Everything handed in so far is on disk, or refused, when it resolves. */
  async flush(): Promise<void> {
    while (this.#committing !== undefined) await this.#committing;
    // What others hand in meanwhile is not waited for.
    for (let turn = 0; turn <= waitingMax / groupMax && !this.#ended; turn++) {
      if (this.#waiting.length === 0 && this.#dirty.size === 0) return;
      await this.#commitOnce();
    }
  }

  /** Nothing more is kept. */
  end(): void {
    this.#ended = true;
    this.#timer?.abort(disarmed);
    for (const { reject } of this.#waiting) reject(new JournalBroken("keeping an event"));
    this.#waiting = [];
  }

  #commitBy(dueMs: number): void {
    if (this.#ended || dueMs >= this.#dueMs) return;
    this.#dueMs = dueMs;
    if (this.#committing === undefined) this.#arm();
  }

  #arm(): void {
    this.#timer?.abort(disarmed);
    const waitMs = this.#dueMs - this.#clock.monotonicMs();
    if (waitMs === Infinity || this.#ended) return;
    const timer = new AbortController();
    this.#timer = timer;
    // Whoever keeps events and then saves what follows from them, without a pause, finds both in one transaction.
    const due = waitMs <= 0 ? soon(timer.signal) : this.#clock.sleep(waitMs, timer.signal);
    due.then(
      () => this.#commitOnce(),
      () => undefined,
    );
  }

  /** Never rejects: who waits is told. */
  #commitOnce(): Promise<void> {
    this.#timer?.abort(disarmed);
    this.#dueMs = Infinity;
    this.#lastMs = this.#clock.monotonicMs();
    const restedMs = this.#lastMs - (atOnceMax - 1) * commitEveryMs;
    this.#nextMs = Math.max(this.#nextMs, restedMs) + commitEveryMs;
    const work = this.#write();
    this.#committing = work.then(() => {
      this.#committing = undefined;
      if (this.#waiting.length > 0) this.#commitBy(this.#nextMs);
      if (this.#dirty.size > 0) this.#commitBy(this.#lastMs + this.#statesEveryMs);
      if (this.#dueMs !== Infinity) this.#arm();
    });
    return work;
  }

  async #write(): Promise<void> {
    const group = this.#take();
    const states = this.#dirty;
    this.#dirty = new Map();
    let kept: EventsKept;
    try {
      kept = await this.#store.keep(
        group.flatMap(({ drafts }) => drafts),
        states,
      );
    } catch (failure) {
      for (const { reject } of group) reject(failure);
      return;
    }
    if (kept.kind === "full") {
      // The states of now go with a later commit; of one that was saved meanwhile that one counts.
      this.#dirty = new Map([...states, ...this.#dirty]);
      for (const { reject } of group) reject(new EventsFull());
      return;
    }
    const [oldest] = group;
    if (oldest !== undefined) this.#waitMs.add(this.#clock.monotonicMs() - oldest.sinceMs);
    let number = kept.firstNumber;
    for (const { events, resolve } of group) {
      const records = events.map((event) => ({ ...event, number: number++ }));
      for (const listener of this.#listeners) listener(records);
      resolve(records);
    }
  }

  #take(): Waiting[] {
    let count = 0;
    let taken = 0;
    while (taken < this.#waiting.length && (taken === 0 || count < groupMax)) {
      count += this.#waiting[taken]?.events.length ?? 0;
      taken++;
    }
    this.#waitingCount -= count;
    return this.#waiting.splice(0, taken);
  }
}

async function soon(signal: AbortSignal): Promise<void> {
  await Promise.resolve();
  signal.throwIfAborted();
}
