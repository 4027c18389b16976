/**
 * How the run before ended: each run notes at its begin on which start of which machine it runs, and at its end that it has
 * stopped. Where the second is missing the program or its machine ended without.
 */
import { readFileSync, statSync } from "node:fs";

import type { EndOfRun } from "@millwright/wire-contract";

import type { FactTable } from "./fact-table.ts";

/** New with each start of a Linux machine (random(4), boot_id). */
const bootFile = "/proc/sys/kernel/random/boot_id";
const stopped = "stopped";
const unknown = "unknown";

/** Undefined where the system does not say it. */
export function bootOfMachine(): string | undefined {
  try {
    return readFileSync(bootFile, "utf8").trim();
  } catch {
    return undefined;
  }
}

export class RunNote {
  readonly #facts: FactTable;
  readonly #boot: string;
  readonly #file: string;
  #before: EndOfRun | undefined;

  /**
   * @param boot which start of its machine this is
   * @param file of the journal
   */
  constructor(facts: FactTable, boot: string | undefined, file: string) {
    this.#facts = facts;
    this.#boot = boot ?? unknown;
    this.#file = file;
  }

  /** Undefined where it is not known, and in an epoch that did not begin with a start. */
  get before(): EndOfRun | undefined {
    return this.#before;
  }

  /** Inside the transaction that begins the first epoch of a run. */
  begin(): void {
    this.#before = endOfRun(this.#facts.text("runs on"), this.#boot, this.#inode);
    this.#note(this.#boot);
  }

  /** Another epoch of the same run has begun: nothing ended before it. */
  goOn(): void {
    this.#before = undefined;
  }

  /** Inside the transaction of the last commit. */
  end(): void {
    this.#note(stopped);
  }

  #note(how: string): void {
    this.#facts.set("runs on", `${how} ${this.#inode}`);
  }

  /** A copy is another file: what its original noted says nothing of how it came to be. */
  get #inode(): string {
    return String(statSync(this.#file).ino);
  }
}

/** Pure. */
function endOfRun(noted: string | undefined, boot: string, inode: string): EndOfRun | undefined {
  const [how, of] = noted?.split(" ") ?? [];
  if (how === undefined || of !== inode) return undefined;
  if (how === stopped) return "stopped";
  if (how === unknown || boot === unknown) return undefined;
  return how === boot ? "program" : "machine";
}
