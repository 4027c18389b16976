/**
 * Modbus TCP. Each question carries a transaction number, so a late answer is known by the number it bears and dropped;
 * several questions may be under way where the device is known to bear it.
 */
import type { Conversation, Exchange, Outcome, Wire } from "./conversation.ts";
import { lookAgainMs, Timer } from "./conversation.ts";
import { MbapReader, putMbap } from "./mbap.ts";
import { judgeAnswer } from "./pdu.ts";

/** A place for one question under way; free when `exchange` is undefined. Made once and used again. */
interface Place {
  transaction: number;
  exchange: Exchange | undefined;
  sentMs: number;
}

/** Numbers 1 to 65,535, then again from 1: a number comes back after 65,535 questions, long after any answer. */
export function transactionNumbers(): () => number {
  let last = 0;
  return () => {
    last = (last % 65_535) + 1;
    return last;
  };
}

export class TcpConversation implements Conversation {
  readonly #wire: Wire;
  readonly #nextTransaction: () => number;
  readonly #reader = new MbapReader();
  readonly #timer: Timer;
  readonly #places: readonly Place[];
  #free: number;
  /** Time-outs that were over then are told when the line has been looked at once more. */
  #overdueMs: number | undefined;
  #closed = false;

  constructor(
    wire: Wire,
    concurrent: number,
    nextTransaction: () => number = transactionNumbers(),
  ) {
    this.#wire = wire;
    this.#free = concurrent;
    this.#places = Array.from({ length: concurrent }, () => ({
      transaction: 0,
      exchange: undefined,
      sentMs: 0,
    }));
    this.#nextTransaction = nextTransaction;
    this.#timer = new Timer(wire.clock, () => {
      this.#expire();
    });
  }

  get room(): number {
    return this.#closed ? 0 : this.#free;
  }

  ask(exchanges: readonly Exchange[]): void {
    const nowMs = this.#wire.clock.monotonicMs();
    let length = 0;
    for (const exchange of exchanges) length += 7 + exchange.question.pdu.length;
    // One write for all of them: a system call costs more than a frame.
    const bytes = Buffer.allocUnsafe(length);
    let at = 0;
    let next = 0;
    for (const place of this.#places) {
      const exchange = exchanges[next];
      if (exchange === undefined) break;
      if (place.exchange !== undefined) continue;
      next++;
      place.transaction = this.#nextTransaction();
      place.exchange = exchange;
      place.sentMs = nowMs;
      const { unit, pdu } = exchange.question;
      at = putMbap(bytes, at, place.transaction, unit, pdu);
    }
    this.#free -= next;
    this.#wire.send(bytes);
    // The timer is not moved with each answer: when it rings, it looks who is late and is set again for the rest.
    if (!this.#timer.armed) this.#arm(nowMs);
  }

  received(chunk: Uint8Array): void {
    const broken = this.#reader.read(chunk, (transaction, unit, pdu) => {
      const place = this.#places.find(
        (one) => one.transaction === transaction && one.exchange !== undefined,
      );
      // Nobody waits for it: the answer is later than its time-out.
      if (place?.exchange === undefined) return;
      const { question } = place.exchange;
      const outcome: Outcome =
        unit === question.unit
          ? judgeAnswer(question, pdu)
          : { kind: "garbled", what: `unit ${unit} answers for unit ${question.unit}` };
      this.#settle(place, outcome);
    });
    if (broken !== undefined) {
      this.#wire.broken(`this is not Modbus TCP: ${broken}`);
      return;
    }
    this.#wire.free();
  }

  close(): void {
    this.#closed = true;
    this.#timer.disarm();
    for (const place of this.#places) this.#settle(place, { kind: "lost", sent: true });
  }

  #settle(place: Place, outcome: Outcome): void {
    const { exchange, sentMs } = place;
    if (exchange === undefined) return;
    place.exchange = undefined;
    this.#free++;
    this.#wire.over(exchange, outcome, sentMs);
    exchange.done(outcome);
  }

  #expire(): void {
    const nowMs = this.#wire.clock.monotonicMs();
    const late = this.#overdueAt(this.#overdueMs ?? nowMs);
    if (late.length > 0 && this.#overdueMs === undefined) {
      this.#overdueMs = nowMs;
      this.#timer.arm(lookAgainMs);
      return;
    }
    this.#overdueMs = undefined;
    for (const place of late) this.#settle(place, { kind: "silent", sent: true });
    if (this.#closed) return;
    this.#arm(nowMs);
    if (late.length > 0) this.#wire.free();
  }

  #overdueAt(atMs: number): readonly Place[] {
    return this.#places.filter(
      ({ exchange, sentMs }) => exchange !== undefined && sentMs + exchange.timeoutMs <= atMs,
    );
  }

  #arm(nowMs: number): void {
    let firstMs = Infinity;
    for (const { exchange, sentMs } of this.#places) {
      if (exchange !== undefined) firstMs = Math.min(firstMs, sentMs + exchange.timeoutMs);
    }
    if (firstMs === Infinity) return;
    // A timer may ring a little before its time; half a millisecond more keeps it from ringing twice.
    this.#timer.arm(Math.max(0, firstMs - nowMs) + 0.5);
  }
}
