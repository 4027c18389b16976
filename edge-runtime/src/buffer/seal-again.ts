import type Database from "better-sqlite3";
import { decodeLedger, parseFrame } from "@millwright/wire-contract";

import type { Captures } from "./captures/captures.ts";
import type { ClaimTable } from "./claim-table.ts";
import type { CriticalLane } from "./critical-lane.ts";
import type { JournalEvents } from "./events/journal-events.ts";
import type { FrameTable } from "./frame-table.ts";
import type { Broken, HeldFrames } from "./held-frames.ts";
import { endOf, seqOf, type LaneState, type ToldLane } from "./lane-book.ts";
import { sampleFieldsOf, type Moment, type Sealer } from "./sealing.ts";
import type { ToldTable } from "./told-table.ts";

/**
 * What a copy of a journal holds above the last number that the hub has proven is sealed again in an epoch that is its
 * own (no-loss protocol 6): samples keep their identity, so that the hub drops what it has; critical frames are not
 * copied, what they said is said again. A piece at a time, each in a transaction: two days of an outage may have to move.
 */

/** 256 frames of some 20 kB are read and counted through in about 50 ms. */
const framesMax = 256;
/** Critical frames are small; this is about a hundred thousand ledger entries. */
const criticalBytes = 4 * 2 ** 20;

export class SealAgain {
  readonly #parts;

  constructor(parts: {
    readonly db: Database.Database;
    readonly sealer: Sealer;
    readonly frames: FrameTable;
    readonly toldFrames: ToldTable;
    readonly held: HeldFrames;
    readonly claims: ClaimTable;
    readonly critical: CriticalLane;
    readonly captures: Captures;
    readonly events: JournalEvents;
    /** Told of each frame that could not be read. */
    readonly broken: (broken: Broken) => void;
  }) {
    this.#parts = parts;
  }

  /** A lane that was left and still has frames to move. */
  get next(): LaneState | undefined {
    return this.#parts.held.book.lanes.find(({ left }) => left !== undefined);
  }

  /** Moves one piece. Inside a transaction. @returns whether all of the lane has moved */
  some(at: Moment, state: LaneState): boolean {
    const { held, frames } = this.#parts;
    const moved = this.#move(at, state);
    if (moved > 0) return false;
    frames.removeVoids(state.rank, state.lane, endOf(state).seq);
    held.hasLeft(state);
    return true;
  }

  /** How many it moved. */
  #move(at: Moment, state: LaneState): number {
    switch (state.lane) {
      case "critical":
        return this.#critical(at, state);
      case "capture":
        return this.#parts.captures.sealAgain(at, state.rank, endOf(state).seq) ? 1 : 0;
      case "live":
      case "history":
        return this.#told(at, state, state.lane);
    }
  }

  #told(at: Moment, state: LaneState, lane: ToldLane): number {
    const { frames, toldFrames, sealer, broken } = this.#parts;
    const { rank } = state;
    const items = toldFrames.after(rank, lane, endOf(state).seq, framesMax);
    for (const { id, rawFrom, rawTo, shared, samples, firstUs, lastUs, bytes } of items) {
      frames.removeRange(rank, lane, seqOf(id) - 1, seqOf(id));
      const parsed = parseFrame(bytes);
      if (parsed.kind !== "frame") {
        broken({ lane: state, samples, firstUs, lastUs });
        continue;
      }
      const fields = { ...sampleFieldsOf(parsed.head), sealedUs: at.nowUs, late: true };
      // Numbers of raw frames count within an epoch, and these are of another one.
      const sealed = sealer.told("history", fields, { rawFrom: 0, rawTo: 0 }, parsed.body);
      toldFrames.put(at.rank, "history", { sealed, rawFrom, rawTo, shared });
    }
    return items.length;
  }

  #critical(at: Moment, state: LaneState): number {
    const { db, frames, claims, critical, events } = this.#parts;
    const from = endOf(state).seq;
    const items = frames
      .after(state.rank, "critical", from, state.head.seq, criticalBytes)
      .filter(({ kind }) => kind === "frame");
    for (const { id, whole } of items) {
      const parsed = parseFrame(whole);
      if (parsed.kind !== "frame") {
        // Which claims it told is not known, so all of its epoch are told again.
        claims.reopen(db, state.rank);
      } else if (parsed.head.content === "ledger") {
        const entries = decodeLedger(parsed.body);
        if (!("kind" in entries)) claims.tellAgain(db, state.rank, entries);
      }
      frames.removeRange(state.rank, "critical", seqOf(id) - 1, seqOf(id));
    }
    if (items.length > 0) {
      events.tellAgainAfter(state.rank, from);
      critical.tellStarts(at);
      critical.tellDictionaries(at);
    }
    return items.length;
  }
}
