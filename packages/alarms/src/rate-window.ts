/** Bounds of a flood (ux-guide 5; ISA-18.2 clause on alarm system performance): more than 10 in 10 minutes, and fewer than 5. */
export const floodWindowUs = 600_000_000;
export const floodBeginsAbove = 10;
export const floodEndsBelow = 5;

const bucketUs = 1_000_000;
const buckets = floodWindowUs / bucketUs;

/**
 * How many alarms came in the last ten minutes, in buckets of a second: exact in its count, to the second in its window,
 * and of one size however many alarms there are.
 */
export class RateWindow {
  readonly #counts = new Int32Array(buckets);
  #newest = 0;
  #total = 0;

  /** @param atUs times that run backwards count as the newest */
  add(atUs: number): void {
    this.#turnTo(atUs);
    const place = this.#newest % buckets;
    this.#counts[place] = (this.#counts[place] ?? 0) + 1;
    this.#total += 1;
  }

  countAt(nowUs: number): number {
    this.#turnTo(nowUs);
    return this.#total;
  }

  #turnTo(atUs: number): void {
    const bucket = Math.floor(atUs / bucketUs);
    if (bucket <= this.#newest) return;
    const empty = Math.min(buckets, bucket - this.#newest);
    for (let step = 1; step <= empty; step++) {
      const place = (this.#newest + step) % buckets;
      this.#total -= this.#counts[place] ?? 0;
      this.#counts[place] = 0;
    }
    this.#newest = bucket;
  }
}

export interface Flood {
  readonly sinceUs: number;
  /** Alarms since it began, those included that began it. */
  readonly count: number;
}

/** Says when a flood begins and ends, and how many alarms it has brought. */
export class FloodWatch {
  readonly #window = new RateWindow();
  #flood: Flood | undefined;

  /** One alarm came. @returns true when a flood began with it */
  add(atUs: number): boolean {
    this.#window.add(atUs);
    if (this.#flood !== undefined) {
      this.#flood = { ...this.#flood, count: this.#flood.count + 1 };
      return false;
    }
    const count = this.#window.countAt(atUs);
    if (count <= floodBeginsAbove) return false;
    this.#flood = { sinceUs: atUs, count };
    return true;
  }

  /** The flood of now. It ends here as well, when nothing comes any more. */
  floodAt(nowUs: number): Flood | undefined {
    if (this.#window.countAt(nowUs) < floodEndsBelow) this.#flood = undefined;
    return this.#flood;
  }

  lastTenMinutes(nowUs: number): number {
    return this.#window.countAt(nowUs);
  }
}
