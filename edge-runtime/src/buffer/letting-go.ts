import type { ClaimTable } from "./claim-table.ts";
import type { JournalEvents } from "./events/journal-events.ts";
import type { FactTable } from "./fact-table.ts";
import type { Follow } from "./follow.ts";
import type { HeldFrames } from "./held-frames.ts";
import type { Medium } from "./medium.ts";
import type { RawTier } from "./raw-tier.ts";
import type { Run } from "./run.ts";
import type { TagTable } from "./tag-table.ts";

/**
 * What the journal lets go of, so that there is room: what the hub has safely, claims that have gone of age, and what
 * was only for their sake. Where room is short, also what it would keep otherwise; where there is none, samples are refused.
 */

/** Marks are told anew at each hello, so little is lost by writing them seldom; each write costs a page twice. */
const marksEveryMs = 10_000;
/** Rows taken out with one commit: a commit stays short, and still more go than come. */
const dropMax = 128;
/** Old claims are let go once a minute and not with each commit. */
const pruneEveryUs = 60_000_000;

export class LettingGo {
  readonly #parts;
  #full = false;
  /** A group found no room. */
  #noRoom = false;
  #marksMs: number;
  #prunedUs = 0;

  constructor(parts: {
    readonly medium: Medium;
    readonly held: HeldFrames;
    readonly raw: RawTier;
    readonly tags: TagTable;
    readonly claims: ClaimTable;
    readonly facts: FactTable;
    readonly follow: Follow;
    readonly events: JournalEvents;
    readonly run: Run;
    /** How long claims stay, µs. */
    readonly keepRawUs: number;
    /** Dictionaries used since this frame are needed to read chunks. */
    readonly leastChunked: () => number;
  }) {
    this.#parts = parts;
    this.#marksMs = parts.run.nowMs;
  }

  /** Samples are refused: the file is full of frames that the hub does not have safely. */
  get full(): boolean {
    return this.#full;
  }

  /** A group was taken back because there was no room for it. */
  foundNoRoom(): void {
    this.#full = true;
    this.#noRoom = true;
  }

  foundRoom(): void {
    this.#noRoom = false;
    this.measure();
  }

  measure(): void {
    this.#full = this.sampleBytes > this.#parts.medium.room.sampleBytesMax;
  }

  /** In use for all but events, which have a share of their own. */
  get sampleBytes(): number {
    return this.#parts.medium.usedBytes - this.#parts.events.usedBytes;
  }

  /** A group that found no room needs more than what is left below the usual bound. */
  get room(): { readonly usedBytes: number; readonly thinAboveBytes: number } {
    const { thinAboveBytes } = this.#parts.medium.room;
    const usedBytes = this.sampleBytes;
    return { usedBytes, thinAboveBytes: this.#noRoom ? thinAboveBytes / 2 : thinAboveBytes };
  }

  /** What is due with a commit. Inside a transaction. @param last the journal is being closed */
  withCommit(last: boolean): void {
    const { run } = this.#parts;
    if (last || run.nowMs - this.#marksMs >= marksEveryMs) this.#keepMarks();
    this.#pruneClaims();
  }

  /** As much as may go at once, where samples are refused. Inside a transaction. */
  some(): void {
    this.#keepMarks();
    this.#dropSafe();
    this.#pruneClaims();
  }

  /**
   * What the hub has stored goes without a backup, and frames that it has safely go before they are in chunks. Whether any
   * did. Inside a transaction.
   */
  giveUp(): boolean {
    const { held, run } = this.#parts;
    return held.releaseStored(run.rank) || this.#dropSafe();
  }

  /**
   * Frames that the hub does not have are let go, and become voids. Their samples are in the ledger as thinned already,
   * but for those whose chunks had gone of age without a word. Whether any did. Inside a transaction.
   */
  shed(rawBelow: number, retiredTo: number): boolean {
    const { held, claims, run } = this.#parts;
    const shed = held.shed(rawBelow, run.nowUs);
    for (const { rawTo, samples, firstUs, lastUs } of shed) {
      if (rawTo > retiredTo || samples === 0) continue;
      const count = { kind: "exact", samples } as const;
      const loss = { reason: "thinned", scope: { kind: "gateway" }, count } as const;
      claims.add({ ...loss, fromUs: firstUs, toUs: lastUs }, run.nowMs);
    }
    return shed.length > 0;
  }

  /** Sample frames below this key are gone, and with them what is only for their sake. Inside a transaction. */
  forgetBelow(leastId: number): void {
    const { held, tags, leastChunked } = this.#parts;
    held.dropTold(leastId, dropMax);
    tags.prune(Math.min(leastId, leastChunked()));
  }

  /** Key of the oldest sample frame that the road needs, or that is told again after a crash. */
  get frameNeededFrom(): number {
    const toldTo = this.#parts.facts.number("told to") ?? Number.MAX_SAFE_INTEGER;
    return Math.min(this.#parts.held.rawNeededFrom, toldTo + 1);
  }

  #keepMarks(): void {
    const { held, follow, run } = this.#parts;
    this.#marksMs = run.nowMs;
    held.release(run.rank);
    follow.keep();
  }

  /** Frames that the hub has safely go before they are in chunks. Whether any did. */
  #dropSafe(): boolean {
    const { held, raw } = this.#parts;
    // What a crash would tell again stays, but for a group that would otherwise never be let in.
    const neededFrom = this.#noRoom ? held.rawNeededFrom : this.frameNeededFrom;
    const dropped = raw.drop(Infinity, dropMax, neededFrom);
    if (dropped !== undefined) this.forgetBelow(dropped.leastId);
    return dropped !== undefined;
  }

  #pruneClaims(): void {
    const { claims, keepRawUs, run } = this.#parts;
    if (run.nowUs - this.#prunedUs < pruneEveryUs) return;
    this.#prunedUs = run.nowUs;
    claims.prune(run.nowUs - keepRawUs);
  }
}
