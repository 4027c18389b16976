import assert from "node:assert/strict";

import type { Epoch, RoadLane } from "@millwright/wire-contract";

import type { OutboxLane } from "../hand-over.ts";

/**
 * Where each lane of each held epoch stands, in memory: what is held, how far the hub has stored, and what waits. The
 * numbers are small and asked for often; the frames themselves stay on disk.
 */
export interface LaneState {
  readonly rank: number;
  readonly epoch: Epoch;
  readonly parent: Epoch | undefined;
  readonly startedUs: number;
  /** Last commit of the epoch before, µs; 0 for the first. */
  readonly lastCommitUs: number;
  readonly lane: HeldLane;
  /** Last number released, with chain and count of samples there. Nothing at or below it is sent again. */
  base: Place;
  stored: Place;
  /** Proven to be in the hub's backup; becomes `base` with the next release. */
  safe: Place;
  head: Place;
  /** When the first frame above `stored` was sealed, µs; 0 when none waits. */
  oldestUs: number;
  /** The hub has not said yet, in this run and incarnation, what it has of this lane: it is not released as a whole. */
  doubted: boolean;
  /** Another journal has gone on in this epoch: here it ends for this one, and what lies above is sealed again elsewhere. */
  left: Place | undefined;
}

/** The lanes that carry samples to the hub. */
export const toldLanes = ["live", "history"] as const satisfies readonly RoadLane[];
export type ToldLane = (typeof toldLanes)[number];
/** The lanes that a journal holds frames for. */
export const heldLanes = [
  "critical",
  ...toldLanes,
  "capture",
] as const satisfies readonly RoadLane[];
export type HeldLane = (typeof heldLanes)[number];

/** One number of a lane: the chain there, and the samples of this epoch and lane up to it. */
export interface Place {
  readonly seq: number;
  readonly chain: bigint;
  readonly cum: number;
}

export interface Waiting {
  readonly frames: number;
  readonly samples: number;
  readonly oldestSealedUs: number;
}

export const beginning: Place = { seq: 0, chain: 0n, cum: 0 };

/** More numbers than one epoch can use: 2^32 at twenty commits a second last 6.8 years. */
const seqRange = 2 ** 32;
/** 2^20 starts: two hundred years at one restart every 100 minutes. Keys stay below 2^53. */
const rankMax = 2 ** 20;

/** Key of a frame row: rank of its epoch and its number. */
export function keyOf(rank: number, seq: number): number {
  assert(rank >= 1 && rank <= rankMax, `rank ${rank}`);
  assert(seq >= 0 && seq < seqRange, `number ${seq}`);
  return rank * seqRange + seq;
}

export function rankOf(key: number): number {
  return Math.floor(key / seqRange);
}

export function seqOf(key: number): number {
  return key % seqRange;
}

export class LaneBook {
  readonly #lanes: LaneState[] = [];

  /** In the order of epochs, then of lanes. */
  get lanes(): readonly LaneState[] {
    return this.#lanes;
  }

  add(state: LaneState): void {
    this.#lanes.push(state);
  }

  find(epoch: Epoch, lane: RoadLane): LaneState | undefined {
    // From the end: nearly all questions are about the running epoch.
    return this.#lanes.findLast((state) => state.lane === lane && state.epoch === epoch);
  }

  of(rank: number, lane: HeldLane): LaneState | undefined {
    return this.#lanes.findLast((state) => state.lane === lane && state.rank === rank);
  }

  /** Puts a lane back that was released; it belongs before those of later epochs. */
  putBack(state: LaneState): void {
    const later = this.#lanes.findIndex(({ rank }) => rank > state.rank);
    this.#lanes.splice(later < 0 ? this.#lanes.length : later, 0, state);
  }

  remove(state: LaneState): void {
    const at = this.#lanes.indexOf(state);
    if (at >= 0) this.#lanes.splice(at, 1);
  }

