import { BoundedQueue, type Clock, type Random } from "@millwright/kit";
import type { ClockRecord, DeviceId, Scalar } from "@millwright/wire-contract";

import type { Loss, SampleBatch } from "../hand-over.ts";
import { ClockSegments } from "./clock-segments.ts";
import {
  chunkRows,
  columnsIn,
  newChunkBuffer,
  type Chunk,
  type ChunkColumns,
  type ResumePoint,
} from "./group.ts";
import { countOf, OpenClaims } from "./claims.ts";

/**
 * What was accepted and is not yet on disk. Batches are copied into chunks at once, so that their columns belong to
 * nobody else, and a commit hands whole chunks over.
 */

/** Four times what brings a commit forward (50,000): 5 MB. Above it batches are refused, and the caller charges them. */
const samplesMax = 200_000;
/** Text and bytes in memory, for the same reason. */
const wideBytesMax = 16 * 2 ** 20;
/** Buffers kept for use again: as many as the bound on samples can fill. */
const spareMax = Math.ceil(samplesMax / chunkRows) + 2;

interface OpenChunk {
  readonly chunk: Chunk;
  readonly columns: ChunkColumns;
}

/** Taken for one commit. */
export interface Taken {
  readonly chunks: readonly Chunk[];
  /** What became known of the clock that stamps. */
  readonly clocks: readonly ClockRecord[];
  readonly losses: readonly Loss[];
  readonly resume: ReadonlyMap<DeviceId, ResumePoint>;
  readonly settles: readonly (() => Promise<void>)[];
  readonly samples: number;
  readonly wideBytes: number;
  /** When, µs. */
  readonly takenUs: number;
}

export class Intake {
  readonly #clock: Clock;
  readonly #segments: ClockSegments;
  readonly #spare = new BoundedQueue<ArrayBuffer>(spareMax);
  #chunks: Chunk[] = [];
  #open: OpenChunk | undefined;
  #losses = new OpenClaims();
  #resume = new Map<DeviceId, ResumePoint>();
  #settles: (() => Promise<void>)[] = [];
  #samples = 0;
  #wideBytes = 0;
  #takenSamples = 0;
  #takenWideBytes = 0;

  constructor(clock: Clock, random: Random, clockIsSet: () => boolean) {
    this.#clock = clock;
    this.#segments = new ClockSegments(clock, random, clockIsSet);
  }

  /** Samples that wait for a commit, and those of a commit under way. */
  get inMemory(): number {
    return this.#samples + this.#takenSamples;
  }

  /** Samples that wait for the next commit. */
  get samples(): number {
    return this.#samples;
  }

  get empty(): boolean {
    return this.#samples === 0 && this.#losses.size === 0 && this.#resume.size === 0;
  }

  hasRoom({ count, wide }: Pick<SampleBatch, "count" | "wide">): boolean {
    const samplesFull = this.inMemory + count > samplesMax;
    const wideFull = this.#wideBytes + this.#takenWideBytes + sizeOf(wide) > wideBytesMax;
    // A batch that alone passes the bound is taken when nothing else is there, or it could never be.
    return !(samplesFull || wideFull) || this.inMemory === 0;
  }

  /**
   * Only called when there is room.
   *
   * @returns whether the batch is the first of another clock segment: a new one, and so a new frame, begins at each step
   *   of the clock that stamps (no-loss protocol 2), and when it becomes or ceases to be one that is set
   */
  append(batch: SampleBatch): boolean {
    const another = this.#segments.follow();
    if (another) this.#open = undefined;
    for (let row = 0; row < batch.count;) row += this.#copy(batch, row);
    this.#samples += batch.count;
    this.#wideBytes += sizeOf(batch.wide);
    if (batch.settle !== undefined) this.#settles.push(batch.settle);
    return another;
  }

  /** Samples that are accepted from here on are of another segment: a copy of this gateway may stamp in the one before. */
  beginSegment(): void {
    this.#segments.beginAnother();
    this.#open = undefined;
  }

  charge(loss: Loss): void {
    this.#losses.add(loss, this.#clock.monotonicMs());
  }

  saveResume(device: DeviceId, point: ResumePoint): void {
    this.#resume.set(device, point);
  }

  take(): Taken {
    const taken = {
      chunks: this.#chunks,
      clocks: this.#segments.takeRecords(),
      losses: [...this.#losses.rows()].map(({ reason, scope, fromUs, toUs, kind, samples }) => ({
        reason,
        scope,
        fromUs,
        toUs,
        count: countOf(kind, samples),
      })),
      resume: this.#resume,
      settles: this.#settles,
      samples: this.#samples,
      wideBytes: this.#wideBytes,
      takenUs: this.#clock.nowUs(),
    };
    this.#takenSamples = this.#samples;
    this.#takenWideBytes = this.#wideBytes;
    this.#chunks = [];
    this.#open = undefined;
    this.#losses = new OpenClaims();
    this.#resume = new Map();
    this.#settles = [];
    this.#samples = 0;
    this.#wideBytes = 0;
    return taken;
  }

  /** The taken samples are on disk. @param buffers of their chunks, to be filled again */
  done(buffers: readonly ArrayBuffer[]): void {
    this.#takenSamples = 0;
    this.#takenWideBytes = 0;
    for (const buffer of buffers) this.#spare.offer(buffer);
  }

  /** Copies rows from `row` on into the open chunk; answers how many. */
  #copy(batch: SampleBatch, row: number): number {
    const { chunk, columns } = this.#chunkFor(batch.late);
    const room = chunkRows - chunk.count;
    const rows = Math.min(room, batch.count - row);
    const to = row + rows;
    columns.tag.set(batch.tag.subarray(row, to), chunk.count);
    columns.measuredUs.set(batch.measuredUs.subarray(row, to), chunk.count);
    columns.value.set(batch.value.subarray(row, to), chunk.count);
    columns.status.set(batch.status.subarray(row, to), chunk.count);
    for (const [at, scalar] of batch.wide ?? []) {
      if (at >= row && at < to) chunk.wide.set(chunk.count + at - row, scalar);
    }
    chunk.count += rows;
    return rows;
  }

  #chunkFor(late: boolean): OpenChunk {
    const open = this.#open;
    if (open !== undefined && open.chunk.late === late && open.chunk.count < chunkRows) return open;
    const buffer = this.#spare.shift() ?? newChunkBuffer();
    const { segment, disciplined } = this.#segments;
    const chunk = { late, segment, disciplined, buffer, count: 0, wide: new Map() };
    this.#chunks.push(chunk);
    this.#open = { chunk, columns: columnsIn(buffer) };
    return this.#open;
  }
}

/** Roughly what the values take in memory. */
function sizeOf(wide: ReadonlyMap<number, Scalar> | undefined): number {
  let bytes = 0;
  for (const scalar of wide?.values() ?? []) {
    if (typeof scalar === "string" || scalar instanceof Uint8Array) bytes += scalar.length;
    bytes += 16;
  }
  return bytes;
}
