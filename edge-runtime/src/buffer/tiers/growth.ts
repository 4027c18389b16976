/** How fast something grows: over the last minutes, and from the first seconds on. */
export class Growth {
  #amount = 0;
  #sinceMs: number | undefined;
  #lastMs = 0;

  add(amount: number, nowMs: number): void {
    this.#sinceMs ??= nowMs;
    // Halved rather than forgotten, so that the rate does not jump when a window ends.
    if (nowMs - this.#sinceMs > windowMs) {
      this.#sinceMs = (this.#sinceMs + nowMs) / 2;
      this.#amount /= 2;
    }
    this.#amount += amount;
    this.#lastMs = nowMs;
  }

  /** A second; 0 until there were two amounts. */
  perS(nowMs: number): number {
    if (this.#sinceMs === undefined) return 0;
    const ms = Math.max(this.#lastMs, nowMs) - this.#sinceMs;
    return ms > 0 ? (this.#amount * 1_000) / ms : 0;
  }
}

/** Ten minutes: longer than any usual cycle of a machine, short enough to follow a change of recipe. */
const windowMs = 600_000;
