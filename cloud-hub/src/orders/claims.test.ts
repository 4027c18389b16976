import assert from "node:assert/strict";
import { test } from "node:test";

import type { TagId } from "@millwright/wire-contract";

import { claimedRanges, creditsOf, type Claim } from "./claims.ts";
import { isHealable, repairOffer } from "./repair-offer.ts";

const [a, b] = ["t/a" as TagId, "t/b" as TagId];

function claim(number: number, fromUs: number, toUs: number, change: Partial<Claim> = {}): Claim {
  return {
    epochNo: 1,
    number,
    reason: "told within bound",
    scope: { kind: "gateway" },
    fromUs,
    toUs,
    count: { kind: "exact", samples: 100 },
    ...change,
  };
}

const deviceOf = (tag: TagId): string => (tag === a ? "plc-a" : "plc-b");

test("each moment of the range is credited to one claim, an exact one before others and an older before a younger", () => {
  const claims = [
    claim(3, 50, 150, { count: { kind: "unknown" } }),
    claim(2, 100, 199),
    claim(1, 0, 119),
  ];
  const ranges = claimedRanges(claims, [a], deviceOf, 20, 180);
  assert.deepEqual(
    ranges.map(({ number, fromUs, toUs }) => [number, fromUs, toUs]),
    [
      [1, 20, 50],
      [1, 50, 100],
      [1, 100, 120],
      [2, 120, 151],
      [2, 151, 180],
    ],
  );
});

test("a claim of a device or a tag is credited with no other's samples", () => {
  const claims = [
    claim(1, 0, 99, { scope: { kind: "device", device: "plc-a" as never } }),
    claim(2, 0, 99, { scope: { kind: "tag", tag: b } }),
  ];
  const ranges = claimedRanges(claims, [a, b], deviceOf, 0, 100);
  assert.deepEqual(
    ranges.map(({ number, tag }) => [number, tag]),
    [
      [1, a],
      [2, b],
    ],
  );
});

test("credited is what is stored now and was not before, by claim", () => {
  const ranges = claimedRanges([claim(1, 0, 49), claim(2, 50, 99)], [a, b], deviceOf, 0, 100);
  assert.equal(ranges.length, 4);
  assert.deepEqual(creditsOf(ranges, [1, 2, 3, 4], [11, 2, 5, 4]), [
    { epochNo: 1, number: 1, samples: 12 },
  ]);
});

test("a repair is offered where the gateway has the samples, and says where it has buckets only", () => {
  const told = claim(1, 0, 99);
  const thinned = claim(2, 0, 200, { reason: "thinned" });
  const evicted = claim(3, 0, 200, { reason: "evicted" });
  const down = claim(4, 0, 99, { reason: "gateway down" });
  assert.equal(repairOffer(told, [told], true), "raw");
  assert.equal(repairOffer(told, [told, thinned], true), "thinned");
  assert.equal(repairOffer(thinned, [told, thinned], true), "thinned");
  assert.equal(repairOffer(told, [told, thinned, evicted], false), "none");
  assert.equal(repairOffer(down, [down], false), "none");
  assert(!isHealable("gateway down", "gateway"));
});

test("what the gateway never had, or let go, is offered from a device that keeps it, and nothing that was kept back", () => {
  const down = claim(1, 0, 99, { reason: "gateway down" });
  const thinned = claim(2, 0, 99, { reason: "thinned" });
  const evicted = claim(3, 0, 99, { reason: "evicted" });
  const filtered = claim(4, 0, 99, { reason: "filtered at source" });
  assert.equal(repairOffer(down, [down], true), "device");
  assert.equal(repairOffer(thinned, [thinned, evicted], true), "device");
  assert.equal(repairOffer(thinned, [thinned], true), "thinned", "the nearer copy first");
  assert.equal(repairOffer(filtered, [filtered], true), "none");
  assert(isHealable("gateway down", "device"));
  assert(!isHealable("clock quarantined", "device"));
});
