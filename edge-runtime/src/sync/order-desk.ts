import { Fault, messageChain, type Clock, type Log } from "@millwright/kit";
import {
  subjects,
  type AskedAcknowledgement,
  type GatewayId,
  type OrdersMessage,
} from "@millwright/wire-contract";

import type { DeviceHistory, HeldOrder, OrderBook, Outbox, OutboxLane } from "../hand-over.ts";
import { Allowance } from "./allowance.ts";
import { toJson } from "./messages.ts";
import { parseOrders, reportOf } from "./order-messages.ts";
import { Waker } from "./waker.ts";

/**
 * Serves the hub's orders while the link is up, and beside everything else: what is told anyway goes first, the answer
 * takes its own share of the road, and one order is answered at a time. How far each has come is kept with the journal,
 * so that neither a cut nor a restart begins anything anew (no-loss protocol 2, repair answer).
 */
export interface OrderDeskOptions {
  readonly book: OrderBook;
  readonly outbox: Pick<Outbox, "lanes">;
  /** Absent where no device is read: an order for it is refused. */
  readonly deviceHistory?: DeviceHistory;
  readonly gateway: GatewayId;
  /** What people at the hub acknowledge; said again until the hub has the answer. */
  readonly acknowledge?: (asked: readonly AskedAcknowledgement[]) => void;
  readonly clock: Clock;
  readonly log: Log;
}

type Send = (subject: string, bytes: Uint8Array) => void;

/** Frames of the history lane on their way, at most; an answer that is not taken must not fill the journal. */
const waitingFramesMax = 64;
/** With nothing to do it is looked so often whether a time has come; the hub hears of what is under way so often, too. */
const lookEveryMs = 1_000;

/** An order whose past is being read from devices. */
interface Fetching {
  readonly stop: AbortController;
  readonly done: Promise<void>;
  isOver: boolean;
}

/** A device that goes away each time it is asked for its past is not asked for ever: its present counts more. */
const brokenOffMax = 3;

export class OrderDesk {
  readonly #options: OrderDeskOptions;
  readonly #waker: Waker;
  /** What is to be stored before an order goes on: all that was sealed when it was asked. */
  readonly #awaited = new Map<number, readonly OutboxLane[]>();
  readonly #allowances = new Map<number, Allowance>();
  /** Orders whose past is being read from devices: beside everything else, for a device may be away or slow. */
  readonly #fetching = new Map<number, Fetching>();
  #send: Send | undefined;
  #generation = -Infinity;
  #wanted: OrdersMessage | undefined;
  #reportedMs = -Infinity;

  constructor(options: OrderDeskOptions) {
    this.#options = options;
    this.#waker = new Waker(options.clock);
  }

  /** A connection has said hello, or has ended. */
  joined(send: Send | undefined): void {
    this.#send = send;
    this.#generation = -Infinity;
    this.#reportedMs = -Infinity;
    this.#waker.wake();
  }

