import {
  toEventLine,
  toEventRecord,
  type EventLine,
  type EventRecord,
  type NewEvent,
} from "@millwright/wire-contract/events";

import type { EventBook, EventQuery, SavedState } from "../../hand-over.ts";
import { EventsFull } from "./event-faults.ts";
import { assertFits, isAsked } from "./event-lines.ts";

/** A book that forgets, for tests of steps that keep events: it does what the journal does, on the contract suite's word. */
export class MemoryEventBook implements EventBook {
  readonly #lines: EventLine[] = [];
  readonly #states = new Map<string, string>();
  readonly #listeners = new Set<(events: readonly EventRecord[]) => void>();
  /** While it is set `keep` rejects, as when the journal's reserve is full. */
  full = false;

  async keep(events: readonly NewEvent[]): Promise<readonly EventRecord[]> {
    const lines = events.map((event, at) => toEventLine(event, this.#lines.length + 1 + at));
    for (const line of lines) assertFits(line);
    if (this.full) throw new EventsFull();
    this.#lines.push(...lines);
    await Promise.resolve();
    const records = lines.flatMap((line) => toEventRecord(line) ?? []);
    for (const listener of this.#listeners) listener(records);
    return records;
  }

  async list(query: EventQuery): Promise<readonly EventRecord[]> {
    await Promise.resolve();
    const newest = this.#lines.filter((line) => isAsked(line, query)).toReversed();
    const asked = query.order === "time" ? newest.toSorted((a, b) => b.atUs - a.atUs) : newest;
    return asked.slice(0, query.max).flatMap((line) => toEventRecord(line) ?? []);
  }

  saveState(part: string, state: SavedState): void {
    this.#states.set(part, JSON.stringify(state));
  }

  state(part: string): SavedState | undefined {
    const json = this.#states.get(part);
    return json === undefined ? undefined : (JSON.parse(json) as SavedState);
  }

  onKept(listener: (events: readonly EventRecord[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
