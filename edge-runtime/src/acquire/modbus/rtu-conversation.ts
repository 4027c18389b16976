/**
 * Modbus RTU, on a line or through a socket: one question under way, silence before each, and after trouble the input is
 * thrown away until the line was quiet for a turnaround (field practice 35, 36). What a unit then still owes is the
 * business of `late-answers.ts`.
 */
import type { Conversation, Exchange, Outcome, Wire } from "./conversation.ts";
import { lookAgainMs, Timer } from "./conversation.ts";
import type { LateAnswers, ReadFunction } from "./late-answers.ts";
import { readQuestion, type Answer, type Question } from "./pdu.ts";
import { judgeRtu, rtuFrame, silenceMs, wireMs } from "./rtu-frame.ts";

export interface RtuLine {
  readonly baudRate: number;
  readonly turnaroundMs: number;
}

type State =
  | { readonly kind: "idle" }
  /** Silence is kept before `send`. */
  | { readonly kind: "silence"; readonly exchange: Exchange; readonly check?: Question }
  | {
      readonly kind: "asked";
      readonly exchange: Exchange;
      readonly sentMs: number;
      /** Asked first, only to learn that what the unit owes is out of the way. */
      readonly check?: Question;
      /** Its time is over, and the line is looked at once more. */
      readonly overdue?: boolean;
    }
  | { readonly kind: "draining"; readonly sinceMs: number }
  | { readonly kind: "closed" };

/** A line that is not quiet for so many turnarounds has another master, or a wrong speed. */
const drainTurnaroundsMax = 50;

export class RtuConversation implements Conversation {
  readonly #wire: Wire;
  readonly #line: RtuLine;
  readonly #late: LateAnswers;
  readonly #timer: Timer;
  #state: State = { kind: "idle" };
  /** At most one answer and what noise comes with it. */
  #bytes = new Uint8Array(512);
  #length = 0;
  #lastByteMs = -Infinity;

