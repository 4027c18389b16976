import type { Epoch, RoadLane } from "@millwright/wire-contract";

import type { Outbox, OutboxFrame } from "../hand-over.ts";

/** A piece of a lane, as it is asked of the journal. */
export interface Piece {
  readonly lane: RoadLane;
  /** Of the lane: what was asked before it went back is not what is wanted now. */
  readonly round: number;
  readonly epoch: Epoch;
  readonly afterSeq: number;
  readonly bytesMax: number;
}

/**
 * The piece that comes next is asked of the journal's thread before the one at hand is published, so that the one reads
 * while the other sends. One piece and no more: it is memory, and the journal has other questions to answer.
 */
export class ReadAhead {
  readonly #outbox: Pick<Outbox, "framesAfter">;
  #asked: (Piece & { readonly frames: Promise<readonly OutboxFrame[]> }) | undefined;

  constructor(outbox: Pick<Outbox, "framesAfter">) {
    this.#outbox = outbox;
  }

  /** Asks for a piece, in place of the one that was asked before. */
  ask(piece: Piece): void {
    const { epoch, lane, afterSeq, bytesMax } = piece;
    const frames = this.#outbox.framesAfter(epoch, lane, afterSeq, bytesMax);
    // Whoever wants the piece hears of it; nobody may want it any more.
    frames.catch(() => undefined);
    this.#asked = { ...piece, frames };
  }

  /** The piece, whether it was asked before or is asked now. One that was asked before may be smaller than it could be. */
  async take(piece: Piece): Promise<readonly OutboxFrame[]> {
    const asked = this.#asked;
    this.drop(piece.lane);
    const isIt =
      asked?.lane === piece.lane &&
      asked.round === piece.round &&
      asked.epoch === piece.epoch &&
      asked.afterSeq === piece.afterSeq &&
      asked.bytesMax <= piece.bytesMax;
    const frames = isIt ? await asked.frames : [];
    if (frames.length > 0) return frames;
    // What was not there when it was asked may have come since.
    const { epoch, lane, afterSeq, bytesMax } = piece;
    return this.#outbox.framesAfter(epoch, lane, afterSeq, bytesMax);
  }

  /** Lets go what was asked for this lane, or for any. */
  drop(lane = this.#asked?.lane): void {
    if (this.#asked?.lane === lane) this.#asked = undefined;
  }
}
