import type { Dictionary } from "@millwright/wire-contract";

import type { CriticalLane } from "./critical-lane.ts";
import type { Moment } from "./sealing.ts";
import type { TagTable } from "./tag-table.ts";

/** Frames that are sealed now with a dictionary of before: a hub that was put back may have it no more. */
export class OldDictionaries {
  readonly #parts;
  /** Those that this run has told the hub once more. */
  readonly #told = new Set<bigint>();

  constructor(parts: { readonly tags: TagTable; readonly critical: CriticalLane }) {
    this.#parts = parts;
  }

  /** Ahead of the frame that uses it. Inside a transaction. */
  tell(at: Moment, dictionary: Dictionary): void {
    const { tags, critical } = this.#parts;
    const { hash } = dictionary;
    if (hash === tags.current.hash || this.#told.has(hash)) return;
    this.#told.add(hash);
    critical.tellOldDictionary(at, dictionary);
  }
}
