import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";
import type { LossCount, TagId } from "@millwright/wire-contract";

import { cellsOf, chargesOf, type RepairedClaim } from "./charges.ts";

const tag = "t/a" as TagId;
const periodUs = 10;

function claim(
  number: number,
  fromUs: number,
  toUs: number,
  count: LossCount,
  change: Partial<RepairedClaim> = {},
): RepairedClaim {
  return {
    epochNo: 1,
    number,
    reason: "device unreachable",
    scope: { kind: "tag", tag },
    fromUs,
    toUs,
    count,
    repaired: 0,
    ...change,
  };
}

/** A sample is due each 10 µs. @param stored those that the hub has, by their place */
function charge(claims: readonly RepairedClaim[], stored: readonly number[] = []): LossCount[] {
  const cells = cellsOf(claims, 0, 1_000);
  const counts = cells.map(
    ({ fromUs, toUs }) =>
      stored.filter((at) => at * periodUs >= fromUs && at * periodUs < toUs).length,
  );
  return [...chargesOf(claims, cells, counts, periodUs)];
}

const scheduled = (samples: number): LossCount => ({ kind: "scheduled", samples });
const exact = (samples: number): LossCount => ({ kind: "exact", samples });
const unknown: LossCount = { kind: "unknown" };

test("two claims of one time charge it once, the one that was scheduled before the one that knows no number", () => {
  const claims = [
    claim(1, 0, 99, unknown, { reason: "gateway down" }),
    claim(2, 50, 149, scheduled(10)),
  ];
  assert.deepEqual(charge(claims), [scheduled(5), scheduled(10)]);
});

test("what is stored in the time of a claim shrinks what it is charged", () => {
  assert.deepEqual(charge([claim(1, 0, 99, scheduled(10))], [0, 3, 4]), [scheduled(7)]);
  assert.deepEqual(charge([claim(1, 0, 99, unknown)], [...Array(12).keys()]), [scheduled(0)]);
});

test("samples that an exact claim counts are not charged to the time around them", () => {
  const claims = [claim(1, 0, 99, scheduled(10)), claim(2, 20, 39, exact(2))];
  assert.deepEqual(charge(claims), [scheduled(8), exact(2)]);
});

test("a claim that was told again is charged once, and repairs lessen it", () => {
  const first = claim(1, 0, 99, exact(6), { repaired: 4 });
  assert.deepEqual(charge([first, { ...first, epochNo: 2, number: 7, repaired: 0 }]), [
    exact(2),
    exact(0),
  ]);
});

test("a claim is charged for the part of its time that lies in the range", () => {
  const claims = [claim(1, -1e15, 99, unknown)];
  assert.deepEqual(cellsOf(claims, 50, 500), [{ fromUs: 50, toUs: 100 }]);
  assert.deepEqual(cellsOf(claims, 100, 500), []);
});

test("of a tag whose device speaks by itself nobody knows how many are missing", () => {
  const claims = [claim(1, 0, 99, unknown), claim(2, 0, 99, unknown, { reason: "link lost" })];
  assert.deepEqual(chargesOf(claims, cellsOf(claims, 0, 100), [0], NaN), [unknown, exact(0)]);
});

/** Places 0 to 40 on the grid of the schedule; an exact claim names one of them. */
const places = 40;
const timeClaim = fc.record({
  from: fc.nat(places - 1),
  length: fc.integer({ min: 1, max: 12 }),
  kind: fc.constantFrom("scheduled" as const, "unknown" as const),
});

test("each missing sample is charged to the first claim in the order exact, time, age, and to no other", () => {
  fc.assert(
    fc.property(
      fc.array(timeClaim, { maxLength: 8 }),
      fc.uniqueArray(fc.nat(places), { maxLength: 6 }),
      fc.uniqueArray(fc.nat(places), { maxLength: 30 }),
      (times, lost, kept) => {
        const named = new Set(lost);
        const stored = kept.filter((place) => !named.has(place));
        const claims = [
          ...times.map(({ from, length, kind }, at) =>
            claim(
              at + 1,
              from * periodUs,
              (from + length) * periodUs - 1,
              kind === "unknown" ? unknown : scheduled(length),
            ),
          ),
          ...lost.map((place, at) =>
            claim(100 + at, place * periodUs, (place + 1) * periodUs - 1, exact(1), {
              reason: "rejected",
            }),
          ),
        ];
        // The oracle asks of each sample by itself.
        const expected = claims.map(() => 0);
        const inOrder = ["exact", "scheduled", "unknown"].flatMap((kind) =>
          claims.flatMap((one, at) => (one.count.kind === kind ? [at] : [])),
        );
        for (let place = 0; place <= places + 12; place++) {
          if (stored.includes(place)) continue;
          const us = place * periodUs;
          const first = inOrder.find((at) => {
            const one = claims[at];
            return one !== undefined && one.fromUs <= us && us <= one.toUs;
          });
          if (first !== undefined) expected[first] = (expected[first] ?? 0) + 1;
        }
        const charged = charge(claims, stored).map((count) =>
          count.kind === "unknown" ? NaN : count.samples,
        );
        assert.deepEqual(charged, expected);
      },
    ),
    { numRuns: 500 },
  );
});
