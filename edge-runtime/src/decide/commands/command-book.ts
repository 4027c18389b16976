/**
 * Which commands there were: the same key again is answered from here. In memory for as long as a command could come
 * again, and in the journal for good.
 */
import type { CommandEvent } from "@millwright/wire-contract/events";

import type { EventBook } from "../../hand-over.ts";
import type { Command, CommandChange } from "./command.ts";

/** For as many of each second as a gateway can write, ten minutes long; one that came earlier has expired. */
const entriesMax = 4_096;
/** What the page shows of the past. */
const recentMax = 50;

interface Entry {
  readonly command: Command;
  readonly deadlineMs: number;
  readonly result: Promise<CommandEvent>;
}

/** A command that an earlier run began and did not end. */
export interface Left {
  readonly key: string;
  readonly event: CommandEvent;
}

export class CommandBook {
  readonly #journal: EventBook;
  readonly #entries = new Map<string, Entry>();
  /** Of earlier runs, as they ended. */
  readonly #old = new Map<string, CommandEvent>();
  readonly #recent: CommandChange[] = [];

  constructor(journal: EventBook) {
    this.#journal = journal;
  }

  find(key: string): Entry | undefined {
    return this.#entries.get(key);
  }

  /** Forgets the oldest, of those only that have expired. @returns false when there is no room all the same */
  makeRoom(nowMs: number): boolean {
    for (const [key, entry] of this.#entries) {
      if (this.#entries.size < entriesMax || entry.deadlineMs > nowMs) break;
      this.#entries.delete(key);
    }
    return this.#entries.size < entriesMax;
  }

  /** There must be room. */
  add(command: Command, deadlineMs: number, result: Promise<CommandEvent>): void {
    this.#entries.set(command.key, { command, deadlineMs, result });
  }

  /** The newest that an earlier run left of it, as far as it is in memory. */
  left(key: string): CommandEvent | undefined {
    return this.#old.get(key);
  }

  /** What the journal has of a command that is not in memory. */
  async kept(key: string): Promise<CommandEvent | undefined> {
    const [newest] = await this.#journal.list({ kind: "command", subject: key, max: 1 });
    return newest?.kind === "command" ? newest.body : undefined;
  }

  /** Reads what earlier runs left. @returns the newest of each command that has no last word */
  async load(): Promise<readonly Left[]> {
    const records = await this.#journal.list({ kind: "command", max: entriesMax });
    const seen = new Set<string>();
    const open: Left[] = [];
    for (const record of records) {
      if (record.kind !== "command" || seen.has(record.subject)) continue;
      seen.add(record.subject);
      this.#old.set(record.subject, record.body);
      const { subject: key, atUs, body: event } = record;
      const final = !isUnderWay(event);
      if (!final) open.push({ key, event });
      if (this.#recent.length < recentMax) this.#recent.push({ key, atUs, event, final });
    }
    return open;
  }

  note(change: CommandChange): void {
    const at = this.#recent.findIndex(({ key }) => key === change.key);
    if (at >= 0) this.#recent.splice(at, 1);
    this.#recent.unshift(change);
    if (this.#recent.length > recentMax) this.#recent.pop();
  }

  recent(max: number): readonly CommandChange[] {
    return this.#recent.slice(0, max);
  }
}

/** Before its last word. A command that was accepted and is not read back ends as `accepted`, and says so. */
export function isUnderWay({ outcome, final }: CommandEvent): boolean {
  return outcome === "sent" || (outcome === "accepted" && final !== true);
}
