/** When a capture is due. Pure: times and values in, answers out. */

/**
 * The next moment of the schedule after `nowUs`. The schedule is a grid since 1970, so that after a restart it is the
 * same one, and captures of several gateways are of the same moments.
 */
export function nextDueUs(nowUs: number, everyUs: number): number {
  return (Math.floor(nowUs / everyUs) + 1) * everyUs;
}

/** How many moments of the grid lie after `fromUs` and not after `toUs`. */
export function dueBetween(fromUs: number, toUs: number, everyUs: number): number {
  return Math.max(0, Math.floor(toUs / everyUs) - Math.floor(fromUs / everyUs));
}

/** Says when a value has risen above a limit: once for each rise, and not more often than is worth a capture. */
export class LimitTrigger {
  readonly #above: number;
  readonly #restMs: number;
  #isAbove = false;
  #tookMs = -Infinity;

  constructor(above: number, restMs: number) {
    this.#above = above;
    this.#restMs = restMs;
  }

  /** @param value NaN of a tag that cannot be trusted: it neither rises nor falls */
  sees(value: number, nowMs: number): boolean {
    if (Number.isNaN(value)) return false;
    const rose = value > this.#above && !this.#isAbove;
    this.#isAbove = value > this.#above;
    if (!rose || nowMs - this.#tookMs < this.#restMs) return false;
    this.#tookMs = nowMs;
    return true;
  }
}
