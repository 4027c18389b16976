/**
 * Transitions on their way into the journal, in their order. What is shown is what is kept, so a power cut never takes back
 * what somebody has seen. Only when the journal refuses are they shown all the same: an alarm that nobody sees is worse.
 */
import { Backoff, type Clock, type Log, type Random } from "@millwright/kit";
import type { NewEvent } from "@millwright/wire-contract/events";

import type { EventBook, SavedState } from "../../hand-over.ts";
import type { AlarmRecord } from "./alarm-record.ts";

export interface Transition {
  /** Place of the alarm; -1 for what is only noted. */
  readonly place: number;
  readonly event: NewEvent & { readonly kind: "alarm" };
  /** The alarm after it. */
  readonly record: AlarmRecord | undefined;
}

export interface AlarmKeepingOptions {
  readonly book: EventBook;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** What to save with the transitions that go now. */
  readonly saved: (going: readonly Transition[]) => SavedState;
  /** They are on disk. */
  readonly kept: (transitions: readonly Transition[]) => void;
  /** They are on disk; or the journal has no room for them, and then they are better seen than hidden. */
  readonly show: (transitions: readonly Transition[]) => void;
}

/** So many go in one commit: a storm of a thousand is then two. */
const atOnceMax = 500;
/**
 * With the journal refusing for so long that this many wait, older ones of an alarm go for its newest: some 10 MB, and more
 * than a thousand alarms that come and go for as long as anybody bears it.
 */
const waitingMax = 20_000;

export class AlarmKeeping {
  readonly #options: AlarmKeepingOptions;
  readonly #backoff: Backoff;
  #waiting: Transition[] = [];
  /** So many of the first that wait are shown already. */
  #shown = 0;
  #asked = 0;
  #done = 0;
  #running: Promise<void> | undefined;
  #stopped = new AbortController();
  #waiters: { readonly at: number; readonly resolve: () => void }[] = [];

  constructor(options: AlarmKeepingOptions) {
    this.#options = options;
    this.#backoff = new Backoff(100, 5_000, options.random);
  }

  push(transition: Transition): void {
    if (this.#waiting.length >= waitingMax) this.#fold(transition.place);
    this.#waiting.push(transition);
    this.#asked += 1;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
  }

  /** Resolves when all that was pushed until now is on disk. */
  async settled(): Promise<void> {
    const at = this.#asked;
    if (this.#done >= at) return;
    await new Promise<void>((resolve) => {
      this.#waiters.push({ at, resolve });
    });
  }

  /** What waits goes; unless the journal refuses until `deadline` aborts. */
  async stop(deadline: AbortSignal): Promise<void> {
    const end = (): void => {
      this.#stopped.abort();
    };
    deadline.addEventListener("abort", end, { once: true });
    if (deadline.aborted) end();
    await this.#running;
    deadline.removeEventListener("abort", end);
  }

  async #run(): Promise<void> {
    const { book, clock, log, saved, kept, show } = this.#options;
    let refusedMs: number | undefined;
    // What comes in this turn of the event loop goes together.
    await Promise.resolve();
    while (this.#waiting.length > 0 && !this.#stopped.signal.aborted) {
      const going = this.#waiting.slice(0, atOnceMax);
      try {
        const keeping = book.keep(going.map(({ event }) => event));
        book.saveState("alarms", saved(going));
        await keeping;
        this.#waiting.splice(0, going.length);
        kept(going);
        this.#backoff.succeeded();
        if (refusedMs !== undefined) {
          log.info("alarms.kept-again", { refusedForMs: clock.monotonicMs() - refusedMs });
          refusedMs = undefined;
        }
        show(going.slice(this.#shown));
        this.#shown = 0;
        this.#count(going.length);
      } catch (failure) {
        if (refusedMs === undefined) {
          refusedMs = clock.monotonicMs();
          log.error("alarms.not-kept", { waiting: this.#waiting.length, failure: String(failure) });
        }
        show(going.slice(this.#shown));
        this.#shown = going.length;
        await clock.sleep(this.#backoff.nextMs(), this.#stopped.signal).catch(() => undefined);
      }
    }
  }

  #count(kept: number): void {
    this.#done += kept;
    const due = this.#waiters.filter(({ at }) => at <= this.#done);
    this.#waiters = this.#waiters.filter(({ at }) => at > this.#done);
    for (const { resolve } of due) resolve();
  }

  /** Those that are under way stay, and those that somebody waits for. */
  #fold(place: number): void {
    const before = this.#waiting.length;
    this.#waiting = this.#waiting.filter(
      ({ place: of, event }, at) =>
        at < atOnceMax ||
        of !== place ||
        event.body.asked !== undefined ||
        event.body.note !== undefined,
    );
    const folded = before - this.#waiting.length;
    this.#count(folded);
    if (folded > 0) this.#options.log.error("alarms.transitions-folded", { folded });
  }
}