  constructor(wire: Wire, line: RtuLine, late: LateAnswers) {
    this.#wire = wire;
    this.#line = line;
    this.#late = late;
    this.#timer = new Timer(wire.clock, () => {
      this.#ring();
    });
  }

  get room(): number {
    return this.#state.kind === "idle" ? 1 : 0;
  }

  ask(exchanges: readonly Exchange[]): void {
    const [exchange] = exchanges;
    if (exchange === undefined) return;
    const { unit, pdu } = exchange.question;
    const first = this.#late.before(unit, pdu[0] ?? 0, this.#wire.clock.monotonicMs());
    if (first === "wait") {
      this.#over(exchange, { kind: "silent", sent: false }, NaN);
      return;
    }
    this.#prepare(exchange, first === "ask" ? undefined : checkQuestion(unit, first));
  }

  received(chunk: Uint8Array): void {
    const nowMs = this.#wire.clock.monotonicMs();
    this.#lastByteMs = nowMs;
    if (this.#state.kind === "draining") {
      if (nowMs - this.#state.sinceMs > drainTurnaroundsMax * this.#line.turnaroundMs) {
        this.#wire.broken("the line is never quiet; is there another master, or another speed?");
        return;
      }
      this.#timer.arm(this.#line.turnaroundMs);
      return;
    }
    // Between questions nobody speaks; what comes then is late, and nobody waits for it.
    if (this.#state.kind !== "asked") return;
    if (this.#length + chunk.length > this.#bytes.length) {
      this.#trouble(this.#state, { kind: "garbled", what: "more bytes than a frame can have" });
      return;
    }
    this.#bytes.set(chunk, this.#length);
    this.#length += chunk.length;
    const question = this.#state.check ?? this.#state.exchange.question;
    const answer = this.#judge(question);
    if (answer === undefined) return;
    if (answer.kind === "garbled") {
      this.#trouble(this.#state, answer);
      return;
    }
    this.#late.answered(question.unit);
    this.#timer.disarm();
    const { exchange, sentMs, check } = this.#state;
    if (check !== undefined) {
      this.#prepare(exchange, undefined);
      return;
    }
    this.#state = { kind: "idle" };
    this.#over(exchange, answer, sentMs);
    this.#wire.free();
  }

  close(): void {
    this.#timer.disarm();
    const state = this.#state;
    this.#state = { kind: "closed" };
    if (state.kind === "silence" || state.kind === "asked") {
      const sent = state.kind === "asked" && state.check === undefined;
      if (state.kind === "asked") {
        // The answer to what is under way comes all the same, perhaps after the line was opened again.
        const question = state.check ?? state.exchange.question;
        const nowMs = this.#wire.clock.monotonicMs();
        this.#late.owes(question.unit, question.pdu[0] ?? 0, nowMs);
      }
      this.#over(state.exchange, { kind: "lost", sent }, NaN);
    }
  }

  /**
   * While a unit owes an answer, that one may come first, even in one piece with the one we wait for; so the answer is
   * looked for behind it, and what does not fit is passed over. Its function differs from all that is owed.
   */
  #judge(question: Question): Answer | undefined {
    const bytes = this.#bytes.subarray(0, this.#length);
    if (!this.#late.owing(question.unit)) return judgeRtu(question, bytes);
    for (let offset = 0; offset < bytes.length; offset++) {
      const answer = judgeRtu(question, bytes.subarray(offset));
      if (answer !== undefined && answer.kind !== "garbled") return answer;
    }
    return undefined;
  }

  /** Keeps the silence, then sends. */
  #prepare(exchange: Exchange, check: Question | undefined): void {
    const quietMs = this.#wire.clock.monotonicMs() - this.#lastByteMs;
    const restMs = silenceMs(this.#line.baudRate) - quietMs;
    this.#state = { kind: "silence", exchange, ...(check === undefined ? {} : { check }) };
    if (restMs <= 0) this.#send(this.#state);
    else this.#timer.arm(restMs);
  }

  #send(state: Extract<State, { kind: "silence" }>): void {
    const { exchange, check } = state;
    const question = check ?? exchange.question;
    this.#length = 0;
    const sentMs = this.#wire.clock.monotonicMs();
    this.#state = { kind: "asked", exchange, sentMs, ...(check === undefined ? {} : { check }) };
    this.#wire.send(rtuFrame(question.unit, question.pdu));
    const characters = question.pdu.length + question.answerLength + 6;
    // The time-out is the device's; the bytes take theirs, on the line behind a serial server as well.
    this.#timer.arm(exchange.timeoutMs + wireMs(characters, this.#line.baudRate));
  }

  #ring(): void {
    const state = this.#state;
    switch (state.kind) {
      case "silence":
        this.#send(state);
        return;
      case "asked":
        if (state.overdue === true) {
          this.#trouble(state, { kind: "silent", sent: state.check === undefined });
        } else {
          this.#state = { ...state, overdue: true };
          this.#timer.arm(lookAgainMs);
        }
        return;
      case "draining":
        this.#state = { kind: "idle" };
        this.#wire.free();
        return;
      case "idle":
      case "closed":
        return;
    }
  }

  /** The answer did not come or is none: the unit owes it, and the line is left alone until it is quiet. */
  #trouble(state: Extract<State, { kind: "asked" }>, outcome: Outcome): void {
    const nowMs = this.#wire.clock.monotonicMs();
    const question = state.check ?? state.exchange.question;
    this.#late.owes(question.unit, question.pdu[0] ?? 0, nowMs);
    this.#state = { kind: "draining", sinceMs: nowMs };
    this.#timer.arm(this.#line.turnaroundMs);
    this.#over(state.exchange, outcome, state.sentMs);
  }

  #over(exchange: Exchange, outcome: Outcome, sentMs: number): void {
    this.#wire.over(exchange, outcome, sentMs);
    exchange.done(outcome);
  }
}

/** The smallest read there is; a refusal of it says as much as an answer. */
function checkQuestion(unit: number, fn: ReadFunction): Question {
  return readQuestion(unit, fn, 0, 1);
}
