/** A sum whose rounding errors are carried beside it (Neumaier 1974), so that a million terms lose no digit. */
export class CompensatedSum {
  /** Both are open to a loop that has them at hand for many terms, and adds with `lostIn` as `add` does. */
  sum = 0;
  rest = 0;

  get value(): number {
    // With an infinite term the rest is NaN, and the sum says what is to be said.
    return Number.isFinite(this.sum) ? this.sum + this.rest : this.sum;
  }

  clear(): void {
    this.sum = 0;
    this.rest = 0;
  }

  add(term: number): void {
    this.rest += lostIn(this.sum, term);
    this.sum += term;
  }
}

/** What the sum of the two loses by rounding. */
export function lostIn(sum: number, term: number): number {
  const next = sum + term;
  return Math.abs(sum) >= Math.abs(term) ? sum - next + term : term - next + sum;
}
