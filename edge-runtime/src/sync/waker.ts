import type { Clock } from "@millwright/kit";

/** Lets one loop wait for a time or for news, whichever comes first. News that came before the wait is not missed. */
export class Waker {
  readonly #clock: Clock;
  #news = false;
  #waiting: AbortController | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  wake(): void {
    this.#news = true;
    this.#waiting?.abort();
  }

  /**
   * @param ms Infinity waits for news alone
   * @param over true when there is nothing to wait for any more
   */
  async wait(ms: number, over: () => boolean): Promise<void> {
    if (!this.#news && !over()) {
      const waiting = new AbortController();
      this.#waiting = waiting;
      // A timer of Node holds at most 2^31 ms; waking once a day for nothing costs nothing.
      await this.#clock.sleep(Math.min(ms, 86_400_000), waiting.signal).catch(() => undefined);
      this.#waiting = undefined;
    }
    this.#news = false;
  }
}
