import type { RoadLane } from "@millwright/wire-contract";

import type { OutboxFrame } from "../hand-over.ts";
import { Allowance } from "./allowance.ts";

/** What the way to the hub may carry. */
export interface LinkLimits {
  /** Infinity where the link is not metered. */
  readonly bytesPerSMax: number;
  /** Part of it, 0 to 1, that history and captures may take, so that the rest is there when something happens. */
  readonly historyShare: number;
}

/** Subject, message id, reply, ack and TCP of one frame, about; what a metered link is billed for besides. */
const perFrameBytes = 250;

/** Lanes that carry what is not urgent. */
export function hasTime(lane: RoadLane): boolean {
  return lane === "history" || lane === "capture";
}

/** How a metered link is shared between lanes that cannot wait and lanes that have time. */
export class MeteredLink {
  readonly isMetered: boolean;
  /** Of the link, and of what the lanes that have time may take of it. */
  readonly #allowance: Allowance;
  readonly #share: Allowance;
  /** What is left of it for lanes that cannot wait, while a large frame of history is still being paid for. */
  readonly #reserve: Allowance;

  constructor({ bytesPerSMax, historyShare }: LinkLimits) {
    this.isMetered = bytesPerSMax !== Infinity;
    this.#allowance = new Allowance(bytesPerSMax);
    this.#share = new Allowance(bytesPerSMax * historyShare);
    this.#reserve = new Allowance(this.isMetered ? bytesPerSMax * (1 - historyShare) : Infinity);
  }

  mayGo(lane: RoadLane, nowMs: number): boolean {
    const inDebt = this.#allowance.dueInMs(nowMs) > 0;
    if (inDebt && (hasTime(lane) || this.#reserve.dueInMs(nowMs) > 0)) return false;
    return !(hasTime(lane) && this.#share.dueInMs(nowMs) > 0);
  }

  spend(frame: OutboxFrame, nowMs: number): void {
    const bytes = frame.bytes.length + perFrameBytes;
    this.#allowance.spend(bytes, nowMs);
    (hasTime(frame.lane) ? this.#share : this.#reserve).spend(bytes, nowMs);
  }

  /** Milliseconds until a lane may go that may not now; Infinity when all may. */
  dueInMs(nowMs: number): number {
    const rests = [this.#allowance, this.#share, this.#reserve].map((one) => one.dueInMs(nowMs));
    return Math.min(...rests.filter((restMs) => restMs > 0));
  }
}
