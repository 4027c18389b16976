/** Notes when gateways are heard and when not, and up to when the hub was there to hear them. */
import { aborted, BoundedQueue, messageChain, type Clock, type Log } from "@millwright/kit";

import { Expiry } from "../expiry.ts";
import {
  presenceChanges,
  type NotedState,
  type PresenceChange,
  type Standing,
} from "./presence-changes.ts";

/** Where it is kept. */
export interface PresenceShelf {
  /** The newest state of each gateway. */
  newest(): Promise<ReadonlyMap<string, NotedState>>;
  /** @returns the number of a new run of the hub */
  beginRun(startedUs: number): Promise<number>;
  /** Both or neither: a run is whole up to `untilUs`. */
  keep(run: number, changes: readonly PresenceChange[], untilUs: number): Promise<void>;
  /** Lets go what is older, and of each gateway what is more than it may have. @returns how many rows went */
  expire(beforeUs: number, perGatewayMax: number, nowUs: number): Promise<number>;
}

export interface PresenceBookOptions {
  readonly shelf: PresenceShelf;
  readonly standings: () => Iterable<Standing>;
  readonly silentAfterUs: number;
  readonly keepDays: number;
  readonly clock: Clock;
  readonly log: Log;
}

/** As often as silence is judged. */
const lookEveryMs = 1_000;
/** After a hub that was killed the time line says that it was away so much longer at most. */
const keepEveryUs = 10_000_000;
/**
 * Changes that wait for a database that does not answer: some for each gateway of a large fleet. Beyond them a gateway is judged
 * again once there is room, and only how it is then is noted.
 */
const waitingMax = 20_000;
/** A gateway that comes and goes with every silence has so many in a day. */
const perGatewayMax = 5_000;

export class PresenceBook {
  readonly #options: PresenceBookOptions;
  readonly #expiry: Expiry;
  readonly #noted: Map<string, NotedState>;
  readonly #run: number;
  readonly #startedUs: number;
  readonly #waiting = new BoundedQueue<PresenceChange>(waitingMax);
  #keptUs: number;
  #isFailing = false;

  private constructor(
    options: PresenceBookOptions,
    noted: ReadonlyMap<string, NotedState>,
    run: number,
    startedUs: number,
  ) {
    const { shelf, keepDays, clock, log } = options;
    this.#options = options;
    this.#expiry = new Expiry({
      ...{ keepDays, clock },
      expire: (beforeUs, nowUs) => shelf.expire(beforeUs, perGatewayMax, nowUs),
      gone: (presences) => {
        log.info("time-line.presences-expired", { presences });
      },
      failed: (reason) => {
        log.warn("time-line.presences-not-expired", { reason });
      },
    });
    this.#noted = new Map(noted);
    this.#run = run;
    this.#startedUs = startedUs;
    this.#keptUs = startedUs;
  }

  /** Begins a run of the hub: from now on it listens. */
  static async open(options: PresenceBookOptions): Promise<PresenceBook> {
    const startedUs = options.clock.nowUs();
    const noted = await options.shelf.newest();
    const run = await options.shelf.beginRun(startedUs);
    return new PresenceBook(options, noted, run, startedUs);
  }

  /** Since when this hub listens: it is whole up to now, whatever is kept of it. */
  get startedUs(): number {
    return this.#startedUs;
  }

  /** Until `signal` aborts; then it keeps what there is, so that the hub is away from its stop on. */
  async watch(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    const stopped = aborted(signal);
    while (!signal.aborted) {
      await this.look(false);
      await this.#expiry.lookWhenDue();
      await Promise.race([stopped, clock.sleep(lookEveryMs, signal).catch(() => undefined)]);
    }
    await this.look(true);
  }

  /** @param now keep it also where nothing has changed */
  async look(now: boolean): Promise<void> {
    const { standings, silentAfterUs, clock } = this.#options;
    const nowUs = clock.nowUs();
    const run = { startedUs: this.#startedUs, nowUs, silentAfterUs };
    for (const change of presenceChanges(this.#noted, standings(), run)) {
      if (!this.#waiting.offer(change)) break;
      this.#noted.set(change.gateway, change.state);
    }
    // A clock that was set back is due, too.
    const isDue = Math.abs(nowUs - this.#keptUs) >= keepEveryUs;
    if (now || isDue || this.#waiting.size > 0) await this.#keep(nowUs);
  }

  async #keep(nowUs: number): Promise<void> {
    const { shelf, log } = this.#options;
    const changes = this.#waiting.drain();
    try {
      await shelf.keep(this.#run, changes, nowUs);
      this.#keptUs = nowUs;
      if (this.#isFailing) log.info("time-line.kept-again", {});
      this.#isFailing = false;
    } catch (failure) {
      for (const change of changes) this.#waiting.push(change);
      if (!this.#isFailing) log.warn("time-line.not-kept", { reason: messageChain(failure) });
      this.#isFailing = true;
    }
  }
}
