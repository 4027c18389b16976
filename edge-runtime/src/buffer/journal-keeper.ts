import assert from "node:assert/strict";

import { joinBuckets, type Buckets, type WidthUs } from "@millwright/aggregates";
import { messageChain, type Clock, type Log } from "@millwright/kit";
import {
  makeDictionary,
  makeDictionaryOf,
  TagBook,
  toTagColumns,
  type CaptureRecord,
  type CaptureView,
  type DeviceId,
  type Dictionary,
  type Epoch,
  type LaneMark,
  type LedgerEntry,
  type SampleColumns,
} from "@millwright/wire-contract";

import type { CaptureQuery } from "./captures/capture-table.ts";
import type { Kept } from "./captures/captures.ts";
import type { DeclaredTag, EventBook, Loss, OrderBook, Outbox, SampleBatch } from "../hand-over.ts";
import { CommitTimer } from "./commit-timer.ts";
import { EventKeeper, type EventStore } from "./events/event-keeper.ts";
import { isFull } from "./faults.ts";
import type { Chunk, ResumePoint } from "./group.ts";
import { Intake, type Taken } from "./intake.ts";
import { keptFeed } from "./kept-feed.ts";
import { newEpoch } from "./new-epoch.ts";
import { JournalAccount } from "./journal-account.ts";
import { JournalNews } from "./journal-news.ts";
import { JournalOutbox } from "./journal-outbox.ts";
import type { JournalCore, JournalCounters, JournalOptions } from "./journal.ts";
import { OrderWork } from "./orders/order-work.ts";
import { Percentiles } from "./percentiles.ts";
import { refusalOf } from "./refusal.ts";
import type { GapScope, StoreDoor } from "./questions.ts";
import type { Committed } from "./group-commit.ts";
import { askInTurn } from "./tiers/ask-in-turn.ts";
import { readChartLine, type ChartLine } from "./tiers/chart-line.ts";
import { rehearse, type Rehearsal } from "./tiers/buffer-clock.ts";
import { readBuckets, readSamples } from "./tiers/history.ts";
import type { ChartRange } from "./tiers/line-slice.ts";
import { TierWork } from "./tier-work.ts";

/**
 * The half of the journal that lives with its callers: it accepts, decides when to commit, settles, and counts. The
 * other half is the store, here or in its worker.
 */

/**
 * A start brings the first samples of a device: a person in front of the machine waits for them. What arrives together
 * goes together; it is once for each device, so that it wears no card.
 */
const firstSamplesMs = 5;
/**
 * When the clock has moved, what is on disk bears times of before: after a kill the next start would look for the samples
 * in memory in the wrong place. So they are kept at once, at most so often where a clock is set again and again.
 */
const clockMovedMs = 50;
/** More than this in memory is committed at once, whatever the interval; it bounds what a crash can take. */
const eagerSamples = 50_000;
/** A commit seals 8,000 claims, and 20,000 may be open; what is charged meanwhile goes with the next export. */
const sealTurnsMax = 4;
/** A full disk is tried again so often. */
const fullAgainMs = 1_000;

export class JournalKeeper implements JournalCore {
  readonly #options: JournalOptions;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #door: StoreDoor;
  readonly #intake: Intake;
  readonly #resume: Map<DeviceId, ResumePoint>;
  readonly #events: EventKeeper;
  readonly #timer: CommitTimer;
  readonly #news: JournalNews;
  readonly #commitMs = new Percentiles();
  /** Devices that have brought samples since the start. */
  readonly #heardOf = new Set<DeviceId>();
  #dictionary: Dictionary = makeDictionary([]);
  readonly #tiers: TierWork;
  readonly #account = new JournalAccount();
  #commits = 0;
  #oldestMs: number | undefined;
  #ended = false;
  readonly #ending = new AbortController();
  /** The commit under way. */
  #committing: Promise<void> | undefined;
  /** Taken for a commit that found no room. */
  #left: Taken | undefined;

