import { interruptsHold, noCarry, widths, type Gap, type WidthUs } from "@millwright/aggregates";
import type Database from "better-sqlite3";
import type { TagDefinition } from "@millwright/wire-contract";

import type { Loss } from "../../hand-over.ts";
import type { ClaimTable } from "../claim-table.ts";
import type { ClockTable } from "../clock-table.ts";
import { readAnswer, type AnswerCursor, type AnswerSlice } from "../orders/answer-reading.ts";
import { readTold, type ToldQuestion, type ToldSlice } from "../orders/told-reading.ts";
import type { FactTable } from "../fact-table.ts";
import type { Isolated } from "../pages/isolate.ts";
import type { RawTier } from "../raw-tier.ts";
import type { TagTable } from "../tag-table.ts";
import { ChunkReader } from "./chunk-reader.ts";
import { ChunkTable } from "./chunk-table.ts";
import { Chunker, chunkRules, type ChunkRules, type Published } from "./chunker.ts";
import { groupOf, groupOfRow, placeOfRow } from "./groups.ts";
import { PendingFrames } from "./pending-frames.ts";
import { readSlice, type ReadCursor, type SampleSlice } from "./reading.ts";
import { Roller, type RolledHour } from "./roller.ts";
import { readBegin, readRollups, type HourBegin, type RollupSlice } from "./rollup-reading.ts";
import { RollupTable } from "./rollup-table.ts";
import { sheddingOrder, type SheddingStep } from "./shedding-plan.ts";
import { Thinner } from "./thinner.ts";

/**
 * The tiers of samples: frames, until they are in chunks; chunks by tag; rollups by hour. Work on them is done in slices
 * between commits, so that no commit waits for more than one slice, and each slice is a transaction, so that a crash
 * loses and doubles nothing.
 */

/** How often it is asked whether frames have piled up: the question reads a page for each few frames. */
const lookEveryMs = 10_000;
/** Sample frames taken out in one slice. */
const dropMax = 128;
/** After a stop of days, nothing holds through the hours between; more hours than this are not made for their sake. */
const idleHoursMax = 24;
/** A wild clock of a device: hours before 1970 have no row, and years after 2262 none either. */
const hourMax = 2 ** 22;

/** Twelve bytes a minute, of tags at 1 Hz (`bench tiers`). */
export const rollupBytesPerSample = 0.2;

export interface TiersParts {
  readonly db: Database.Database;
  readonly facts: FactTable;
  readonly tags: TagTable;
  readonly claims: ClaimTable;
  readonly raw: RawTier;
  /** How long chunks stay, µs. */
  readonly keepRawUs: number;
  /** Bytes in use, and how many there may be before history is thinned. */
  readonly room: () => { readonly usedBytes: number; readonly thinAboveBytes: number };
  /** Frames that the hub has stored are let go without a backup (no-loss protocol 4.4). Whether something was. */
  readonly giveUp: () => boolean;
  /**
   * Told frames that the hub does not have are let go, of those whose samples are in no chunk any more: whose sample frames
   * lie below `rawBelow`. Of those up to `retiredTo` nothing was said in the ledger. Whether something was let go.
   */
  readonly shed: (rawBelow: number, retiredTo: number) => boolean;
  /** Key of the oldest sample frame that is needed as a frame: for the road, or to be told again after a crash. */
  readonly neededFrom: () => number;
  /** Key of the oldest one that is held for a follower, while there is room. */
  readonly followedFrom: () => number;
  /** Frames below this key are gone. */
  readonly dropped: (leastId: number) => void;
  readonly claim: (loss: Loss) => void;
  /**
   * Told of each hour that was rolled up, in the transaction that keeps it.
   * @param frontier key of the last sample frame that was known then
   */
  readonly rolled: (hour: RolledHour, frontier: number) => void;
  readonly rules?: ChunkRules;
}

