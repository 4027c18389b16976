import type { WidthUs } from "@millwright/aggregates";
import type {
  CaptureRecord,
  CaptureView,
  DeviceId,
  Epoch,
  LaneMark,
  LedgerEntry,
  RoadLane,
  TagColumns,
  TagId,
  TagNumbers,
} from "@millwright/wire-contract";

import type { CaptureQuery } from "./captures/capture-table.ts";
import type { Kept } from "./captures/captures.ts";
import { isCorrupt } from "./faults.ts";
import type { EventDraft, EventsKept } from "./events/journal-events.ts";
import type { MarkVerdict } from "./lane-book.ts";
import type { EventLine } from "@millwright/wire-contract/events";

import type { EventQuery, HeldOrder, OutboxFrame, OutboxLane } from "../hand-over.ts";
import type { KeptSlice } from "./follow.ts";
import type { Group, ResumePoint } from "./group.ts";
import type { AnswerPiece, SealedAnswer } from "./orders/answer-lane.ts";
import type { AnswerCursor, AnswerSlice } from "./orders/answer-reading.ts";
import type { ToldQuestion, ToldSlice } from "./orders/told-reading.ts";
import type { Store, StoreState } from "./store.ts";
import type { Committed } from "./group-commit.ts";
import type { BufferFill } from "./tiers/buffer-clock.ts";
import { toLineSlice, type ChartRange, type LineSlice } from "./tiers/line-slice.ts";
import type { ReadCursor, SampleSlice } from "./tiers/reading.ts";
import type { HourBegin, RollupSlice } from "./tiers/rollup-reading.ts";

/**
 * What is asked of the store: plain data both ways, so that the same questions work in the calling thread and across to
 * the worker.
 */
export interface Questions {
  /** Answers the numbers of the tags by row: a dictionary has methods, and cannot cross threads. */
  adoptTags(tags: TagColumns, nowUs: number): TagNumbers;
  /** Buffers of the chunks come back, to be filled again or to be handed in again. */
  commit(group: Group): { readonly committed: Committed; readonly buffers: ArrayBuffer[] };
  lanes(): OutboxLane[];
  framesAfter(epoch: Epoch, lane: RoadLane, seq: number, bytesMax: number): OutboxFrame[];
  take(mark: LaneMark): MarkVerdict["kind"];
  agree(incarnation: string): void;
  rewind(mark: LaneMark): boolean;
  leave(epoch: Epoch, lane: RoadLane, fresh: Epoch, nowUs: number, nowMs: number): void;
  /** One slice of work on the tiers; whether there may be more. */
  tend(nowUs: number, nowMs: number): boolean;
  /** @param cursor undefined at the beginning */
  readSamples(
    tag: number,
    fromUs: number,
    toUs: number,
    cursor: ReadCursor | undefined,
  ): SampleSlice;
  /** As `readSamples`, reduced to what a chart of `range` shows. */
  readLine(
    tag: number,
    fromUs: number,
    toUs: number,
    range: ChartRange,
    cursor: ReadCursor | undefined,
  ): LineSlice;
  /** Hours from `fromHour`, `toHour` excluded, of which samples have gone. */
  thinnedHours(tag: number, fromHour: number, toHour: number): number[];
  readRollups(tag: number, widthUs: WidthUs, fromHour: number, toHour: number): RollupSlice;
  readBegin(tag: number, hour: number): HourBegin;
  fill(): BufferFill;
  gaps(scope: GapScope, fromUs: number, toUs: number): LedgerEntry[];
  newestClaims(max: number): LedgerEntry[];
  /** Seals told rows and open claims, due or not; whether there are more claims. */
  sealOpen(nowUs: number, nowMs: number): boolean;
  keepCapture(record: CaptureRecord, nowUs: number, nowMs: number): Kept;
  captures(query: CaptureQuery): CaptureView[];
  /** @param states what parts have saved since, JSON by part */
  keepEvents(
    drafts: readonly EventDraft[],
    states: ReadonlyMap<string, string>,
    nowUs: number,
    nowMs: number,
  ): EventsKept;
  events(query: EventQuery): EventLine[];
  /** Answered when the copy is whole; other questions are answered meanwhile. */
  copyTo(file: string): Promise<void>;
  orders(): HeldOrder[];
  /** Keeps what is held from now on, and lets the others go. */
  keepOrders(orders: readonly HeldOrder[]): void;
  /** @param cursor undefined at the beginning */
  readAnswer(
    tags: readonly number[],
    fromUs: number,
    toUs: number,
    cursor: AnswerCursor | undefined,
  ): AnswerSlice;
  /** Minutes and hours as they are told. */
  readTold(question: ToldQuestion, nowUs: number): ToldSlice;
  /** Seals a piece of an answer; how far the order has come stands in the same transaction. */
  sealAnswer(held: HeldOrder, piece: AnswerPiece, nowUs: number): SealedAnswer;
  /** With the next commit all that is kept is told, and what it leaves out is claimed. */
  tellAll(): void;
  /** @see Follow */
  followHead(): number;
  followRead(afterId: number, toId: number, wanted: Uint8Array): KeptSlice;
  followHold(fromId: number | undefined): void;
  close(): void;
}

