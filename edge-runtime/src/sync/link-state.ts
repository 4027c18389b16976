import type { Clock, Log } from "@millwright/kit";
import type { HubLink } from "@millwright/wire-contract";

import type { Outbox } from "../hand-over.ts";

/** A moment, as people are told it, and for what must not depend on a clock that steps. */
export interface Heard {
  /** µs since 1970 UTC */
  readonly us: number;
  readonly monotonicMs: number;
}

/** Older than this the oldest waiting frame makes the link "behind" (wire contract, `Presence`). */
const behindMs = 10_000;

/**
 * The hub repeats its marks each second (no-loss protocol 6.6), so five of them were missed. A cable that was pulled ends no
 * connection: the client finds that out by two pings that stay open, up to half a minute later. Pinging sooner would cost bytes on
 * a metered link, and this costs none; a page gives up its gateway after the same time.
 */
const silentMs = 5_000;

/** What people see of the link: whether the hub is there, since when, and how far it is behind. */
export class LinkState {
  readonly #options;
  #state: HubLink["state"] = "unreachable";
  #sinceUs: number;

  constructor(options: {
    readonly outbox: Outbox;
    readonly clock: Clock;
    readonly log: Log;
    /** Both sides have met on the connection that there is. */
    readonly greeted: () => boolean;
    /** When the hub said something last, by both clocks; asked once both sides have met. */
    readonly heard: () => Heard;
    /** Another gateway has this name. */
    readonly fenced: () => boolean;
  }) {
    this.#options = options;
    this.#sinceUs = options.clock.nowUs();
  }

  get link(): HubLink {
    this.observe();
    const waiting = this.#options.outbox.waiting();
    return {
      state: this.#state,
      sinceUs: this.#sinceUs,
      waitingFrames: waiting.frames,
      waitingSamples: waiting.samples,
      behindMs: this.#behindMs(),
      ...(this.#options.fenced() ? { fenced: true } : {}),
    };
  }

  /** Says so when it has changed. */
  observe(): void {
    const state = this.#stateNow();
    if (state === this.#state) return;
    const nowUs = this.#options.clock.nowUs();
    this.#options.log.info("sync.link", {
      state,
      was: this.#state,
      afterMs: (nowUs - this.#sinceUs) / 1_000,
    });
    this.#state = state;
    // That it is away shows by its silence, and so later; it has been away since it was last heard.
    this.#sinceUs = state === "unreachable" ? Math.min(nowUs, this.#options.heard().us) : nowUs;
  }

  #stateNow(): HubLink["state"] {
    const { greeted, heard, clock } = this.#options;
    if (!greeted() || clock.monotonicMs() - heard().monotonicMs > silentMs) return "unreachable";
    return this.#behindMs() > behindMs ? "behind" : "in sync";
  }

  #behindMs(): number {
    const { oldestSealedUs } = this.#options.outbox.waiting();
    if (oldestSealedUs === 0) return 0;
    return Math.max(0, (this.#options.clock.nowUs() - oldestSealedUs) / 1_000);
  }
}
