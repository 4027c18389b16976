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
    const sum = this.#sum + term;
    this.#rest +=
      Math.abs(this.#sum) >= Math.abs(term) ? this.#sum - sum + term : term - sum + this.#sum;
    this.#sum = sum;
  }
}
