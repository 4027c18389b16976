import assert from "node:assert/strict";
import { test } from "node:test";

import {
  repairView,
  type LedgerPart,
  type RepairOrder,
  type RepairView,
  type TagLedger,
} from "./repair-view.ts";

const range = { fromUs: 1_000, toUs: 2_000 };

function order(change: Partial<RepairOrder> = {}): RepairOrder {
  return {
    id: 1,
    tags: ["t1"],
    fromUs: 1_000,
    toUs: 2_000,
    resolution: "samples",
    kbitPerS: 4_000,
    state: "answering",
    done: 0.5,
    healed: 0,
    note: "",
    ...change,
  };
}

const reason = "told within bound";
const scope = { kind: "tag" } as const;
const told: LedgerPart = { reason, scope, fromUs: 500, toUs: 1_499, repair: "raw" };

const of = (...parts: readonly LedgerPart[]): readonly TagLedger[] => [{ tag: "t1", parts }];

/** The view of one tag. */
const viewOf = (parts: readonly LedgerPart[], orders: readonly RepairOrder[] = []): RepairView =>
  repairView(of(...parts), orders, range);

test("what the gateway has is offered, within the time that is shown, with the reason", () => {
  const offer = { tags: ["t1"], reasons: [reason] };
  assert.deepEqual(viewOf([told]).offer, { fromUs: 1_000, toUs: 1_500, ...offer });
  const late: LedgerPart = { ...told, reason: "hub restored", fromUs: 1_600, toUs: 9_000 };
  assert.deepEqual(viewOf([told, late]).offer, {
    ...range,
    tags: ["t1"],
    reasons: [reason, "hub restored"],
  });
  assert.equal(viewOf([{ ...told, repair: "none" }]).offer, undefined);
});

test("values of one gateway are brought by one order, and those that are here already not again", () => {
  const later = { ...told, fromUs: 1_700, toUs: 1_799 };
  const ledger: readonly TagLedger[] = [
    { tag: "t1", parts: [told] },
    { tag: "t2", parts: [later] },
    { tag: "t3", parts: [] },
  ];
  const offer = repairView(ledger, [], range).offer;
  assert.deepEqual(offer, {
    fromUs: 1_000,
    toUs: 1_800,
    tags: ["t1", "t2"],
    reasons: [reason],
  });
  const rest = repairView(ledger, [order()], range);
  assert.ok(rest.offer !== undefined);
  assert.deepEqual(rest.offer.tags, ["t2"]);
  assert.equal(rest.offer.fromUs, 1_700);
  assert.equal(rest.orders.length, 1);
});

test("of what is thinned the minutes are offered, until they are here", () => {
  const thinned: LedgerPart = { ...told, repair: "thinned" };
  const view = viewOf([thinned]);
  assert.equal(view.offer, undefined);
  const chance = { fromUs: 1_000, toUs: 1_500, tags: ["t1"], reasons: [reason] };
  assert.deepEqual(view.thinned, chance);
  const brought = order({ state: "done", resolution: "minutes", comparison: { agrees: true } });
  assert.equal(viewOf([thinned], [brought]).thinned, undefined);
  // Minutes are no samples: those are still to be had.
  assert.notEqual(viewOf([told], [brought]).offer, undefined);
});

test("each gap says what it stands for: samples, polls that should have been, or that nobody counted", () => {
  const exact: LedgerPart = { ...told, charged: { kind: "exact", samples: 4 } };
  const polls: LedgerPart = {
    reason: "device unreachable",
    scope: { kind: "device" },
    fromUs: 1_600,
    toUs: 1_699,
    charged: { kind: "scheduled", samples: 10 },
    repair: "none",
  };
  const unknown: LedgerPart = { ...polls, reason: "gateway down", charged: { kind: "unknown" } };
  const healed: LedgerPart = {
    ...told,
    reason: "rejected",
    charged: { kind: "exact", samples: 0 },
  };
  const ledger: readonly TagLedger[] = [
    { tag: "t1", parts: [exact, polls, healed] },
    { tag: "t2", parts: [exact, polls, unknown] },
  ];
  const { missing } = repairView(ledger, [], range);
  assert.deepEqual(
    missing.map(({ reason, tags, count, repair, fromUs, toUs }) => [
      reason,
      [fromUs, toUs],
      tags,
      count,
      repair,
    ]),
    [
      [
        "device unreachable",
        [1_600, 1_700],
        ["t1", "t2"],
        { kind: "scheduled", samples: 20 },
        "none",
      ],
      ["gateway down", [1_600, 1_700], ["t2"], { kind: "unknown" }, "none"],
      [reason, [1_000, 1_500], ["t1", "t2"], { kind: "exact", samples: 8 }, "raw"],
    ],
  );
  const running = repairView(ledger, [order({ tags: ["t1", "t2"] })], range);
  assert.deepEqual(
    running.missing.map(({ repair }) => repair),
    ["none", "none", "none"],
  );
});

test("what is counted for a whole gateway or device is said once, however many of its values are shown", () => {
  const all: LedgerPart = {
    ...told,
    scope: { kind: "gateway" },
    charged: { kind: "exact", samples: 198_520 },
  };
  const mine: LedgerPart = { ...told, charged: { kind: "exact", samples: 3 } };
  const ledger: readonly TagLedger[] = [
    { tag: "t1", parts: [all, mine] },
    { tag: "t2", parts: [all] },
    { tag: "t3", parts: [all, mine] },
  ];
  const { missing } = repairView(ledger, [], range);
  assert.deepEqual(
    missing.map(({ of, tags, count }) => [of, tags, count]),
    [
      ["gateway", ["t1", "t2", "t3"], { kind: "exact", samples: 198_520 }],
      ["tag", ["t1", "t3"], { kind: "exact", samples: 6 }],
    ],
  );
});

test("nothing is offered that is on its way or was brought whole", () => {
  assert.equal(viewOf([told], [order()]).offer, undefined);
  const done = order({ state: "done", comparison: { agrees: true } });
  assert.equal(viewOf([told], [done]).offer, undefined);
});

test("it is offered again after a repair that failed, of another tag or of another time", () => {
  const others = [
    order({ state: "cancelled" }),
    order({ state: "done", comparison: { agrees: false } }),
    order({ tags: ["t2"] }),
    order({ toUs: 1_200 }),
  ];
  for (const other of others) assert.notEqual(viewOf([told], [other]).offer, undefined);
});

test("a repair is shown while it touches the time that is shown", () => {
  assert(viewOf([], [order()]).running);
  assert.equal(viewOf([], [order({ toUs: 1_000, fromUs: 0 })]).orders.length, 0);
  assert(!viewOf([], [order({ state: "done" })]).running);
});

test("what only the device has is offered where the gateway was repaired from, and not again once the device was asked", () => {
  const charged = { kind: "unknown" } as const;
  const gone: LedgerPart = {
    reason: "gateway down",
    scope,
    fromUs: 1_200,
    toUs: 1_299,
    charged,
    repair: "device",
  };
  const offered = (...orders: readonly RepairOrder[]): string | undefined =>
    viewOf([gone], orders).missing[0]?.repair;
  assert.equal(offered(), "device");
  assert.equal(viewOf([gone]).offer, undefined, "the gateway has none of it");
  const done = { state: "done", comparison: { agrees: true } };
  assert.equal(offered(order(done)), "device", "the gateway's own copy was brought");
  assert.equal(offered(order({ ...done, source: "device" })), "none");
  assert.equal(offered(order({ source: "device", state: "fetching" })), "none", "it is on its way");
  assert.equal(offered(order({ source: "device", state: "refused" })), "device");
});
