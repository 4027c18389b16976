import type { Lane } from "./lane.ts";
import type { Scalar } from "./scalar.ts";
import type { Epoch, GatewayId } from "./tag.ts";

/**
 * What the body of a frame holds. The number is what frames carry; numbers are never reused. `unknown` is never
 * written: it is the answer of a reader that does not know the number it found.
 */
export const frameContents = {
  unknown: 0,
  samples: 1,
  dictionary: 2,
  ledger: 3,
  void: 4,
  start: 5,
  clock: 6,
  capture: 7,
  piece: 8,
  aggregates: 9,
  events: 10,
} as const;
export type FrameContent = keyof typeof frameContents;

/**
 * Says whose time a stamp is in (no-loss protocol 2, clock segment). A sent stamp is never rewritten: a correction is
 * a clock record that is applied at read.
 */
export interface ClockState {
  /** Random, new at each start and each step of the gateway's clock. */
  readonly segment: number;
  readonly disciplined: boolean;
  /** What is to be added to stamps of this segment, µs, as known at sealing. */
  readonly offsetUs: number;
}

/** Why a segment began. The number is what frames carry; numbers are never reused. */
export const clockCauses = { started: 1, stepped: 2, drifted: 3, set: 4, unset: 5 } as const;
export type ClockCause = keyof typeof clockCauses;

/**
 * What is known of a clock segment: written when it begins, and once more when a clock that nothing had set is set. The
 * second is a correction: `disciplined`, with the offset that brings stamps of the segment to the time of that clock.
 */
export interface ClockRecord extends ClockState {
  /** When this became known, by the gateway's clock, µs. */
  readonly atUs: number;
  /** Absent where a gateway of before did not say. */
  readonly cause?: ClockCause;
  /** By how much the clock was ahead of where the segment before would have had it, µs; absent where it was not. */
  readonly stepUs?: number;
}

/**
 * Whoever has stored the lanes of the epoch up to these numbers has all samples made before `upToUs` (gateway's clock, µs),
 * or what explains their absence (no-loss protocol 2, complete).
 */
export interface Complete {
  readonly upToUs: number;
  readonly criticalSeq: number;
  readonly liveSeq: number;
  readonly historySeq: number;
}

/** The head of a frame: who, which, in which order, and what must be true of its neighbours. */
export interface FrameHead {
  readonly gateway: GatewayId;
  readonly epoch: Epoch;
  readonly lane: Lane;
  /** Rises by one within (gateway, epoch, lane), from 1. */
  readonly seq: number;
  readonly content: FrameContent;
  /** H(previous chain, seq, CRC of content), 64 bit; 0n precedes seq 1. */
  readonly chain: bigint;
  /** Samples of this epoch and lane up to and with this frame: the size of a hole follows from its two neighbours. */
  readonly cum: number;
  /**
   * Samples in this frame; 0 unless content is `samples`, or `capture`, which counts as one. For a void: samples in the
   * frames it stands for.
   */
  readonly sampleCount: number;
  /** Hash of the dictionary whose indices the body uses; 0n when it uses none. */
  readonly dictionary: bigint;
  /** Least and greatest measured time in the body, µs. */
  readonly firstUs: number;
  readonly lastUs: number;
  /** When it was sealed, by the gateway's clock, µs. No sample in it was received later. */
  readonly sealedUs: number;
  readonly clock: ClockState;
  /** Position of a told frame on the raw lane: the raw frames it covers. Orders current values (protocol 9, twin). */
  readonly rawFrom: number;
  readonly rawTo: number;
  /** Samples came from a device's history or from repair; they never set a current value. */
  readonly late: boolean;
  /** The order of the hub that this frame answers; absent in all others. */
  readonly order?: number;
  /** Now and then; says nothing of the frame itself. */
  readonly complete?: Complete;
}

/**
 * Samples as columns, row by row in the order in which they were received. `tag` holds dictionary indices; `value` is
 * NaN in a row that `wide` has; NaN alone is a NaN.
 */
export interface SampleColumns {
  readonly count: number;
  readonly tag: Int32Array;
  /** µs since 1970 UTC. */
  readonly measuredUs: Float64Array;
  readonly value: Float64Array;
  readonly status: Uint32Array;
  readonly wide?: ReadonlyMap<number, Scalar>;
}

/** A void stands for frames that are gone: numbers a..b, with the chain at b so that the prefix can go on after it. */
export interface VoidBody {
  readonly fromSeq: number;
  readonly toSeq: number;
  /** Chain before `fromSeq` and at `toSeq`. */
  readonly chainBefore: bigint;
  readonly chainAt: bigint;
  readonly sampleCount: number;
}

/** The journal's own account of its starts, so that a hub can tell a successor from a copy. */
export interface StartRecord {
  readonly epoch: Epoch;
  /** Absent for the first epoch of a journal. */
  readonly parent?: Epoch;
  /** Last commit of the parent, µs; 0 for the first epoch. */
  readonly lastCommitUs: number;
  readonly startedUs: number;
}
