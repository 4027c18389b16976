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
  return columnsIn(new ArrayBuffer(count * rowBytes), 0, count);
}

function columnsIn(memory: ArrayBuffer, from: number, count: number): TargetColumns {
  return {
    count,
    measuredUs: new Float64Array(memory, from, count),
    value: new Float64Array(memory, from + count * 8, count),
    tag: new Int32Array(memory, from + count * 16, count),
    status: new Uint32Array(memory, from + count * 20, count),
    wide: new Map(),
  };
}

/** Where the columns of a decoded frame lie. */
export interface SampleMemory {
  /** Columns whose statuses are 0; the others hold anything, because every layout writes all of their rows. */
  clear(count: number): TargetColumns;
}

/**
 * Columns for those who decode frame after frame and keep nothing: the collector does not see them, while new columns
 * for each frame would have it search the whole heap several times a second.
 */
export class SampleScratch implements SampleMemory {
  #columns = makeTarget(0);

  /** The same as the last time where they were long enough. */
  clear(count: number): TargetColumns {
    if (this.#columns.tag.length < count) this.#columns = makeTarget(count);
    const { tag, measuredUs, value, status, wide } = this.#columns;
    wide.clear();
    return {
      count,
      tag: tag.subarray(0, count),
      measuredUs: measuredUs.subarray(0, count),
      value: value.subarray(0, count),
      status: status.subarray(0, count).fill(0),
      wide,
    };
  }
}

/** Rows of a block; a frame of more has memory of its own. */
const blockRows = 65_536;
const rowBytes = 24;
/** Blocks that are kept for the next batch, 25 MB: what a batch of a few frames of very many samples took is let go. */
const blocksKept = 16;

/**
 * Columns for those who decode a batch of frames, and let go of all of them together: one frame after the other takes its
 * place in blocks that stay. Columns of its own for each frame are half of the time of decoding it, with the collector's.
 */
export class BatchScratch implements SampleMemory {
  #blocks: ArrayBuffer[] = [];
  #block = 0;
  #row = 0;

  /** Begins anew: what was decoded before is not valid any more. */
  begin(): void {
    this.#block = 0;
    this.#row = 0;
    if (this.#blocks.length > blocksKept) this.#blocks = this.#blocks.slice(0, blocksKept);
  }

  clear(count: number): TargetColumns {
    if (count > blockRows) return makeTarget(count);
    if (this.#row + count > blockRows) {
      this.#block++;
      this.#row = 0;
    }
    const block = (this.#blocks[this.#block] ??= new ArrayBuffer(blockRows * rowBytes));
    // Doubles come first and lie at multiples of eight whatever came before.
    const from = this.#row * rowBytes;
    this.#row += count;
    const columns = columnsIn(block, from, count);
    columns.status.fill(0);
    return columns;
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
