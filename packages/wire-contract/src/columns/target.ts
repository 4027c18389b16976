import { Malformed } from "../bytes.ts";
import type { Dictionary } from "../dictionary.ts";
import type { Scalar } from "../scalar.ts";
import type { TagTraits } from "../tag-book.ts";

/** Columns that are being read. */
export interface TargetColumns {
  readonly count: number;
  readonly tag: Int32Array;
  readonly measuredUs: Float64Array;
  readonly value: Float64Array;
  readonly status: Uint32Array;
  readonly wide: Map<number, Scalar>;
}

/** One memory for all columns: the collector pays for each piece, and a hub that sorts holds those of 40,000 frames. */
export function makeTarget(count: number): TargetColumns {
  const memory = new ArrayBuffer(count * 24);
  return {
    count,
    measuredUs: new Float64Array(memory, 0, count),
    value: new Float64Array(memory, count * 8, count),
    tag: new Int32Array(memory, count * 16, count),
    status: new Uint32Array(memory, count * 20, count),
    wide: new Map(),
  };
}

/**
 * Columns for those who decode frame after frame and keep nothing: the collector does not see them, while new columns
 * for each frame would have it search the whole heap several times a second.
 */
export class SampleScratch {
  #columns = makeTarget(0);

  /** Columns of zeros, the same as the last time where they were long enough. */
  clear(count: number): TargetColumns {
    if (this.#columns.tag.length < count) this.#columns = makeTarget(count);
    const { tag, measuredUs, value, status, wide } = this.#columns;
    wide.clear();
    return {
      count,
      tag: tag.subarray(0, count).fill(0),
      measuredUs: measuredUs.subarray(0, count).fill(0),
      value: value.subarray(0, count).fill(0),
      status: status.subarray(0, count).fill(0),
      wide,
    };
  }
}

export function traitsOf(dictionary: Dictionary, index: number): TagTraits {
  const tag = dictionary.book.traitsOf(index);
  if (tag === undefined) throw new Malformed(`tag ${index} is not in its dictionary`);
  return tag;
}

/** Bits of the flags that begin a segment of the by-tag layout and the whole of the wide layout. */
export const flagBits = {
  timeMode: 0b0000_0011,
  timeUnit: 0b0000_1100,
  status: 0b0001_0000,
  scalars: 0b0010_0000,
  exceptions: 0b0100_0000,
  constant: 0b1000_0000,
} as const;
