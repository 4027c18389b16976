import type { Clock } from "@millwright/kit";

/** Work on the tiers rests three times as long as it took, so that of commits without a pause few meet it. */
const restTimes = 3;

export interface TierWorkParts {
  readonly clock: Clock;
  /** A slice of it. @returns whether there is more */
  readonly tend: (nowUs: number, nowMs: number) => Promise<boolean>;
  /** False while a commit is under way: it waits for one slice at most. */
  readonly isFree: () => boolean;
  readonly ended: AbortSignal;
}

/** Works on the tiers between two commits, a slice at a time. */
export class TierWork {
  readonly #parts: TierWorkParts;
  #isUnderWay = false;

  constructor(parts: TierWorkParts) {
    this.#parts = parts;
  }

  /** Until nothing is left, or another commit comes. Does nothing while it is under way; throws what `tend` throws. */
  async run(): Promise<void> {
    if (this.#isUnderWay) return;
    this.#isUnderWay = true;
    const { clock, tend, isFree, ended } = this.#parts;
    try {
      let more = true;
      while (more && !ended.aborted && isFree()) {
        const beganMs = clock.monotonicMs();
        more = await tend(clock.nowUs(), beganMs);
        const restMs = (clock.monotonicMs() - beganMs) * restTimes;
        if (more && restMs > 0) await clock.sleep(restMs, ended);
      }
    } finally {
      this.#isUnderWay = false;
    }
  }
}
