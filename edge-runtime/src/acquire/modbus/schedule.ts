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
