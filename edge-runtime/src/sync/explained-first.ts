import type { Epoch, RoadLane } from "@millwright/wire-contract";

import type { OutboxFrame, OutboxLane } from "../hand-over.ts";
import { CriticalFirst } from "./critical-first.ts";

/**
 * A void waits until the critical frames are stored that were there when it was met: the claim that explains it is one of
 * them, and lanes overtake each other. Else a journal that is lost in between leaves a hole at the hub that nobody explains
 * (docs/adr/0038). It waits as long as history does after a hello, and no longer.
 */
export class ExplainedFirst {
  /** The void that is next in its lane. */
  readonly #next = new Map<RoadLane, Met>();

  /** A hello was answered: everything is sent again. */
  begin(): void {
    this.#next.clear();
  }

  /** Whether the lane stands before a void. `given up`: said once, when the time is over and critical frames still wait. */
  judge(
    lane: RoadLane,
    lanes: readonly OutboxLane[],
    nowMs: number,
  ): "wait" | "go on" | "given up" {
    return this.#next.get(lane)?.critical.judge(lanes, nowMs) ?? "go on";
  }

  /**
   * Whether a frame may be handed to the road now.
   *
   * @param lanes as they are since the void was made
   */
  mayGo(
    { lane, epoch, seq, isVoid }: OutboxFrame,
    lanes: readonly OutboxLane[],
    nowMs: number,
  ): boolean {
    // What a damaged critical frame said is told again behind its void.
    if (isVoid !== true || lane === "critical") return true;
    let met = this.#next.get(lane);
    if (met?.epoch !== epoch || met.seq !== seq) {
      met = { epoch, seq, critical: new CriticalFirst() };
      met.critical.begin(lanes, nowMs);
      this.#next.set(lane, met);
    }
    if (met.critical.judge(lanes, nowMs) === "wait") return false;
    this.#next.delete(lane);
    return true;
  }

  /** Milliseconds until a void that was told to wait may go; Infinity when none was. */
  dueInMs(nowMs: number): number {
    return Math.min(...[...this.#next.values()].map(({ critical }) => critical.dueInMs(nowMs)));
  }
}

interface Met {
  readonly epoch: Epoch;
  readonly seq: number;
  readonly critical: CriticalFirst;
}
