/** A sum whose rounding errors are carried beside it (Neumaier 1974), so that a million terms lose no digit. */
export class CompensatedSum {
  #sum = 0;
  #rest = 0;

  get value(): number {
    // With an infinite term the rest is NaN, and the sum says what is to be said.
    return Number.isFinite(this.#sum) ? this.#sum + this.#rest : this.#sum;
  }

  clear(): void {
    this.#sum = 0;
    this.#rest = 0;
  }

  add(term: number): void {
    this.#rest += lostIn(this.#sum, term);
    this.#sum += term;
  }

  /** As `add` for each of the values. */
  addAll(value: Float64Array, from: number, end: number): void {
    let sum = this.#sum;
    let rest = this.#rest;
    for (let row = from; row < end; row++) {
      const term = value[row] ?? NaN;
      rest += lostIn(sum, term);
      sum += term;
    }
    this.#sum = sum;
    this.#rest = rest;
  }

  /** As `add` for the square of each of the values. */
  addSquares(value: Float64Array, from: number, end: number): void {
    let sum = this.#sum;
    let rest = this.#rest;
    for (let row = from; row < end; row++) {
      const one = value[row] ?? NaN;
      const term = one * one;
      rest += lostIn(sum, term);
      sum += term;
    }
    this.#sum = sum;
    this.#rest = rest;
  }

  /** As `add` for each value times how long it lasts: from the row before to its own, `value` being that of the row before. */
  addHolds(us: Float64Array, value: Float64Array, from: number, end: number): void {
    let sum = this.#sum;
    let rest = this.#rest;
    for (let row = from; row < end; row++) {
      const term = (value[row - 1] ?? NaN) * ((us[row] ?? NaN) - (us[row - 1] ?? NaN));
      rest += lostIn(sum, term);
      sum += term;
    }
    this.#sum = sum;
    this.#rest = rest;
  }
}

/** What the sum of the two loses by rounding. */
function lostIn(sum: number, term: number): number {
  const next = sum + term;
  return Math.abs(sum) >= Math.abs(term) ? sum - next + term : term - next + sum;
}
