import type { Clock, Log } from "@millwright/kit";
import type { HubLink } from "@millwright/wire-contract";

import type { Outbox } from "../hand-over.ts";

/** Older than this the oldest waiting frame makes the link "behind" (wire contract, `Presence`). */
const behindMs = 10_000;

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
    /** When the hub said something last, µs; asked once both sides have met. */
    readonly heardUs: () => number;
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
    // That a cable is out shows when pings stay open, half a minute later; the hub has been away since it was last heard.
    this.#sinceUs = state === "unreachable" ? Math.min(nowUs, this.#options.heardUs()) : nowUs;
  }

  #stateNow(): HubLink["state"] {
    if (!this.#options.greeted()) return "unreachable";
    return this.#behindMs() > behindMs ? "behind" : "in sync";
  }

  #behindMs(): number {
    const { oldestSealedUs } = this.#options.outbox.waiting();
    if (oldestSealedUs === 0) return 0;
    return Math.max(0, (this.#options.clock.nowUs() - oldestSealedUs) / 1_000);
  }
}
