import type { ClockRecord, DeviceId, Scalar } from "@millwright/wire-contract";

import type { Loss } from "../hand-over.ts";

type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
/** What a driver wants to find again after a restart. Kept as JSON; nothing here looks inside. */
export type ResumePoint = Readonly<Record<string, Json>>;

/**
 * Rows that become one sample frame: one clock segment, either late or not (a frame says both of all its rows). The
 * columns are views of one buffer, so that handing a chunk to the worker moves one buffer and copies nothing.
 */
export interface Chunk {
  readonly late: boolean;
  readonly segment: number;
  /** Something set the gateway's clock throughout the segment. */
  readonly disciplined: boolean;
  readonly buffer: ArrayBuffer;
  count: number;
  readonly wide: Map<number, Scalar>;
}

/** Everything that one commit writes. */
export interface Group {
  readonly chunks: readonly Chunk[];
  /** What became known of the clock that stamps: told ahead of the samples. */
  readonly clocks: readonly ClockRecord[];
  readonly losses: readonly Loss[];
  readonly resume: ReadonlyMap<DeviceId, ResumePoint>;
  /**
   * When it was taken from memory, where it then had to wait for room, µs: what was accepted or lost since is still there.
   * Undefined when it is written as soon as it was taken.
   */
  readonly takenUs: number | undefined;
  /** Wall and monotonic time at the commit. */
  readonly nowUs: number;
  readonly nowMs: number;
  readonly linkUp: boolean;
  /** Dictionary indices of tags that somebody is looking at. */
  readonly watched: readonly number[];
  /** Dictionary indices of tags that are told in full by order of the hub. */
  readonly recorded: readonly number[];
  /** The last group of a clean stop: the time of the end is kept. */
  readonly last: boolean;
}

/**
 * 65,536 rows, 1.6 MB; what a gateway of 10,000 tags at 1 Hz does not fill stays untouched and takes no memory. Where tags
 * are polled a hundred times a second, several rows of each tag then meet in one frame: 0.8 B a sample instead of 1.4 with
 * 16,384. A frame of so many samples is 50 to 160 kB, well below the megabyte that a broker takes by default.
 */
export const chunkRows = 65_536;
const rowBytes = 24;

export interface ChunkColumns {
  readonly measuredUs: Float64Array;
  readonly value: Float64Array;
  readonly tag: Int32Array;
  readonly status: Uint32Array;
}

export function newChunkBuffer(): ArrayBuffer {
  return new ArrayBuffer(chunkRows * rowBytes);
}

/** The columns inside the buffer of a chunk. */
export function columnsIn(buffer: ArrayBuffer): ChunkColumns {
  return {
    measuredUs: new Float64Array(buffer, 0, chunkRows),
    value: new Float64Array(buffer, chunkRows * 8, chunkRows),
    tag: new Int32Array(buffer, chunkRows * 16, chunkRows),
    status: new Uint32Array(buffer, chunkRows * 20, chunkRows),
  };
}
