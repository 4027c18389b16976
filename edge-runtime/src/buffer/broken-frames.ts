import type { Captures } from "./captures/captures.ts";
import type { ClaimTable } from "./claim-table.ts";
import type { CriticalLane } from "./critical-lane.ts";
import type { JournalEvents } from "./events/journal-events.ts";
import type { Broken } from "./held-frames.ts";
import type { Medium } from "./medium.ts";
import type { Run } from "./run.ts";

/** What becomes of what a frame held that cannot be read any more: samples are claimed, all else is said again. */
export class BrokenFrames {
  readonly #parts;

  constructor(parts: {
    readonly medium: Medium;
    readonly claims: ClaimTable;
    readonly captures: Captures;
    readonly critical: CriticalLane;
    readonly events: JournalEvents;
    readonly run: Run;
  }) {
    this.#parts = parts;
  }

  /** Inside a transaction. */
  tell({ lane, samples, firstUs, lastUs, capture }: Broken): void {
    const { captures, claims, critical, run } = this.#parts;
    if (capture !== undefined) {
      captures.spoilt(capture);
      return;
    }
    if (lane.lane !== "critical") {
      // Minutes, and no samples: the hub goes on with what it makes of those that it was told.
      if (samples === 0) return;
      const count = { kind: "exact", samples } as const;
      const loss = { reason: "frame corrupt", scope: { kind: "gateway" }, count } as const;
      claims.add({ ...loss, fromUs: firstUs, toUs: lastUs }, run.nowMs);
      return;
    }
    // What a critical frame said can be said again: starts, dictionary, events, and the claims of its epoch.
    this.sayAgain(lane.rank, lane.base.seq);
    if (lane.rank !== run.rank) return;
    critical.tellStarts(run.moment);
    critical.tellDictionary(run.moment);
  }

  /** What critical frames of an epoch above `afterSeq` said of losses and events is still known here. Inside a transaction. */
  sayAgain(rank: number, afterSeq: number): void {
    this.#parts.claims.reopen(this.#parts.medium.db, rank);
    this.#parts.events.tellAgainAfter(rank, afterSeq);
  }
}
