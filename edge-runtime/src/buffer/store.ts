import { AssertionError } from "node:assert";
import path from "node:path";

import { messageChain } from "@millwright/kit";
import type {
  CaptureRecord,
  CaptureView,
  DeviceId,
  Epoch,
  GatewayId,
  JournalBirth,
  LaneMark,
  LedgerEntry,
  LossReason,
  LossScope,
  RoadLane,
  TagColumns,
  TagId,
  TagNumbers,
} from "@millwright/wire-contract";

import type { EventLine } from "@millwright/wire-contract/events";

import type { EventQuery, HeldOrder, Loss, OutboxFrame, OutboxLane } from "../hand-over.ts";
import type { OpenClaim } from "./claims.ts";
import { CaptureFiles, captureFolderOf } from "./captures/capture-files.ts";
import { CaptureTable, captureRows, type CaptureQuery } from "./captures/capture-table.ts";
import { Captures, captureLimits, type CaptureLimits, type Kept } from "./captures/captures.ts";
import { ClaimTable, type WrittenClaim } from "./claim-table.ts";
import { ClockTable } from "./clock-table.ts";
import { CriticalLane } from "./critical-lane.ts";
import { EventTable } from "./events/event-table.ts";
import { JournalEvents, type EventDraft, type EventsKept } from "./events/journal-events.ts";
import { FactTable } from "./fact-table.ts";
import { isCorrupt, isFull, JournalBroken, JournalDamaged } from "./faults.ts";
import { Follow } from "./follow.ts";
import { FrameTable } from "./frame-table.ts";
import type { Group, ResumePoint } from "./group.ts";
import { HeldFrames, type Broken } from "./held-frames.ts";
import { heldLanes, keyOf, type MarkVerdict, type ToldLane, type Waiting } from "./lane-book.ts";
import { Medium, type Written } from "./medium.ts";
import { AggregateLane } from "./aggregate-lane.ts";
import { AnswerLane, type AnswerPiece, type SealedAnswer } from "./orders/answer-lane.ts";
import { OrderTable } from "./orders/order-table.ts";
import { moveAside, type FileFindings } from "./pages/inspect-file.ts";
import { releaseReserve } from "./reserve.ts";
import type { ToldQuestion, ToldSlice } from "./orders/told-reading.ts";
import { RawTier } from "./raw-tier.ts";
import { SampleLane } from "./sample-lane.ts";
import { SealAgain } from "./seal-again.ts";
import { Sealer, type Moment } from "./sealing.ts";
import { inMemoryUs, lossesWhileDown, StartTable } from "./start-table.ts";
import { TagTable } from "./tag-table.ts";
import { TellingLane, type KeptPart } from "./telling-lane.ts";
import type { BufferFill } from "./tiers/buffer-clock.ts";
import { Growth } from "./tiers/growth.ts";
import type { ReadCursor, SampleSlice } from "./tiers/reading.ts";
import { Tiers } from "./tiers/tiers.ts";

/**
 * The journal on disk: one SQLite file, used by one thread. Every change is a transaction; what it holds in memory is
 * put back when one is rolled back, so that memory and file never disagree.
 */

export interface StoreOptions {
  readonly folder: string;
  readonly gateway: GatewayId;
  /** 128 random bits, new at every start. */
  readonly epoch: Epoch;
  readonly keepRawHours: number;
  readonly bytesMax: number;
  readonly tellEveryMs: number;
  readonly captures?: CaptureLimits;
  readonly nowUs: number;
  readonly nowMs: number;
}

export interface Committed {
  /** `full`: nothing was changed, and the same group may be tried again when there is room. */
  readonly kind: "done" | "full";
  readonly samples: number;
  /** Too large for any frame, and told in the ledger. */
  readonly rejected: number;
  /** Something was sealed for the road. */
  readonly sealed: boolean;
}

/** What the caller's thread wants to know without asking. */
export interface StoreState {
  readonly waiting: Waiting;
  /** Samples are refused: the file is full of frames that the hub does not have safely. */
  readonly full: boolean;
  /** Until something that waits is to be sealed, an open claim or samples to be told; Infinity when nothing is. */
  readonly dueInMs: number;
  readonly bytes: number;
  readonly written: Written;
  readonly incarnation: string | undefined;
  /** In which frames are sealed now. */
  readonly epoch: Epoch;
  /** What the journal is known by: its first start. */
  readonly birth: JournalBirth;
  /** What was wrong with the file at the start of this run. */
  readonly found: FileFindings;
}

