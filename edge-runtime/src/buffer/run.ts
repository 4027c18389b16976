import type { Moment } from "./sealing.ts";

/**
 * This run of the journal: in which epoch it seals, and the time of the question under way. The store looks at no clock;
 * who asks says what time it is.
 */
export class Run {
  /** Of the epoch in which frames are sealed; 0 until the first one of this run has begun. */
  rank = 0;
  nowUs: number;
  nowMs: number;
  /** As of the last commit. */
  linkUp = false;

  constructor(nowUs: number, nowMs: number) {
    this.nowUs = nowUs;
    this.nowMs = nowMs;
  }

  at(nowUs: number, nowMs: number): void {
    this.nowUs = nowUs;
    this.nowMs = nowMs;
  }

  get moment(): Moment {
    return { rank: this.rank, nowUs: this.nowUs };
  }
}