/** Claims of the device and of the whole gateway count for a tag, too. */
export interface GapScope {
  readonly device: DeviceId;
  readonly tag?: TagId;
}

export type Question = keyof Questions;
export type Asked<Name extends Question> = Parameters<Questions[Name]>;
export type Answer<Name extends Question> = ReturnType<Questions[Name]>;

export interface DoorState extends StoreState {
  /**
   * CPU time of the store's own thread for the tiers since the start, µs: what re-packing and rolling up cost beside
   * commits. 0 where the store has no thread of its own.
   */
  readonly tendCpuUs: number;
}

export interface StoreDoor {
  readonly epoch: Epoch;
  /** As after the last answer. */
  readonly state: DoorState;
  readonly resumePoints: ReadonlyMap<DeviceId, ResumePoint>;
  /** As at the opening, JSON by part. */
  readonly savedStates: ReadonlyMap<string, string>;
  ask<Name extends Question>(name: Name, ...asked: Asked<Name>): Promise<Answer<Name>>;
  /** Lets go at once, as a crash would; nothing more is written. */
  abandon(): Promise<void>;
}

type Answers = {
  readonly [Name in Question]: (store: Store, ...asked: Asked<Name>) => Answer<Name>;
};

const answers: Answers = {
  adoptTags: (store, tags, nowUs) => store.adoptTags(tags, nowUs),
  commit: (store, group) => ({
    committed: store.commit(group),
    buffers: group.chunks.map((chunk) => chunk.buffer),
  }),
  lanes: (store) => store.lanes(),
  framesAfter: (store, ...asked) => store.framesAfter(...asked),
  take: (store, mark) => store.take(mark),
  agree: (store, incarnation) => {
    store.agree(incarnation);
  },
  rewind: (store, mark) => store.rewind(mark),
  leave: (store, ...asked) => {
    store.leave(...asked);
  },
  tend: (store, ...asked) => store.tend(...asked),
  readSamples: (store, ...asked) => store.readSamples(...asked),
  readLine: (store, tag, fromUs, toUs, range, cursor) =>
    toLineSlice(store.readSamples(tag, fromUs, toUs, cursor), range),
  thinnedHours: (store, ...asked) => store.tiers.thinnedHours(...asked),
  readRollups: (store, ...asked) => store.tiers.readRollups(...asked),
  readBegin: (store, ...asked) => store.tiers.readBegin(...asked),
  fill: (store) => store.fill,
  gaps: (store, ...asked) => store.gaps(...asked),
  newestClaims: (store, max) => store.newestClaims(max),
  sealOpen: (store, ...asked) => store.sealOpen(...asked),
  keepCapture: (store, ...asked) => store.keepCapture(...asked),
  captures: (store, query) => store.captures(query),
  keepEvents: (store, ...asked) => store.keepEvents(...asked),
  events: (store, query) => store.events(query),
  copyTo: (store, file) => store.copyTo(file),
  orders: (store) => store.orders.all(),
  keepOrders: (store, orders) => {
    store.keepOrders(orders);
  },
  readAnswer: (store, ...asked) => store.tiers.readAnswer(...asked),
  readTold: (store, ...asked) => store.readTold(...asked),
  sealAnswer: (store, ...asked) => store.sealAnswer(...asked),
  tellAll: (store) => {
    store.tellAll();
  },
  followHead: (store) => store.follow.head(),
  followRead: (store, ...asked) => store.follow.read(...asked),
  followHold: (store, fromId) => {
    store.follow.hold(fromId);
  },
  close: (store) => {
    store.close();
  },
};

export function answer<Name extends Question>(
  store: Store,
  name: Name,
  asked: Asked<Name>,
): Answer<Name> {
  try {
    return answers[name](store, ...asked);
  } catch (failure) {
    if (isCorrupt(failure)) store.suspect();
    throw failure;
  }
}
