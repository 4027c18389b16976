import { ToldRows, type Teller } from "@millwright/telling";
import type { ClockState, Dictionary } from "@millwright/wire-contract";

import { seqOf, type ToldLane } from "./lane-book.ts";
import { bodiesOf, fieldsOf, type Moment, type Sealer } from "./sealing.ts";
import type { ToldTable } from "./told-table.ts";

/**
 * Told rows that wait for frames of their own. They are sealed inside a transaction, and let go once it was kept: one that is
 * taken back seals them again.
 */

/** A frame of so many rows is sealed at once: more would not compress better by much (architecture 7). */
const rowsPerLiveFrame = 1_000;
/** By then the samples of one tag lie together in hundreds (architecture 4), and a frame is still some 20 kB. */
export const rowsPerHistoryFrame = 16_384;
/** Rows for the history lane wait so long for others: nobody waits for them. */
const historyEveryMs = 60_000;

/** Samples that one teller hears: of one dictionary, stamped by one run of the clock. */
export interface Hearing {
  readonly teller: Teller;
  readonly dictionary: Dictionary;
  readonly clock: ClockState;
  /** Key of the sample frame heard last. */
  rawTo: number;
}

/** The rows of one frame that is not sealed yet. */
export interface Gathered {
  readonly of: Hearing;
  readonly lane: ToldLane;
  readonly rows: ToldRows;
  readonly rawFrom: number;
  rawTo: number;
  /** Least time of what was heard since it was begun, µs. */
  fromUs: number;
  readonly sinceMs: number;
}

export class Gathering {
  readonly #parts;
  /** Only the last one grows. */
  readonly #waiting: Gathered[] = [];
  /** How many of them were sealed by the transaction under way. */
  #sealed = 0;

  constructor(parts: {
    readonly sealer: Sealer;
    readonly toldFrames: ToldTable;
    /** Rows for the live lane wait so long for others of their frame. */
    readonly tellEveryMs: number;
  }) {
    this.#parts = parts;
  }

  /** The one that grows; undefined when nothing waits. */
  get open(): Gathered | undefined {
    return this.#waiting.at(-1);
  }

  /** Least time of what waits, µs; Infinity when nothing does. */
  get fromUs(): number {
    return Math.min(...this.#waiting.map(({ fromUs }) => fromUs));
  }

  /** Where rows of this hearing go: rows of another, or for another lane, are in another frame. */
  of(hearing: Hearing, lane: ToldLane, nowMs: number): Gathered {
    const { open } = this;
    if (open?.of === hearing && open.lane === lane) return open;
    const { rawTo } = hearing;
    const rows = new ToldRows();
    const next = {
      of: hearing,
      lane,
      rows,
      rawFrom: rawTo,
      rawTo,
      fromUs: Infinity,
      sinceMs: nowMs,
    };
    this.#waiting.push(next);
    return next;
  }

  /** Milliseconds until the one that grows is to be sealed; Infinity when nothing waits. */
  dueInMs(nowMs: number): number {
    const { open } = this;
    if (open === undefined) return Infinity;
    const [rowsMax, everyMs] =
      open.lane === "live"
        ? [rowsPerLiveFrame, this.#parts.tellEveryMs]
        : [rowsPerHistoryFrame, historyEveryMs];
    return open.rows.count >= rowsMax ? 0 : Math.max(0, open.sinceMs + everyMs - nowMs);
  }

  /** Inside a transaction. @param all the one that grows, too */
  seal({ rank, nowUs }: Moment, all: boolean): void {
    if (this.#waiting.length === 0) return;
    const count = all ? this.#waiting.length : this.#waiting.length - 1;
    const { sealer, toldFrames } = this.#parts;
    for (const { of, lane, rows, rawFrom, rawTo } of this.#waiting.slice(0, count)) {
      const from = { rawFrom: seqOf(rawFrom), rawTo: seqOf(rawTo) };
      // None is too large for a frame: each was in one of the same size just before.
      const bodies = bodiesOf(rows.columns(), of.dictionary, () => undefined, "least");
      for (const { body, columns } of bodies) {
        const fields = fieldsOf(columns, of.dictionary, { late: false, clock: of.clock }, nowUs);
        const sealed = sealer.told(lane, fields, from, body);
        toldFrames.put(rank, lane, { sealed, rawFrom, rawTo, shared: false });
      }
    }
    this.#sealed = count;
  }

  /** The transaction was kept. */
  kept(): void {
    this.#waiting.splice(0, this.#sealed);
    this.#sealed = 0;
  }

  /** The transaction was taken back. */
  takenBack(): void {
    this.#sealed = 0;
  }
}
