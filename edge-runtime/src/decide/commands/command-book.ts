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

/** A command that an earlier run began and did not end, as it has ended by that. */
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

  /** How one of an earlier run ended, as far as it is in memory. */
  left(key: string): CommandEvent | undefined {
    return this.#old.get(key);
  }

  /** How a command ended that is not in memory, after the journal. */
  async kept(key: string): Promise<CommandEvent | undefined> {
    const [newest] = await this.#journal.list({ kind: "command", subject: key, max: 1 });
    return newest?.kind === "command" ? ended(newest.body) : undefined;
  }

  /** Reads what earlier runs left. @returns those that had no last word */
  async load(): Promise<readonly Left[]> {
    const records = await this.#journal.list({ kind: "command", max: entriesMax });
    const seen = new Set<string>();
    const open: Left[] = [];
    for (const record of records) {
      if (record.kind !== "command" || seen.has(record.subject)) continue;
      seen.add(record.subject);
      const { subject: key, atUs, body } = record;
      const event = ended(body);
      this.#old.set(key, event);
      if (isUnderWay(body)) open.push({ key, event });
      if (this.#recent.length < recentMax) this.#recent.push({ key, atUs, event, final: true });
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

/** What an earlier run left open: nobody knows what became of it. */
function ended(event: CommandEvent): CommandEvent {
  if (!isUnderWay(event)) return event;
  const { tag, value, before, origin, purpose } = event;
  return {
    tag,
    value,
    origin,
    ...(before === undefined ? {} : { before }),
    ...(purpose === undefined ? {} : { purpose }),
    outcome: "unknown",
    reason: "the gateway was restarted before the machine answered. Check the machine",
  };
}
