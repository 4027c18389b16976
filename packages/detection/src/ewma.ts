/**
 * Exponentially weighted means of streams (Roberts, "Control chart tests based on geometric moving averages", Technometrics 1,
 * 1959). Until as much time has passed as it remembers, each is the plain mean of all so far, so that the first value has no
 * more weight than the others.
 */
export class EwmaColumns {
  readonly #memoryS: number;
  readonly #value: Float64Array;
  readonly #elapsedS: Float64Array;

  /** @param memoryS for how long it remembers: the weight of a value has fallen to 1/e after it */
  constructor(columns: number, memoryS: number) {
    this.#memoryS = memoryS;
    this.#value = new Float64Array(columns);
    this.#elapsedS = new Float64Array(columns);
  }

  value(column: number): number {
    return this.#value[column] ?? 0;
  }

  /** True once it has seen as much time as it remembers. */
  warm(column: number): boolean {
    return (this.#elapsedS[column] ?? 0) >= this.#memoryS;
  }

  clear(column: number): void {
    this.#elapsedS[column] = 0;
  }

  /** Brings the mean to the nearest value between these two. */
  clamp(column: number, low: number, high: number): number {
    const mean = Math.min(high, Math.max(low, this.#value[column] ?? 0));
    this.#value[column] = mean;
    return mean;
  }

  /**
   * @param dtS how long the value held
   * @returns the mean
   */
  add(column: number, value: number, dtS: number): number {
    const elapsedS = (this.#elapsedS[column] ?? 0) + dtS;
    this.#elapsedS[column] = elapsedS;
    const before = this.#value[column] ?? 0;
    const share = Math.max(weightOf(dtS, this.#memoryS), dtS / elapsedS);
    const mean = before + share * (value - before);
    this.#value[column] = mean;
    return mean;
  }
}

/** Share of a value that held for `dtS`: exact to a percent for steps of up to a tenth of the memory, and never above 1. */
export function weightOf(dtS: number, memoryS: number): number {
  return dtS / (memoryS + dtS);
}
