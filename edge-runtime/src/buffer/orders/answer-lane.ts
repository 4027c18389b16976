import { noClock, sealTold, type ToldStatement } from "../aggregate-frames.ts";
import type { CriticalLane } from "../critical-lane.ts";
import { keyOf } from "../lane-book.ts";
import { OldDictionaries } from "../old-dictionaries.ts";
import { bodiesOf, fieldsOf, type Moment, type Sealer } from "../sealing.ts";
import type { TagTable } from "../tag-table.ts";
import type { ToldTable } from "../told-table.ts";
import type { AnswerPart } from "./answer-reading.ts";

/**
 * Answers to orders as frames of the history lane: the same samples under their old identities, flagged late, naming the
 * order (no-loss protocol 2, repair answer). All inside a transaction.
 */

/** What one piece of an answer became. */
export interface SealedAnswer {
  /** With minutes and hours. */
  readonly samples: number;
  readonly bytes: number;
}

/** A piece of an answer: samples, or minutes or hours of one span, or both. */
export interface AnswerPiece {
  readonly parts: readonly AnswerPart[];
  /** Of tags of the dictionary that is in use. */
  readonly told: readonly Pick<ToldStatement, "widthUs" | "beginUs" | "told" | "revision">[];
}

export class AnswerLane {
  readonly #parts;
  readonly #dictionaries: OldDictionaries;

  constructor(parts: {
    readonly sealer: Sealer;
    readonly toldFrames: ToldTable;
    readonly tags: TagTable;
    readonly critical: CriticalLane;
  }) {
    this.#parts = parts;
    this.#dictionaries = new OldDictionaries(parts);
  }

  seal(at: Moment, order: number, { parts, told }: AnswerPiece): SealedAnswer {
    const { sealer, toldFrames, tags } = this.#parts;
    // It needs no sample frame: none of those that come is held for its sake.
    const raw = keyOf(at.rank, sealer.heads.raw.seq);
    let samples = 0;
    let bytes = 0;
    for (const part of parts) {
      const dictionary = tags.byHash(part.dictionary);
      // Read a moment ago with this very dictionary.
      if (dictionary === undefined) continue;
      this.#dictionaries.tell(at, dictionary);
      // None is too large for a frame: each was in one before.
      for (const { body, columns } of bodiesOf(part.columns, dictionary, () => undefined)) {
        const of = { late: true, clock: part.clock };
        const fields = { ...fieldsOf(columns, dictionary, of, at.nowUs), order };
        const sealed = sealer.told("history", fields, { rawFrom: 0, rawTo: 0 }, body);
        toldFrames.put(at.rank, "history", { sealed, rawFrom: raw, rawTo: raw, shared: false });
        samples += columns.count;
        bytes += sealed.headBytes.length + body.length;
      }
    }
    for (const statement of told) {
      const dictionary = tags.current;
      samples += statement.told.reduce((sum, { buckets }) => sum + buckets.count, 0);
      bytes += sealTold(this.#parts, at, { ...statement, dictionary, clock: noClock, order });
    }
    return { samples, bytes };
  }
}
