import type { ClaimTable } from "./claim-table.ts";
import type { RawTier } from "./raw-tier.ts";
import type { Run } from "./run.ts";
import type { SealAgain } from "./seal-again.ts";
import type { Sealer } from "./sealing.ts";
import { inMemoryUs } from "./start-table.ts";
import type { TellingLane } from "./telling-lane.ts";

/** A claim for a lost journal begins up to so much too early; more often would cost bytes for nothing. */
const completeEveryMs = 10_000;

/**
 * Names the heads of all lanes, as they are on disk, with the time before which nothing is missing from them: the hub
 * claims a lost journal from there (no-loss protocol 2, complete).
 */
export class Completeness {
  readonly #parts;
  #saidMs = -Infinity;

  constructor(parts: {
    readonly sealer: Sealer;
    readonly raw: RawTier;
    readonly claims: ClaimTable;
    readonly telling: TellingLane;
    readonly again: SealAgain;
    readonly run: Run;
  }) {
    this.#parts = parts;
  }

  /**
   * After a commit; it goes with the next frame.
   *
   * @param keptUs when its group was taken from memory
   */
  say(keptUs: number): void {
    const { sealer, raw, claims, telling, again, run } = this.#parts;
    const { nowUs, nowMs } = run;
    // Samples of another epoch are still moving into this one.
    if (nowMs - this.#saidMs < completeEveryMs || again.next !== undefined) return;
    this.#saidMs = nowMs;
    const { critical, live, history } = sealer.heads;
    // What was just kept was measured before; what comes next may have been measured as long ago.
    const firstUs = Math.max(raw.lastFrameFirstUs ?? keptUs, keptUs - inMemoryUs);
    sealer.complete = {
      upToUs: Math.min(nowUs, keptUs, firstUs, claims.open.fromUs, telling.untoldFromUs),
      criticalSeq: critical.seq,
      liveSeq: live.seq,
      historySeq: history.seq,
    };
  }
}