  /** Without captures: they go last, and the hub is not behind because a picture is on its way. */
  waiting(): Waiting {
    let frames = 0;
    let samples = 0;
    let oldestSealedUs = 0;
    for (const { lane, head, stored, oldestUs } of this.#lanes) {
      if (lane === "capture") continue;
      frames += head.seq - stored.seq;
      samples += head.cum - stored.cum;
      if (oldestUs > 0 && (oldestSealedUs === 0 || oldestUs < oldestSealedUs)) {
        oldestSealedUs = oldestUs;
      }
    }
    return { frames, samples, oldestSealedUs };
  }

  /** When the oldest frame of a lane was sealed that the hub has not stored, µs; Infinity when none waits. */
  oldestUs(lane: HeldLane): number {
    let least = Infinity;
    for (const state of this.#lanes) {
      if (state.lane === lane && state.oldestUs > 0) least = Math.min(least, state.oldestUs);
    }
    return least;
  }

  positions(): OutboxLane[] {
    return this.#lanes.map((state) => {
      const end = endOf(state);
      return {
        epoch: state.epoch,
        ...(state.parent === undefined ? {} : { parent: state.parent }),
        startedUs: state.startedUs,
        lastCommitUs: state.lastCommitUs,
        lane: state.lane,
        baseSeq: state.base.seq,
        baseChain: state.base.chain,
        storedSeq: state.stored.seq,
        headSeq: end.seq,
        headChain: end.chain,
      };
    });
  }
}

/** The last number of the lane that is this journal's own. */
export function endOf({ left, head }: LaneState): Place {
  return left ?? head;
}

export type MarkVerdict =
  | { readonly kind: "taken"; readonly stored: Place; readonly safe: Place }
  /** Another journal has gone on in this epoch: this one is a copy of it, or it of this one. */
  | { readonly kind: "foreign" }
  | { readonly kind: "ignored" };

/**
 * Says what a mark means for a lane (no-loss protocol 6). It is taken only when its chain is the journal's own at that
 * number: then the hub has these very frames, and everything before them.
 *
 * @param running whether frames are still sealed in this epoch
 * @param placeAt the journal's place at a number that ends a frame or void; `undefined` inside a void
 */
export function judgeMark(
  state: LaneState,
  running: boolean,
  storedSeq: number,
  chain: bigint,
  safeSeq: number,
  placeAt: (seq: number) => Place | undefined,
): MarkVerdict {
  const end = endOf(state);
  if (storedSeq > end.seq) {
    // The hub has said before that all of this lane lies in its prefix: what came after that is another journal's.
    if (running || state.stored.seq !== end.seq) return foreign;
    const safe = safeSeq >= end.seq ? end : placeAt(safeSeq);
    return { kind: "taken", stored: state.stored, safe: later(safe, state.safe) };
  }
  if (storedSeq < state.base.seq) return ignored;
  const stored = storedSeq === state.base.seq ? state.base : placeAt(storedSeq);
  // Inside a void nothing can be proven; its end will come.
  if (stored === undefined) return ignored;
  if (stored.chain !== chain) return foreign;
  const safe = safePlace(state, Math.min(safeSeq, storedSeq), stored, placeAt);
  // Several workers of the hub publish marks, and an older one may arrive later.
  return { kind: "taken", stored: later(stored, state.stored), safe: later(safe, state.safe) };
}

const foreign: MarkVerdict = { kind: "foreign" };
const ignored: MarkVerdict = { kind: "ignored" };

function later(place: Place | undefined, other: Place): Place {
  return place !== undefined && place.seq > other.seq ? place : other;
}

/** The safe number carries no chain of its own; it lies in the prefix that `stored` has just proven. */
function safePlace(
  state: LaneState,
  safeSeq: number,
  stored: Place,
  placeAt: (seq: number) => Place | undefined,
): Place {
  if (safeSeq === stored.seq) return stored;
  if (safeSeq <= state.base.seq) return state.base;
  // Inside a void nothing can be released; its end will come.
  return placeAt(safeSeq) ?? state.safe;
}
