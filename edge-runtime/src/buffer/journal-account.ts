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
  #charged = 0;

  offered(samples: number): void {
    this.#received += samples;
  }

  refused(samples: number): void {
    this.#refused += samples;
  }

  /** Of what was refused. */
  charged(samples: number): void {
    this.#charged += samples;
  }

  committed({ samples, rejected }: Committed): void {
    this.#sent += samples;
    this.#rejected += rejected;
  }

  at(inMemory: number): Account {
    const accepted = this.#received - this.#refused;
    const uncharged = Math.abs(this.#refused - this.#charged);
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
