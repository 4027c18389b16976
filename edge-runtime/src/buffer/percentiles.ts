/** Percentiles of the newest values: enough for a screen, without keeping all. */
const kept = 1_024;

export class Percentiles {
  readonly #values = new Float64Array(kept);
  #count = 0;

  add(value: number): void {
    this.#values[this.#count % kept] = value;
    this.#count++;
  }

  /** @param share 0.5 is the median; 0 when nothing was added */
  at(share: number): number {
    const count = Math.min(this.#count, kept);
    if (count === 0) return 0;
    const sorted = this.#values.slice(0, count).sort();
    return sorted[Math.min(count - 1, Math.floor(count * share))] ?? 0;
  }
}
