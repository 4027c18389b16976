/**
 * One line: a serial port or a socket, with the one queue of all who share it (field practice 34), and what is known of
 * the units behind it. When the line is gone, it is over; a new one is opened by the next `open` of a device.
 */
import type { Clock, Random } from "@millwright/kit";

import type { Conversation, Exchange, Outcome, Wire } from "./conversation.ts";
import { timeoutsUntilAway, UnitHealth } from "./unit-health.ts";
import type { Transport } from "./transport.ts";

/** How the framing of a line is made. */
export type Converse = (wire: Wire) => Conversation;

export class Line {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #conversation: Conversation;
  readonly #gone = new AbortController();
  readonly #health = new Map<number, UnitHealth>();
  /** How many devices use a unit. */
  readonly #users = new Map<number, number>();
  // Devices submit no more than they may have under way, so the queue is bounded by devices times 16 and the writes.
  #queue: Exchange[] = [];
  #transport: Transport | undefined;
  #holding = false;

  constructor(clock: Clock, random: Random, converse: Converse) {
    this.#clock = clock;
    this.#random = random;
    this.#conversation = converse({
      clock,
      send: (bytes) => this.#transport?.write(bytes),
      over: (exchange, outcome, sentMs) => {
        this.#note(exchange.question.unit, outcome, sentMs);
      },
      free: () => {
        this.#pump();
      },
      broken: (what) => {
        this.fail(new Error(what));
      },
    });
  }

  /** Aborts when the line is gone; the reason says why. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  /** Questions that wait for their turn. */
  get waiting(): number {
    return this.#queue.length;
  }

  /** The bytes flow from here on. */
  attach(transport: Transport): void {
    this.#transport = transport;
    if (this.#gone.signal.aborted) transport.close();
    else this.#pump();
  }

  received(chunk: Uint8Array): void {
    if (this.#gone.signal.aborted) return;
    // Who is answered asks again at once; holding those until the whole chunk is read makes them one write.
    this.#holding = true;
    try {
      this.#conversation.received(chunk);
    } finally {
      this.#holding = false;
    }
    this.#pump();
  }

  /** Asks, in order; `done` of each is called once, also when the line is gone already. */
  submit(exchanges: readonly Exchange[]): void {
    if (this.#refuse(exchanges)) return;
    this.#queue.push(...exchanges);
    this.#pump();
  }

  /** Asks before all that waits: a write must not stand in line behind forty polls. */
  submitFirst(exchange: Exchange): void {
    if (this.#refuse([exchange])) return;
    this.#queue.unshift(exchange);
    this.#pump();
  }

  /** Takes back what was not sent yet; true when it was there. Its `done` is not called. */
  withdraw(exchange: Exchange): boolean {
    const index = this.#queue.indexOf(exchange);
    if (index >= 0) this.#queue.splice(index, 1);
    return index >= 0;
  }

  healthOf(unit: number): UnitHealth {
    let health = this.#health.get(unit);
    if (health === undefined) {
      health = new UnitHealth(this.#random.fork(`unit ${unit}`));
      this.#health.set(unit, health);
    }
    return health;
  }

  /** A device lives on these units; the line is silent when none of the units in use answers. */
  use(units: ReadonlySet<number>): void {
    for (const unit of units) this.#users.set(unit, (this.#users.get(unit) ?? 0) + 1);
  }

  release(units: ReadonlySet<number>): void {
    for (const unit of units) {
      const left = (this.#users.get(unit) ?? 0) - 1;
      if (left > 0) this.#users.set(unit, left);
      else this.#users.delete(unit);
    }
  }

  /** The line is gone: everything under way and waiting is lost, everyone is told. */
  fail(cause: Error): void {
    if (this.#gone.signal.aborted) return;
    this.#gone.abort(cause);
    this.#conversation.close();
    for (const exchange of this.#queue.splice(0)) exchange.done({ kind: "lost", sent: false });
    this.#transport?.close();
  }

  #refuse(exchanges: readonly Exchange[]): boolean {
    if (!this.#gone.signal.aborted) return false;
    for (const exchange of exchanges) exchange.done({ kind: "lost", sent: false });
    return true;
  }

  #pump(): void {
    if (this.#holding || this.#transport === undefined) return;
    this.#holding = true;
    try {
      while (this.#queue.length > 0 && !this.#gone.signal.aborted) {
        const room = this.#conversation.room;
        if (room <= 0) break;
        this.#conversation.ask(this.#queue.splice(0, room));
      }
    } finally {
      this.#holding = false;
    }
  }

  #note(unit: number, outcome: Outcome, sentMs: number): void {
    const health = this.healthOf(unit);
    switch (outcome.kind) {
      case "answer":
        health.answered();
        return;
      case "exception":
        if (outcome.code === 10 || outcome.code === 11) {
          health.goneBehindGateway(this.#clock.monotonicMs());
        } else health.answered();
        return;
      case "silent":
      case "garbled":
        if (outcome.kind === "silent" && !outcome.sent && Number.isNaN(sentMs)) return;
        health.timedOut(sentMs, this.#clock.monotonicMs());
        this.#listen();
        return;
      case "lost":
        return;
    }
  }

  /**
   * The rule of the whole line: it is lost when every unit in use has left its last three questions without an answer.
   * As long as one of them answers, the silent ones are away, one by one, and the line stays.
   */
  #listen(): void {
    if (this.#users.size === 0) return;
    for (const unit of this.#users.keys()) {
      if (this.healthOf(unit).timeouts < timeoutsUntilAway) return;
    }
    // Not from within the conversation's own call: it has not finished with this exchange.
    queueMicrotask(() => {
      this.fail(new Error(`no unit answered its last ${timeoutsUntilAway} questions`));
    });
  }
}
