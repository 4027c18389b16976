import type { Clock } from "@millwright/kit";

/** The clock of one machine on the played time of all: its wall may be set, its durations are everybody's. */
export class SteppedClock implements Clock {
  readonly #played: Clock;
  #aheadUs = 0;

  constructor(played: Clock) {
    this.#played = played;
  }

  nowUs(): number {
    return this.#played.nowUs() + this.#aheadUs;
  }

  monotonicMs(): number {
    return this.#played.monotonicMs();
  }

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    return this.#played.sleep(ms, signal);
  }

  step(byMs: number): void {
    this.#aheadUs += byMs * 1_000;
  }
}
