import assert from "node:assert/strict";
import { test } from "node:test";

import { repairView, type LedgerPart, type RepairOrder } from "./repair-view.ts";

const range = { fromUs: 1_000, toUs: 2_000 };

function order(change: Partial<RepairOrder> = {}): RepairOrder {
  return {
    id: 1,
    tags: ["t1"],
    fromUs: 1_000,
    toUs: 2_000,
    state: "answering",
    done: 0.5,
    healed: 0,
    note: "",
    ...change,
  };
}

const told: LedgerPart = { fromUs: 500, toUs: 1_499, repair: "raw" };

test("what the gateway has is offered, within the time that is shown", () => {
  const late: LedgerPart = { fromUs: 1_600, toUs: 9_000, repair: "raw" };
  assert.deepEqual(repairView([told], [], "t1", range).offer, { fromUs: 1_000, toUs: 1_500 });
  assert.deepEqual(repairView([told, late], [], "t1", range).offer, range);
  assert.equal(repairView([{ ...told, repair: "none" }], [], "t1", range).offer, undefined);
});

test("what is thinned is said, and not offered", () => {
  const view = repairView([{ ...told, repair: "thinned" }], [], "t1", range);
  assert.equal(view.offer, undefined);
  assert.deepEqual(view.thinned, { fromUs: 1_000, toUs: 1_500 });
});

test("nothing is offered that is on its way or was brought whole", () => {
  assert.equal(repairView([told], [order()], "t1", range).offer, undefined);
  const done = order({ state: "done", comparison: { agrees: true } });
  assert.equal(repairView([told], [done], "t1", range).offer, undefined);
});

test("it is offered again after a repair that failed, of another tag or of another time", () => {
  const others = [
    order({ state: "cancelled" }),
    order({ state: "done", comparison: { agrees: false } }),
    order({ tags: ["t2"] }),
    order({ toUs: 1_200 }),
  ];
  for (const other of others) {
    assert.notEqual(repairView([told], [other], "t1", range).offer, undefined);
  }
});

test("a repair is shown while it touches the time that is shown", () => {
  assert(repairView([], [order()], "t1", range).running);
  assert.equal(repairView([], [order({ toUs: 1_000, fromUs: 0 })], "t1", range).orders.length, 0);
  assert(!repairView([], [order({ state: "done" })], "t1", range).running);
});
