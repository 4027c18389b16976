import type {
  CaptureRecord,
  CaptureView,
  DeviceId,
  EndOfRun,
  Epoch,
  JournalBirth,
  LaneMark,
  LedgerEntry,
  RoadLane,
  TagColumns,
  TagId,
  TagNumbers,
} from "@millwright/wire-contract";
import type { EventLine } from "@millwright/wire-contract/events";

import type { EventQuery, HeldOrder, OutboxFrame, OutboxLane } from "../hand-over.ts";
import type { CaptureQuery } from "./captures/capture-table.ts";
import type { Kept } from "./captures/captures.ts";
import type { EventDraft, EventsKept } from "./events/journal-events.ts";
import { isFull } from "./faults.ts";
import type { Follow } from "./follow.ts";
import type { Committed } from "./group-commit.ts";
import type { Group, ResumePoint } from "./group.ts";
import { keyOf, type MarkVerdict, type ToldLane, type Waiting } from "./lane-book.ts";
import { Medium, type Written } from "./medium.ts";
import type { AnswerPiece, SealedAnswer } from "./orders/answer-lane.ts";
import type { OrderTable } from "./orders/order-table.ts";
import type { ToldQuestion, ToldSlice } from "./orders/told-reading.ts";
import type { FileFindings } from "./pages/inspect-file.ts";
import type { PutAside } from "./pages/put-aside.ts";
import { Run } from "./run.ts";
import { buildParts, type StoreOptions, type StoreParts } from "./store-parts.ts";
import type { BufferFill } from "./tiers/buffer-clock.ts";
import type { ReadCursor, SampleSlice } from "./tiers/reading.ts";
import type { Tiers } from "./tiers/tiers.ts";
import { toldLane } from "./told-lane.ts";

/**
 * The journal on disk: one SQLite file, used by one thread. Here is what may be asked of it; what is done stands with the
 * parts, and every change is one of their transactions.
 */

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
  /** How the run before ended; undefined where it is not known, or did not end with this epoch. */
  readonly endBefore: EndOfRun | undefined;
  /** What was wrong with the file at the start of this run. */
  readonly found: FileFindings;
}

/** The first seconds belong to what is waited for: four megabytes would keep commits waiting. */
const reserveAfterMs = 10_000;

export class Store {
  readonly #aside: PutAside | undefined;
  readonly #openedMs: number;
  readonly #run: Run;
  readonly #medium: Medium;
  readonly #parts: StoreParts;
  /** Counters are asked for after the end, too. */
  #lastState: StoreState | undefined;

  /** @param aside the file that was here before */
  constructor(options: StoreOptions, aside?: PutAside) {
    this.#aside = aside;
    this.#openedMs = options.nowMs;
    this.#run = new Run(options.nowUs, options.nowMs);
    this.#medium = new Medium(options.folder, options.gateway, options.bytesMax);
    try {
      this.#parts = buildParts(options, this.#medium, this.#run);
      this.#parts.epochs.begin(aside);
    } catch (failure) {
      this.#medium.abandon();
      throw failure;
    }
  }

  get state(): StoreState {
    return this.#lastState ?? this.#stateNow();
  }

