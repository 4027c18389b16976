import assert from "node:assert/strict";

import type Database from "better-sqlite3";
import {
  frameBytes,
  parseFrame,
  type Epoch,
  type GatewayId,
  type LaneMark,
  type RoadLane,
} from "@millwright/wire-contract";

import type { OutboxFrame } from "../hand-over.ts";
import { bigOf } from "./bytes-64.ts";
import type { CaptureRow, CaptureTable } from "./captures/capture-table.ts";
import type { FrameTable, HeldItem } from "./frame-table.ts";
import {
  beginning,
  endOf,
  heldLanes,
  judgeMark,
  keyOf,
  LaneBook,
  seqOf,
  type LaneState,
  type MarkVerdict,
  type Place,
  type ToldLane,
} from "./lane-book.ts";
import { LaneTable, type LaneRow } from "./lane-table.ts";
import type { Heads } from "./sealing.ts";
import type { Start } from "./start-table.ts";
import type { ToldPlace, ToldTable } from "./told-table.ts";
import { Voids } from "./voids.ts";

/**
 * The frames that the hub does not have safely yet: handed out for the road, proven by marks, released below them.
 * Nothing is released that a mark has not proven (no-loss protocol, N4).
 */

/** A hub that is put back is asked for the epochs of so many starts; more are a gateway in a crash loop. */
const startsAskedMax = 1_000;
/** Frames that become a void in one slice: their rows are found and taken out in a few milliseconds. */
const shedMax = 256;

/** A frame that was found broken in the file, after a void took its place. */
export interface Broken {
  readonly lane: LaneState;
  readonly samples: number;
  readonly firstUs: number;
  readonly lastUs: number;
  /** It was part of this one, and all of it goes with it. */
  readonly capture?: CaptureRow;
}

export class HeldFrames {
  readonly #frames: FrameTable;
  readonly #toldFrames: ToldTable;
  readonly #captures: CaptureTable;
  readonly #table: LaneTable;
  readonly #voids: Voids;
  readonly book = new LaneBook();
  #dirty = false;