export class Tiers {
  readonly #parts: TiersParts;
  readonly #chunks: ChunkTable;
  readonly #rollups: RollupTable;
  readonly #reader: ChunkReader;
  readonly #chunker: Chunker;
  readonly #roller: Roller;
  readonly #thinner: Thinner;
  readonly #newestFrame;
  #chunkedUs: number;
  #lookedMs = -Infinity;
  /** What the last look asked for, each until nothing of it is left. */
  #due = { drop: false, chunk: false, roll: false, retire: false };
  /** Published by the transaction under way. */
  #published: Published | undefined;

  constructor(parts: TiersParts) {
    this.#parts = parts;
    const { db, facts, tags, claim } = parts;
    const frontier = facts.number("chunked to") ?? 0;
    this.#chunkedUs = facts.number("chunked us") ?? 0;
    this.#chunks = new ChunkTable(db);
    this.#rollups = new RollupTable(db);
    const dictionaryOf = tags.byHash.bind(tags);
    this.#reader = new ChunkReader(this.#chunks, dictionaryOf);
    this.#chunker = new Chunker({
      frames: new PendingFrames(db),
      chunks: this.#chunks,
      dictionaryOf,
      tagCount: () => tags.current.size,
      claim,
      frontier,
      rules: this.#rulesFor(parts),
    });
    this.#roller = new Roller({
      chunks: this.#chunks,
      reader: this.#reader,
      rollups: this.#rollups,
      tagAt: (index, hasSamples) =>
        tags.current.byIndex(index) ?? (hasSamples() ? tags.byIndex(index) : undefined),
      gapsOf: (tag, fromUs, toUs) => this.#gapsOf(tag, fromUs, toUs),
      rolled: (hour) => {
        parts.rolled(hour, this.frontier);
      },
    });
    this.#thinner = new Thinner({
      chunks: this.#chunks,
      rollups: this.#rollups,
      reader: this.#reader,
      tagAt: (index) => this.#tagAt(index),
      claim,
    });
    this.#newestFrame = db.prepare<[], number | null>("select max(id) from sample_frame").pluck();
  }

  get frontier(): number {
    return this.#chunker.frontier;
  }

  /** Dictionaries used since this frame are needed to read chunks. */
  get leastFrame(): number {
    return this.#chunks.leastFrame ?? Number.MAX_SAFE_INTEGER;
  }

  /**
   * One slice of whatever is to be done. Inside a transaction; `kept` or `takenBack` follows.
   *
   * @returns whether there may be more
   */
  step(nowUs: number, nowMs: number): boolean {
    if (this.#makeRoom(nowUs)) return true;
    if (nowMs - this.#lookedMs >= Math.min(lookEveryMs, this.#parts.keepRawUs / 1_000)) {
      this.#lookedMs = nowMs;
      this.#due = { drop: true, chunk: true, roll: true, retire: true };
    }
    const due = this.#due;
    return (
      (due.drop &&= this.#dropChunked(this.#parts.followedFrom())) ||
      (due.chunk &&= this.#chunk(nowUs)) ||
      (due.roll &&= this.#roller.step(this.#belowHour(nowUs))) ||
      (due.retire &&= this.#retire(nowUs))
    );
  }

  /** Who keeps raw samples for less than an hour does not have them lie in frames for one. */
  #rulesFor({ rules = chunkRules, keepRawUs }: TiersParts): ChunkRules {
    return { ...rules, waitUsMax: Math.min(rules.waitUsMax, keepRawUs) };
  }

  #chunk(nowUs: number): boolean {
    const step = this.#chunker.step(nowUs);
    if (step.kind === "published") this.#publish(step.published);
    return step.kind !== "idle";
  }

  /** All that was sealed in hours before this one is in chunks. */
  #belowHour(nowUs: number): number {
    const doneUs = this.#chunker.caughtUp ? Math.max(nowUs, this.#chunkedUs) : this.#chunkedUs;
    return Math.floor(doneUs / widths.hour);
  }

  /** As planned: each step when there is nothing left of the one before. */
  #makeRoom(nowUs: number): boolean {
    const { usedBytes, thinAboveBytes } = this.#parts.room();
    if (usedBytes <= thinAboveBytes) return false;
    const belowHour = this.#belowHour(nowUs);
    const shed: Readonly<Record<SheddingStep, () => boolean>> = {
      measurements: () => this.#thinner.thin(true, this.frontier, belowHour),
      states: () => this.#thinner.thin(false, this.frontier, belowHour),
      stored: () => this.#parts.giveUp(),
      told: () => this.#shedTold(),
      buckets: () => this.#thinner.evict(),
    };
    return this.#dropChunked() || sheddingOrder.some(({ step }) => shed[step]());
  }

  #shedTold(): boolean {
    const rawBelow = Math.min(this.frontier + 1, this.#chunks.oldestFrame ?? Infinity);
    return this.#parts.shed(rawBelow, this.#parts.facts.number("retired to") ?? 0);
  }

  /** Chunks stay as long as asked, and longer while the hub does not have what they hold. */
  #retire(nowUs: number): boolean {
    const { keepRawUs, neededFrom } = this.#parts;
    const toId = Math.min(this.frontier, neededFrom() - 1);
    const retiredTo = this.#thinner.retire(nowUs - keepRawUs, toId, this.#belowHour(nowUs));
    if (retiredTo === undefined) return false;
    const { facts } = this.#parts;
    if (retiredTo > (facts.number("retired to") ?? 0)) facts.set("retired to", retiredTo);
    return true;
  }

  /**
   * Rows lay on pages of the file that have changed. Buckets are made again of samples that are here; of everything else
   * the ledger says that it is gone. Inside a transaction.
   */
  giveUp({ chunks, rollups }: Isolated): void {
    const { claim } = this.#parts;
    const lost = { reason: "frame corrupt", scope: { kind: "gateway" } } as const;
    for (const row of chunks.flatMap((id) => this.#chunks.row(id) ?? [])) {
      const { firstUs, lastUs, samples } = row;
      claim({ ...lost, fromUs: firstUs, toUs: lastUs, count: { kind: "exact", samples } });
      this.#chunks.remove(row.id);
    }
    for (const id of rollups) {
      const [group, hour] = [groupOfRow(id), placeOfRow(id)];
      if (this.#rollups.thinned(group, hour, hour + 1).length > 0) {
        const fromUs = hour * widths.hour;
        const range = { fromUs, toUs: fromUs + widths.hour };
        claim({ ...lost, ...range, count: { kind: "unknown" } });
      }
      this.#rollups.remove(id);
      this.#rollups.mark(group, hour);
    }
  }

  /** The transaction was kept. */
  kept(): void {
    const published = this.#published;
    if (published === undefined) return;
    this.#published = undefined;
    this.#chunkedUs = Math.max(this.#chunkedUs, published.sealedUs);
    this.#chunker.moved(published.toId);
    // More may have piled up meanwhile.
    this.#lookedMs = -Infinity;
  }

  /** The transaction was taken back; what it was about begins again later. */
  takenBack(): void {
    this.#published = undefined;
    this.#chunker.drop();
    this.#roller.drop();
    this.#reader.forget();
  }

  readSamples(
    tag: number,
    fromUs: number,
    toUs: number,
    cursor: ReadCursor | undefined,
  ): SampleSlice {
    const { raw, tags } = this.#parts;
    const parts = {
      raw,
      chunks: this.#chunks,
      reader: this.#reader,
      dictionaryOf: tags.byHash.bind(tags),
      frontier: this.#chunker.frontier,
    };
    return readSlice(parts, tag, fromUs, toUs, cursor);
  }

  /** What an order of the hub is answered from. @see readAnswer */
  readAnswer(
    tags: readonly number[],
    fromUs: number,
    toUs: number,
    cursor: AnswerCursor | undefined,
  ): AnswerSlice {
    const { raw, tags: known } = this.#parts;
    const sources = {
      raw,
      chunks: this.#chunks,
      reader: this.#reader,
      dictionaryOf: known.byHash.bind(known),
      frontier: this.#chunker.frontier,
    };
    return readAnswer(sources, tags, fromUs, toUs, cursor);
  }

  /** Hours as they were rolled up. @see readRollups */
  readRollups(tag: number, widthUs: WidthUs, fromHour: number, toHour: number): RollupSlice {
    const definition = this.#tagAt(tag);
    if (definition === undefined) return { hours: [] };
    return readRollups(
      this.#rollups,
      definition,
      widthUs,
      Math.max(0, fromHour),
      Math.min(hourMax, toHour),
    );
  }

  /** @see readTold */
  readTold(question: ToldQuestion, clocks: ClockTable, nowUs: number): ToldSlice {
    const sources = {
      rollups: this.#rollups,
      chunks: this.#chunks,
      clocks,
      tagAt: this.#tagAt.bind(this),
      frontier: this.frontier,
      belowHour: Math.min(hourMax, this.#belowHour(nowUs)),
    };
    return readTold(sources, question);
  }

  /** Hours from `fromHour`, `toHour` excluded, of which samples have gone and buckets stand. */
  thinnedHours(tag: number, fromHour: number, toHour: number): number[] {
    const definition = this.#tagAt(tag);
    if (definition === undefined) return [];
    const group = groupOf(definition);
    return this.#rollups.thinned(group, Math.max(0, fromHour), Math.min(hourMax, toHour));
  }

  /** @see readBegin */
  readBegin(tag: number, hour: number): HourBegin {
    const definition = this.#tagAt(tag);
    if (definition === undefined) return { before: noCarry, hour: -Infinity };
    return readBegin(this.#rollups, definition, Math.min(hourMax, Math.max(0, hour)));
  }

  #tagAt(index: number): TagDefinition | undefined {
    const { tags } = this.#parts;
    return tags.current.byIndex(index) ?? tags.byIndex(index);
  }

  /** What chunks take, and what a sample will take in chunks and in buckets. */
  get sizes(): {
    readonly chunkBytes: number;
    readonly chunkBytesPerSample: number;
    readonly rollupBytesPerSample: number;
  } {
    const chunkBytesPerSample = this.#chunker.bytesPerSample;
    return {
      chunkBytes: this.#chunks.bytes,
      chunkBytesPerSample,
      rollupBytesPerSample,
    };
  }

  /** Frames that are in chunks and that nobody needs as frames any more. @param heldFrom for a follower */
  #dropChunked(heldFrom = Infinity): boolean {
    const { raw, neededFrom, dropped } = this.#parts;
    // The newest one says when the last commit was, and stays.
    const below = Math.min(this.frontier + 1, neededFrom(), heldFrom, this.#newestFrame.get() ?? 0);
    const gone = raw.drop(Infinity, dropMax, below);
    if (gone !== undefined) dropped(gone.leastId);
    return gone !== undefined;
  }

  #publish(published: Published): void {
    const { facts, tags } = this.#parts;
    facts.set("chunked to", published.toId);
    facts.set("chunked us", Math.max(this.#chunkedUs, published.sealedUs));
    for (const [group, hours] of published.touched) {
      for (const hour of hours) {
        if (hour >= 0 && hour < hourMax) this.#rollups.mark(group, hour);
      }
    }
    // Each group has a row for each hour, also when nothing was said in it: what holds goes on.
    const beganUs = this.#chunkedUs === 0 ? published.sealedUs : this.#chunkedUs;
    const fromHour = Math.floor(beganUs / widths.hour);
    const toHour = Math.floor(published.sealedUs / widths.hour);
    const groups = new Set(tags.current.tags.map(groupOf));
    for (let hour = Math.max(fromHour, toHour - idleHoursMax); hour < toHour; hour++) {
      for (const group of groups) this.#rollups.mark(group, hour);
    }
    this.#published = published;
    // An hour that is half done was begun without these samples.
    this.#roller.drop();
  }

  #gapsOf(tag: TagDefinition, fromUs: number, toUs: number): Gap[] {
    return this.#parts.claims
      .touching({ device: tag.device, tag: tag.id }, fromUs, toUs)
      .filter(({ reason }) => interruptsHold(reason));
  }
}
