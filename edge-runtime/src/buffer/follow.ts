import type Database from "better-sqlite3";
import { SampleScratch, type Dictionary, type SampleColumns } from "@millwright/wire-contract";

import type { FactTable } from "./fact-table.ts";
import { joined, pick } from "./raw-tier.ts";
import { openFrame, PendingFrames } from "./tiers/pending-frames.ts";

/**
 * Everything that was kept, in the order in which it was kept, for who follows the journal from a place of his own
 * (`publish/`). Sample frames from that place on stay while there is room: they are let go for him alone before anything
 * is thinned, so that a follower who stays away costs nobody a sample.
 */

/** Samples of some tags behind a place. */
export interface KeptSlice {
  readonly columns: SampleColumns;
  /** Where to go on: key of the last frame that was looked at; the place that was asked for when there was none. */
  readonly toId: number;
  /** When the last of them was sealed, µs; 0 when there was none. */
  readonly sealedUs: number;
  /** Something behind the place had been let go before it was read. */
  readonly gap: boolean;
}

/** Decoded in one slice: 8 ms, which a commit may have to wait. */
const sliceSamplesMax = 16_384;
const sliceFramesMax = 64;
/** No follower: nothing is held for one. */
const nobody = Number.MAX_SAFE_INTEGER;

export class Follow {
  readonly #frames: PendingFrames;
  readonly #facts: FactTable;
  readonly #dictionaryOf: (hash: bigint) => Dictionary | undefined;
  readonly #scratch = new SampleScratch();
  readonly #newest;
  readonly #has;
  #heldFrom: number;
  #dirty = false;

  constructor(parts: {
    readonly db: Database.Database;
    readonly facts: FactTable;
    readonly dictionaryOf: (hash: bigint) => Dictionary | undefined;
  }) {
    const { db, facts } = parts;
    this.#frames = new PendingFrames(db);
    this.#facts = facts;
    this.#dictionaryOf = parts.dictionaryOf;
    this.#newest = db.prepare<[], number | null>("select max(id) from sample_frame").pluck();
    this.#has = db.prepare<[number], number>("select 1 from sample_frame where id = ?").pluck();
    this.#heldFrom = facts.number("followed from") ?? nobody;
  }

  /** Key of the oldest sample frame that is held for the follower. */
  get heldFrom(): number {
    return this.#heldFrom;
  }

  /** The newest sample frame; 0 when there is none. */
  head(): number {
    return this.#newest.get() ?? 0;
  }

  /**
   * @param afterId a frame that was held, or 0
   * @param toId frames above it are not read
   * @param wanted 1 at the index of each tag that is read
   */
  read(afterId: number, toId: number, wanted: Uint8Array): KeptSlice {
    const gap = afterId !== 0 && this.#has.get(afterId) === undefined;
    const parts: SampleColumns[] = [];
    let [lastId, sealedUs] = [afterId, 0];
    for (const frame of this.#frames.after(afterId, sliceFramesMax, sliceSamplesMax)) {
      if (frame.id > toId) break;
      const dictionary = this.#dictionaryOf(frame.dictionary);
      // What cannot be read is in the ledger as soon as its chunk is made.
      const opened =
        dictionary === undefined ? undefined : openFrame(frame, dictionary, this.#scratch);
      if (opened !== undefined) parts.push(wantedRows(opened.columns, wanted));
      lastId = frame.id;
      sealedUs = frame.sealedUs;
    }
    return { columns: joined(parts), toId: lastId, sealedUs, gap };
  }

  /** @param fromId undefined: there is no follower any more */
  hold(fromId: number | undefined): void {
    const from = fromId ?? nobody;
    if (from === this.#heldFrom) return;
    this.#heldFrom = from;
    this.#dirty = true;
  }

  /** Inside a transaction. A place that is behind after a crash holds a little more, and loses nothing. */
  keep(): void {
    if (this.#dirty) this.#facts.set("followed from", this.#heldFrom);
    this.#dirty = false;
  }
}

function wantedRows(columns: SampleColumns, wanted: Uint8Array): SampleColumns {
  const rows: number[] = [];
  for (let row = 0; row < columns.count; row++) {
    if (wanted[columns.tag[row] ?? -1] === 1) rows.push(row);
  }
  return pick(columns, rows);
}
