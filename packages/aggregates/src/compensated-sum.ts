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

  /**
   * As `add` for each of the values, to `sum`; for the square of each, to `squares`; and to `holds` for each value times how long
   * it lasts: from the row before to its own, `value` being that of the row before. In one loop, because each term waits for
   * the one before it in its own sum, and for nothing in the other two.
   */
  static addRun(
    { sum, squares, holds }: RunSums,
    us: Float64Array,
    value: Float64Array,
    from: number,
    end: number,
  ): void {
    let [ofValues, ofSquares, ofHolds] = [sum.#sum, squares.#sum, holds.#sum];
    let [restOfValues, restOfSquares, restOfHolds] = [sum.#rest, squares.#rest, holds.#rest];
    let previous = value[from - 1] ?? NaN;
    let previousUs = us[from - 1] ?? NaN;
    for (let row = from; row < end; row++) {
      const one = value[row] ?? NaN;
      const now = us[row] ?? NaN;
      const square = one * one;
      const held = previous * (now - previousUs);
      restOfValues += lostIn(ofValues, one);
      ofValues += one;
      restOfSquares += lostIn(ofSquares, square);
      ofSquares += square;
      restOfHolds += lostIn(ofHolds, held);
      ofHolds += held;
      previous = one;
      previousUs = now;
    }
    [sum.#sum, squares.#sum, holds.#sum] = [ofValues, ofSquares, ofHolds];
    [sum.#rest, squares.#rest, holds.#rest] = [restOfValues, restOfSquares, restOfHolds];
  }
}

/** The sums that a run of samples goes into. */
interface RunSums {
  readonly sum: CompensatedSum;
  readonly squares: CompensatedSum;
  readonly holds: CompensatedSum;
}

/** What the sum of the two loses by rounding. */
function lostIn(sum: number, term: number): number {
  const next = sum + term;
  return Math.abs(sum) >= Math.abs(term) ? sum - next + term : term - next + sum;
}
