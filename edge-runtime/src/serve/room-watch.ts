/** How long the buffer has room, reckoned now and then, so that whoever looks at the link to the hub sees it beside. */
import type { Clock, Service } from "@millwright/kit";

/** A forecast of hours does not change in less, and each one is a question to the thread that writes. */
const reckonEveryMs = 10_000;

export class RoomWatch implements Service {
  readonly name = "room watch";
  readonly broken: Promise<never> = new Promise<never>(() => undefined);
  readonly #clock: Clock;
  readonly #reckon: () => Promise<{ readonly shedsInS: number }>;
  readonly #stopping = new AbortController();
  #watching: Promise<void> = Promise.resolve();
  #roomS: number | undefined;

  constructor(clock: Clock, reckon: () => Promise<{ readonly shedsInS: number }>) {
    this.#clock = clock;
    this.#reckon = reckon;
  }

  /** Seconds until samples are let go that the hub does not have, at the rates of now; absent while that is not known or never comes. */
  get roomS(): number | undefined {
    return this.#roomS;
  }

  start(): Promise<void> {
    this.#watching = this.#watch(this.#stopping.signal);
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error("the gateway stops"));
    await this.#watching;
  }

  async #watch(stop: AbortSignal): Promise<void> {
    for (;;) {
      try {
        await this.#clock.sleep(reckonEveryMs, stop);
      } catch {
        return;
      }
      // A journal that cannot answer has told so itself, and the runtime ends with it.
      const forecast = await this.#reckon().catch(() => undefined);
      const roomS = forecast?.shedsInS ?? Infinity;
      this.#roomS = Number.isFinite(roomS) ? Math.round(roomS) : undefined;
    }
  }
}
