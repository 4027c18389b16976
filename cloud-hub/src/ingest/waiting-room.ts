/** What has come and nobody has taken yet. Those who bring wait while it is full, those who take while it is empty. */
import { race } from "@millwright/kit";

export class WaitingRoom<Thing> {
  readonly #things: Thing[] = [];
  readonly #most: number;
  /** Of those who wait now; absent while nobody does. */
  #arrival: PromiseWithResolvers<void> | undefined;
  #departure: PromiseWithResolvers<void> | undefined;

  /** @param most with more than these nobody brings anything; each of those who bring may have looked just before */
  constructor(most: number) {
    this.#most = most;
  }

  put(thing: Thing): void {
    this.#things.push(thing);
    this.#arrival?.resolve();
    this.#arrival = undefined;
  }

  /** The one that has waited longest. */
  take(): Thing | undefined {
    const thing = this.#things.shift();
    if (this.#things.length <= this.#most) {
      this.#departure?.resolve();
      this.#departure = undefined;
    }
    return thing;
  }

  /** Resolves when something is there. Rejects with the reason of `signal` when it aborts before. */
  async filled(signal: AbortSignal): Promise<void> {
    while (this.#things.length === 0) {
      this.#arrival ??= Promise.withResolvers();
      await race(this.#arrival.promise, signal);
    }
  }

  /** Resolves when there is room for more. Rejects with the reason of `signal` when it aborts before. */
  async roomy(signal: AbortSignal): Promise<void> {
    while (this.#things.length > this.#most) {
      this.#departure ??= Promise.withResolvers();
      await race(this.#departure.promise, signal);
    }
  }
}
