/**
 * Orders that people give at the gateway: to read what a device keeps of its own past into a hole, with the hub away too.
 * Part of `runtime.ts`. One at a time, and of this start only: what was read is in the journal, and an order that a restart
 * has ended is given again, because what is here is read once (ADR 39, ADR 40).
 */
import {
  Fault,
  messageChain,
  type Clock,
  type Log,
  type Refused,
  type Service,
} from "@millwright/kit";
import type { DeviceStatus, LedgerEntry, TagBook, TagId } from "@millwright/wire-contract";

import type {
  AuditNote,
  DeviceHistory,
  LocalOffer,
  LocalOrder,
  LocalOrderDesk,
  PastRange,
  Person,
} from "./hand-over.ts";
import { offeredUsMax, offersOf } from "./past-holes.ts";

export interface LocalOrdersParts {
  readonly history: DeviceHistory;
  readonly devices: () => readonly DeviceStatus[];
  readonly book: Pick<TagBook, "byId">;
  readonly claims: (tag: TagId, fromUs: number, toUs: number) => Promise<readonly LedgerEntry[]>;
  /** Times of what is here of one value, reduced to the points of a small chart, µs. @param tag dictionary index */
  readonly times: (
    tag: number,
    fromUs: number,
    toUs: number,
    signal: AbortSignal,
  ) => Promise<ArrayLike<number>>;
  readonly audit: (note: AuditNote) => Promise<void>;
  readonly clock: Clock;
  readonly log: Log;
}

/** What a screen shows, and more than a person orders in an hour. */
const keptMax = 16;
/** Claims of one value that are looked at, the newest: each is a question to the journal. */
const claimsMax = 20;
/** A device that goes away each time it is asked for its past is not asked for ever: its present counts more. */
const brokenOffMax = 3;
const tryAgainMs = 1_000;

export class LocalOrders implements Service, LocalOrderDesk {
  readonly name = "local orders";
  readonly broken: Promise<never>;
  readonly #parts: LocalOrdersParts;
  readonly #orders: LocalOrder[] = [];
  readonly #break: (failure: unknown) => void;
  #running:
    | { readonly id: number; readonly stop: AbortController; readonly done: Promise<void> }
    | undefined;
  #lastId = 0;

  constructor(parts: LocalOrdersParts) {
    this.#parts = parts;
    const { promise, reject } = Promise.withResolvers<never>();
    this.broken = promise;
    this.#break = reject;
  }

  start(): Promise<void> {
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    this.#running?.stop.abort(new Error("the gateway stops"));
    await this.#running?.done;
  }

  orders(): readonly LocalOrder[] {
    return this.#orders;
  }

