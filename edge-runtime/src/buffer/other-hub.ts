import type { LaneMark } from "@millwright/wire-contract";

import type { BrokenFrames } from "./broken-frames.ts";
import type { ClaimTable } from "./claim-table.ts";
import type { CriticalLane } from "./critical-lane.ts";
import type { JournalEvents } from "./events/journal-events.ts";
import type { FactTable } from "./fact-table.ts";
import type { HeldFrames } from "./held-frames.ts";
import type { Run } from "./run.ts";
import type { StartTable } from "./start-table.ts";
import type { Transactions } from "./transactions.ts";

/**
 * The hub has less than it had: its database is another one, or was put back from a backup. What it may miss is sent or
 * said again, and where that is gone, claimed.
 */
export class OtherHub {
  readonly #parts;
  #incarnation: string | undefined;

  constructor(parts: {
    readonly transactions: Transactions;
    readonly held: HeldFrames;
    readonly claims: ClaimTable;
    readonly facts: FactTable;
    readonly starts: StartTable;
    readonly critical: CriticalLane;
    readonly events: JournalEvents;
    readonly broken: BrokenFrames;
    readonly run: Run;
  }) {
    this.#parts = parts;
    this.#incarnation = parts.facts.text("incarnation");
  }

  /** Of the hub's database, as it was last agreed on. */
  get incarnation(): string | undefined {
    return this.#incarnation;
  }

  agree(incarnation: string): void {
    if (incarnation === this.#incarnation) return;
    const { transactions, held, facts, critical, events, run } = this.#parts;
    transactions.write("keep the incarnation", () => {
      facts.set("incarnation", incarnation);
      held.doubt(run.rank);
      events.tellAgainBefore(held.book.lanes[0]?.rank ?? run.rank);
      // No-loss protocol 8.5; a hub that begins anew needs the dictionaries, too.
      critical.tellStarts(run.moment);
      critical.tellDictionaries(run.moment);
    });
    this.#incarnation = incarnation;
  }

  /** @returns whether frames or a void are sent that were released @see HeldFrames.rewind */
  rewind(mark: LaneMark): boolean {
    const { transactions, held, claims, starts, broken, run } = this.#parts;
    const outcome = transactions.write("go back below what was released", () => {
      const rewound = held.rewind(mark, run.nowUs);
      const state = held.book.find(mark.epoch, mark.lane);
      if (rewound !== "hole" || state === undefined) return rewound;
      // An epoch that has ended lost nothing that was made later.
      const endUs = starts.after(state.rank)?.startedUs ?? run.nowUs;
      const fromUs = Math.min(state.startedUs, endUs);
      const toUs = Math.max(state.startedUs, endUs);
      const what = { reason: "hub restored", scope: { kind: "gateway" } } as const;
      claims.add({ ...what, fromUs, toUs, count: { kind: "unknown" } }, run.nowMs);
      if (state.lane === "critical") broken.sayAgain(state.rank, state.base.seq);
      return rewound;
    });
    return outcome !== "none";
  }
}