  constructor(options: JournalOptions, door: StoreDoor) {
    this.#options = options;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#door = door;
    this.#resume = new Map(door.resumePoints);
    this.#intake = new Intake(options.clock, options.random, options.clockIsSet ?? (() => false));
    this.#events = this.#openEvents();
    const commit = (): Promise<void> => this.#commitSamples();
    this.#timer = new CommitTimer(options.clock, options.commitEveryMs, commit);
    this.#news = new JournalNews(options.log, door.state.full);
    this.#news.found(door.state.found);
    this.#tiers = new TierWork({
      clock: options.clock,
      tend: (nowUs, nowMs) => this.#guarded("tend", nowUs, nowMs),
      isFree: () => this.#committing === undefined,
      ended: this.#ending.signal,
    });
  }

  get events(): EventBook {
    return this.#events;
  }

  get orders(): OrderBook {
    return this.#orders;
  }

  get outbox(): Outbox {
    return this.#outbox.door;
  }

  get epoch(): Epoch {
    return this.#door.state.epoch;
  }

  get dictionary(): Dictionary {
    return this.#dictionary;
  }

  async adoptTags(tags: Iterable<DeclaredTag>): Promise<Dictionary> {
    // Samples accepted before would be encoded with the wrong dictionary.
    await this.commit();
    await this.#orders.load();
    const columns = toTagColumns(tags);
    const numbers = await this.#guarded("adoptTags", columns, this.#clock.nowUs());
    this.#dictionary = makeDictionaryOf(new TagBook(columns, numbers));
    this.#outbox.tellSealed();
    return this.#dictionary;
  }

  append(batch: SampleBatch): boolean {
    this.#account.offered(batch.count);
    if (!this.hasRoom(batch)) {
      this.#account.refused(batch.count);
      return false;
    }
    const clockMoved = this.#intake.append(batch);
    const nowMs = this.#clock.monotonicMs();
    if (batch.count > 0) this.#oldestMs ??= nowMs;
    if (batch.count > 0 && !this.#heardOf.has(batch.device)) {
      this.#heardOf.add(batch.device);
      this.#timer.by(nowMs + Math.min(firstSamplesMs, this.#options.commitEveryMs));
    }
    if (this.#intake.samples >= eagerSamples) this.#timer.by(nowMs);
    else if (clockMoved) this.#timer.by(Math.max(nowMs, this.#timer.lastMs + clockMovedMs));
    else this.#timer.by(this.#timer.nextMs(nowMs));
    return true;
  }

  hasRoom(batch: Pick<SampleBatch, "count" | "wide">): boolean {
    return !this.#news.full && !this.#ended && this.#intake.hasRoom(batch);
  }

  chargeRefused(batch: SampleBatch): void {
    this.#account.charged(batch.count);
    this.charge(refusalOf(batch));
  }

  charge(loss: Loss): void {
    this.#intake.charge(loss);
    this.#timer.by(this.#timer.nextMs(this.#clock.monotonicMs()));
  }

  saveResume(device: DeviceId, resume: ResumePoint): void {
    this.#resume.set(device, resume);
    this.#intake.saveResume(device, resume);
    this.#timer.by(this.#timer.nextMs(this.#clock.monotonicMs()));
  }

  resume(device: DeviceId): ResumePoint | undefined {
    return this.#resume.get(device);
  }

  readSamples(tag: number, fromUs: number, toUs: number, max: number): Promise<SampleColumns> {
    return readSamples(this.#guarded, tag, fromUs, toUs, max);
  }

  thinnedHours(tag: number, fromHour: number, toHour: number): Promise<readonly number[]> {
    return this.#guarded("thinnedHours", tag, fromHour, toHour);
  }

  readLine(tag: number, range: ChartRange, signal: AbortSignal): Promise<ChartLine> {
    const definition = this.#dictionary.byIndex(tag);
    assert(definition !== undefined, "a line is asked for by the index of a declared tag");
    return readChartLine(this.#chartAsk, definition, range, signal);
  }

  readBuckets(tag: number, widthUs: WidthUs, fromUs: number, toUs: number): Promise<Buckets> {
    const definition = this.#dictionary.byIndex(tag);
    if (definition === undefined) return Promise.resolve(joinBuckets([], widthUs));
    const knownToUs = Math.min(toUs, this.#clock.nowUs());
    return readBuckets(this.#guarded, definition, widthUs, fromUs, toUs, knownToUs);
  }

  async buffer(outageS = 0): Promise<Rehearsal> {
    return rehearse(await this.#guarded("fill"), outageS);
  }

  async keepCapture(record: CaptureRecord): Promise<Kept> {
    const nowMs = this.#clock.monotonicMs();
    const kept = await this.#guarded("keepCapture", record, this.#clock.nowUs(), nowMs);
    if (kept.kind === "kept") this.#outbox.tellSealed();
    return kept;
  }

  captures(query: CaptureQuery): Promise<readonly CaptureView[]> {
    return this.#guarded("captures", query);
  }

  gaps(scope: GapScope, fromUs: number, toUs: number): Promise<readonly LedgerEntry[]> {
    return this.#guarded("gaps", scope, fromUs, toUs);
  }

  newestClaims(max: number): Promise<readonly LedgerEntry[]> {
    return this.#guarded("newestClaims", max);
  }

  async sealOpen(): Promise<void> {
    await this.commit();
    for (let turn = 0; turn < sealTurnsMax; turn++) {
      if (!(await this.#guarded("sealOpen", this.#clock.nowUs(), this.#clock.monotonicMs()))) break;
    }
    this.#outbox.tellSealed();
  }

  async copyTo(file: string): Promise<void> {
    // Not guarded: a target without room is no trouble of the journal.
    await this.#door.ask("copyTo", file);
  }

  counters(): JournalCounters {
    const { written, bytes, tendCpuUs } = this.#door.state;
    return {
      ...this.#account.at(this.#intake.inMemory),
      commits: this.#commits,
      commitP50Ms: this.#commitMs.at(0.5),
      commitP99Ms: this.#commitMs.at(0.99),
      eventsP99Ms: this.#events.waitP99Ms,
      oldestUncommittedMs:
        this.#oldestMs === undefined ? 0 : this.#clock.monotonicMs() - this.#oldestMs,
      bytesWritten: written.walBytes + written.checkpointBytes,
      threadBytesWritten: written.threadBytes,
      tendCpuMs: tendCpuUs / 1_000,
      journalBytes: bytes,
      full: this.#news.full,
      found: this.#door.state.found,
    };
  }

  /** Commits now; when one is under way, commits once more after it. */
  async commit(): Promise<void> {
    await this.#events.flush();
    await this.#commitSamples();
  }

  async #commitSamples(): Promise<void> {
    while (this.#committing !== undefined) await this.#committing;
    if (this.#ended) return;
    await this.#commitOnce(false);
  }

  async close(): Promise<void> {
    if (this.#ended) return;
    await this.#events.flush();
    while (this.#committing !== undefined) await this.#committing;
    // Another caller may have ended it meanwhile.
    if (this.#isEnded()) return;
    // What a full disk has held back goes first. Only the commit that leaves nothing in memory is the last one: from there
    // on the next start claims what was lost.
    if (this.#left !== undefined) await this.#commitOnce(false);
    await this.#commitOnce(this.#left === undefined);
    this.#end();
    await this.#door.ask("close");
  }

  async abandon(): Promise<void> {
    this.#end();
    await this.#door.abandon();
  }

  async #leave({ epoch, lane }: LaneMark): Promise<void> {
    const before = this.epoch;
    const fresh = newEpoch(this.#options.random);
    const now = [this.#clock.nowUs(), this.#clock.monotonicMs()] as const;
    await this.#guarded("leave", epoch, lane, fresh, ...now);
    if (this.epoch !== before) this.#intake.beginSegment();
    // What is sealed again is moved by the work that follows a commit.
    this.#timer.by(now[1]);
  }

  #isEnded(): boolean {
    return this.#ended;
  }

  #end(): void {
    this.#ended = true;
    this.#ending.abort();
    this.#events.end();
    this.#timer.end();
  }

  #commitOnce(last: boolean): Promise<void> {
    this.#timer.begun();
    const work = this.#writeGroup(last).finally(() => {
      this.#committing = undefined;
      this.#timer.over();
      void this.#tend();
    });
    this.#committing = work.catch(() => undefined);
    return work;
  }

  async #tend(): Promise<void> {
    const waiting = this.#door.state.waiting.frames;
    try {
      await this.#tiers.run();
    } catch {
      // The journal has ended, or `#guarded` has told `onBroken` already.
      return;
    }
    // Hours that were rolled up have minutes to tell.
    if (this.#door.state.waiting.frames > waiting) this.#outbox.tellSealed();
  }

  async #writeGroup(last: boolean): Promise<void> {
    const beganMs = this.#clock.monotonicMs();
    const again = this.#left;
    const taken = again ?? this.#intake.take();
    const oldestMs = this.#oldestMs;
    if (again === undefined) this.#oldestMs = undefined;
    const { committed, buffers } = await this.#guarded("commit", {
      chunks: taken.chunks,
      clocks: taken.clocks,
      losses: taken.losses,
      resume: taken.resume,
      takenUs: again?.takenUs,
      nowUs: this.#clock.nowUs(),
      nowMs: beganMs,
      linkUp: this.#outbox.linkUp,
      watched: this.#outbox.watchedAt(beganMs),
      recorded: this.#orders.recorded(this.#clock.nowUs()),
      last,
    });
    const nowMs = this.#clock.monotonicMs();
    this.#commits++;
    this.#timer.answered(beganMs);
    this.#commitMs.add(nowMs - beganMs);
    const { full, bytes } = this.#door.state;
    this.#news.samples(committed.kind === "full" || full, bytes);
    if (committed.kind === "full") {
      this.#oldestMs = oldestMs;
      // The losses are with the store already.
      const chunks = taken.chunks.map((chunk, at) => withBuffer(chunk, buffers[at]));
      this.#left = { ...taken, chunks, losses: [] };
      this.#timer.by(nowMs + fullAgainMs);
      return;
    }
    this.#left = undefined;
    this.#settled(taken, committed, buffers);
    if (this.#news.full) this.#timer.by(nowMs + fullAgainMs);
    const { dueInMs } = this.#door.state;
    if (dueInMs !== Infinity) this.#timer.by(nowMs + dueInMs);
    if (!this.#intake.empty) this.#timer.by(this.#timer.nextMs(nowMs));
  }

  #settled(taken: Taken, committed: Committed, buffers: readonly ArrayBuffer[]): void {
    this.#account.committed(committed);
    this.#intake.done(buffers);
    for (const settle of taken.settles) {
      settle().catch((failure: unknown) => {
        // The samples are safe; the source will send them again, and the hub knows them by their identity.
        this.#log.warn("buffer.settle-failed", { why: messageChain(failure) });
      });
    }
    if (committed.sealed) this.#outbox.tellSealed();
    if (committed.samples > 0) this.kept.tell();
  }

  #openEvents(): EventKeeper {
    const { commitEveryMs } = this.#options;
    const keep: EventStore["keep"] = async (drafts, states) => {
      const now = [this.#clock.nowUs(), this.#clock.monotonicMs()] as const;
      const kept = await this.#guarded("keepEvents", drafts, states, ...now);
      if (kept.kind === "kept") this.#outbox.tellSealed();
      // A state alone is kept also where there is no room for events.
      if (drafts.length > 0) this.#news.events(kept.kind === "full", this.#door.state.bytes);
      return kept;
    };
    const list: EventStore["list"] = (query) => this.#guarded("events", query);
    return new EventKeeper(this.#clock, { keep, list }, this.#door.savedStates, commitEveryMs);
  }

  /** Asks the store; a failure of it is told once to who must end the program. */
  #guarded: StoreDoor["ask"] = async (name, ...asked) => {
    try {
      return await this.#door.ask(name, ...asked);
    } catch (failure) {
      // What found no room changed nothing, and who asked asks again; a commit says so itself, and keeps what it was given.
      const isTriedAgain = isFull(failure) && name !== "commit";
      if (!this.#ended && !isTriedAgain) {
        this.#end();
        this.#options.onBroken(failure);
      }
      throw failure;
    }
  };

  readonly #outbox = new JournalOutbox({
    ask: this.#guarded,
    state: () => this.#door.state,
    book: () => this.#dictionary.book,
    nowMs: () => this.#clock.monotonicMs(),
    commitSoon: () => {
      this.#timer.by(this.#timer.nextMs(this.#clock.monotonicMs()));
    },
    leave: (mark) => this.#leave(mark),
  });
  readonly kept = keptFeed(this.#guarded);
  readonly #chartAsk = askInTurn(this.#guarded);
  readonly #orders = new OrderWork({
    ask: this.#guarded,
    commit: () => this.commit(),
    nowUs: () => this.#clock.nowUs(),
    dictionary: () => this.#dictionary,
    sealed: () => {
      this.#outbox.tellSealed();
    },
  });
}

function withBuffer(chunk: Chunk, buffer: ArrayBuffer | undefined): Chunk {
  assert(buffer !== undefined, "each chunk has its buffer back");
  return { ...chunk, buffer };
}
