import type { Clock } from "@millwright/kit";
import type { LaneMark } from "@millwright/wire-contract";

import type { Outbox, OutboxLane } from "../hand-over.ts";
import type { Waker } from "./waker.ts";

/** A mark that stays below what was stored for so long: say hello again (no-loss protocol 6). */
const markBelowMs = 30_000;

/** Marks between their coming and their taking by the journal, and those that stay below what was stored once. */
export class Watermarks {
  readonly #options;
  readonly #waiting = new Map<string, LaneMark>();
  readonly #belowSinceMs = new Map<string, number>();

  constructor(options: {
    readonly outbox: Outbox;
    readonly clock: Clock;
    /** Woken when there is something to take. */
    readonly waker: Waker;
    /** A mark says that the two sides do not agree: a hello settles it. */
    readonly disagree: () => void;
  }) {
    this.#options = options;
  }

  get waiting(): boolean {
    return this.#waiting.size > 0;
  }

  /** Kept until it is taken; a newer mark of the lane replaces an older one, so there are no more than lanes. */
  offer(mark: LaneMark | undefined): void {
    if (mark === undefined) return;
    this.#waiting.set(`${mark.epoch}/${mark.lane}`, mark);
    this.#options.waker.wake();
  }

  /** A hello has settled all that came before it. */
  clear(): void {
    this.#waiting.clear();
    this.#belowSinceMs.clear();
  }

  /**
   * Answers where the lanes stand then. All is asked at once: each question by itself would wait for its answer from the
   * journal's thread, and a lane that drains waits for nothing else.
   */
  async take(): Promise<readonly OutboxLane[]> {
    const { outbox, clock, disagree } = this.#options;
    const marks = [...this.#waiting];
    this.#waiting.clear();
    const [verdicts, lanes] = await Promise.all([
      Promise.all(marks.map(([, mark]) => outbox.take(mark))),
      outbox.lanes(),
    ]);
    const nowMs = clock.monotonicMs();
    // Another journal has gone on in this epoch.
    if (verdicts.includes("foreign")) disagree();
    for (const [key, mark] of marks) {
      const held = lanes.find(({ epoch, lane }) => epoch === mark.epoch && lane === mark.lane);
      if (held === undefined || mark.storedSeq >= held.storedSeq) {
        this.#belowSinceMs.delete(key);
        continue;
      }
      const sinceMs = this.#belowSinceMs.get(key) ?? nowMs;
      this.#belowSinceMs.set(key, sinceMs);
      if (nowMs - sinceMs >= markBelowMs) disagree();
    }
    return lanes;
  }
}
