/** Percentiles of the newest values: enough for a screen, without keeping all. */
export class Percentiles {
  readonly #values: Float64Array;
  #count = 0;

  /** @param kept how many are looked at */
  constructor(kept = 1_024) {
    this.#values = new Float64Array(kept);
  }

  add(value: number): void {
    this.#values[this.#count % this.#values.length] = value;
    this.#count++;
  }

  /** @param share 0.5 is the median; 0 when nothing was added */
  at(share: number): number {
    const count = Math.min(this.#count, this.#values.length);
    if (count === 0) return 0;
    const sorted = this.#values.slice(0, count).sort();
    return sorted[Math.min(count - 1, Math.floor(count * share))] ?? 0;
  }
}
