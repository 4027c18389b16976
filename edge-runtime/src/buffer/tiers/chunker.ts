import { widths } from "@millwright/aggregates";
import {
  encodeSamples,
  SampleScratch,
  type Dictionary,
  type SampleColumns,
} from "@millwright/wire-contract";

import type { Loss } from "../../hand-over.ts";
import { rankOf } from "../lane-book.ts";
import type { ChunkTable } from "./chunk-table.ts";
import { Gathering, TagCounts, type Pass, type PassGroup } from "./gathering.ts";
import type { GroupKey } from "./groups.ts";
import { openFrame, type PendingFrame, type PendingFrames } from "./pending-frames.ts";

/**
 * Sample frames become chunks: many samples of few tags instead of few samples of many, a byte each instead of two or
 * three, and a chart of one tag reads only its own. Frames are read twice, to count and to gather, and once more for each
 * million of samples, so that memory does not grow with the number of tags.
 *
 * All is done in slices. Rows written before the last slice lie above the **frontier**, which says how far samples are
 * read from chunks and from where on from frames; moving it makes all of them count at once, in one transaction with
 * what has to be rolled up. After a crash rows above it are taken out, and the frames are still there.
 */

export interface ChunkRules {
  /** A chunk is made when there are so many samples for each tag, or when the oldest has waited long enough. */
  readonly samplesPerTag: number;
  readonly waitUsMax: number;
  /** Samples of one job: what frames of slow tags among fast ones may pile up to. */
  readonly samplesMax: number;
  /** Samples gathered at a time: 24 MB of columns. */
  readonly passSamplesMax: number;
  /** Samples of one row: a body of 30 kB, decoded in 1 ms. */
  readonly rowSamplesMax: number;
  /** Samples handled in one slice, at p99 29 ms of CPU; a commit that arrives meanwhile waits no longer. */
  readonly sliceSamplesMax: number;
}

export const chunkRules: ChunkRules = {
  samplesPerTag: 512,
  waitUsMax: 3_600_000_000,
  samplesMax: 4_194_304,
  passSamplesMax: 1_048_576,
  rowSamplesMax: 32_768,
  sliceSamplesMax: 16_384,
};

/** Until the first chunk says better (`bench tiers`). */
export const usualBytesPerSample = 0.9;
/** Frames of one slice, however small they are. */
const sliceFramesMax = 64;

/** What became readable from chunks. */
export interface Published {
  /** Frames up to this key are in chunks. */
  readonly toId: number;
  /** When the last of them was sealed, µs. */
  readonly sealedUs: number;
  /** Hours since 1970 in which its samples were measured, by group. */
  readonly touched: ReadonlyMap<GroupKey, ReadonlySet<number>>;
}

export type ChunkStep =
  | { readonly kind: "idle" }
  | { readonly kind: "more" }
  | { readonly kind: "published"; readonly published: Published };

interface Job {
  readonly fromId: number;
  readonly samplesWanted: number;
  readonly counts: TagCounts;
  readonly touched: Map<GroupKey, Set<number>>;
  dictionary: Dictionary | undefined;
  segment: number | undefined;
  firstId: number;
  /** The last frame that was counted. */
  toId: number;
  sealedUs: number;
  /** Frame up to which the phase under way has read. */
  cursor: number;
  passes: Pass[] | undefined;
  gathering: Gathering | undefined;
  /** The one of the last pass. */
  before: Gathering | undefined;
  /** Groups of the first pass that are still to be written. */
  groups: readonly PassGroup[];
}

export class Chunker {
  readonly #parts;
  readonly #rules: ChunkRules;
  readonly #scratch = new SampleScratch();
  #frontier: number;
  #job: Job | undefined;
  #caughtUp = false;
  #bytesPerSample = usualBytesPerSample;

  constructor(parts: {
    readonly frames: PendingFrames;
    readonly chunks: ChunkTable;
    readonly dictionaryOf: (hash: bigint) => Dictionary | undefined;
    readonly tagCount: () => number;
    readonly claim: (loss: Loss) => void;
    readonly frontier: number;
    readonly rules: ChunkRules;
  }) {
    this.#parts = parts;
    this.#rules = parts.rules;
    this.#frontier = parts.frontier;
  }