  constructor(
    db: Database.Database,
    gateway: GatewayId,
    frames: FrameTable,
    toldFrames: ToldTable,
    captures: CaptureTable,
  ) {
    this.#frames = frames;
    this.#toldFrames = toldFrames;
    this.#captures = captures;
    this.#table = new LaneTable(db);
    this.#voids = new Voids(gateway, frames);
    for (const row of this.#table.held()) this.book.add(this.#load(row));
  }

  /** Opens the lanes of a new epoch. Inside a transaction. */
  open({ rank, record: { epoch, parent, startedUs, lastCommitUs } }: Start): void {
    for (const lane of heldLanes) {
      const state: LaneState = {
        rank,
        epoch,
        parent,
        startedUs,
        lastCommitUs,
        lane,
        base: beginning,
        stored: beginning,
        safe: beginning,
        head: beginning,
        oldestUs: 0,
        doubted: false,
        left: undefined,
      };
      this.#table.put(state);
      this.book.add(state);
    }
  }

  /** After the commit that sealed them. */
  advance(rank: number, heads: Heads, sealedUs: number): void {
    for (const lane of heldLanes) {
      const state = this.book.of(rank, lane);
      if (state === undefined || state.head === heads[lane]) continue;
      state.head = heads[lane];
      if (state.oldestUs === 0 && state.head.seq > state.stored.seq) state.oldestUs = sealedUs;
    }
  }

  /** @param onBroken told of each frame that could not be read; a void stands for it from now on */
  after(
    epoch: Epoch,
    lane: RoadLane,
    seq: number,
    bytesMax: number,
    onBroken: (broken: Broken) => void,
  ): OutboxFrame[] {
    const state = this.book.find(epoch, lane);
    if (state === undefined) return [];
    const from = Math.max(seq, state.base.seq);
    const items = this.#frames.after(state.rank, state.lane, from, endOf(state).seq, bytesMax);
    const frames: OutboxFrame[] = [];
    for (const item of items) {
      if (parseFrame(item.whole).kind !== "corrupt") {
        frames.push(outboxFrame(state, item, item.whole));
        continue;
      }
      const capture = state.lane === "capture" ? this.#captures.covering(item.id) : undefined;
      if (capture === undefined) {
        const { samples, firstUs, lastUs } = item;
        const bytes = this.#voids.ofBroken(state, item);
        onBroken({ lane: state, samples, firstUs, lastUs });
        frames.push(outboxFrame(state, { ...item, kind: "void" }, bytes));
        continue;
      }
      // The frames behind it, which were read already, are gone with it.
      const atUs = capture.start_us;
      const sealed = this.#voids.ofCapture(state, item.fromSeq, capture, item.sealedUs);
      const { chain } = sealed.head;
      const rest = { ...item, id: capture.id, chain, samples: 1, kind: "void" as const };
      onBroken({ lane: state, samples: 1, firstUs: atUs, lastUs: atUs, capture });
      frames.push(outboxFrame(state, rest, frameBytes(sealed)));
      break;
    }
    return frames;
  }

  /** As `after`, and nothing is written. Undefined when one of them is damaged. */
  wholeAfter(
    epoch: Epoch,
    lane: RoadLane,
    seq: number,
    bytesMax: number,
  ): OutboxFrame[] | undefined {
    const state = this.book.find(epoch, lane);
    if (state === undefined) return [];
    const from = Math.max(seq, state.base.seq);
    const items = this.#frames.after(state.rank, state.lane, from, endOf(state).seq, bytesMax);
    const frames: OutboxFrame[] = [];
    for (const item of items) {
      if (parseFrame(item.whole).kind === "corrupt") return undefined;
      frames.push(outboxFrame(state, item, item.whole));
    }
    return frames;
  }

  /** Reads the last frame of each lane: the one that a power cut may have torn. */
  checkLast(rank: number, onBroken: (broken: Broken) => void): void {
    for (const lane of heldLanes) {
      const state = this.book.of(rank, lane);
      if (state === undefined) continue;
      this.after(state.epoch, lane, state.head.seq - 1, 1, onBroken);
    }
  }

  take(mark: LaneMark, runningRank: number): MarkVerdict["kind"] {
    const state = this.book.find(mark.epoch, mark.lane);
    if (state === undefined) return "ignored";
    const { storedSeq, safeSeq } = mark;
    const running = state.rank === runningRank && state.left === undefined;
    const placeAt = (seq: number): Place | undefined => this.#voids.placeAt(state, seq);
    const verdict = judgeMark(state, running, storedSeq, chainOf(mark), safeSeq, placeAt);
    if (verdict.kind !== "taken") return verdict.kind;
    const { stored, safe } = verdict;
    if (stored.seq !== state.stored.seq || safe.seq !== state.safe.seq || state.doubted) {
      state.safe = safe;
      state.doubted = false;
      this.#stored(state, stored);
      this.#dirty = true;
    }
    return "taken";
  }

  /**
   * Another journal has gone on in this epoch. For this one it ends at the last number that the hub has proven; what lies
   * above waits to be sealed again (no-loss protocol 6). Inside a transaction.
   */
  leave(state: LaneState): void {
    if (state.left !== undefined) return;
    state.left = state.stored;
    state.oldestUs = 0;
    this.#table.put(state);
  }

  /** Up to when the frames of an epoch are proven to be at the hub: when the oldest that is not was sealed, µs. */
  provenUs(rank: number, nowUs: number): number {
    let least = nowUs;
    for (const state of this.book.lanes) {
      if (state.rank === rank && state.oldestUs > 0) least = Math.min(least, state.oldestUs);
    }
    return least;
  }

  /** All of a lane that was left has been sealed again. Inside a transaction. */
  hasLeft(state: LaneState): void {
    if (state.left === undefined) return;
    state.head = state.left;
    state.left = undefined;
    this.#dirty = true;
    this.#table.put(state);
  }

  /**
   * The database is another one: what it has is taken from its marks alone, not from what was once stored, and that of
   * released lanes, too. Inside a transaction.
   */
  doubt(runningRank: number): void {
    const oldestRank = runningRank - startsAskedMax;
    this.#table.forgetReleased(oldestRank);
    for (const row of this.#table.released(oldestRank)) this.book.putBack(this.#load(row));
    for (const state of this.book.lanes) {
      state.safe = state.base;
      state.doubted = true;
      this.#stored(state, state.base);
      // With the new incarnation, or a start right after would say of the new hub what the one before has stored.
      this.#table.put(state);
    }
    this.#dirty = true;
  }

  /**
   * The hub stands below what was released. Told frames that are still here are sent again; for what is gone
   * a void is declared (protocol 8.3). Inside a transaction.
   *
   * @returns `hole` when a void was needed, `again` when frames are sent again, `none` when nothing was to be done
   */
  rewind(mark: LaneMark, nowUs: number): "hole" | "again" | "none" {
    const state = this.book.find(mark.epoch, mark.lane);
    if (state === undefined || mark.storedSeq >= state.base.seq) return "none";
    const known = mark.storedSeq === 0 ? beginning : this.#voids.placeAt(state, mark.storedSeq);
    // What the hub counted up to its mark is its own affair: it takes the size of the hole from `cum`.
    const before = { seq: mark.storedSeq, chain: chainOf(mark), cum: known?.cum ?? 0 };
    const whole = known?.chain === before.chain && this.#allHeld(state, before.seq);
    if (!whole) {
      // Some of it may still be here; the void stands for all of it.
      this.#voids.ofReleased(state, before, nowUs);
    }
    state.base = before;
    state.safe = before;
    state.doubted = false;
    this.#stored(state, before);
    this.#table.put(state);
    return whole ? "again" : "hole";
  }

  /** Keeps the marks and takes out what is safe. Inside a transaction. */
  release(runningRank: number): void {
    if (!this.#dirty) return;
    for (const state of [...this.book.lanes]) {
      if (state.safe.seq > state.base.seq) {
        this.#frames.release(state.rank, state.lane, state.base.seq, state.safe.seq);
        state.base = state.safe;
      }
      this.#table.put(state);
      if (state.rank !== runningRank && state.base.seq === state.head.seq && !state.doubted) {
        this.#table.release(state.rank, state.lane);
        this.book.remove(state);
      }
    }
    this.#dirty = false;
  }

  /**
   * Room is needed: what the hub has stored is let go although no backup has proven it safe. A hub that comes back from
   * an older state is then told a void. Never of the critical lane. Inside a transaction.
   */
  releaseStored(runningRank: number): boolean {
    const told = this.book.lanes.filter(({ lane }) => lane === "live" || lane === "history");
    const held = told.filter(({ stored, base }) => stored.seq > base.seq);
    for (const state of held) state.safe = state.stored;
    if (held.length === 0) return false;
    this.#dirty = true;
    this.release(runningRank);
    return true;
  }

  /**
   * Room is needed and nothing else is left to go: the oldest told frames that the hub has not stored become a void
   * (no-loss protocol 4.4). Voids that adjoin become one. Inside a transaction.
   *
   * @param rawBelow frames that come from this sample frame or a later one stay
   * @returns what was let go; empty when nothing may be
   */
  shed(rawBelow: number, nowUs: number): readonly ToldPlace[] {
    const candidates = this.book.lanes.flatMap((state) => {
      const { rank, lane, stored } = state;
      if (lane === "critical" || lane === "capture") return [];
      const places = this.#toldFrames.places(rank, lane, stored.seq, endOf(state).seq, shedMax);
      const until = places.findIndex(({ rawTo }) => rawTo >= rawBelow);
      const gone = until < 0 ? places : places.slice(0, until);
      const [first] = gone;
      return first === undefined ? [] : [{ state, gone, sealedUs: first.sealedUs }];
    });
    const [oldest] = candidates.sort((a, b) => a.sealedUs - b.sealedUs);
    if (oldest === undefined) return [];
    this.#voids.ofTold(oldest.state, oldest.gone, nowUs);
    this.#stored(oldest.state, oldest.state.stored);
    return oldest.gone;
  }

  /** Sealing times of the told samples that the hub has stored and none of its backups holds; undefined without any. */
  unsafe(nowUs: number): { readonly fromUs: number; readonly toUs: number } | undefined {
    const told = this.book.lanes.filter(({ lane }) => lane === "live" || lane === "history");
    const held = told.filter(({ stored, base }) => stored.seq > base.seq);
    if (held.length === 0) return undefined;
    const from = held.map(({ rank, lane, base }) => this.#frames.sealedAfter(rank, lane, base.seq));
    const waiting = told.map(({ oldestUs }) => oldestUs).filter((atUs) => atUs > 0);
    return { fromUs: Math.min(...from), toUs: Math.min(nowUs, ...waiting) };
  }

  /** Key of the oldest sample frame that a frame comes from which the hub does not have safely. */
  get rawNeededFrom(): number {
    let needed = Number.MAX_SAFE_INTEGER;
    for (const { rank, lane, base, head } of this.book.lanes) {
      if (lane === "critical" || lane === "capture") continue;
      needed = Math.min(
        needed,
        this.#toldFrames.rawNeededAfter(rank, lane, base.seq, head.seq) ?? needed,
      );
    }
    return needed;
  }

  /** Lets told frames go whose samples are gone: below `rawBelow`, at most `max` of each lane. Inside a transaction. */
  dropTold(rawBelow: number, max: number): void {
    const notSafe = (lane: ToldLane): number => {
      const oldest = this.book.lanes.find((state) => state.lane === lane);
      // A lane that is not held any more is safe up to its end.
      return oldest === undefined
        ? Number.MAX_SAFE_INTEGER
        : keyOf(oldest.rank, oldest.base.seq) + 1;
    };
    this.#toldFrames.drop({ live: notSafe("live"), history: notSafe("history") }, rawBelow, max);
  }

  /** A capture is let go that the hub may not have. Inside a transaction. @see Voids.ofCapture */
  dropCapture(rank: number, fromSeq: number, capture: CaptureRow, nowUs: number): void {
    const state = this.book.of(rank, "capture");
    assert(state !== undefined, "the lane of a capture that waits is held");
    this.#voids.ofCapture(state, fromSeq, capture, nowUs);
  }

  #load(row: LaneRow): LaneState {
    const lane = heldLanes.find((held) => held === row.lane);
    assert(lane !== undefined, `lane ${row.lane} is one of ours`);
    const base = { seq: row.base_seq, chain: bigOf(row.base_chain), cum: row.base_cum };
    const state: LaneState = {
      rank: row.rank,
      epoch: row.epoch,
      parent: row.parent ?? undefined,
      startedUs: row.started_us,
      lastCommitUs: row.last_commit_us,
      lane,
      base,
      stored: base,
      safe: base,
      head: this.#frames.last(row.rank, lane, base.seq) ?? base,
      oldestUs: 0,
      // Its last mark may have been another hub's: a lane is let go once this one has spoken of it.
      doubted: true,
      left: undefined,
    };
    this.#stored(state, this.#voids.placeAt(state, row.stored_seq) ?? base);
    if (row.left_at !== null) {
      state.left = this.#voids.placeAt(state, row.left_at) ?? base;
      state.oldestUs = 0;
    }
    return state;
  }

  #stored(state: LaneState, stored: Place): void {
    state.stored = stored;
    const above = stored.seq < endOf(state).seq;
    state.oldestUs = above ? this.#frames.sealedAfter(state.rank, state.lane, stored.seq) : 0;
  }

  #allHeld(state: LaneState, afterSeq: number): boolean {
    if (state.lane === "critical") return false;
    const held =
      state.lane === "capture"
        ? this.#captures.frameCount(keyOf(state.rank, afterSeq), keyOf(state.rank, state.base.seq))
        : this.#toldFrames.count(state.rank, state.lane, afterSeq, state.base.seq);
    return held === state.base.seq - afterSeq;
  }
}

function chainOf(mark: LaneMark): bigint {
  return BigInt(`0x${mark.chain}`);
}

function outboxFrame(state: LaneState, item: HeldItem, bytes: Uint8Array): OutboxFrame {
  return {
    epoch: state.epoch,
    lane: state.lane,
    seq: seqOf(item.id),
    chain: item.chain,
    sampleCount: item.samples,
    sealedUs: item.sealedUs,
    bytes,
    ...(item.kind === "void" ? { isVoid: true } : {}),
  };
}
