/**
 * Keeps the schedules of one device: begins rounds when they are due, keeps as many questions under way as the line
 * bears, and turns every outcome into rows or into a loss (the table in `session.ts`).
 */
import { status, type LossReason, type StatusCode } from "@millwright/wire-contract";

import { createBatchBuilder } from "../batch-builder.ts";
import type { BatchBuilder, DriverContext, ReadingBatch } from "../driver.ts";
import { Absences } from "./absences.ts";
import { BlameCase } from "./blame.ts";
import { Timer, type Outcome } from "./conversation.ts";
import { meaningOf } from "./exceptions.ts";
import type { Line } from "./line.ts";
import type { PlannedRead } from "./read-plan.ts";
import { Round, type Ask, type Track } from "./round.ts";
import { ticksWithin, type Missed } from "./schedule.ts";

/**
 * Rows wait at most so long for others of their round, ms: a batch has one time of receipt, and 20 ms is little beside
 * the shortest interval (50 ms), while a round on a slow line lasts seconds.
 */
const gatherMs = 20;

/** An alarm that is later than this says that we stood still; less is below the shortest interval, and misses no poll. */
const stoodStillMs = 50;

/** A batch of so many rows is handed over full: 98 kB, which stay in the processor's cache on their way to the journal. */
const batchRows = 4_096;

export class Poller {
  readonly #line: Line;
  readonly #context: DriverContext;
  readonly #pointCount: number;
  readonly #rounds: readonly Round[];
  /** Places for what is under way; a set would be made anew every few thousand questions, and hold on to the old ones. */
  readonly #underWay: (Ask | undefined)[];
  #underWayCount = 0;
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
  /** In which nothing was asked because of us, ms since the origin. */
  #pause = { fromMs: 0, toMs: 0 };
  /** When the tick was to ring, ms since the origin. */
  #tickMs = 0;
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
    this.#rounds = tracks.map((track) => new Round(track, timeoutMs, this.#settled.bind(this)));
    this.#underWay = new Array<Ask | undefined>(window).fill(undefined);
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
      // On a machine that stood still it rings late: what fell due meanwhile waited for us, not for the device.
      const nowMs = context.clock.monotonicMs() - this.#originMs;
      if (nowMs - this.#tickMs > stoodStillMs) this.#noteOwn(this.#tickMs, nowMs);
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
    const wanted = this.#ripe || this.#stopped || this.#resting || this.#anyDue();
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
    this.#noteOwn(fromMs - this.#originMs, toMs - this.#originMs);
  }

  /** One after the other without a pause between them, they are one. */
  #noteOwn(fromMs: number, toMs: number): void {
    const before = this.#pause;
    this.#pause = { fromMs: fromMs - before.toMs < 1 ? before.fromMs : fromMs, toMs };
  }

  /** Begins the rounds that are due. Only called when all rows were taken. */
  begin(): void {
    const nowMs = this.#context.clock.monotonicMs() - this.#originMs;
    for (const round of this.#rounds) {
      if (round.open) continue;
      const { track } = round;
      const missed = track.schedule.take(nowMs);
      if (missed === undefined) continue;
      if (missed.count > 0) this.#miss(track, missed);
      round.begin(this.#context.clock.nowUs());
      this.#askGuilty(round, nowMs + this.#originMs);
    }
    this.#fill();
  }

  /** Resolves when there is something to do: rows are ripe, a round is due, or somebody rang. */
  async wait(): Promise<void> {
    if (this.#sealed.length > 0) return;
    if (this.#rows.count > 0 && (this.#ripe || this.#resting)) return;
    const nowMs = this.#context.clock.monotonicMs() - this.#originMs;
    let nextMs = Infinity;
    for (const { open, track } of this.#rounds) {
      // While a round lasts nothing is due of its track, and its ticks tell whether it is we who are late.
      const { schedule } = track;
      nextMs = Math.min(nextMs, open ? schedule.afterMs(nowMs) : schedule.nextMs);
    }
    const rung = new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    if (nextMs !== Infinity) {
      this.#tickMs = Math.max(nowMs, nextMs);
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
    for (const ask of this.#underWay) if (ask !== undefined) this.#line.withdraw(ask);
    this.#underWay.fill(undefined);
    this.#underWayCount = 0;
    for (const round of this.#rounds) round.end();
    this.#gather.disarm();
    this.#tick.disarm();
    this.ring();
  }

  #anyDue(): boolean {
    const nowMs = this.#context.clock.monotonicMs() - this.#originMs;
    return this.#rounds.some(({ open, track }) => !open && track.schedule.nextMs <= nowMs);
  }

  /** No round is under way. */
  get #resting(): boolean {
    return this.#rounds.every(({ open }) => !open);
  }

  /** Refused values: one may be tried again in each round, the others say what they are. */
  #askGuilty(round: Round, nowMs: number): void {
    const again = round.track.plan.toTryAgain(nowMs);
    for (const guilty of round.track.plan.guilty) {
      if (guilty === again) {
        guilty.triedMs = nowMs;
        round.askLast(guilty);
      } else this.#pushBad(guilty.read.points, guilty.status);
    }
    if (round.isOver) round.end();
  }

  #fill(): void {
    // Questions go out together, when half of the window is free: a system call costs more than a frame.
    const window = this.#underWay.length;
    if (this.#filling || this.#underWayCount > window >> 1) return;
    this.#filling = true;
    try {
      while (!this.#stopped) {
        const asks = this.#nextAsks(window - this.#underWayCount);
        if (asks.length === 0) break;
        for (const ask of asks) this.#underWay[this.#underWay.indexOf(undefined)] = ask;
        this.#underWayCount += asks.length;
        this.#line.submit(asks);
      }
    } finally {
      this.#filling = false;
    }
  }

  /** The next questions, quickest schedule first, so that a long round of slow points does not delay the quick ones. */
  #nextAsks(max: number): Ask[] {
    const asks: Ask[] = [];
    const nowMs = this.#context.clock.monotonicMs();
    for (const round of this.#rounds) {
      if (!round.open) continue;
      while (asks.length < max) {
        const ask = round.next();
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

  #settled(ask: Ask, outcome: Outcome): void {
    const place = this.#underWay.indexOf(ask);
    // Given up: `stop` emptied the places, and nobody waits for the outcome.
    if (place < 0) return;
    this.#underWay[place] = undefined;
    this.#underWayCount--;
    ask.round.underWay--;
    this.#settle(ask, outcome);
    this.#endRound(ask.round);
    this.#fill();
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
    round.askNext(
      pieces.map((piece) => round.track.plan.planned(piece)),
      blame,
    );
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
    if (round.isOver) round.end();
    if (this.#resting) this.ring();
    else if (this.#rows.count > 0 && !this.#gather.armed && !this.#ripe) this.#gather.arm(gatherMs);
  }

  /** What a person should know of this device, said when it changes. */
  #tell(): void {
    const refused = this.#rounds.flatMap(({ track }) => track.plan.guilty.map(({ read }) => read));
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
