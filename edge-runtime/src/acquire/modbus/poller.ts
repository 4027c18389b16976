/**
 * Keeps the schedules of one device: begins rounds when they are due, keeps as many questions under way as the line
 * bears, and turns every outcome into rows or into a loss (the table in `session.ts`).
 */
import { status, type LossReason, type StatusCode } from "@millwright/wire-contract";

import { createBatchBuilder } from "../batch-builder.ts";
import type { BatchBuilder, DriverContext, ReadingBatch } from "../driver.ts";
import { Absences } from "./absences.ts";
import { BlameCase } from "./blame.ts";
import { Timer, type Exchange, type Outcome } from "./conversation.ts";
import { meaningOf } from "./exceptions.ts";
import type { Line } from "./line.ts";
import type { Guilty, PlannedRead, ReadPlan } from "./read-plan.ts";
import { ticksWithin, type Missed, type Schedule } from "./schedule.ts";

/** The points of one interval. */
export interface Track {
  readonly plan: ReadPlan;
  readonly schedule: Schedule;
  readonly points: readonly number[];
}

interface Round {
  readonly track: Track;
  readonly dueUs: number;
  readonly todo: Ask[];
  underWay: number;
}

interface Ask {
  readonly round: Round;
  readonly read: PlannedRead;
  /** Part of a search for the guilty register. */
  readonly blame?: BlameCase;
  /** A refused value that is tried again. */
  readonly guilty?: Guilty;
}

/**
 * Rows wait at most so long for others of their round, ms: a batch has one time of receipt, and 20 ms is little beside
 * the shortest interval (50 ms), while a round on a slow line lasts seconds.
 */
const gatherMs = 20;

/** A batch of so many rows is handed over full: 98 kB, which stay in the processor's cache on their way to the journal. */
const batchRows = 4_096;

export class Poller {
  readonly #line: Line;
  readonly #context: DriverContext;
  readonly #tracks: readonly Track[];
  readonly #window: number;
  readonly #timeoutMs: number;
  readonly #pointCount: number;
  readonly #rounds = new Map<Track, Round>();
  readonly #underWay = new Set<Exchange>();
  #rows: BatchBuilder;
  #rowsMax: number;
  // Full batches on their way out. Before a round begins, everything is handed over, so all of them together never hold
  // more than one row for each point.
  readonly #sealed: ReadingBatch[] = [];
  readonly #gather: Timer;
  readonly #tick: Timer;
  readonly #originMs: number;
  readonly #absences: Absences;
  #receivedUs = 0;
  #ripe = false;
  #filling = false;
  #stopped = false;
  #wake: (() => void) | undefined;
  #pause = { fromMs: 0, toMs: 0 };
  #told = "";

