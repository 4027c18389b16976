import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";

import { Fault, PlayedClock, silentLog } from "@millwright/kit";
import type { GatewayOrder, OrderReport, TagId } from "@millwright/wire-contract";

import type { DeviceHistory, FetchedPiece } from "../hand-over.ts";
import { toHex, toJson } from "./messages.ts";
import { OrderDesk } from "./order-desk.ts";
import { gateway, epoch, TestOutbox } from "./test-outbox.ts";
import { TestOrders } from "./test-orders.ts";

interface Rig {
  readonly clock: PlayedClock;
  readonly outbox: TestOutbox;
  readonly book: TestOrders;
  readonly desk: OrderDesk;
  readonly reports: OrderReport[];
  /** The hub says what it wants. */
  readonly want: (...orders: readonly GatewayOrder[]) => void;
  readonly join: () => void;
  /** The hub stores all of a lane. */
  readonly store: () => Promise<void>;
}

function newRig(context: TestContext, deviceHistory?: DeviceHistory): Rig {
  const clock = new PlayedClock();
  const outbox = new TestOutbox();
  const book = new TestOrders();
  const desk = new OrderDesk({
    ...{ book, outbox, gateway, clock, log: silentLog },
    ...(deviceHistory === undefined ? {} : { deviceHistory }),
  });
  const reports: OrderReport[] = [];
  const ended = new AbortController();
  const running = desk.run(ended.signal);
  context.after(async () => {
    ended.abort();
    desk.joined(undefined);
    await running;
  });
  book.seal = () => {
    outbox.seal("history", 1);
  };
  let generation = 0;
  return {
    clock,
    outbox,
    book,
    desk,
    reports,
    want(...orders) {
      desk.heard(toJson({ version: 1, generation: ++generation, orders }));
    },
    join() {
      desk.joined((_subject, bytes) => {
        reports.push(JSON.parse(new TextDecoder().decode(bytes)) as OrderReport);
      });
    },
    async store() {
      for (const { lane, headSeq, headChain } of await outbox.lanes()) {
        const chain = toHex(headChain);
        await outbox.take({ epoch, lane, storedSeq: headSeq, chain, safeSeq: 0 });
      }
    },
  };
}

function repair(clock: PlayedClock, id: number, change: Partial<GatewayOrder> = {}): GatewayOrder {
  const toUs = clock.nowUs();
  return {
    id,
    kind: "repair",
    tags: ["t1" as TagId],
    fromUs: toUs - 60_000_000,
    toUs,
    bytesPerSMax: 1e9,
    mayAnswer: true,
    ...change,
  };
}

test("an order waits for what is told already, and is answered when the hub has counted", async (context) => {
  const { clock, outbox, book, want, join, store, reports } = newRig(context);
  outbox.seal("live", 2);
  join();
  const order = repair(clock, 1, { mayAnswer: false });
  want(order);
  await clock.advance(5_000);
  assert.equal(book.stateOf(1), "waiting");
  assert.equal(book.told, 1);
  await store();
  await clock.advance(5_000);
  assert.equal(book.stateOf(1), "ready");
  assert.deepEqual(book.answered, []);
  want({ ...order, mayAnswer: true });
  await clock.advance(5_000);
  assert.equal(book.stateOf(1), "storing");
  assert.equal(book.answered.length, book.pieces);
  await store();
  await clock.advance(5_000);
  assert.equal(book.stateOf(1), "answered");
  assert.deepEqual(reports.at(-1)?.tags, [{ tag: "t1", samples: 0, fromUs: 0, digest: "" }]);
});

test("an answer brings no more onto the road than its order allows", async (context) => {
  const { clock, book, want, join } = newRig(context);
  book.pieces = 1_000;
  join();
  want(repair(clock, 1, { bytesPerSMax: 2_000 }));
  await clock.advance(20_000);
  const bytes = book.answered.length * book.pieceBytes;
  assert(bytes >= 20_000 && bytes <= 45_000, `${bytes} bytes in 20 s`);
});

test("an answer that is not stored goes no further than the road is wide", async (context) => {
  const { clock, book, outbox, want, join } = newRig(context);
  book.pieces = 10_000;
  join();
  want(repair(clock, 1));
  await clock.advance(60_000);
  assert.equal(book.answered.length, 64);
  assert.equal(outbox.waiting().frames, 64);
});

test("without a link nothing is answered, and with it the order goes on where it was", async (context) => {
  const { clock, book, want, join, desk } = newRig(context);
  book.pieces = 8;
  join();
  want(repair(clock, 1, { bytesPerSMax: 1_000 }));
  await clock.advance(4_000);
  const before = book.answered.length;
  assert(before > 0 && before < 8, `${before} pieces`);
  desk.joined(undefined);
  await clock.advance(60_000);
  assert.equal(book.answered.length, before);
  join();
  await clock.advance(60_000);
  assert.equal(book.answered.length, 8);
});

