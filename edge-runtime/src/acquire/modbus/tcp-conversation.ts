/**
 * Modbus TCP. Each question carries a transaction number, so a late answer is known by the number it bears and dropped;
 * several questions may be under way where the device is known to bear it.
 */
import type { Conversation, Exchange, Outcome, Wire } from "./conversation.ts";
import { Timer } from "./conversation.ts";
import { MbapReader, putMbap } from "./mbap.ts";
import { judgeAnswer } from "./pdu.ts";

interface UnderWay {
  readonly transaction: number;
  readonly exchange: Exchange;
  readonly sentMs: number;
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
  readonly #concurrent: number;
  readonly #nextTransaction: () => number;
  readonly #reader = new MbapReader();
  readonly #timer: Timer;
  #underWay: UnderWay[] = [];
  #closed = false;

  constructor(
    wire: Wire,
    concurrent: number,
    nextTransaction: () => number = transactionNumbers(),
  ) {
    this.#wire = wire;
    this.#concurrent = concurrent;
    this.#nextTransaction = nextTransaction;
    this.#timer = new Timer(wire.clock, () => {
      this.#expire();
    });
  }

  get room(): number {
    return this.#closed ? 0 : this.#concurrent - this.#underWay.length;
  }

  ask(exchanges: readonly Exchange[]): void {
    const nowMs = this.#wire.clock.monotonicMs();
    let length = 0;
    for (const exchange of exchanges) length += 7 + exchange.question.pdu.length;
    // One write for all of them: a system call costs more than a frame.
    const bytes = Buffer.allocUnsafe(length);
    let at = 0;
    for (const exchange of exchanges) {
      const transaction = this.#nextTransaction();
      at = putMbap(bytes, at, transaction, exchange.question.unit, exchange.question.pdu);
      this.#underWay.push({ transaction, exchange, sentMs: nowMs });
    }
    this.#wire.send(bytes);
    // The timer is not moved with each answer: when it rings, it looks who is late and is set again for the rest.
    if (!this.#timer.armed) this.#arm(nowMs);
  }

  received(chunk: Uint8Array): void {
    const broken = this.#reader.read(chunk, (transaction, unit, pdu) => {
      const index = this.#underWay.findIndex((other) => other.transaction === transaction);
      const found = this.#underWay[index];
      // Nobody waits for it: the answer is later than its time-out.
      if (found === undefined) return;
      this.#underWay.splice(index, 1);
      const { question } = found.exchange;
      const outcome: Outcome =
        unit === question.unit
          ? judgeAnswer(question, pdu)
          : { kind: "garbled", what: `unit ${unit} answers for unit ${question.unit}` };
      this.#settle(found, outcome);
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
    for (const lost of this.#underWay.splice(0)) this.#settle(lost, { kind: "lost", sent: true });
  }

  #settle(underWay: UnderWay, outcome: Outcome): void {
    this.#wire.over(underWay.exchange, outcome, underWay.sentMs);
    underWay.exchange.done(outcome);
  }

  #expire(): void {
    const nowMs = this.#wire.clock.monotonicMs();
    const late = this.#underWay.filter((one) => one.sentMs + one.exchange.timeoutMs <= nowMs);
    this.#underWay = this.#underWay.filter((one) => !late.includes(one));
    for (const one of late) this.#settle(one, { kind: "silent", sent: true });
    if (this.#closed) return;
    this.#arm(nowMs);
    if (late.length > 0) this.#wire.free();
  }

  #arm(nowMs: number): void {
    if (this.#underWay.length === 0) return;
    let firstMs = Infinity;
    for (const one of this.#underWay) {
      firstMs = Math.min(firstMs, one.sentMs + one.exchange.timeoutMs);
    }
    // A timer may ring a little before its time; half a millisecond more keeps it from ringing twice.
    this.#timer.arm(Math.max(0, firstMs - nowMs) + 0.5);
  }
}