  /** Samples of frames up to this key are read from chunks, those of later ones from frames. */
  get frontier(): number {
    return this.#frontier;
  }

  /** Whether the last look found no frame that waits. */
  get caughtUp(): boolean {
    return this.#caughtUp;
  }

  /** Of the rows written last. */
  get bytesPerSample(): number {
    return this.#bytesPerSample;
  }

  get busy(): boolean {
    return this.#job !== undefined;
  }

  /** One slice. Inside a transaction; `moved` or `drop` follows. */
  step(nowUs: number): ChunkStep {
    const job = (this.#job ??= this.#begin(nowUs));
    if (job === undefined) return { kind: "idle" };
    if (job.passes === undefined) this.#count(job);
    else if (job.groups.length > 0) this.#write(job);
    else if (job.gathering !== undefined) this.#gather(job);
    else if (job.passes.length > 0) this.#beginPass(job);
    else return this.#publish(job);
    return { kind: "more" };
  }

  /** The transaction that published was kept. */
  moved(toId: number): void {
    this.#frontier = toId;
    this.#job = undefined;
  }

  /** The transaction was taken back: what was under way begins again. */
  drop(): void {
    this.#job = undefined;
  }

  #begin(nowUs: number): Job | undefined {
    const { frames, chunks, tagCount } = this.#parts;
    const { samples, oldestUs, frames: count } = frames.backlog(this.#frontier);
    this.#caughtUp = count === 0;
    const { samplesPerTag, samplesMax, waitUsMax } = this.#rules;
    const wanted = Math.min(samplesMax, samplesPerTag * Math.max(1, tagCount()));
    const waited = count > 0 && nowUs - oldestUs >= waitUsMax;
    if (samples < wanted && !waited) return undefined;
    // What an earlier try left, when it was taken back half way.
    chunks.removeAbove(this.#frontier);
    return {
      fromId: this.#frontier,
      samplesWanted: wanted,
      counts: new TagCounts(),
      touched: new Map(),
      dictionary: undefined,
      segment: undefined,
      firstId: 0,
      toId: this.#frontier,
      sealedUs: 0,
      cursor: this.#frontier,
      passes: undefined,
      gathering: undefined,
      before: undefined,
      groups: [],
    };
  }

  /** Counts the frames that go together: of one start, one dictionary and one run of the clock. */
  #count(job: Job): void {
    let inSlice = 0;
    for (const frame of this.#nextFrames(job)) {
      if (job.counts.samples >= job.samplesWanted) break;
      if (!this.#fits(job, frame)) {
        job.passes = this.#passesOf(job);
        return;
      }
      inSlice += frame.samples;
    }
    const isOver = inSlice === 0 || job.counts.samples >= job.samplesWanted;
    if (isOver) job.passes = this.#passesOf(job);
  }

  #nextFrames(job: Job): PendingFrame[] {
    return this.#parts.frames.after(job.cursor, sliceFramesMax, this.#rules.sliceSamplesMax);
  }

  /** Takes the frame in, unless it belongs to what comes next. */
  #fits(job: Job, frame: PendingFrame): boolean {
    const dictionary = this.#parts.dictionaryOf(frame.dictionary);
    const opened =
      dictionary === undefined ? undefined : openFrame(frame, dictionary, this.#scratch);
    if (opened === undefined) {
      this.#tellUnreadable(frame);
    } else {
      const { head, columns } = opened;
      const another =
        job.dictionary !== undefined &&
        (dictionary !== job.dictionary ||
          head.clock.segment !== job.segment ||
          rankOf(frame.id) !== rankOf(job.toId));
      if (another) return false;
      job.dictionary = dictionary;
      job.segment = head.clock.segment;
      job.counts.add(columns, head.late);
    }
    if (job.firstId === 0) job.firstId = frame.id;
    job.toId = frame.id;
    job.sealedUs = frame.sealedUs;
    job.cursor = frame.id;
    return true;
  }

