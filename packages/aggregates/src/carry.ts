import type { Scalar, StatusCode } from "@millwright/wire-contract";

/** One sample, kept from bucket to bucket. */
export interface HeldSample {
  readonly us: number;
  /** NaN when there is a scalar. */
  readonly value: number;
  readonly status: StatusCode;
  readonly scalar?: Scalar;
}

/**
 * What a range of buckets must know of the time before it: the value that holds at its begin, and the last good sample,
 * however old, from which a counter goes on.
 */
export interface Carry {
  /** The last sample of any status. */
  readonly held?: HeldSample;
  /** The last good sample; the same one when that was good. */
  readonly good?: HeldSample;
}

/** Nothing came before. */
export const noCarry: Carry = {};
