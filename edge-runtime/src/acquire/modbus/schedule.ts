/** When points of one interval are due. Pure. Ticks lie on multiples of the interval from one common origin. */

/** Ticks that passed unused, as times since the origin, ms. */
export interface Missed {
  readonly count: number;
  readonly fromMs: number;
  readonly toMs: number;
}

export class Schedule {
  readonly everyMs: number;
  /** Number of the next tick; tick 0 is due at once. */
  #next = 0;

  constructor(everyMs: number) {
    this.everyMs = everyMs;
  }

  /** When the next tick is due, ms since the origin. */
  get nextMs(): number {
    return this.#next * this.everyMs;
  }

  /** The first tick that comes, used or not, ms since the origin. */
  afterMs(nowMs: number): number {
    return (Math.floor(nowMs / this.everyMs) + 1) * this.everyMs;
  }

  /**
   * Takes the latest tick that is due. Those before it were missed: a poll that is late is made once, not made up for.
   *
   * @returns nothing when none is due
   */
  take(nowMs: number): Missed | undefined {
    if (nowMs < this.nextMs) return undefined;
    const latest = Math.floor(nowMs / this.everyMs);
    const missed: Missed = {
      count: latest - this.#next,
      fromMs: this.nextMs,
      toMs: latest * this.everyMs,
    };
    this.#next = latest + 1;
    return missed;
  }
}

/**
 * How many of the missed ticks fell into a span, both ends included. Counted and not walked: after a night in which the
 * machine slept there are millions.
 */
export function ticksWithin(missed: Missed, everyMs: number, fromMs: number, toMs: number): number {
  const first = Math.max(0, Math.ceil((fromMs - missed.fromMs) / everyMs));
  const last = Math.min(missed.count - 1, Math.floor((toMs - missed.fromMs) / everyMs));
  return Math.max(0, last - first + 1);
}
