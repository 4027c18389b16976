import type { Scalar } from "@millwright/wire-contract";

import type { ExactBucket } from "./buckets.ts";

/** What a double cannot hold, of the bucket that is being filled. */
export type OpenExact = { -readonly [Key in keyof ExactBucket]: ExactBucket[Key] };

/** `later` goes on where `open` ended. */
export function joinExact(open: OpenExact | undefined, later: ExactBucket): OpenExact {
  if (open === undefined) return { ...later };
  open.last = later.last;
  if (later.min !== undefined && (open.min === undefined || later.min < open.min)) {
    open.min = later.min;
  }
  if (later.max !== undefined && (open.max === undefined || later.max > open.max)) {
    open.max = later.max;
  }
  if (later.delta !== undefined) open.delta = addDelta(open.delta ?? 0n, later.delta);
  return open;
}

export function isSame(a: Scalar, b: Scalar): boolean {
  if (a instanceof Uint8Array && b instanceof Uint8Array) {
    return a.length === b.length && a.every((byte, at) => byte === b[at]);
  }
  return a === b;
}

/** A counter of 64 bits cannot count more than this in an hour; one that says so is broken, and stays at the end. */
const deltaMax = 2n ** 64n - 1n;

export function addDelta(a: bigint, b: bigint): bigint {
  return a + b > deltaMax ? deltaMax : a + b;
}
