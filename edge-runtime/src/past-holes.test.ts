import assert from "node:assert/strict";
import { test } from "node:test";

import type { LossCount, TagId } from "@millwright/wire-contract";

import { isHole, offeredUsMax, offersOf, type ClaimedHole } from "./past-holes.ts";

const minuteUs = 60_000_000;
const beginUs = 29_400_000 * minuteUs;

/** From and to in minutes. */
function hole(
  tag: string,
  from: number,
  to: number,
  more: {
    readonly reason?: ClaimedHole["claim"]["reason"];
    readonly count?: LossCount;
    readonly at?: readonly number[];
  } = {},
): ClaimedHole {
  const { reason = "gateway down", count = { kind: "unknown" }, at = [] } = more;
  return {
    tag: tag as TagId,
    claim: { reason, fromUs: beginUs + from * minuteUs, toUs: beginUs + to * minuteUs, count },
    timesUs: at.map((minute) => beginUs + minute * minuteUs),
  };
}

test("a hole is one as long as the half of it is empty, whatever stands at its ends", () => {
  assert.ok(isHole(hole("a", 0, 10)));
  assert.ok(isHole(hole("a", 0, 10, { at: [0, 9.9, 10] })));
  assert.ok(isHole(hole("a", 0, 10, { at: [1, 2, 3] })));
  assert.ok(!isHole(hole("a", 0, 10, { at: [2, 4, 6, 8] })));
  assert.ok(isHole(hole("a", 0, 10, { count: { kind: "scheduled", samples: 600 } })));
});

test("what counts its samples is left to the hub, which credits them", () => {
  assert.ok(!isHole(hole("a", 0, 10, { count: { kind: "exact", samples: 600 } })));
});

test("holes that adjoin are one offer, values with the same hole share it, and the newest comes first", () => {
  const offers = offersOf([
    hole("a", 0, 10),
    hole("a", 10.05, 11, { reason: "device unreachable" }),
    hole("b", 0, 10),
    hole("b", 10.05, 11, { reason: "device unreachable" }),
    hole("b", 60, 61),
    hole("c", 0, 10, { at: [1, 2, 3, 4, 5, 6, 7, 8, 9] }),
  ]);
  assert.deepEqual(
    offers.map(({ tags, fromUs, toUs, reasons }) => [
      tags.join(),
      (fromUs - beginUs) / minuteUs,
      (toUs - beginUs) / minuteUs,
      reasons.join(),
    ]),
    [
      ["b", 60, 61, "gateway down"],
      ["a,b", 0, 11, "gateway down,device unreachable"],
    ],
  );
});

test("of a hole of months the last month is offered", () => {
  const [offer] = offersOf([hole("a", 0, 90 * 24 * 60)]);
  assert.equal((offer?.toUs ?? 0) - (offer?.fromUs ?? 0), offeredUsMax);
});
