/** Between a broker that pushes and a runtime that pulls: a bounded queue of messages, handed over as batches. */
import { BoundedQueue, race } from "@millwright/kit";
import type { LossReason, Scalar } from "@millwright/wire-contract";

import { createBatchBuilder } from "../batch-builder.ts";
import type { DriverContext, ReadingBatch } from "../driver.ts";
import { lostSpan } from "../lost-span.ts";
import type { AckWindow } from "./ack-window.ts";

export interface InboxReading {
  readonly point: number;
  readonly measuredUs: number;
  readonly value: Scalar;
  readonly status: number;
}

/** The readings of one message; they are dropped together or not at all. */
export interface InboxMessage {
  readonly readings: readonly InboxReading[];
  readonly receivedUs: number;
  /** From the ack window; absent for QoS 0, which is never acknowledged. */
  readonly ordinal?: number;
  /** From a buffer of the device: fills a hole, is not a current value. */
  readonly late: boolean;
}

/** A batch has one time of receipt, which stamps readings without a time of their own: it may be wrong by this much. */
const sameReceiptUs = 20_000;
/** Large enough that a batch costs nothing per reading, small enough that a commit does not wait for it. */
const batchRowsMax = 4_096;

export class Inbox {
  readonly #context: DriverContext;
  readonly #acks: AckWindow;
  // Bounded by readings below; the count of messages can only be smaller.
  readonly #queue: BoundedQueue<InboxMessage>;
  #waiting: InboxMessage | undefined;
  #readings = 0;
  #wake: () => void = () => undefined;
  #failure: Error | undefined;
  /** Nobody asks any more. */
  #over: LossReason | undefined;

  constructor(context: DriverContext, acks: AckWindow) {
    this.#context = context;
    this.#acks = acks;
    this.#queue = new BoundedQueue(Math.max(1, context.queueMax));
  }

  /** Takes a message. When readings would pass the bound, the oldest messages go and are counted. */
  offer(message: InboxMessage): void {
    if (this.#over !== undefined) {
      this.#giveUp(message, this.#over);
      return;
    }
    const { queueMax } = this.#context;
    while (this.#readings > 0 && this.#readings + message.readings.length > queueMax) {
      const oldest = this.#next();
      if (oldest === undefined) break;
      this.#drop(oldest);
    }
    if (message.readings.length === 0) {
      if (message.ordinal !== undefined) this.#acks.finish(message.ordinal);
      return;
    }
    this.#readings += message.readings.length;
    this.#queue.push(message);
    this.#wake();
  }

  /** The conversation is over: what waits is still handed over, then `failure` is thrown. */
  fail(failure: Error): void {
    this.#failure ??= failure;
    this.#wake();
  }

  async *batches(signal: AbortSignal): AsyncGenerator<ReadingBatch, void> {
    while (!signal.aborted) {
      const batch = this.#takeBatch();
      if (batch !== undefined) {
        yield batch;
        continue;
      }
      if (this.#failure !== undefined) throw this.#failure;
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      await race(woken, signal).catch(() => undefined);
    }
  }

  /**
   * Nobody asks any more, for this reason. Of what waits, and of what still comes, the broker sends again what is yet to be
   * acknowledged; what is not, or was early, is lost.
   */
  abandon(reason: LossReason): void {
    this.#over = reason;
    for (let message = this.#next(); message !== undefined; message = this.#next()) {
      this.#giveUp(message, reason);
    }
  }

  #takeBatch(): ReadingBatch | undefined {
    const first = this.#next();
    if (first === undefined) return undefined;
    const builder = createBatchBuilder(
      Math.max(
        first.readings.length,
        Math.min(batchRowsMax, first.readings.length + this.#readings),
      ),
    );
    let last = first;
    let ordinal = -1;
    const room = Math.max(first.readings.length, batchRowsMax);
    for (let message: InboxMessage | undefined = first; message !== undefined;) {
      for (const { point, measuredUs, value, status } of message.readings) {
        builder.push(point, measuredUs, value, status);
      }
      ordinal = Math.max(ordinal, message.ordinal ?? -1);
      last = message;
      message = this.#next();
      const fits =
        message !== undefined &&
        message.late === first.late &&
        Math.abs(message.receivedUs - first.receivedUs) <= sameReceiptUs &&
        builder.count + message.readings.length <= room;
      if (!fits) {
        this.#putBack(message);
        message = undefined;
      }
    }
    this.#context.due(builder.count);
    const batch = builder.take(last.receivedUs, () => {
      if (ordinal >= 0) this.#acks.settleThrough(ordinal);
      return Promise.resolve();
    });
    return first.late ? { ...batch, late: true } : batch;
  }

  #next(): InboxMessage | undefined {
    const message = this.#waiting ?? this.#queue.shift();
    this.#waiting = undefined;
    if (message !== undefined) this.#readings -= message.readings.length;
    return message;
  }

  #putBack(message: InboxMessage | undefined): void {
    this.#waiting = message;
    if (message !== undefined) this.#readings += message.readings.length;
  }

  #drop(message: InboxMessage): void {
    this.#lose(message, "queue full");
    if (message.ordinal !== undefined) this.#acks.finish(message.ordinal);
  }

  #giveUp(message: InboxMessage, reason: LossReason): void {
    const { readings, ordinal } = message;
    if (readings.length === 0 || (ordinal !== undefined && this.#acks.holds(ordinal))) return;
    this.#lose(message, reason);
  }

  /** For the whole device: which points were hit is not worth an entry each while the gateway is overloaded, or ends. */
  #lose({ readings, receivedUs, late }: InboxMessage, reason: LossReason): void {
    const stamps = readings.map(({ measuredUs }) => measuredUs);
    this.#context.due(readings.length);
    this.#context.lost(-1, readings.length, reason, ...lostSpan(stamps, receivedUs, late));
  }
}
