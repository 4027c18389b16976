import type { Loss } from "../hand-over.ts";
import type { Committed } from "./group-commit.ts";
import type { JournalCounters } from "./journal.ts";

type Account = Pick<
  JournalCounters,
  "received" | "sent" | "dropped" | "failed" | "inMemory" | "unexplained"
>;

/** What was offered to the journal, and what became of it: it balances, or samples were lost without a word. */
export class JournalAccount {
  #received = 0;
  #sent = 0;
  #refused = 0;
  #rejected = 0;
  #chargedFull = 0;

  offered(samples: number): void {
    this.#received += samples;
  }

  refused(samples: number): void {
    this.#refused += samples;
  }

  charged({ reason, count }: Loss): void {
    if (reason === "queue full" && count.kind === "exact") this.#chargedFull += count.samples;
  }

  committed({ samples, rejected }: Committed): void {
    this.#sent += samples;
    this.#rejected += rejected;
  }

  at(inMemory: number): Account {
    const accepted = this.#received - this.#refused;
    // Refused samples are the caller's to charge; others may charge "queue full" for queues of their own.
    const uncharged = Math.max(0, this.#refused - this.#chargedFull);
    const astray = Math.abs(accepted - this.#sent - this.#rejected - inMemory);
    return {
      received: this.#received,
      sent: this.#sent,
      dropped: this.#refused,
      failed: this.#rejected,
      inMemory,
      unexplained: uncharged + astray,
    };
  }
}