  heard(bytes: Uint8Array): void {
    const message = parseOrders(bytes);
    if ("kind" in message) {
      this.#options.log.warn("sync.orders-unreadable", { why: message.reason });
      return;
    }
    if (message.generation < this.#generation) return;
    this.#generation = message.generation;
    this.#wanted = message;
    this.#options.acknowledge?.(message.acknowledgements ?? []);
    this.#waker.wake();
  }

  /** Until `signal` aborts. Rejects when the journal does. */
  async run(signal: AbortSignal): Promise<void> {
    const isOver = (): boolean => signal.aborted;
    try {
      while (!isOver()) {
        const dueInMs = await this.#turn(signal);
        if (isOver()) return;
        this.#report();
        if (dueInMs > 0) await this.#waker.wait(dueInMs, isOver);
      }
    } finally {
      for (const { stop } of this.#fetching.values()) stop.abort(new Error("the gateway stops"));
      await Promise.allSettled([...this.#fetching.values()].map(({ done }) => done));
    }
  }

  /** @returns ms until the next one */
  async #turn(signal: AbortSignal): Promise<number> {
    try {
      await this.#takeWanted();
      return await this.#serve(signal);
    } catch (failure) {
      if (!isDiskFull(failure)) throw failure;
      return lookEveryMs;
    }
  }

  async #takeWanted(): Promise<void> {
    const wanted = this.#wanted;
    if (wanted === undefined) return;
    const { book, log } = this.#options;
    const before = new Set(book.held().map(({ order }) => order.id));
    await book.want(wanted.orders);
    if (this.#wanted === wanted) this.#wanted = undefined;
    const held = new Set(book.held().map(({ order }) => order.id));
    for (const id of held) if (!before.has(id)) log.info("sync.order-taken", { order: id });
    for (const id of before) if (!held.has(id)) log.info("sync.order-over", { order: id });
    for (const [id, { stop, isOver }] of this.#fetching) {
      if (held.has(id)) continue;
      stop.abort(new Error("the order was taken back"));
      if (isOver) this.#fetching.delete(id);
    }
    for (const id of [...this.#awaited.keys(), ...this.#allowances.keys()]) {
      if (held.has(id)) continue;
      this.#awaited.delete(id);
      this.#allowances.delete(id);
    }
  }

  /** Does what can be done now. @returns ms until it is worth looking again; 0 when there is more */
  async #serve(signal: AbortSignal): Promise<number> {
    const all = this.#options.book.held();
    let dueInMs = all.length === 0 ? Infinity : lookEveryMs;
    let answering = false;
    for (const held of all) {
      const { state } = held.progress;
      const large = state === "answering" || state === "comparing";
      if (large && answering) continue;
      answering ||= large;
      dueInMs = Math.min(dueInMs, await this.#step(held, signal));
    }
    return dueInMs;
  }

  /** One step of one order. A state that is not named here waits for the hub. */
  async #step(held: HeldOrder, signal: AbortSignal): Promise<number> {
    const { book, clock } = this.#options;
    const { order, progress } = held;
    const { answersUs, endsUs } = book.times(held);
    const nowUs = clock.nowUs();
    switch (progress.state) {
      case "waiting":
        return (await this.#allIsStored(order.id)) ? this.#move(held, "ready") : lookEveryMs;
      case "ready":
        if (!order.mayAnswer || nowUs < answersUs) return lookEveryMs;
        return this.#move(held, order.source === "device" ? "fetching" : "answering");
      case "fetching":
        return await this.#fetch(held);
      case "answering":
        return this.#answer(held);
      case "recording":
        return nowUs < endsUs ? lookEveryMs : this.#move(held, "storing");
      case "storing":
        return (await this.#allIsStored(order.id)) ? this.#move(held, "comparing") : lookEveryMs;
      case "comparing":
        await book.compare(order.id, signal).catch((failure: unknown) => {
          if (!signal.aborted) throw failure;
        });
        return this.#stateOf(order.id) === "comparing" ? lookEveryMs : 0;
      case "answered":
      case "refused":
        return lookEveryMs;
    }
  }

  /** Begins to read where it stands, if nobody does. Rejects as the reading did. */
  async #fetch({ order: { id } }: HeldOrder): Promise<number> {
    const { deviceHistory, book } = this.#options;
    if (deviceHistory === undefined) {
      await book.move(id, "refused", "this gateway reads no history of devices");
      return 0;
    }
    const running = this.#fetching.get(id);
    if (running !== undefined) {
      if (!running.isOver) return lookEveryMs;
      this.#fetching.delete(id);
      await running.done;
      return 0;
    }
    const stop = new AbortController();
    const done = this.#fetchAll(deviceHistory, id, stop.signal);
    const fetching: Fetching = { stop, done, isOver: false };
    const end = (): void => {
      fetching.isOver = true;
      this.#waker.wake();
    };
    done.then(end, end);
    this.#fetching.set(id, fetching);
    return lookEveryMs;
  }

  async #fetchAll(deviceHistory: DeviceHistory, id: number, signal: AbortSignal): Promise<void> {
    const { book, clock, log } = this.#options;
    const isOver = (): boolean => signal.aborted;
    for (let brokenOff = 0; ;) {
      const held = book.held().find(({ order }) => order.id === id);
      if (isOver() || held?.progress.state !== "fetching") return;
      try {
        await book.fetched(id, await deviceHistory.fetch(held.order, held.progress, signal));
        brokenOff = 0;
      } catch (failure) {
        if (isOver()) return;
        if (!(failure instanceof Fault)) throw failure;
        if (!isDiskFull(failure)) brokenOff++;
        log.warn("sync.device-history-broken-off", { order: id, why: messageChain(failure) });
        if (brokenOff >= brokenOffMax) {
          const read = held.progress.fetched ?? 0;
          const note = `broken off after ${read} samples: ${messageChain(failure)}`;
          await book.move(id, "refused", note);
          return;
        }
        await clock.sleep(lookEveryMs, signal).catch(() => undefined);
      }
    }
  }

  async #answer(held: HeldOrder): Promise<number> {
    const { book, clock, log } = this.#options;
    const { id, kind, bytesPerSMax } = held.order;
    const nowMs = clock.monotonicMs();
    const allowance = this.#allowances.get(id) ?? new Allowance(bytesPerSMax);
    this.#allowances.set(id, allowance);
    const restMs = allowance.dueInMs(nowMs);
    if (restMs > 0) return restMs;
    if (this.#send === undefined || !(await this.#roadIsFree())) return lookEveryMs;
    const { bytes, last, waits } = await book.answer(id);
    if (waits === true) return lookEveryMs;
    allowance.spend(bytes, nowMs);
    if (!last) return 0;
    log.info("sync.order-answered", { order: id });
    return this.#move(held, kind === "recording" ? "recording" : "storing");
  }

  #stateOf(id: number): HeldOrder["progress"]["state"] | undefined {
    return this.#options.book.held().find(({ order }) => order.id === id)?.progress.state;
  }

  async #move(held: HeldOrder, state: HeldOrder["progress"]["state"]): Promise<number> {
    this.#awaited.delete(held.order.id);
    await this.#options.book.move(held.order.id, state);
    this.#reportedMs = -Infinity;
    return 0;
  }

  /** All that was kept when it was first asked is told, and the hub has it. */
  async #allIsStored(id: number): Promise<boolean> {
    const { book, outbox } = this.#options;
    // Claims are sealed for a hub that is there.
    if (this.#send === undefined) return false;
    let awaited = this.#awaited.get(id);
    if (awaited === undefined) {
      await book.tellAll();
      awaited = await outbox.lanes();
      this.#awaited.set(id, awaited);
    }
    const lanes = await outbox.lanes();
    return awaited.every(({ epoch, lane, headSeq }) => {
      const now = lanes.find((one) => one.epoch === epoch && one.lane === lane);
      // A lane that is not held any more is safe to its end.
      return now === undefined || now.storedSeq >= headSeq;
    });
  }

  async #roadIsFree(): Promise<boolean> {
    const lanes = await this.#options.outbox.lanes();
    const waiting = lanes
      .filter(({ lane }) => lane === "history")
      .reduce((sum, { headSeq, storedSeq }) => sum + headSeq - storedSeq, 0);
    return waiting < waitingFramesMax;
  }

  #report(): void {
    const { book, clock, gateway, log } = this.#options;
    const nowMs = clock.monotonicMs();
    if (this.#send === undefined || nowMs - this.#reportedMs < lookEveryMs) return;
    this.#reportedMs = nowMs;
    for (const held of book.held()) {
      const { answersUs } = book.times(held);
      const report = reportOf(gateway, held, answersUs, clock.nowUs());
      try {
        this.#send(subjects.report(gateway), toJson(report));
      } catch (failure) {
        // The connection is ending; the next one begins with a report.
        log.debug("sync.report-not-sent", { why: messageChain(failure) });
        return;
      }
    }
  }
}

/** Orders wait for room like everything else that has to be kept. */
function isDiskFull(failure: unknown): boolean {
  return failure instanceof Fault && failure.code === "buffer.journal-full";
}