  #stateNow(): StoreState {
    const { held, claims, telling, hub, sealer, epochs, runNote, lettingGo } = this.#parts;
    const { linkUp, nowMs } = this.#run;
    return {
      waiting: held.book.waiting(),
      full: lettingGo.full,
      dueInMs: Math.min(
        linkUp ? claims.open.dueInMs(nowMs) : Infinity,
        telling.dueInMs(nowMs, this.#lane),
      ),
      bytes: this.#medium.usedBytes + this.#medium.walBytes,
      written: this.#medium.written,
      incarnation: hub.incarnation,
      epoch: sealer.epoch,
      birth: epochs.birth,
      endBefore: runNote.before,
      found: { ...this.#medium.findings, ...this.#aside },
    };
  }

  resumePoints(): Map<DeviceId, ResumePoint> {
    return this.#parts.facts.resumePoints();
  }

  /** Numbers the tags and seals the dictionary ahead of the first frame that uses it. */
  adoptTags(columns: TagColumns, nowUs: number): TagNumbers {
    this.#run.nowUs = nowUs;
    for (;;) {
      try {
        return this.#adopt(columns);
      } catch (failure) {
        // Part of a start, like the epoch before it, and takes of what is kept for one.
        if (!isFull(failure) || !this.#medium.reserve.letGo()) throw failure;
      }
    }
  }

  #adopt(columns: TagColumns): TagNumbers {
    const { transactions, tags, telling, critical, sealer } = this.#parts;
    const run = this.#run;
    try {
      const numbers = transactions.write("keep the tags", () => {
        const numbers = tags.adopt(columns, keyOf(run.rank, sealer.heads.raw.seq));
        telling.adopt(run.moment, this.#lane, tags.current, run.nowMs);
        critical.tellDictionary(run.moment);
        return numbers;
      });
      telling.kept();
      return numbers;
    } catch (failure) {
      telling.takenBack();
      throw failure;
    }
  }

  /** @see GroupCommit */
  commit(group: Group): Committed {
    return this.#parts.groups.commit(group);
  }

  lanes(): OutboxLane[] {
    return this.#parts.held.book.positions();
  }

  framesAfter(epoch: Epoch, lane: RoadLane, seq: number, bytesMax: number): OutboxFrame[] {
    const { transactions, held, broken } = this.#parts;
    // Without a transaction, which would write open claims as well: on a full disk that fails, and it is what goes out that
    // makes room.
    const whole = held.wholeAfter(epoch, lane, seq, bytesMax);
    if (whole !== undefined) return whole;
    return transactions.write("read frames", () =>
      held.after(epoch, lane, seq, bytesMax, (found) => {
        broken.tell(found);
      }),
    );
  }

  /** Kept with a later commit, so that a mark costs no write of its own. */
  take(mark: LaneMark): MarkVerdict["kind"] {
    return this.#parts.held.take(mark, this.#run.rank);
  }

  agree(incarnation: string): void {
    this.#parts.hub.agree(incarnation);
  }

  /** @see OtherHub */
  rewind(mark: LaneMark): boolean {
    return this.#parts.hub.rewind(mark);
  }

  /** @see Epochs */
  leave(epoch: Epoch, lane: RoadLane, fresh: Epoch, nowUs: number, nowMs: number): void {
    this.#run.at(nowUs, nowMs);
    this.#parts.epochs.leave(epoch, lane, fresh);
  }

  /**
   * One slice of work on the tiers, between commits.
   *
   * @returns whether there may be more
   */
  tend(nowUs: number, nowMs: number): boolean {
    const { transactions, again, events, tiers, lettingGo } = this.#parts;
    this.#run.at(nowUs, nowMs);
    const left = again.next;
    if (left !== undefined) {
      transactions.write("seal again", () => again.some(this.#run.moment, left));
      return true;
    }
    if (events.hasUntold) return this.#tellEvents();
    let more: boolean;
    try {
      more = transactions.write("keep the tiers", () => tiers.step(nowUs, nowMs));
    } catch (failure) {
      tiers.takenBack();
      // Nothing was changed; what was begun is begun again when there is room.
      if (isFull(failure)) return false;
      throw failure;
    }
    tiers.kept();
    lettingGo.measure();
    const isSettled = nowMs - this.#openedMs >= reserveAfterMs;
    return more || (isSettled && this.#medium.reserve.fillSome()) || this.#medium.checkSome();
  }

  /** @returns whether there may be more work */
  #tellEvents(): boolean {
    const { transactions, events } = this.#parts;
    try {
      transactions.write("tell events again", () => {
        events.tellSome(this.#run.moment);
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
    return this.#parts.tiers.readSamples(tag, fromUs, toUs, cursor);
  }

  get fill(): BufferFill {
    return this.#parts.fillMeter.fill;
  }

  /** @see Tiers */
  get tiers(): Pick<Tiers, "readRollups" | "readBegin" | "readAnswer" | "thinnedHours"> {
    return this.#parts.tiers;
  }

  get follow(): Follow {
    return this.#parts.follow;
  }

  /**
   * Keeps a capture whose file is on the medium, in a transaction of its own: they are rare.
   *
   * @throws what SQLite says when there is no room; nothing was changed then
   */
  keepCapture(record: CaptureRecord, nowUs: number, nowMs: number): Kept {
    const { transactions, captures } = this.#parts;
    this.#run.at(nowUs, nowMs);
    try {
      return transactions.write("keep a capture", () => captures.keep(this.#run.moment, record));
    } catch (failure) {
      if (!isFull(failure)) throw failure;
      return { kind: "refused", reason: "the journal is full" };
    }
  }

  captures(query: CaptureQuery): CaptureView[] {
    return this.#parts.captures.list(query);
  }

  /** @param states JSON by part. `full`: nothing was changed. */
  keepEvents(
    drafts: readonly EventDraft[],
    states: ReadonlyMap<string, string>,
    nowUs: number,
    nowMs: number,
  ): EventsKept {
    const { transactions, events } = this.#parts;
    this.#run.at(nowUs, nowMs);
    try {
      return transactions.write("keep events", () => events.keep(this.#run.moment, drafts, states));
    } catch (failure) {
      if (!isFull(failure)) throw failure;
      return { kind: "full" };
    }
  }

  events(query: EventQuery): EventLine[] {
    return this.#parts.events.list(query);
  }

  /** What parts of the runtime saved last, as JSON. */
  savedStates(): Map<string, string> {
    return this.#parts.events.states();
  }

  /** @see OrderTable */
  get orders(): Pick<OrderTable, "all"> {
    return this.#parts.orders;
  }

  keepOrders(held: readonly HeldOrder[]): void {
    const { transactions, orders } = this.#parts;
    transactions.write("keep the orders", () => {
      const kept = new Set(held.map(({ order }) => order.id));
      for (const { order } of orders.all()) if (!kept.has(order.id)) orders.drop(order.id);
      for (const one of held) orders.put(one);
    });
  }

  /** @see Tiers.readTold */
  readTold(question: ToldQuestion, nowUs: number): ToldSlice {
    return this.#parts.tiers.readTold(question, this.#parts.clocks, nowUs);
  }

  sealAnswer(held: HeldOrder, piece: AnswerPiece, nowUs: number): SealedAnswer {
    const { transactions, answers, orders } = this.#parts;
    this.#run.nowUs = nowUs;
    return transactions.write("answer an order", () => {
      const sealed = answers.seal(this.#run.moment, held.order.id, piece);
      const { samples, bytes } = held.progress;
      orders.put({
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
    this.#parts.groups.tellAll();
  }

  gaps(
    scope: { readonly device: DeviceId; readonly tag?: TagId },
    fromUs: number,
    toUs: number,
  ): LedgerEntry[] {
    return this.#parts.claims.touching(scope, fromUs, toUs);
  }

  newestClaims(max: number): LedgerEntry[] {
    return this.#parts.claims.newest(max);
  }

  /**
   * Seals what waits for company, due or not: told rows, and open claims, as many as one commit takes. A stick brings all
   * that is here, and what explains its holes.
   *
   * @returns whether there are more claims
   */
  sealOpen(nowUs: number, nowMs: number): boolean {
    const { transactions, telling, claims } = this.#parts;
    this.#run.at(nowUs, nowMs);
    const seal = (): void => {
      telling.seal(this.#run.moment, nowMs, this.#lane, true);
    };
    try {
      transactions.write("seal what is open", seal, { allClaims: true });
      telling.kept();
      return claims.open.size > 0;
    } catch (failure) {
      telling.takenBack();
      // It stays open and goes with a later export.
      if (isFull(failure)) return false;
      throw failure;
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

  get #lane(): ToldLane {
    const { held, telling } = this.#parts;
    return toldLane({ held, telling, run: this.#run });
  }
}
