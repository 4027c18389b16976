/**
 * Whether a unit is worth asking (field practice 42): one that is dead would make the others on its line wait for its
 * time-outs. Pure but for the dice of the back-off.
 */
import { Backoff, type Random } from "@millwright/kit";

/**
 * So many questions in a row without an answer make a unit "away". One is noise, two may be a burst of it; more only
 * costs the others time.
 */
export const timeoutsUntilAway = 3;

/** A unit that is away is asked again after 5 to 10 s at first, after 30 to 60 s at last (field practice 42). */
const firstMs = 10_000;
const lastMs = 60_000;

export class UnitHealth {
  readonly #backoff: Backoff;
  #timeouts = 0;
  #lastTimeoutMs = -Infinity;
  #askAgainMs: number | undefined;

  constructor(random: Random) {
    this.#backoff = new Backoff(firstMs, lastMs, random);
  }

  /** Questions in a row that stayed without an answer. */
  get timeouts(): number {
    return this.#timeouts;
  }

  get away(): boolean {
    return this.#askAgainMs !== undefined;
  }

  /** False while the unit is away and the time to ask again has not come. */
  mayAsk(nowMs: number): boolean {
    return this.#askAgainMs === undefined || nowMs >= this.#askAgainMs;
  }

  answered(): void {
    this.#timeouts = 0;
    this.#askAgainMs = undefined;
    this.#backoff.succeeded();
  }

  /** @param sentMs when the question went out; several that were under way together count as one. */
  timedOut(sentMs: number, nowMs: number): void {
    if (sentMs < this.#lastTimeoutMs) return;
    this.#lastTimeoutMs = nowMs;
    this.#timeouts++;
    if (this.#timeouts >= timeoutsUntilAway) this.#leave(nowMs);
  }

  /** The gateway itself says that the unit does not answer (exceptions 10 and 11): no need to count. */
  goneBehindGateway(nowMs: number): void {
    this.#timeouts = 0;
    this.#leave(nowMs);
  }

  #leave(nowMs: number): void {
    this.#askAgainMs = nowMs + this.#backoff.nextMs();
  }
}