/** Marks are told anew at each hello, so little is lost by writing them seldom; each write costs a page twice. */
const marksEveryMs = 10_000;
/** Rows taken out with one commit: a commit stays short, and still more go than come. */
const dropMax = 128;
/** A claim for a lost journal begins up to so much too early; more often would cost bytes for nothing. */
const completeEveryMs = 10_000;
/** Old claims are let go once a minute and not with each commit. */
const pruneEveryUs = 60_000_000;
const hourUs = 3_600_000_000;
/** While a live frame waits longer than this for the hub, what is told goes to the history lane (no-loss protocol 4.2). */
const liveWaitsMaxUs = 10_000_000;

/** The first seconds belong to what is waited for: four megabytes would keep commits waiting. */
const reserveAfterMs = 10_000;

/** Opens the journal; a file that cannot be put right is put aside, and the journal begins anew. */
export function openStore(options: StoreOptions): Store {
  for (;;) {
    try {
      return openWhole(options);
    } catch (failure) {
      // With the room that is kept for this it begins, and counts what it cannot keep. Some halvings, and there is none.
      if (!isFull(failure) || !releaseReserve(options.folder)) throw failure;
    }
  }
}

/** A file that cannot be used is put aside, and the journal goes on with another. */
function openWhole(options: StoreOptions): Store {
  try {
    return new Store(options);
  } catch (failure) {
    if (!(failure instanceof JournalDamaged) && !isCorrupt(failure)) throw failure;
    const aside = moveAside(options.folder, path.join(options.folder, "journal.db"), options.nowUs);
    return new Store(options, { ...aside, why: messageChain(failure) });
  }
}

export class Store {
  readonly #options: StoreOptions;
  readonly #aside;
  readonly #medium: Medium;
  readonly #frames: FrameTable;
  readonly #held: HeldFrames;
  readonly #raw: RawTier;
  readonly #tags: TagTable;
  readonly #claims: ClaimTable;
  readonly #clocks: ClockTable;
  readonly #sealer: Sealer;
  readonly #facts: FactTable;
  readonly #starts: StartTable;
  readonly #critical: CriticalLane;
  readonly #samples: SampleLane;
  readonly #telling: TellingLane;
  readonly #again: SealAgain;
  readonly #tiers: Tiers;
  readonly #captures: Captures;
  readonly #events: JournalEvents;
  readonly follow: Follow;
  #rank: number;
  readonly #birth: JournalBirth;
  readonly #orders: OrderTable;
  readonly #answers: AnswerLane;
  /** All claims are sealed with the next commit, also those that still grow; and with the commit under way. */
  #claimsDue = false;
  #sealsClaims = false;
  #incarnation: string | undefined;
  #marksMs: number;
  #completeMs = -Infinity;
  #prunedUs = 0;
  #linkUp = false;
  /** While an export begins. */
  #allClaimsDue = false;
  #full = false;
  #noRoom = false;
  readonly #byteGrowth = new Growth();
  readonly #sampleGrowth = new Growth();
  /** Counters are asked for after the end, too. */
  #lastState: StoreState | undefined;
  #nowUs: number;
  #nowMs: number;