  #passesOf({ counts, dictionary }: Job): Pass[] {
    return dictionary === undefined ? [] : counts.passes(dictionary, this.#rules.passSamplesMax);
  }

  #beginPass(job: Job): void {
    const [pass] = job.passes ?? [];
    if (pass === undefined) return;
    job.gathering = new Gathering(pass, job.before);
    job.before = undefined;
    job.cursor = job.fromId;
  }

  #gather(job: Job): void {
    const [pass] = job.passes ?? [];
    const { gathering, dictionary } = job;
    if (pass === undefined || gathering === undefined || dictionary === undefined) return;
    let inSlice = 0;
    for (const frame of this.#nextFrames(job)) {
      if (frame.id > job.toId) break;
      const opened = openFrame(frame, dictionary, this.#scratch);
      if (opened?.head.late === pass.late) gathering.add(opened.columns);
      job.cursor = frame.id;
      inSlice += frame.samples;
    }
    if (inSlice === 0 || job.cursor >= job.toId) job.groups = pass.groups;
  }

  #write(job: Job): void {
    const { gathering, dictionary, passes } = job;
    const [pass] = passes ?? [];
    if (pass === undefined || gathering === undefined || dictionary === undefined) return;
    let inSlice = 0;
    while (job.groups.length > 0 && inSlice < this.#rules.sliceSamplesMax) {
      const [{ group } = { group: 0 }, ...rest] = job.groups;
      for (const piece of gathering.piecesOf(group, this.#rules.rowSamplesMax)) {
        this.#put(job, group, piece, pass.late);
        inSlice += piece.count;
      }
      job.groups = rest;
    }
    if (job.groups.length > 0) return;
    job.before = gathering;
    job.gathering = undefined;
    job.passes = passes?.slice(1) ?? [];
  }

  #put(job: Job, group: GroupKey, piece: SampleColumns, late: boolean): void {
    const { dictionary, segment } = job;
    if (dictionary === undefined || segment === undefined) return;
    const [firstUs, lastUs] = rangeOf(piece);
    const body = encodeSamples(piece, dictionary);
    this.#bytesPerSample += (body.length / piece.count - this.#bytesPerSample) / 8;
    this.#parts.chunks.add(group, {
      fromId: job.firstId,
      toId: job.toId,
      sealedUs: job.sealedUs,
      firstUs,
      lastUs,
      samples: piece.count,
      firstTag: piece.tag[0] ?? 0,
      lastTag: piece.tag[piece.count - 1] ?? 0,
      segment,
      late,
      dictionary: dictionary.hash,
      body,
    });
    const touched = job.touched.get(group) ?? new Set();
    job.touched.set(group, touched);
    addHours(touched, piece);
  }

  /** Frames that nobody can read are passed like others, or they would stand in the way for ever. */
  #publish({ toId, sealedUs, touched }: Job): ChunkStep {
    return { kind: "published", published: { toId, sealedUs, touched } };
  }

  #tellUnreadable({ samples, firstUs, lastUs }: PendingFrame): void {
    this.#parts.claim({
      reason: "frame corrupt",
      scope: { kind: "gateway" },
      fromUs: firstUs,
      toUs: lastUs,
      count: { kind: "exact", samples },
    });
  }
}

function addHours(hours: Set<number>, { count, measuredUs }: SampleColumns): void {
  let fromUs = Infinity;
  let toUs = -Infinity;
  for (let row = 0; row < count; row++) {
    const us = measuredUs[row] ?? NaN;
    if (us >= fromUs && us < toUs) continue;
    const hour = Math.floor(us / widths.hour);
    hours.add(hour);
    fromUs = hour * widths.hour;
    toUs = fromUs + widths.hour;
  }
}

function rangeOf({ count, measuredUs }: SampleColumns): readonly [number, number] {
  let first = Infinity;
  let last = -Infinity;
  for (let row = 0; row < count; row++) {
    const us = measuredUs[row] ?? NaN;
    if (us < first) first = us;
    if (us > last) last = us;
  }
  return [first, last];
}