test("an order that the hub does not want any more is dropped at once", async (context) => {
  const { clock, book, want, join } = newRig(context);
  book.pieces = 1_000;
  join();
  want(repair(clock, 1, { bytesPerSMax: 1_000 }), repair(clock, 2, { bytesPerSMax: 1_000 }));
  await clock.advance(5_000);
  assert(!book.answered.includes(2), "one is answered after the other");
  want(repair(clock, 2, { bytesPerSMax: 1_000 }));
  await clock.advance(5_000);
  assert.equal(book.stateOf(1), undefined);
  assert(book.answered.includes(2));
});

test("a message that was overtaken by a newer one changes nothing", async (context) => {
  const { clock, book, want, join, desk } = newRig(context);
  join();
  want();
  want(repair(clock, 2));
  desk.heard(toJson({ version: 1, generation: 1, orders: [] }));
  await clock.advance(1_000);
  assert.notEqual(book.stateOf(2), undefined);
});

test("a recording lasts to its end, and is compared once all of it is stored", async (context) => {
  const { clock, book, want, join, store } = newRig(context);
  join();
  const toUs = clock.nowUs() + 60_000_000;
  want(repair(clock, 1, { kind: "recording", toUs }));
  book.times = ({ order }) => ({ answersUs: order.fromUs, endsUs: toUs });
  await clock.advance(30_000);
  assert.equal(book.stateOf(1), "recording");
  await clock.advance(31_000);
  await store();
  await clock.advance(2_000);
  assert.equal(book.stateOf(1), "answered");
});

test("orders that are none are refused, and those before stay", async (context) => {
  const { clock, book, want, join, desk } = newRig(context);
  join();
  want(repair(clock, 1));
  await clock.advance(1_000);
  desk.heard(new TextEncoder().encode("{"));
  desk.heard(toJson({ version: 1, generation: 99, orders: [{ id: 1 }] }));
  await clock.advance(1_000);
  assert.notEqual(book.stateOf(1), undefined);
});

/** A device that goes away as often as it is told to, and has a value for each piece. */
class PlayedHistory implements DeviceHistory {
  pieces = 3;
  asked = 0;
  stopped = 0;
  away = 0;
  waits = false;

  async fetch(
    { toUs }: GatewayOrder,
    from: Pick<FetchedPiece, "tag" | "atUs">,
    signal: AbortSignal,
  ): Promise<FetchedPiece> {
    this.asked++;
    if (this.away-- > 0) throw new DeviceAway();
    if (this.waits) {
      await new Promise<never>((_resolve, reject) => {
        signal.addEventListener("abort", () => {
          this.stopped++;
          reject(new Error("stopped"));
        });
      });
    }
    this.pieces--;
    return { tag: from.tag, atUs: toUs, samples: 1, unread: [], last: this.pieces <= 0 };
  }
}

class DeviceAway extends Fault {
  override readonly name = "DeviceAway";
  readonly code = "test.device-away";
  readonly retry = "soon";
  readonly hint = "";

  constructor() {
    super("the device went away");
  }
}

test("what a device is ordered for is read before it is answered, and not before the hub has counted", async (context) => {
  const history = new PlayedHistory();
  const { clock, book, want, join, store, reports } = newRig(context, history);
  join();
  const order = repair(clock, 1, { source: "device", mayAnswer: false });
  want(order);
  await clock.advance(5_000);
  assert.equal(book.stateOf(1), "ready");
  assert.equal(history.asked, 0);
  want({ ...order, mayAnswer: true });
  await clock.advance(10_000);
  assert.equal(history.asked, 3);
  await store();
  await clock.advance(5_000);
  assert.equal(book.stateOf(1), "answered");
  assert.equal(reports.at(-1)?.source, "device", "the hub hears that it was understood");
  const states = new Set(reports.map(({ state }) => state));
  assert(states.has("fetching") || states.has("answering"), [...states].join(" "));
});

test("a device that is away for long holds up no other order, and is let go with its own", async (context) => {
  const history = new PlayedHistory();
  history.waits = true;
  const { clock, book, want, join } = newRig(context, history);
  join();
  const other = repair(clock, 2);
  want(repair(clock, 1, { source: "device" }), other);
  await clock.advance(10_000);
  assert.equal(book.stateOf(1), "fetching");
  assert.equal(book.stateOf(2), "storing");
  want(other);
  await clock.advance(2_000);
  assert.equal(history.stopped, 1);
});

test("a device that breaks off is asked again, and not for ever", async (context) => {
  const history = new PlayedHistory();
  history.away = 2;
  const { clock, book, want, join, store } = newRig(context, history);
  join();
  want(repair(clock, 1, { source: "device" }));
  await clock.advance(10_000);
  assert.equal(book.stateOf(1), "storing");
  await store();
  history.away = 1_000;
  history.asked = 0;
  want(repair(clock, 2, { source: "device" }));
  await clock.advance(60_000);
  assert.equal(history.asked, 3);
  assert.equal(book.stateOf(2), "refused");
});

test("where no device is read, an order for one is refused", async (context) => {
  const { clock, book, want, join } = newRig(context);
  join();
  want(repair(clock, 1, { source: "device" }));
  await clock.advance(5_000);
  assert.equal(book.stateOf(1), "refused");
});
