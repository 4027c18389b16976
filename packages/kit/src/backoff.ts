import type { Random } from "./random.ts";

/**
 * Waits that grow while trouble lasts and start anew when it ends. Half of each wait is left to chance, so that a
 * hundred gateways do not knock on a hub in the same second.
 */
export class Backoff {
  readonly #firstMs: number;
  readonly #lastMs: number;
  readonly #random: Random;
  #tries = 0;

  /**
   * @param firstMs the first wait
   * @param lastMs no wait is longer, however often it failed
   */
  constructor(firstMs: number, lastMs: number, random: Random) {
    this.#firstMs = firstMs;
    this.#lastMs = lastMs;
    this.#random = random;
  }

  /** The next wait in ms: doubles each time, up to the last, between half of it and all of it. */
  nextMs(): number {
    // 2^30 ms is twelve days; past that the double would only lose meaning.
    const fullMs = Math.min(this.#lastMs, this.#firstMs * 2 ** Math.min(this.#tries, 30));
    this.#tries++;
    return fullMs / 2 + (fullMs / 2) * this.#random.next();
  }

  /** How often `nextMs` was asked since the last success. */
  get tries(): number {
    return this.#tries;
  }

  succeeded(): void {
    this.#tries = 0;
  }
}
