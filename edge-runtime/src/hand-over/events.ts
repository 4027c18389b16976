/** What happened, and what parts find again after a restart: what they need of the journal. */
import type { EventKind, EventRecord, NewEvent } from "@millwright/wire-contract/events";

/** What detect and decide need of the journal: what happened, and what they were about. */
export interface EventBook {
  /**
   * Keeps events, in this order, with numbers of their own. On disk, and on their way in the critical lane, when it
   * resolves: within 50 ms.
   */
  keep(events: readonly NewEvent[]): Promise<readonly EventRecord[]>;
  /** The newest first. */
  list(query: EventQuery): Promise<readonly EventRecord[]>;
  /** Kept with the next commit, in the same transaction as the events before it. @param part for example "alarms" */
  saveState(part: string, state: SavedState): void;
  /** What was saved last, also when it is not on disk yet. */
  state(part: string): SavedState | undefined;
  /** Called with events that were kept, after their commit. Returns what takes the call back. */
  onKept(listener: (events: readonly EventRecord[]) => void): () => void;
}

/** Which events are asked for; all when nothing is said. */
export interface EventQuery {
  readonly kind?: EventKind;
  readonly asset?: string;
  readonly subject?: string;
  readonly fromUs?: number;
  readonly toUs?: number;
  /** Only those before this number: for the next page. */
  readonly before?: number;
  /**
   * By the time at which it happened instead of by number, the newest first either way. Needs `kind`; then no more rows are
   * read than `max`, however long the journal is and wherever in it the time lies.
   */
  readonly order?: "time";
  readonly max: number;
}

/** Plain data that a step finds again after a restart. */
export type SavedState =
  string | number | boolean | null | readonly SavedState[] | { readonly [key: string]: SavedState };
