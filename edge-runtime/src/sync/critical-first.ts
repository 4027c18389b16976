import type { Epoch } from "@millwright/wire-contract";

import type { OutboxLane } from "../hand-over.ts";

/**
 * After a hello, history waits until the critical frames that were there are stored (no-loss protocol 5 and N7): what
 * explains a hole is at the hub before what lies around it. Not for ever: a critical lane that stands for another
 * reason must not keep a day of history away.
 */
export class CriticalFirst {
  #heads = new Map<Epoch, number>();
  #untilMs = -Infinity;
  #waits = false;

  /** A hello was answered. */
  begin(lanes: readonly OutboxLane[], nowMs: number): void {
    const critical = lanes.filter(({ lane }) => lane === "critical");
    this.#heads = new Map(critical.map(({ epoch, headSeq }) => [epoch, headSeq]));
    this.#untilMs = nowMs + waitMs;
  }

  /** `given up`: said once, when the time is over and critical frames still wait. */
  judge(lanes: readonly OutboxLane[], nowMs: number): "wait" | "go on" | "given up" {
    this.#waits = false;
    if (this.#heads.size === 0) return "go on";
    for (const [epoch, headSeq] of this.#heads) {
      const held = lanes.find((lane) => lane.lane === "critical" && lane.epoch === epoch);
      // A lane that is not held any more is safe to its end.
      if (held === undefined || held.storedSeq >= headSeq) this.#heads.delete(epoch);
    }
    if (this.#heads.size === 0) return "go on";
    this.#waits = nowMs < this.#untilMs;
    if (this.#waits) return "wait";
    this.#heads.clear();
    return "given up";
  }

  /** Milliseconds until what was told to wait may go on; Infinity when nothing was. */
  dueInMs(nowMs: number): number {
    return this.#waits ? Math.max(0, this.#untilMs - nowMs) : Infinity;
  }
}

const waitMs = 60_000;
