import type { Clock, Random } from "@millwright/kit";
import { pause } from "./pause.ts";

/** What a network does to messages, from the seed. */
export interface Weather {
  /** Slowest way of a message, ms; each takes between 0 and this. */
  readonly latencyMs: number;
  /** Share of messages that are lost on the way. */
  readonly lost: number;
  /** Share of messages that the broker delivers to the hub twice. */
  readonly doubled: number;
}

/** One direction of a connection: messages arrive late, in their order, or not at all. */
export class Line {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #weather: Weather;
  readonly #open: () => boolean;
  #lastMs = 0;

  /** @param open asked when a message is sent and again when it arrives */
  constructor(clock: Clock, random: Random, weather: Weather, open: () => boolean) {
    this.#clock = clock;
    this.#random = random;
    this.#weather = weather;
    this.#open = open;
  }

  send(arrive: () => void): void {
    const { latencyMs, lost } = this.#weather;
    const lateMs = this.#random.next() * latencyMs;
    const isLost = this.#random.next() < lost;
    if (isLost || !this.#open()) return;
    const nowMs = this.#clock.monotonicMs();
    this.#lastMs = Math.max(this.#lastMs, nowMs + lateMs);
    void pause(this.#clock, this.#lastMs - nowMs).then(() => {
      if (this.#open()) arrive();
    });
  }
}
