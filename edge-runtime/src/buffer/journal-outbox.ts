import { watchedForMs, type LaneMark, type TagBook, type TagId } from "@millwright/wire-contract";

import type { Outbox } from "../hand-over.ts";
import type { StoreDoor } from "./questions.ts";

/** The journal as sync sees it: questions to the store, and what of the answers makes a commit due. */
export class JournalOutbox {
  readonly #parts;
  readonly #sealedListeners = new Set<() => void>();
  #linkUp = false;
  #watched: readonly number[] = [];
  #watchedUntilMs = -Infinity;

  constructor(parts: {
    readonly ask: StoreDoor["ask"];
    readonly state: () => StoreDoor["state"];
    readonly book: () => TagBook;
    /** Of the monotonic clock. */
    readonly nowMs: () => number;
    /** A commit is due as if samples came now. */
    readonly commitSoon: () => void;
    readonly leave: (mark: LaneMark) => Promise<void>;
  }) {
    this.#parts = parts;
  }

  get linkUp(): boolean {
    return this.#linkUp;
  }

  /** Dictionary indices of tags that somebody is looking at. */
  watchedAt(nowMs: number): readonly number[] {
    return nowMs < this.#watchedUntilMs ? this.#watched : [];
  }

  /** Something was sealed for the road. */
  tellSealed(): void {
    for (const listener of this.#sealedListeners) listener();
  }

  readonly door: Outbox = {
    lanes: () => this.#parts.ask("lanes"),
    framesAfter: (epoch, lane, seq, bytesMax) =>
      this.#parts.ask("framesAfter", epoch, lane, seq, bytesMax),
    take: async (mark) => {
      const verdict = await this.#parts.ask("take", mark);
      if (this.#parts.state().dueInMs === 0) this.#parts.commitSoon();
      return verdict;
    },
    rewind: async (mark) => {
      const rewound = await this.#parts.ask("rewind", mark);
      if (rewound) this.tellSealed();
      return rewound;
    },
    leave: (mark) => this.#parts.leave(mark),
    birth: () => this.#parts.state().birth,
    endBefore: () => this.#parts.state().endBefore,
    incarnation: () => this.#parts.state().incarnation,
    agree: async (incarnation) => {
      await this.#parts.ask("agree", incarnation);
      this.tellSealed();
    },
    waiting: () => this.#parts.state().waiting,
    onSealed: (listener) => {
      this.#sealedListeners.add(listener);
      return () => this.#sealedListeners.delete(listener);
    },
    linkUp: (up) => {
      this.#linkUp = up;
      // What waited for the link is sealed with the next commit.
      if (up) this.#parts.commitSoon();
    },
    watch: (tags: readonly TagId[]) => {
      const book = this.#parts.book();
      this.#watched = tags.flatMap((id) => book.indexOf(id) ?? []);
      this.#watchedUntilMs = this.#parts.nowMs() + watchedForMs;
    },
  };
}
