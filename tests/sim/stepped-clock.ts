import type { Clock } from "@millwright/kit";

/** 1970-01-01 00:00:20: what a box without a battery says once it has started. */
const bootUs = 20_000_000;

/** The clock of one machine on the played time of all: its wall may be set, its durations are everybody's. */
export class SteppedClock implements Clock {
  readonly #played: Clock;
  #aheadUs = 0;
  #isSet = true;

  constructor(played: Clock) {
    this.#played = played;
  }

  nowUs(): number {
    return this.#played.nowUs() + this.#aheadUs;
  }

  monotonicMs(): number {
    return this.#played.monotonicMs();
  }

  after(ms: number, ring: () => void): () => void {
    return this.#played.after(ms, ring);
  }

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    return this.#played.sleep(ms, signal);
  }

  step(byMs: number): void {
    this.#aheadUs += byMs * 1_000;
  }

  /** Something sets it. */
  get isSet(): boolean {
    return this.#isSet;
  }

  /** Power was away, and the box has no battery: it begins in 1970, and nothing sets it. */
  forget(): void {
    this.#aheadUs = bootUs - this.#played.nowUs();
    this.#isSet = false;
  }

  /** A time server answers. */
  setRight(): void {
    this.#aheadUs = 0;
    this.#isSet = true;
  }
}