  /** @param aside the file that was here before */
  constructor(
    options: StoreOptions,
    aside?: Required<Pick<FileFindings, "movedTo" | "lostFromUs" | "why">>,
  ) {
    this.#options = options;
    this.#aside = aside;
    this.#nowUs = options.nowUs;
    this.#nowMs = options.nowMs;
    this.#marksMs = options.nowMs;
    this.#medium = new Medium(options.folder, options.gateway, options.bytesMax);
    const { db } = this.#medium;
    try {
      const captureFiles = new CaptureFiles(captureFolderOf(options.folder));
      const captureTable = new CaptureTable(db);
      this.#frames = new FrameTable(db, captureRows(db, captureFiles));
      this.#held = new HeldFrames(db, options.gateway, this.#frames, captureTable);
      this.#raw = new RawTier(db);
      this.#tags = new TagTable(db);
      this.#claims = new ClaimTable(db);
      this.#clocks = new ClockTable(db);
      this.#sealer = new Sealer(options.gateway, options.epoch, this.#clocks);
      this.#facts = new FactTable(db);
      this.#starts = new StartTable(db);
      const dictionaryOf = this.#tags.byHash.bind(this.#tags);
      this.follow = new Follow({ db, facts: this.#facts, dictionaryOf });
      const parts = { sealer: this.#sealer, frames: this.#frames, tags: this.#tags };
      this.#critical = new CriticalLane({
        ...parts,
        starts: this.#starts,
        clocks: this.#clocks,
        claims: this.#claims,
      });
      this.#samples = new SampleLane({ ...parts, raw: this.#raw });
      this.#orders = new OrderTable(db);
      this.#answers = new AnswerLane({ ...parts, critical: this.#critical });
      this.#telling = new TellingLane({
        ...parts,
        raw: this.#raw,
        facts: this.#facts,
        tellEveryMs: options.tellEveryMs,
        claim: (loss) => {
          this.#claims.add(loss, this.#nowMs);
        },
      });
      const aggregates = new AggregateLane({
        ...parts,
        critical: this.#critical,
        clocks: this.#clocks,
      });
      this.#captures = new Captures({
        sealer: this.#sealer,
        held: this.#held,
        table: captureTable,
        files: captureFiles,
        limits: options.captures ?? captureLimits,
        claim: (loss) => {
          this.#claims.add(loss, this.#nowMs);
        },
      });
      this.#captures.tidy();
      this.#events = new JournalEvents({
        table: new EventTable(db),
        held: this.#held,
        frames: this.#frames,
        critical: this.#critical,
        bytesMax: this.#medium.room.eventBytesMax,
        journalUs: () => this.#birth.startedUs,
        claim: (loss) => {
          this.#claims.add(loss, this.#nowMs);
        },
      });
      this.#again = new SealAgain({
        ...parts,
        db,
        held: this.#held,
        claims: this.#claims,
        critical: this.#critical,
        captures: this.#captures,
        events: this.#events,
        broken: (broken) => {
          this.#tellBroken(broken);
        },
      });
      this.#tiers = new Tiers({
        db,
        facts: this.#facts,
        tags: this.#tags,
        claims: this.#claims,
        raw: this.#raw,
        keepRawUs: options.keepRawHours * hourUs,
        room: () => this.#room,
        giveUp: () => this.#held.releaseStored(this.#rank) || this.#dropSafe(),
        shed: (rawBelow, retiredTo) => this.#shed(rawBelow, retiredTo),
        neededFrom: () => this.#frameNeededFrom,
        followedFrom: () => this.follow.heldFrom,
        dropped: (leastId) => {
          this.#forgetBelow(leastId);
        },
        claim: (loss) => {
          this.#claims.add(loss, this.#nowMs);
        },
        rolled: (hour, frontier) => {
          aggregates.tell(this.#moment, hour, frontier);
        },
      });
      this.#incarnation = this.#facts.text("incarnation");
      this.#rank = this.#begin();
      this.#birth = this.#starts.first() ?? { epoch: options.epoch, startedUs: options.nowUs };
    } catch (failure) {
      this.#medium.abandon();
      throw failure;
    }
  }

  get state(): StoreState {
    return this.#lastState ?? this.#stateNow();
  }

  #stateNow(): StoreState {
    return {
      waiting: this.#held.book.waiting(),
      full: this.#full,
      dueInMs: Math.min(
        this.#linkUp ? this.#claims.open.dueInMs(this.#nowMs) : Infinity,
        this.#telling.dueInMs(this.#nowMs, this.#lane),
      ),
      bytes: this.#medium.usedBytes + this.#medium.walBytes,
      written: this.#medium.written,
      incarnation: this.#incarnation,
      epoch: this.#sealer.epoch,
      birth: { epoch: this.#birth.epoch, startedUs: this.#birth.startedUs },
      found: { ...this.#medium.findings, ...this.#aside },
    };
  }

  resumePoints(): Map<DeviceId, ResumePoint> {
    return this.#facts.resumePoints();
  }

  /** Numbers the tags and seals the dictionary ahead of the first frame that uses it. */
  adoptTags(tags: TagColumns, nowUs: number): TagNumbers {
    this.#nowUs = nowUs;
    const numbers = this.#write("keep the tags", () => {
      const numbers = this.#tags.adopt(tags, keyOf(this.#rank, this.#sealer.heads.raw.seq));
      this.#telling.adopt(this.#moment, this.#lane, this.#tags.current, this.#nowMs);
      this.#critical.tellDictionary(this.#moment);
      return numbers;
    });
    this.#telling.kept();
    return numbers;
  }

  /** A group that finds no room changes nothing but the open claims: it is to be handed in again without its losses. */
  commit(group: Group): Committed {
    this.#nowUs = group.nowUs;
    this.#nowMs = group.nowMs;
    if (group.linkUp && !this.#linkUp) this.#telling.snapshot(group.nowMs);
    this.#telling.watch(group.watched);
    this.#linkUp = group.linkUp;
    const before = this.#sealer.heads;
    const lane = this.#lane;
    this.#telling.record(group.recorded, group.nowMs, lane);
    const tooLarge: Loss[] = [];
    const kept = (part: KeptPart): void => {
      this.#telling.tell(this.#moment, group.nowMs, lane, part);
    };
    let samples = 0;
    const usedBefore = this.#medium.usedBytes;
    for (const loss of group.losses) this.#claims.add(loss, group.nowMs);
    this.#makeRoom();
    this.#sealsClaims = this.#claimsDue && group.linkUp;
    try {
      this.#write("commit", () => {
        for (const record of group.clocks) {
          this.#clocks.put(record);
          this.#critical.tellClock(this.#moment, record);
        }
        for (const chunk of group.chunks) {
          samples += this.#samples.keep(this.#moment, chunk, kept, (loss) => tooLarge.push(loss));
        }
        this.#telling.seal(this.#moment, group.nowMs, lane, group.last);
        for (const [device, point] of group.resume) this.#facts.setResume(device, point);
        if (group.last) this.#facts.set("last commit", group.nowUs);
        if (group.last || group.nowMs - this.#marksMs >= marksEveryMs) this.#keepMarks();
        this.#pruneClaims();
        return undefined;
      });
    } catch (failure) {
      if (!isFull(failure)) throw failure;
      this.#full = true;
      this.#noRoom = true;
      this.#telling.takenBack();
      this.#sealsClaims = false;
      return { kind: "full", samples: 0, rejected: 0, sealed: false };
    }
    this.#telling.kept();
    if (this.#sealsClaims) this.#claimsDue = false;
    this.#sealsClaims = false;
    this.#byteGrowth.add(Math.max(0, this.#medium.usedBytes - usedBefore), group.nowMs);
    this.#sampleGrowth.add(samples, group.nowMs);
    this.#noRoom = false;
    // Written with the next commit, which is never far: the samples were accepted and cannot be handed back.
    for (const loss of tooLarge) this.#claims.add(loss, group.nowMs);
    this.#full = this.#sampleBytes > this.#medium.room.sampleBytesMax;
    this.#sayComplete();
    const sealed = heldLanes.some((lane) => this.#sealer.heads[lane] !== before[lane]);
    return { kind: "done", samples, rejected: tooLarge.length, sealed };
  }

  /** In a transaction of its own: one that needs the room would be taken back together with what made it. */
  #makeRoom(): void {
    if (!this.#full) return;
    try {
      this.#write("make room", () => this.#letGo());
    } catch (failure) {
      // Letting go is written into the log first, and a disk may have no room for that either.
      if (!isFull(failure)) throw failure;
    }
  }

  lanes(): OutboxLane[] {
    return this.#held.book.positions();
  }

  framesAfter(epoch: Epoch, lane: RoadLane, seq: number, bytesMax: number): OutboxFrame[] {
    // Without a transaction, which would write open claims as well: on a full disk that fails, and it is what goes out that
    // makes room.
    const whole = this.#held.wholeAfter(epoch, lane, seq, bytesMax);
    if (whole !== undefined) return whole;
    return this.#write("read frames", () =>
      this.#held.after(epoch, lane, seq, bytesMax, (broken) => {
        this.#tellBroken(broken);
      }),
    );
  }

  /** Kept with a later commit, so that a mark costs no write of its own. */
  take(mark: LaneMark): MarkVerdict["kind"] {
    return this.#held.take(mark, this.#rank);
  }

  agree(incarnation: string): void {
    if (incarnation === this.#incarnation) return;
    this.#write("keep the incarnation", () => {
      this.#facts.set("incarnation", incarnation);
      this.#held.doubt(this.#rank);
      this.#events.tellAgainBefore(this.#held.book.lanes[0]?.rank ?? this.#rank);
      // No-loss protocol 8.5; a hub that begins anew needs the dictionaries, too.
      this.#critical.tellStarts(this.#moment);
      this.#critical.tellDictionaries(this.#moment);
      return undefined;
    });
    this.#incarnation = incarnation;
  }

  /** @see HeldFrames.rewind */
  rewind(mark: LaneMark): boolean {
    const outcome = this.#write("go back below what was released", () => {
      const rewound = this.#held.rewind(mark, this.#nowUs);
      const state = this.#held.book.find(mark.epoch, mark.lane);
      if (rewound !== "hole" || state === undefined) return rewound;
      // An epoch that has ended lost nothing that was made later.
      const toUs = this.#starts.after(state.rank)?.startedUs ?? this.#nowUs;
      const [from, to] = [Math.min(state.startedUs, toUs), Math.max(state.startedUs, toUs)];
      this.#claim("hub restored", { kind: "gateway" }, from, to);
      // What the frames in the hole said of losses and events is still known here.
      if (state.lane === "critical") {
        this.#claims.reopen(this.#medium.db, state.rank);
        this.#events.tellAgainAfter(state.rank, state.base.seq);
      }
      return rewound;
    });
    return outcome !== "none";
  }

  /**
   * Another journal has gone on in this epoch: this one is a copy, or has one. What it holds of the lane above the last
   * proven number is sealed again with the coming work on the tiers (no-loss protocol 6).
   *
   * @param fresh the epoch to go on in, when it is the running one that has to be left
   */
  leave(epoch: Epoch, lane: RoadLane, fresh: Epoch, nowUs: number, nowMs: number): void {
    this.#nowUs = nowUs;
    this.#nowMs = nowMs;
    const state = this.#held.book.find(epoch, lane);
    if (state === undefined) return;
    if (state.rank === this.#rank) this.#goOnIn(fresh);
    this.#write("leave a lane", () => {
      this.#held.leave(state);
      return undefined;
    });
  }

  /**
   * One slice of work on the tiers, between commits.
   *
   * @returns whether there may be more
   */
  tend(nowUs: number, nowMs: number): boolean {
    this.#nowUs = nowUs;
    this.#nowMs = nowMs;
    const left = this.#again.next;
    if (left !== undefined) {
      this.#write("seal again", () => this.#again.some(this.#moment, left));
      return true;
    }
    if (this.#events.hasUntold) return this.#tellEvents();
    let more: boolean;
    try {
      more = this.#write("keep the tiers", () => this.#tiers.step(nowUs, nowMs));
    } catch (failure) {
      this.#tiers.takenBack();
      // Nothing was changed; what was begun is begun again when there is room.
      if (isFull(failure)) return false;
      throw failure;
    }
    this.#tiers.kept();
    this.#full = this.#sampleBytes > this.#medium.room.sampleBytesMax;
    const isSettled = nowMs - this.#options.nowMs >= reserveAfterMs;
    return more || (isSettled && this.#medium.reserve.fillSome()) || this.#medium.checkSome();
  }

  /** @returns whether there may be more work */
  #tellEvents(): boolean {
    try {
      this.#write("tell events again", () => {
        this.#events.tellSome(this.#moment);
        return undefined;
      });
      return true;
    } catch (failure) {
      // They stay as they are, and are told when there is room.
      if (isFull(failure)) return false;
      throw failure;
    }
  }

  readSamples(
    tag: number,
    fromUs: number,
    toUs: number,
    cursor: ReadCursor | undefined,
  ): SampleSlice {
    return this.#tiers.readSamples(tag, fromUs, toUs, cursor);
  }

  /** What the file holds and how fast it grows. */
  get fill(): BufferFill {
    const { room } = this.#medium;
    const usedBytes = this.#sampleBytes;
    const { chunkBytes, chunkBytesPerSample, rollupBytesPerSample } = this.#tiers.sizes;
    const samplesPerS = this.#sampleGrowth.perS(this.#nowMs);
    const unsafe = this.#held.unsafe(this.#nowUs);
    return {
      unsafeS: unsafe === undefined ? 0 : Math.max(0, unsafe.toUs - unsafe.fromUs) / 1e6,
      marginS: unsafe === undefined ? 0 : Math.max(0, this.#nowUs - unsafe.fromUs) / 1e6,
      usedBytes,
      chunkBytes,
      thinAboveBytes: room.thinAboveBytes,
      refuseAboveBytes: room.sampleBytesMax,
      frameBytesPerS: this.#byteGrowth.perS(this.#nowMs),
      chunkBytesPerS: samplesPerS * chunkBytesPerSample,
      rollupBytesPerS: samplesPerS * rollupBytesPerSample,
    };
  }

  /** @see Tiers */
  get tiers(): Pick<Tiers, "readRollups" | "readBegin" | "readAnswer" | "thinnedHours"> {
    return this.#tiers;
  }

  /**
   * Keeps a capture whose file is on the medium, in a transaction of its own: they are rare.
   *
   * @throws what SQLite says when there is no room; nothing was changed then
   */
  keepCapture(record: CaptureRecord, nowUs: number, nowMs: number): Kept {
    this.#nowUs = nowUs;
    this.#nowMs = nowMs;
    try {
      return this.#write("keep a capture", () => this.#captures.keep(this.#moment, record));
    } catch (failure) {
      if (!isFull(failure)) throw failure;
      return { kind: "refused", reason: "the journal is full" };
    }
  }

  captures(query: CaptureQuery): CaptureView[] {
    return this.#captures.list(query);
  }

  /** @param states JSON by part. `full`: nothing was changed. */
  keepEvents(
    drafts: readonly EventDraft[],
    states: ReadonlyMap<string, string>,
    nowUs: number,
    nowMs: number,
  ): EventsKept {
    this.#nowUs = nowUs;
    this.#nowMs = nowMs;
    try {
      return this.#write("keep events", () => this.#events.keep(this.#moment, drafts, states));
    } catch (failure) {
      if (!isFull(failure)) throw failure;
      return { kind: "full" };
    }
  }

  events(query: EventQuery): EventLine[] {
    return this.#events.list(query);
  }

  /** What parts of the runtime saved last, as JSON. */
  savedStates(): Map<string, string> {
    return this.#events.states();
  }

  /** @see OrderTable */
  get orders(): Pick<OrderTable, "all"> {
    return this.#orders;
  }

  keepOrders(held: readonly HeldOrder[]): void {
    this.#write("keep the orders", () => {
      const kept = new Set(held.map(({ order }) => order.id));
      for (const { order } of this.#orders.all())
        if (!kept.has(order.id)) this.#orders.drop(order.id);
      for (const one of held) this.#orders.put(one);
      return undefined;
    });
  }

  /** @see Tiers.readTold */
  readTold(question: ToldQuestion, nowUs: number): ToldSlice {
    return this.#tiers.readTold(question, this.#clocks, nowUs);
  }

  sealAnswer(held: HeldOrder, piece: AnswerPiece, nowUs: number): SealedAnswer {
    this.#nowUs = nowUs;
    return this.#write("answer an order", () => {
      const sealed = this.#answers.seal(this.#moment, held.order.id, piece);
      const { samples, bytes } = held.progress;
      this.#orders.put({
        ...held,
        progress: {
          ...held.progress,
          samples: samples + sealed.samples,
          bytes: bytes + sealed.bytes,
        },
      });
      return sealed;
    });
  }

  tellAll(): void {
    this.#telling.noteNext();
    this.#claimsDue = true;
  }

  gaps(
    scope: { readonly device: DeviceId; readonly tag?: TagId },
    fromUs: number,
    toUs: number,
  ): LedgerEntry[] {
    return this.#claims.touching(scope, fromUs, toUs);
  }

  /**
   * Seals what waits for company, due or not: told rows, and open claims, as many as one commit takes. A stick brings all
   * that is here, and what explains its holes.
   *
   * @returns whether there are more claims
   */
  sealOpen(nowUs: number, nowMs: number): boolean {
    this.#nowUs = nowUs;
    this.#nowMs = nowMs;
    this.#allClaimsDue = true;
    try {
      this.#write("seal what is open", () => {
        this.#telling.seal(this.#moment, nowMs, this.#lane, true);
        return undefined;
      });
      this.#telling.kept();
      return this.#claims.open.size > 0;
    } catch (failure) {
      this.#telling.takenBack();
      // It stays open and goes with a later export.
      if (isFull(failure)) return false;
      throw failure;
    } finally {
      this.#allClaimsDue = false;
    }
  }

  /** @see Journal.copyTo */
  copyTo(file: string): Promise<void> {
    return this.#medium.copyTo(file);
  }

  /** SQLite met pages that do not fit each other: the next start looks at all of them. */
  suspect(): void {
    this.#medium.suspect();
  }

  close(): void {
    if (this.#lastState !== undefined) return;
    const state = this.#stateNow();
    this.#medium.close();
    this.#lastState = { ...state, written: this.#medium.written };
  }

  /** Ends as a crash would. */
  abandon(): void {
    this.#lastState ??= this.#stateNow();
    this.#medium.abandon();
  }

  /** A new epoch at every start, after a crash as after a clean stop (no-loss protocol 2 and 4.5). */
  #begin(): number {
    const { epoch, nowUs } = this.#options;
    const last = this.#starts.newest(1)[0];
    const rank = last === undefined ? 1 : last.rank + 1;
    const closedUs = this.#facts.number("last commit") ?? 0;
    const lastCommitUs = last === undefined ? 0 : this.#starts.lastCommitUs(closedUs, nowUs);
    const parent = last === undefined ? {} : { parent: last.record.epoch };
    const record = { epoch, ...parent, lastCommitUs, startedUs: nowUs };
    this.#write(
      "begin an epoch",
      () => {
        if (last !== undefined) {
          this.#held.checkLast(last.rank, (broken) => {
            this.#tellBroken(broken);
          });
          const devices = this.#tags.devices();
          const firstUs = this.#raw.lastFrameFirstUs;
          const keptUs = this.#starts.samplesKeptUs(closedUs, nowUs);
          for (const loss of lossesWhileDown(devices, firstUs, keptUs, nowUs)) {
            this.#claims.add(loss, this.#nowMs);
          }
        }
        this.#tiers.giveUp(this.#medium.isolated);
        this.#events.giveUp(this.#medium.isolated.events);
        if (this.#aside !== undefined) {
          this.#claim("journal lost", { kind: "gateway" }, this.#aside.lostFromUs, nowUs);
        }
        this.#starts.add({ rank, record });
        this.#held.open({ rank, record });
        this.#critical.tellStart({ rank, nowUs }, record);
        this.#telling.catchUp({ rank, nowUs });
        return undefined;
      },
      rank,
    );
    return rank;
  }

  /** As with a start, but nothing was lost: what was gathered is sealed where it belongs, and a new epoch follows. */
  #goOnIn(fresh: Epoch): void {
    const { epoch, heads } = this.#sealer;
    this.#write("end an epoch", () => {
      this.#telling.adopt(this.#moment, this.#lane, this.#tags.current, this.#nowMs);
      return undefined;
    });
    this.#telling.kept();
    const rank = this.#rank + 1;
    this.#sealer.begin(fresh);
    const nowUs = this.#nowUs;
    const lastCommitUs = this.#held.provenUs(this.#rank, nowUs) - inMemoryUs;
    const record = { epoch: fresh, parent: epoch, lastCommitUs, startedUs: nowUs };
    try {
      this.#write(
        "begin another epoch",
        () => {
          this.#starts.add({ rank, record });
          this.#held.open({ rank, record });
          this.#critical.tellStart({ rank, nowUs }, record);
          this.#critical.tellDictionaries({ rank, nowUs });
          return undefined;
        },
        rank,
      );
    } catch (failure) {
      this.#sealer.begin(epoch);
      this.#sealer.heads = heads;
      throw failure;
    }
    this.#rank = rank;
  }

  /**
   * Names the heads of all lanes, as they are on disk now, with the time before which nothing is missing from them: the
   * hub claims a lost journal from there (no-loss protocol 2, complete). It goes with the next frame.
   */
  #sayComplete(): void {
    // Samples of another epoch are still moving into this one.
    if (this.#nowMs - this.#completeMs < completeEveryMs || this.#again.next !== undefined) return;
    this.#completeMs = this.#nowMs;
    const { critical, live, history } = this.#sealer.heads;
    const nowUs = this.#nowUs;
    // What was just kept was measured before; what comes next may have been measured as long ago.
    const firstUs = Math.max(this.#raw.lastFrameFirstUs ?? nowUs, nowUs - inMemoryUs);
    this.#sealer.complete = {
      upToUs: Math.min(nowUs, firstUs, this.#claims.open.fromUs, this.#telling.untoldFromUs),
      criticalSeq: critical.seq,
      liveSeq: live.seq,
      historySeq: history.seq,
    };
  }

  /** Live never builds a backlog, so nothing in it is superseded (no-loss protocol 4.2). */
  get #lane(): ToldLane {
    const waitsUs = this.#nowUs - this.#held.book.oldestUs("live");
    return waitsUs > liveWaitsMaxUs && !this.#telling.hasSnapshot ? "history" : "live";
  }

  get #moment(): Moment {
    return { rank: this.#rank, nowUs: this.#nowUs };
  }

  #letGo(): void {
    this.#keepMarks();
    if (this.#full) this.#dropSafe();
    this.#pruneClaims();
  }

  /** Key of the oldest sample frame that the road needs, or that is told again after a crash. */
  get #frameNeededFrom(): number {
    const toldTo = this.#facts.number("told to") ?? Number.MAX_SAFE_INTEGER;
    return Math.min(this.#held.rawNeededFrom, toldTo + 1);
  }

  #keepMarks(): void {
    this.#marksMs = this.#nowMs;
    this.#held.release(this.#rank);
    this.follow.keep();
  }

  /** In use for all but events, which have a share of their own. */
  get #sampleBytes(): number {
    return this.#medium.usedBytes - this.#events.usedBytes;
  }

  /** A group that found no room needs more than what is left below the usual bound. */
  get #room(): { readonly usedBytes: number; readonly thinAboveBytes: number } {
    const { thinAboveBytes } = this.#medium.room;
    const usedBytes = this.#sampleBytes;
    return { usedBytes, thinAboveBytes: this.#noRoom ? thinAboveBytes / 2 : thinAboveBytes };
  }

  /** Frames that the hub has safely go before they are in chunks. Whether any did. */
  #dropSafe(): boolean {
    // What a crash would tell again stays, but for a group that would otherwise never be let in.
    const neededFrom = this.#noRoom ? this.#held.rawNeededFrom : this.#frameNeededFrom;
    const dropped = this.#raw.drop(Infinity, dropMax, neededFrom);
    if (dropped !== undefined) this.#forgetBelow(dropped.leastId);
    return dropped !== undefined;
  }

  /**
   * Frames that the hub does not have are let go, and become voids. Their samples are in the ledger as thinned already,
   * but for those whose chunks had gone of age without a word.
   */
  #shed(rawBelow: number, retiredTo: number): boolean {
    const shed = this.#held.shed(rawBelow, this.#nowUs);
    for (const { rawTo, samples, firstUs, lastUs } of shed) {
      if (rawTo > retiredTo || samples === 0) continue;
      const count = { kind: "exact", samples } as const;
      const loss = { reason: "thinned", scope: { kind: "gateway" }, count } as const;
      this.#claims.add({ ...loss, fromUs: firstUs, toUs: lastUs }, this.#nowMs);
    }
    return shed.length > 0;
  }

  #pruneClaims(): void {
    if (this.#nowUs - this.#prunedUs < pruneEveryUs) return;
    this.#prunedUs = this.#nowUs;
    this.#claims.prune(this.#nowUs - this.#options.keepRawHours * hourUs);
  }

  /** Sample frames below this key are gone, and with them what is only for their sake. */
  #forgetBelow(leastId: number): void {
    this.#held.dropTold(leastId, dropMax);
    this.#tags.prune(Math.min(leastId, this.#tiers.leastFrame));
  }

  #tellBroken({ lane, samples, firstUs, lastUs, capture }: Broken): void {
    if (capture !== undefined) {
      this.#captures.spoilt(capture);
      return;
    }
    if (lane.lane !== "critical") {
      // Minutes, and no samples: the hub goes on with what it makes of those that it was told.
      if (samples === 0) return;
      const count = { kind: "exact", samples } as const;
      const loss = { reason: "frame corrupt", scope: { kind: "gateway" }, count } as const;
      this.#claims.add({ ...loss, fromUs: firstUs, toUs: lastUs }, this.#nowMs);
      return;
    }
    // What a critical frame said can be said again: starts, dictionary, events, and the claims of its epoch.
    this.#claims.reopen(this.#medium.db, lane.rank);
    this.#events.tellAgainAfter(lane.rank, lane.base.seq);
    if (lane.rank !== this.#rank) return;
    this.#critical.tellStarts(this.#moment);
    this.#critical.tellDictionary(this.#moment);
  }

  /** Claims that are due by then are sealed; without a link the others stay open, and merge. */
  get #claimsDueMs(): number {
    if (this.#allClaimsDue || this.#sealsClaims) return Infinity;
    return this.#linkUp ? this.#nowMs : -Infinity;
  }

  #claim(reason: LossReason, scope: LossScope, fromUs: number, toUs: number): void {
    const count = { kind: "unknown" } as const;
    this.#claims.add({ reason, scope, fromUs, toUs, count }, this.#nowMs);
  }

  /**
   * Runs `work` as one transaction, with the claims that changed. When it fails, what is held in memory is put back as
   * it was.
   */
  #write<T>(operation: string, work: () => T, rank = this.#rank): T {
    const { heads, complete } = this.#sealer;
    let written: readonly WrittenClaim[] = [];
    let sealed: readonly OpenClaim[] = [];
    let answer: T;
    try {
      answer = this.#medium.db.transaction(() => {
        const result = work();
        written = this.#claims.write();
        sealed = this.#critical.tellClaims({ rank, nowUs: this.#nowUs }, this.#claimsDueMs);
        return result;
      })();
    } catch (failure) {
      this.#sealer.heads = heads;
      this.#sealer.complete = complete;
      this.#claims.undo(written);
      this.#captures.takenBack();
      if (!this.#medium.db.open) throw failure;
      this.#events.takenBack();
      this.#raw.reload();
      if (isFull(failure) || failure instanceof AssertionError) throw failure;
      throw new JournalBroken(operation, { cause: failure });
    }
    for (const claim of sealed) this.#claims.open.remove(claim);
    this.#held.advance(rank, this.#sealer.heads, this.#nowUs);
    this.#captures.committed();
    this.#medium.afterCommit();
    return answer;
  }
}
