import type { KeptSlice } from "./follow.ts";
import type { StoreDoor } from "./questions.ts";

/** What publish needs of the journal: everything that was kept, in the order in which it was kept. There is one follower. */
export interface KeptFeed {
  /** Place behind everything that was kept so far. */
  head(): Promise<number>;
  /**
   * The next samples behind a place, as many as one slice takes.
   *
   * @param afterId a place of this feed
   * @param toId nothing behind this place is read
   * @param wanted 1 at the dictionary index of each tag that is read
   */
  read(afterId: number, toId: number, wanted: Uint8Array): Promise<KeptSlice>;
  /**
   * What lies behind this place stays readable while there is room for it, after a restart, too.
   *
   * @param fromId undefined: nothing is followed any more
   */
  hold(fromId: number | undefined): Promise<void>;
  /** Calls back after each commit of samples. Returns what takes the call back. */
  onKept(listener: () => void): () => void;
}

/** The feed with what lets its journal tell of a commit. */
export interface OwnKeptFeed extends KeptFeed {
  tell(): void;
}

export function keptFeed(ask: StoreDoor["ask"]): OwnKeptFeed {
  const listeners = new Set<() => void>();
  return {
    head: () => ask("followHead"),
    read: (...asked) => ask("followRead", ...asked),
    hold: (fromId) => ask("followHold", fromId),
    onKept(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    tell() {
      for (const listener of listeners) listener();
    },
  };
}
