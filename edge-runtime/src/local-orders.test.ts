import assert from "node:assert/strict";
import { test } from "node:test";

import { PlayedClock, silentLog } from "@millwright/kit";
import {
  makeDictionary,
  type DeviceId,
  type DeviceStatus,
  type LedgerEntry,
  type TagId,
} from "@millwright/wire-contract";

import { LinkLost } from "./acquire/faults.ts";
import { tag } from "./buffer/test-rig.ts";
import type { AuditNote, DeviceHistory, FetchedPiece, LocalOrder, PastRange } from "./hand-over.ts";
import { LocalOrders } from "./local-orders.ts";

const hourUs = 3_600_000_000;
const never = new AbortController().signal;
const anna = { id: "anna", name: "Anna", role: "technician", device: "panel" } as const;

/** One device of two values that gives a history of the first of them: three samples an hour. */
class Rig {
  readonly clock = new PlayedClock();
  readonly nowUs = this.clock.nowUs();
  readonly notes: AuditNote[] = [];
  readonly asked: number[] = [];
  /** How often the device goes away before it answers. */
  away = 0;
  /** Held back until it is let go. */
  gate: Promise<unknown> = Promise.resolve();
  claims: readonly LedgerEntry[] = [];
  times: readonly number[] = [];
  readonly orders: LocalOrders;

  constructor() {
    const { book } = makeDictionary(
      ["plc/a", "plc/b"].map((id, index) => ({
        ...tag(id, { device: "plc" as DeviceId, clock: "device" }),
        ...{ index, revision: 1 },
      })),
    );
    this.orders = new LocalOrders({
      history: { fetch: (...asked) => this.#fetch(...asked) },
      devices: () => [{ device: "plc", history: [[0, 0]] } as unknown as DeviceStatus],
      book,
      claims: () => Promise.resolve(this.claims),
      times: () => Promise.resolve(this.times),
      audit: (note) => {
        this.notes.push(note);
        return Promise.resolve();
      },
      clock: this.clock,
      log: silentLog,
    });
  }

  /** Hour by hour, as the real one. */
  async #fetch(
    ...[order, from, signal]: Parameters<DeviceHistory["fetch"]>
  ): Promise<FetchedPiece> {
    await this.gate;
    signal.throwIfAborted();
    if (this.away-- > 0) throw new LinkLost("plc");
    this.asked.push((from.atUs - order.fromUs) / hourUs);
    const atUs = from.atUs + hourUs;
    const last = atUs >= order.toUs;
    return { samples: 3, unread: [], last, tag: last ? 1 : 0, atUs: last ? order.fromUs : atUs };
  }

  /** The last hours. */
  range(hours: number, tags = ["plc/a"]): PastRange {
    const toUs = this.nowUs - hourUs;
    return { tags: tags as TagId[], fromUs: toUs - hours * hourUs, toUs };
  }

  get first(): LocalOrder | undefined {
    return this.orders.orders()[0];
  }
}

test("an order is read piece by piece, and its end stands in the book with who ordered it and what came", async () => {
  const rig = new Rig();
  const begun = rig.orders.order(rig.range(3), anna);
  assert.ok(!("kind" in begun));
  assert.deepEqual([begun.state, begun.by, begun.done], ["fetching", "Anna", 0]);
  await rig.clock.advance(0);
  assert.deepEqual(rig.asked, [0, 1, 2]);
  assert.deepEqual([rig.first?.state, rig.first?.samples, rig.first?.done], ["done", 9, 1]);
  assert.deepEqual(rig.notes, [
    {
      ...{ person: "anna", device: "panel", act: "history.read", object: "plc/a" },
      ...{ after: "9 samples", result: "done" },
    },
  ]);
});

test("what cannot be read is refused with the reason: no history, no time, a second order", async () => {
  const rig = new Rig();
  const reasonOf = (range: PastRange): string => {
    const answer = rig.orders.order(range, anna);
    return "kind" in answer ? answer.reason : "";
  };
  assert.match(
    reasonOf(rig.range(1, ["plc/a", "plc/b"])),
    /no device gives a history of plc\/b now/,
  );
  assert.match(reasonOf(rig.range(1, ["gone"])), /history of gone/);
  assert.match(reasonOf(rig.range(32 * 24)), /31 days/);
  assert.match(reasonOf({ ...rig.range(1), toUs: rig.nowUs + 1 }), /not over/);
  assert.equal(rig.orders.orders().length, 0);
  const gate = Promise.withResolvers<undefined>();
  rig.gate = gate.promise;
  assert.equal(reasonOf(rig.range(1)), "");
  assert.match(reasonOf(rig.range(1)), /Anna has a device read already/);
  gate.resolve(undefined);
  await rig.clock.advance(0);
  assert.equal(reasonOf(rig.range(1)), "");
});

test("a device that goes away is asked again, and left alone after the third time in a row", async () => {
  const rig = new Rig();
  rig.away = 2;
  rig.orders.order(rig.range(1), anna);
  await rig.clock.advance(10_000);
  assert.equal(rig.first?.state, "done");
  rig.away = 3;
  rig.orders.order(rig.range(1), anna);
  await rig.clock.advance(10_000);
  assert.deepEqual([rig.first.state, rig.first.note], ["broken-off", "link lost to plc"]);
  const { result, why } = rig.notes.at(-1) ?? {};
  assert.deepEqual([result, why], ["failed", "link lost to plc"]);
});

test("one that is cancelled ends, also in the book, and so does one that the gateway's end stops", async () => {
  const rig = new Rig();
  const gate = Promise.withResolvers<undefined>();
  rig.gate = gate.promise;
  rig.orders.order(rig.range(1), anna);
  assert.equal(rig.orders.cancel(7), false);
  assert.equal(rig.orders.cancel(1), true);
  assert.equal(rig.orders.cancel(1), false);
  gate.resolve(undefined);
  await rig.clock.advance(0);
  assert.deepEqual(
    rig.notes.map(({ why }) => why),
    ["cancelled"],
  );
  rig.orders.order(rig.range(1), anna);
  await rig.orders.stop();
  assert.deepEqual(
    rig.notes.map(({ why }) => why),
    ["cancelled", "the gateway stopped"],
  );
  assert.deepEqual(rig.asked, []);
});

test("a hole is offered where its device gives a history, until it was read, though nothing came", async () => {
  const rig = new Rig();
  const range = rig.range(1, ["plc/a", "plc/b", "gone"]);
  const { fromUs, toUs } = range;
  const of = { number: 1, scope: { kind: "gateway" }, count: { kind: "unknown" } } as const;
  rig.claims = [{ ...of, reason: "gateway down", fromUs, toUs }];
  const [offer, ...more] = await rig.orders.offers(range, never);
  assert.deepEqual(offer, { tags: ["plc/a"], fromUs, toUs, reasons: ["gateway down"] });
  assert.equal(more.length, 0);
  rig.orders.order(offer, anna);
  await rig.clock.advance(0);
  assert.deepEqual(await rig.orders.offers(range, never), []);
});
