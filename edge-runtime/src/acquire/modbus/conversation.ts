/**
 * How questions travel on one open line: what framing adds to a plain queue. Two kinds exist, one for Modbus TCP and one
 * for RTU; `line.ts` owns the queue, the transport and the health of the units.
 */
import type { Clock } from "@millwright/kit";

import type { Question } from "./pdu.ts";

export type Outcome =
  /** `pdu` is a view into the receive buffer: use it during the call, do not keep it. */
  | { readonly kind: "answer"; readonly pdu: Uint8Array }
  | { readonly kind: "exception"; readonly code: number }
  /** No answer in time. `sent` is false when the question was held back, because the unit still owes other answers. */
  | { readonly kind: "silent"; readonly sent: boolean }
  /** Something came that is no answer to this question. */
  | { readonly kind: "garbled"; readonly what: string }
  /** The line went away. `sent` says whether the device may have heard the question. */
  | { readonly kind: "lost"; readonly sent: boolean };

/** A question with the one who asks. `done` is called exactly once for each time it is asked, and must not throw. */
export interface Exchange {
  readonly question: Question;
  readonly timeoutMs: number;
  done(outcome: Outcome): void;
}

/** What a conversation needs of its line. */
export interface Wire {
  readonly clock: Clock;
  send(bytes: Uint8Array): void;
  /** An exchange is over. Called before `done`. */
  over(exchange: Exchange, outcome: Outcome, sentMs: number): void;
  /** The conversation has become free again. */
  free(): void;
  /** The line cannot be used any more. */
  broken(what: string): void;
}

export interface Conversation {
  /** How many more questions it takes now. */
  readonly room: number;
  /** Takes up to `room` questions. */
  ask(exchanges: readonly Exchange[]): void;
  received(chunk: Uint8Array): void;
  /** The line is gone: everything under way is lost. */
  close(): void;
}

/**
 * Before a device is said to be silent its line is looked at once more, for so long, ms. Alarms ring before lines are read: who
 * stood still himself, on a busy machine or for a long piece of work, finds every time-out over and the answers behind it.
 * A socket is read within one turn of the loop, a serial port by another thread within some.
 */
export const lookAgainMs = 5;

/** One alarm at a time, by the clock. */
export class Timer {
  readonly #clock: Clock;
  readonly #ring: () => void;
  #stop: (() => void) | undefined;

  constructor(clock: Clock, ring: () => void) {
    this.#clock = clock;
    this.#ring = ring;
  }

  get armed(): boolean {
    return this.#stop !== undefined;
  }

  /** Rings once after `ms`; what was armed before is forgotten. */
  arm(ms: number): void {
    this.disarm();
    this.#stop = this.#clock.after(ms, () => {
      this.#stop = undefined;
      this.#ring();
    });
  }

  disarm(): void {
    this.#stop?.();
    this.#stop = undefined;
  }
}
