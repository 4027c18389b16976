/**
 * Buckets of one hour (minutes) or one day (hours) as arrays in one row. A column that says nothing is null, one whose
 * values are all equal has one element, and values with a short decimal form are whole numbers around a base: that makes
 * a bucket 30 bytes instead of 130, and a view can still read it.
 */
import type { Scalar } from "@millwright/wire-contract";

export interface PackedBuckets {
  /** Place of the first bucket within the row. */
  readonly first: number;
  readonly count: number;
  /** The places, where they do not follow each other. */
  readonly places: readonly number[] | null;
  readonly samples: readonly number[];
  /** null: as `samples`. */
  readonly good: readonly number[] | null;
  /** µs; null: the whole bucket. */
  readonly goodUs: readonly number[] | null;
  /** Status codes as signed 32 bits; null: 0. */
  readonly worst: readonly number[] | null;
  /** Digits after the point; null: the values are not whole in any. */
  readonly decimals: number | null;
  /** What is added to the whole numbers. */
  readonly base: number;
  /**
   * Minima, then maxima, first and last values, `count` of each: in one of three widths. null in all: the tag has no
   * numbers. A bucket without a good sample has the least number of the width, or NaN.
   */
  readonly values2: readonly number[] | null;
  readonly values4: readonly number[] | null;
  readonly values8: readonly number[] | null;
  /** When the first and the last good sample were measured, µs after the bucket's begin less 2^31. */
  readonly firstUs: readonly number[] | null;
  readonly lastUs: readonly number[] | null;
  /** Sums of value − base; sums of its square; sums of it × µs held. Where they are not whole: of the value itself. */
  readonly sums4: readonly number[] | null;
  readonly sums8: readonly number[] | null;
  readonly sumsDouble: readonly number[] | null;
  readonly squares4: readonly number[] | null;
  readonly squares8: readonly number[] | null;
  readonly squaresDouble: readonly number[] | null;
  readonly integrals8: readonly number[] | null;
  readonly integralsDouble: readonly number[] | null;
  /** null: 0. */
  readonly delta: readonly number[] | null;
  readonly rollOvers: readonly number[] | null;
  readonly resets: readonly number[] | null;
  readonly changes: readonly number[] | null;
  /** `[[key, [[index, µs], …]], …]`; keys as `wordOf` writes them. */
  readonly states: readonly (readonly [string, readonly (readonly [number, number])[]])[] | null;
  readonly exact: readonly (readonly [number, PackedExact])[] | null;
  /** Of minutes: by minute of the hour, the revision with which the gateway told it; one for all when equal. null: 0. */
  readonly told: readonly number[] | null;
}

export interface PackedExact {
  readonly first: string;
  readonly last: string;
  readonly min?: string;
  readonly max?: string;
  readonly delta?: string;
}

/** Beyond this, decimals are noise of a double and not digits of a device. */
export const decimalsMost = 9;
export const powers = Array.from({ length: decimalsMost + 1 }, (_, digits) => 10 ** digits);

export const none2 = -(2 ** 15);
export const none4 = -(2 ** 31);
/** Times without a good sample. No bucket is 2^32 µs long. */
export const noTime = 2 ** 31 - 1;

/** A scalar as a word that says its type: `n1.5`, `i42`, `true`, `"text"`, `x0a1b`. */
export function wordOf(scalar: Scalar): string {
  if (typeof scalar === "number") return `n${scalar}`;
  if (typeof scalar === "bigint") return `i${scalar}`;
  if (typeof scalar === "boolean") return String(scalar);
  if (typeof scalar === "string") return JSON.stringify(scalar);
  return `x${Buffer.from(scalar).toString("hex")}`;
}

export function scalarOf(word: string): Scalar {
  switch (word.charAt(0)) {
    case "n":
      return Number(word.slice(1));
    case "i":
      return BigInt(word.slice(1));
    case "x":
      return new Uint8Array(Buffer.from(word.slice(1), "hex"));
    case '"':
      return JSON.parse(word) as string;
    default:
      return word === "true";
  }
}