  async offers(
    { tags, fromUs, toUs }: PastRange,
    signal: AbortSignal,
  ): Promise<readonly LocalOffer[]> {
    const { book, claims, times } = this.#parts;
    const holes = [];
    for (const id of tags) {
      const tag = book.byId(id);
      if (tag === undefined || !this.#isGiven(tag.index)) continue;
      for (const claim of (await claims(id, fromUs, toUs)).slice(-claimsMax)) {
        if (this.#wasRead(id, claim)) continue;
        const timesUs = await times(tag.index, claim.fromUs, claim.toUs, signal);
        holes.push({ tag: id, claim, timesUs });
      }
    }
    return offersOf(holes);
  }

  order(range: PastRange, person: Person): LocalOrder | Refused {
    const running = this.#running === undefined ? undefined : this.#find(this.#running.id);
    if (running !== undefined) {
      return refuse(`${running.by} has a device read already: wait until it is over, or cancel it`);
    }
    const unknown = range.tags.filter((id) => !this.#isGiven(this.#parts.book.byId(id)?.index));
    if (unknown.length > 0) {
      return refuse(`no device gives a history of ${unknown.join(", ")} now`);
    }
    if (!(range.toUs > range.fromUs) || range.toUs - range.fromUs > offeredUsMax) {
      return refuse("at most 31 days are read at once");
    }
    if (range.toUs > this.#parts.clock.nowUs()) return refuse("the time is not over");
    const order: LocalOrder = {
      ...{ id: ++this.#lastId, by: person.name, askedUs: this.#parts.clock.nowUs() },
      ...{ tags: range.tags, fromUs: range.fromUs, toUs: range.toUs },
      ...{ state: "fetching", done: 0, samples: 0, unread: [], note: "" },
    };
    this.#orders.unshift(order);
    this.#orders.length = Math.min(this.#orders.length, keptMax);
    this.#parts.log.info("orders.local-taken", { order: order.id, tags: range.tags.length });
    const stop = new AbortController();
    const done = this.#fetchAll(order, person, stop.signal).then(() => {
      this.#running = undefined;
    }, this.#break);
    this.#running = { id: order.id, stop, done };
    return order;
  }

  cancel(id: number): boolean {
    if (this.#running?.id !== id || this.#find(id)?.state !== "fetching") return false;
    this.#change(id, { state: "cancelled" });
    this.#running.stop.abort(new Error("the order was cancelled"));
    return true;
  }

  /** Rejects when the journal does. */
  async #fetchAll(order: LocalOrder, person: Person, signal: AbortSignal): Promise<void> {
    const { history, clock, log } = this.#parts;
    const isOver = (): boolean => signal.aborted;
    let at = { tag: 0, atUs: order.fromUs };
    for (let brokenOff = 0; !isOver();) {
      try {
        const piece = await history.fetch(order, at, signal);
        brokenOff = 0;
        at = piece;
        const { samples, unread } = this.#find(order.id) ?? order;
        this.#change(order.id, {
          samples: samples + piece.samples,
          unread: [...new Set([...unread, ...piece.unread])],
          done: piece.last ? 1 : shareOf(order, at),
        });
        if (!piece.last) continue;
        await this.#end(order.id, person, { state: "done" });
        return;
      } catch (failure) {
        if (isOver()) break;
        if (!(failure instanceof Fault)) throw failure;
        // A full journal makes room by itself; the device is not to blame.
        if (failure.code !== "buffer.journal-full") brokenOff++;
        log.warn("orders.local-broken-off", { order: order.id, why: messageChain(failure) });
        if (brokenOff >= brokenOffMax) {
          await this.#end(order.id, person, { state: "broken-off", note: messageChain(failure) });
          return;
        }
        await clock.sleep(tryAgainMs, signal).catch(() => undefined);
      }
    }
    const why = this.#find(order.id)?.state === "cancelled" ? "cancelled" : "the gateway stopped";
    await this.#end(order.id, person, { state: "cancelled", note: why });
  }

  /** The book says it before the page does; it is kept with the commit that holds what was read. */
  async #end(
    id: number,
    person: Person,
    change: Pick<LocalOrder, "state"> & Partial<LocalOrder>,
  ): Promise<void> {
    const order = this.#find(id);
    if (order === undefined) return;
    const isDone = change.state === "done";
    await this.#parts.audit({
      ...{ person: person.id, device: person.device },
      ...{ act: "history.read", object: order.tags.join(", ") },
      after: `${order.samples} samples`,
      result: isDone ? "done" : "failed",
      ...(change.note === undefined ? {} : { why: change.note }),
    });
    this.#change(id, change);
    this.#parts.log.info("orders.local-over", {
      order: id,
      state: change.state,
      samples: order.samples,
    });
  }

  #find(id: number): LocalOrder | undefined {
    return this.#orders.find((order) => order.id === id);
  }

  #change(id: number, change: Partial<LocalOrder>): void {
    const at = this.#orders.findIndex((order) => order.id === id);
    const order = this.#orders[at];
    if (order !== undefined) this.#orders[at] = { ...order, ...change };
  }

  /** Whether a device says now that it gives a history of it. @param index of the dictionary */
  #isGiven(index: number | undefined): boolean {
    if (index === undefined) return false;
    return this.#parts
      .devices()
      .some(({ history }) => history?.some(([first, last]) => first <= index && index <= last));
  }

  /** A value that did not change leaves a hole that no reading fills: it is not offered twice. */
  #wasRead(tag: TagId, claim: Pick<LedgerEntry, "fromUs" | "toUs">): boolean {
    return this.#orders.some(
      ({ state, tags, fromUs, toUs }) =>
        (state === "done" || state === "fetching") &&
        tags.includes(tag) &&
        fromUs <= Math.max(claim.fromUs, claim.toUs - offeredUsMax) &&
        claim.toUs <= toUs,
    );
  }
}

/** How much of an order lies behind a place of it: tags, and of the tag that is read its time. */
function shareOf(
  { tags, fromUs, toUs }: PastRange,
  at: { readonly tag: number; readonly atUs: number },
): number {
  return (at.tag + (at.atUs - fromUs) / (toUs - fromUs)) / tags.length;
}

function refuse(reason: string): Refused {
  return { kind: "refused", reason };
}
