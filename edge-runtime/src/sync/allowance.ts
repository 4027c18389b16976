/**
 * What a metered link may still carry: bytes that come in at a steady rate and are saved for a while (token bucket, RFC
 * 2697). A frame larger than what is saved is let through on credit, and the link rests until that is paid back, so the
 * mean is held whatever the sizes.
 */
export class Allowance {
  readonly #bytesPerMs: number;
  readonly #savedMax: number;
  #saved: number;
  #atMs = NaN;

  /** @param bytesPerS Infinity for a link that is not metered */
  constructor(bytesPerS: number) {
    this.#bytesPerMs = bytesPerS / 1_000;
    this.#savedMax = savedMs * this.#bytesPerMs;
    this.#saved = this.#savedMax;
  }

  /** Milliseconds until something may be sent; 0 when it may now. */
  dueInMs(nowMs: number): number {
    this.#pass(nowMs);
    return this.#saved > 0 ? 0 : Math.ceil((1 - this.#saved) / this.#bytesPerMs);
  }

  spend(bytes: number, nowMs: number): void {
    this.#pass(nowMs);
    this.#saved -= bytes;
  }

  #pass(nowMs: number): void {
    if (this.#bytesPerMs === Infinity) return;
    const passedMs = Number.isNaN(this.#atMs) ? 0 : nowMs - this.#atMs;
    this.#atMs = nowMs;
    this.#saved = Math.min(this.#savedMax, this.#saved + passedMs * this.#bytesPerMs);
  }
}

/** A second of silence may be made up for at once; more would be a burst that a metered link is billed for. */
const savedMs = 1_000;
