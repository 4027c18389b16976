import { AssertionError } from "node:assert";

import type { Captures } from "./captures/captures.ts";
import type { ClaimTable } from "./claim-table.ts";
import type { OpenClaim } from "./claims.ts";
import type { CriticalLane } from "./critical-lane.ts";
import type { JournalEvents } from "./events/journal-events.ts";
import { isFull, JournalBroken } from "./faults.ts";
import type { HeldFrames } from "./held-frames.ts";
import type { Medium } from "./medium.ts";
import type { RawTier } from "./raw-tier.ts";
import type { Run } from "./run.ts";
import type { Sealer } from "./sealing.ts";

/**
 * Every change of the journal is a transaction, and goes through here: claims that changed go with each, and when one is
 * taken back, what is held in memory is put back as it was, so that memory and file never disagree.
 */

export interface TransactionOptions {
  /** Of the epoch that it seals in, where that is not the running one yet. */
  readonly rank?: number;
  /** Open claims are sealed also where they still grow. */
  readonly allClaims?: boolean;
}

export class Transactions {
  readonly #parts;

  constructor(parts: {
    readonly medium: Medium;
    readonly sealer: Sealer;
    readonly held: HeldFrames;
    readonly raw: RawTier;
    readonly claims: ClaimTable;
    readonly critical: CriticalLane;
    readonly captures: Captures;
    readonly events: JournalEvents;
    readonly run: Run;
  }) {
    this.#parts = parts;
  }

  /**
   * Runs `work` as one transaction.
   *
   * @throws what SQLite says when there is no room; `JournalBroken` when it fails otherwise
   */
  write<T>(operation: string, work: () => T, options: TransactionOptions = {}): T {
    const { medium, sealer, held, raw, claims, critical, captures, events, run } = this.#parts;
    const { rank = run.rank, allClaims = false } = options;
    const { heads, complete } = sealer;
    let sealed: readonly OpenClaim[] = [];
    let answer: T;
    try {
      answer = medium.db.transaction(() => {
        const result = work();
        claims.write();
        sealed = critical.tellClaims({ rank, nowUs: run.nowUs }, claimsDueMs(run, allClaims));
        return result;
      })();
    } catch (failure) {
      sealer.heads = heads;
      sealer.complete = complete;
      claims.takenBack();
      captures.takenBack();
      if (!medium.db.open) throw failure;
      events.takenBack();
      raw.reload();
      if (isFull(failure) || failure instanceof AssertionError) throw failure;
      throw new JournalBroken(operation, { cause: failure });
    }
    claims.kept();
    for (const claim of sealed) claims.open.remove(claim);
    held.advance(rank, sealer.heads, run.nowUs);
    captures.committed();
    medium.afterCommit();
    return answer;
  }
}

/** Claims that are due by then are sealed; without a link the others stay open, and merge. */
function claimsDueMs({ linkUp, nowMs }: Run, all: boolean): number {
  if (all) return Infinity;
  return linkUp ? nowMs : -Infinity;
}
