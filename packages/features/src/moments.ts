/**
 * Count, mean and central sums of a run of equally spaced numbers, which can be joined with those of the run that
 * follows (Chan, Golub and LeVeque 1983; Pébay 2008). Joining never subtracts what was added before: no drift, and no
 * cancellation where the mean is large and the spread small.
 */
export class Moments {
  count = 0;
  mean = 0;
  /** Σ (v − mean)², and its third and fourth powers. */
  second = 0;
  third = 0;
  fourth = 0;
  /** Σ (t − mean t)(v − mean), t in rows. */
  withTime = 0;
  low: number = Infinity;
  high: number = -Infinity;

  clear(): void {
    this.count = 0;
    this.mean = this.second = this.third = this.fourth = this.withTime = 0;
    this.low = Infinity;
    this.high = -Infinity;
  }

  setOne(value: number): void {
    this.clear();
    this.count = 1;
    this.mean = this.low = this.high = value;
  }

  copy(other: Moments): void {
    this.count = other.count;
    this.mean = other.mean;
    this.second = other.second;
    this.third = other.third;
    this.fourth = other.fourth;
    this.withTime = other.withTime;
    this.low = other.low;
    this.high = other.high;
  }

  /** Becomes `before` and `after` together, `after` beginning where `before` ends. Either may be this one. */
  join(before: Moments, after: Moments): void {
    if (before.count === 0) {
      this.copy(after);
      return;
    }
    if (after.count === 0) {
      this.copy(before);
      return;
    }
    const a = before.count;
    const b = after.count;
    const n = a + b;
    const apart = after.mean - before.mean;
    const apart2 = apart * apart;
    const share = (a * b) / n;
    const fourth =
      before.fourth +
      after.fourth +
      (apart2 * apart2 * share * (a * a - a * b + b * b)) / (n * n) +
      (6 * apart2 * (a * a * after.second + b * b * before.second)) / (n * n) +
      (4 * apart * (a * after.third - b * before.third)) / n;
    const third =
      before.third +
      after.third +
      (apart * apart2 * share * (a - b)) / n +
      (3 * apart * (a * after.second - b * before.second)) / n;
    // The middles of two runs that follow each other are half their lengths apart.
    this.withTime = before.withTime + after.withTime + (n / 2) * apart * share;
    this.mean = before.mean + (apart * b) / n;
    this.second = before.second + after.second + apart2 * share;
    this.third = third;
    this.fourth = fourth;
    this.low = Math.min(before.low, after.low);
    this.high = Math.max(before.high, after.high);
    this.count = n;
  }
}