  /**
   * @param window how many questions this device may have under way or waiting in the line's queue
   * @param timeoutMs how long an answer is waited for
   */
  constructor(
    line: Line,
    tracks: readonly Track[],
    window: number,
    timeoutMs: number,
    context: DriverContext,
  ) {
    this.#line = line;
    this.#context = context;
    this.#tracks = tracks;
    this.#window = window;
    this.#timeoutMs = timeoutMs;
    const indices = tracks.flatMap((track) => track.points);
    this.#pointCount = indices.length;
    this.#rowsMax = Math.max(1, Math.min(batchRows, indices.length));
    this.#rows = createBatchBuilder(this.#rowsMax);
    this.#absences = new Absences(indices.reduce((max, index) => Math.max(max, index), 0) + 1);
    this.#originMs = context.clock.monotonicMs();
    this.#gather = new Timer(context.clock, () => {
      this.#ripe = true;
      this.ring();
    });
    this.#tick = new Timer(context.clock, () => {
      this.ring();
    });
  }

  /** Something was read before the schedules began: the first rows. */
  give(read: PlannedRead, data: Uint8Array): void {
    this.#received(read.points.length);
    read.decode(data, this.#rows);
    this.#ripe = true;
  }

  /** The rows to hand over now; nothing while they may still wait for others. */
  take(): ReadingBatch | undefined {
    const sealed = this.#sealed.shift();
    if (sealed !== undefined) {
      this.#context.due(sealed.count);
      return sealed;
    }
    if (this.#rows.count === 0) return undefined;
    const wanted = this.#ripe || this.#stopped || this.#rounds.size === 0 || this.#anyDue();
    if (!wanted) return undefined;
    this.#ripe = false;
    this.#gather.disarm();
    this.#context.due(this.#rows.count);
    return this.#rows.take(this.#receivedUs);
  }

  /** The caller is done with a batch. */
  reuse(batch: ReadingBatch): void {
    this.#rows.reuse(batch);
  }

  /** The caller was busy with what was handed over: what fell due in this time waited for him, not for the device. */
  paused(fromMs: number, toMs: number): void {
    this.#pause = { fromMs: fromMs - this.#originMs, toMs: toMs - this.#originMs };
  }

  /** Begins the rounds that are due. Only called when all rows were taken. */
  begin(): void {
    const nowMs = this.#context.clock.monotonicMs() - this.#originMs;
    for (const track of this.#tracks) {
      if (this.#rounds.has(track)) continue;
      const missed = track.schedule.take(nowMs);
      if (missed === undefined) continue;
      if (missed.count > 0) this.#miss(track, missed);
      const round: Round = {
        track,
        dueUs: this.#context.clock.nowUs(),
        todo: [],
        underWay: 0,
      };
      this.#rounds.set(track, round);
      for (const read of track.plan.reads) round.todo.push({ round, read });
      this.#askGuilty(round, nowMs + this.#originMs);
    }
    this.#fill();
  }

  /** Resolves when there is something to do: rows are ripe, a round is due, or somebody rang. */
  async wait(): Promise<void> {
    if (this.#sealed.length > 0) return;
    if (this.#rows.count > 0 && (this.#ripe || this.#rounds.size === 0)) return;
    let nextMs = Infinity;
    for (const track of this.#tracks) {
      if (!this.#rounds.has(track)) nextMs = Math.min(nextMs, track.schedule.nextMs);
    }
    const rung = new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    if (nextMs !== Infinity) {
      const nowMs = this.#context.clock.monotonicMs() - this.#originMs;
      // A timer may ring a fraction early, and then nothing would be due.
      this.#tick.arm(Math.max(0, nextMs - nowMs) + 0.5);
    }
    await rung;
    this.#tick.disarm();
  }

  ring(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  /** Asks nothing more and forgets what is under way; nothing of that is counted, because we gave it up. */
  stop(): void {
    this.#stopped = true;
    for (const exchange of this.#underWay) this.#line.withdraw(exchange);
    this.#underWay.clear();
    this.#rounds.clear();
    this.#gather.disarm();
    this.#tick.disarm();
    this.ring();
  }

  #anyDue(): boolean {
    const nowMs = this.#context.clock.monotonicMs() - this.#originMs;
    return this.#tracks.some((track) => !this.#rounds.has(track) && track.schedule.nextMs <= nowMs);
  }

  /** Refused values: one may be tried again in each round, the others say what they are. */
  #askGuilty(round: Round, nowMs: number): void {
    const again = round.track.plan.toTryAgain(nowMs);
    for (const guilty of round.track.plan.guilty) {
      if (guilty === again) {
        guilty.triedMs = nowMs;
        round.todo.push({ round, read: guilty.read, guilty });
      } else this.#pushBad(guilty.read.points, guilty.status);
    }
    if (round.todo.length === 0) this.#rounds.delete(round.track);
  }

  #fill(): void {
    // Questions go out together, when half of the window is free: a system call costs more than a frame.
    if (this.#filling || this.#underWay.size > this.#window >> 1) return;
    this.#filling = true;
    try {
      while (!this.#stopped) {
        const asks = this.#nextAsks(this.#window - this.#underWay.size);
        if (asks.length === 0) break;
        const exchanges = asks.map((ask) => this.#exchangeOf(ask));
        for (const exchange of exchanges) this.#underWay.add(exchange);
        this.#line.submit(exchanges);
      }
    } finally {
      this.#filling = false;
    }
  }

  /** The next questions, quickest schedule first, so that a long round of slow points does not delay the quick ones. */
  #nextAsks(max: number): Ask[] {
    const asks: Ask[] = [];
    const nowMs = this.#context.clock.monotonicMs();
    for (const track of this.#tracks) {
      const round = this.#rounds.get(track);
      if (round === undefined) continue;
      while (asks.length < max) {
        const ask = round.todo.shift();
        if (ask === undefined) break;
        if (this.#line.healthOf(ask.read.request.unit).mayAsk(nowMs)) {
          round.underWay++;
          asks.push(ask);
        } else {
          ask.blame?.unclear();
          this.#away(ask);
        }
      }
      this.#endRound(round);
    }
    return asks;
  }

  #exchangeOf(ask: Ask): Exchange {
    const exchange: Exchange = {
      question: ask.read.question,
      timeoutMs: this.#timeoutMs,
      done: (outcome) => {
        // Given up: `stop` emptied the set, and nobody waits for the outcome.
        if (!this.#underWay.delete(exchange)) return;
        ask.round.underWay--;
        this.#settle(ask, outcome);
        this.#endRound(ask.round);
        this.#fill();
      },
    };
    return exchange;
  }

  #settle(ask: Ask, outcome: Outcome): void {
    switch (outcome.kind) {
      case "answer":
        this.#received(ask.read.points.length);
        // Behind function and byte count.
        ask.read.decode(outcome.pdu.subarray(2), this.#rows);
        this.#present(ask.read.request.unit);
        ask.blame?.answered(ask.read.request);
        if (ask.guilty !== undefined) {
          ask.round.track.plan.pardon(ask.guilty);
          this.#tell();
        }
        break;
      case "exception":
        this.#refused(ask, outcome.code);
        break;
      case "silent":
        ask.blame?.unclear();
        if (this.#line.healthOf(ask.read.request.unit).away) this.#away(ask);
        else this.#lose(ask, "device unreachable");
        break;
      case "garbled":
      case "lost":
        ask.blame?.unclear();
        this.#lose(ask, "link lost");
        break;
    }
    if (ask.blame?.over === true) this.#judge(ask, ask.blame);
  }

  #refused(ask: Ask, code: number): void {
    const { read, round } = ask;
    const meaning = meaningOf(code);
    if (meaning.kind !== "gone") this.#present(read.request.unit);
    if (meaning.kind !== "blame") ask.blame?.unclear();
    switch (meaning.kind) {
      case "busy":
        this.#lose(ask, "device overload");
        return;
      case "gone":
        this.#away(ask);
        return;
      case "failed":
        this.#pushBad(read.points, meaning.status);
        return;
      case "blame":
        break;
    }
    if (ask.guilty !== undefined) {
      this.#pushBad(read.points, meaning.status);
      return;
    }
    const blame = ask.blame ?? new BlameCase(read.request, code);
    const pieces = blame.refused(read.request, code);
    if (pieces.length === 0) this.#pushBad(read.points, meaning.status);
    // Asked next, so that the good ones of this round are late by little.
    for (const piece of pieces.toReversed()) {
      round.todo.unshift({ round, read: round.track.plan.planned(piece), blame });
    }
    // A piece that is `ask.blame` already is judged by the caller.
    if (ask.blame === undefined && blame.over) this.#judge(ask, blame);
  }

  #judge(ask: Ask, blame: BlameCase): void {
    const verdict = blame.verdict();
    if (verdict === undefined) return;
    const nowMs = this.#context.clock.monotonicMs();
    ask.round.track.plan.condemn(ask.read.request, verdict, nowMs);
    this.#tell();
  }

  #away(ask: Ask): void {
    const { unit } = ask.read.request;
    if (this.#absences.begin(unit)) this.#tell();
    const { toTell, toCharge } = this.#absences.part(unit, ask.read.points);
    for (const point of toTell) this.#pushBad([point], status.badCommunication);
    this.#charge(toCharge, "device unreachable", ask.round.dueUs, this.#context.clock.nowUs(), 1);
  }

  #present(unit: number): void {
    if (this.#absences.end(unit)) this.#tell();
  }

  #lose(ask: Ask, reason: LossReason): void {
    this.#charge(ask.read.points, reason, ask.round.dueUs, this.#context.clock.nowUs(), 1);
  }

  #miss(track: Track, missed: Missed): void {
    const everyMs = track.schedule.everyMs;
    const nowMs = this.#context.clock.monotonicMs() - this.#originMs;
    const nowUs = this.#context.clock.nowUs();
    const waited = ticksWithin(missed, everyMs, this.#pause.fromMs, this.#pause.toMs);
    const fromUs = nowUs - Math.round((nowMs - missed.fromMs) * 1_000);
    const toUs = nowUs - Math.round((nowMs - missed.toMs) * 1_000);
    this.#charge(track.points, "queue full", fromUs, toUs, waited);
    this.#charge(track.points, "device overload", fromUs, toUs, missed.count - waited);
  }

  #charge(
    points: readonly number[],
    reason: LossReason,
    fromUs: number,
    toUs: number,
    each: number,
  ): void {
    if (each === 0 || points.length === 0) return;
    this.#context.due(points.length * each);
    if (points.length === this.#pointCount) {
      this.#context.lost(-1, points.length * each, reason, fromUs, toUs);
      return;
    }
    for (const point of points) this.#context.lost(point, each, reason, fromUs, toUs);
  }

  #pushBad(points: readonly number[], code: StatusCode): void {
    this.#received(points.length);
    for (const point of points) this.#rows.push(point, NaN, NaN, code);
  }

  /** So many rows come now: makes room for them and notes the time. */
  #received(rowCount: number): void {
    if (this.#rows.count + rowCount > this.#rowsMax) {
      if (this.#rows.count > 0) this.#sealed.push(this.#rows.take(this.#receivedUs));
      this.ring();
    }
    // One answer can hold thousands of points where many of them are bits of the same words.
    if (rowCount > this.#rowsMax) {
      this.#rowsMax = rowCount;
      this.#rows = createBatchBuilder(rowCount);
    }
    this.#receivedUs = this.#context.clock.nowUs();
  }

  #endRound(round: Round): void {
    if (round.todo.length === 0 && round.underWay === 0) this.#rounds.delete(round.track);
    if (this.#rounds.size === 0) this.ring();
    else if (this.#rows.count > 0 && !this.#gather.armed && !this.#ripe) this.#gather.arm(gatherMs);
  }

  /** What a person should know of this device, said when it changes. */
  #tell(): void {
    const refused = this.#tracks.flatMap((track) => track.plan.guilty.map(({ read }) => read));
    const text = wordsOf(refused, this.#absences.units);
    if (text === this.#told) return;
    this.#told = text;
    this.#context.note(text);
  }
}

/** So many refused addresses are named; a wrong table has hundreds. */
const refusedNamed = 5;

function wordsOf(refused: readonly PlannedRead[], away: readonly number[]): string {
  const named = refused
    .slice(0, refusedNamed)
    .map(({ request: { table, address, unit } }) => `${table}:${address} of unit ${unit}`);
  const more = refused.length - named.length;
  const parts: string[] = [];
  if (named.length > 0) {
    parts.push(`the device refuses ${named.join(", ")}${more > 0 ? ` and ${more} more` : ""}`);
  }
  if (away.length > 0) {
    parts.push(`unit ${away.join(", ")} does not answer and is asked again every 5 to 60 s`);
  }
  return parts.join("; ");
}
