/**
 * Two-sided tabular CUSUM of streams (Page, "Continuous inspection schemes", Biometrika 41, 1954; NIST/SEMATECH e-Handbook,
 * 6.3.2.3): how much of the deviation, less a slack, has piled up on either side. Sees small shifts that last.
 */
export class CusumColumns {
  readonly #slack: number;
  readonly #high: Float64Array;
  readonly #low: Float64Array;

  /** @param slack k: what a deviation must exceed to count, in its own unit */
  constructor(columns: number, slack: number) {
    this.#slack = slack;
    this.#high = new Float64Array(columns);
    this.#low = new Float64Array(columns);
  }

  clear(column: number): void {
    this.#high[column] = 0;
    this.#low[column] = 0;
  }

  /**
   * @param deviation from what is expected, signed
   * @param steps for how many steps of the table it held
   * @param most what has piled up never exceeds it, so that it is worked off in a bounded time
   * @returns the larger of the two sums
   */
  add(column: number, deviation: number, steps: number, most: number): number {
    const high = (this.#high[column] ?? 0) + (deviation - this.#slack) * steps;
    const low = (this.#low[column] ?? 0) + (-deviation - this.#slack) * steps;
    const up = Math.min(most, Math.max(0, high));
    const down = Math.min(most, Math.max(0, low));
    this.#high[column] = up;
    this.#low[column] = down;
    return Math.max(up, down);
  }
}
