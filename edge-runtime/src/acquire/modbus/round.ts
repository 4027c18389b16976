/**
 * One poll of all points of one interval: which questions are still to be asked, in which order. The questions are made
 * once for each plan and asked again in every round: hundreds of rounds a second would otherwise leave their objects
 * to the collector.
 */
import type { BlameCase } from "./blame.ts";
import type { Exchange, Outcome } from "./conversation.ts";
import type { Question } from "./pdu.ts";
import type { Guilty, PlannedRead, ReadPlan } from "./read-plan.ts";
import type { Schedule } from "./schedule.ts";

/** The points of one interval. */
export interface Track {
  readonly plan: ReadPlan;
  readonly schedule: Schedule;
  readonly points: readonly number[];
}

type Settled = (ask: Ask, outcome: Outcome) => void;

/** A question of a round. Under way at most once at a time, because a round ends before the next of its track begins. */
export class Ask implements Exchange {
  readonly round: Round;
  readonly read: PlannedRead;
  readonly timeoutMs: number;
  /** Part of a search for the guilty register. */
  readonly blame: BlameCase | undefined;
  /** A refused value that is tried again. */
  readonly guilty: Guilty | undefined;
  readonly #settled: Settled;

  constructor(
    round: Round,
    read: PlannedRead,
    how: {
      readonly timeoutMs: number;
      readonly settled: Settled;
      readonly blame?: BlameCase;
      readonly guilty?: Guilty;
    },
  ) {
    this.round = round;
    this.read = read;
    this.timeoutMs = how.timeoutMs;
    this.blame = how.blame;
    this.guilty = how.guilty;
    this.#settled = how.settled;
  }

  get question(): Question {
    return this.read.question;
  }

  done(outcome: Outcome): void {
    this.#settled(this, outcome);
  }
}

export class Round {
  readonly track: Track;
  readonly #how: { readonly timeoutMs: number; readonly settled: Settled };
  /** The reads of the plan that `#usual` asks; the plan changes when a refusal was understood. */
  #planned: readonly PlannedRead[] = [];
  #usual: readonly Ask[] = [];
  #todo: readonly Ask[] = [];
  #at = 0;
  #open = false;
  /** When the poll was due, µs since 1970. */
  dueUs = 0;
  /** Questions that are asked and not answered. */
  underWay = 0;

  /** @param settled told of every outcome of every question */
  constructor(track: Track, timeoutMs: number, settled: Settled) {
    this.track = track;
    this.#how = { timeoutMs, settled };
  }

  /** Begun and not ended. */
  get open(): boolean {
    return this.#open;
  }

  get isOver(): boolean {
    return this.#at >= this.#todo.length && this.underWay === 0;
  }

  begin(dueUs: number): void {
    const { reads } = this.track.plan;
    if (this.#planned !== reads) {
      this.#planned = reads;
      this.#usual = reads.map((read) => new Ask(this, read, this.#how));
    }
    this.#todo = this.#usual;
    this.#at = 0;
    this.#open = true;
    this.dueUs = dueUs;
    this.underWay = 0;
  }

  end(): void {
    this.#open = false;
  }

  /** The next question, once. */
  next(): Ask | undefined {
    return this.#todo[this.#at++];
  }

  /** Behind all others: a value that was refused before is asked again. */
  askLast(guilty: Guilty): void {
    this.#todo = [...this.#rest, new Ask(this, guilty.read, { ...this.#how, guilty })];
    this.#at = 0;
  }

  /** Before all others, so that the good points of a request that was refused are late by little. */
  askNext(reads: readonly PlannedRead[], blame: BlameCase): void {
    const asks = reads.map((read) => new Ask(this, read, { ...this.#how, blame }));
    this.#todo = [...asks, ...this.#rest];
    this.#at = 0;
  }

  get #rest(): readonly Ask[] {
    return this.#todo.slice(this.#at);
  }
}
