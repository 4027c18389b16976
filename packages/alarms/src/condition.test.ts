import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";

import { countsAfter, countsAtMs, isBeyond } from "./condition.ts";

test("a value at its limit is not beyond it, and one that was beyond comes back by the dead-band", () => {
  assert.equal(isBeyond("above", 90, 2, 90, false), false);
  assert.equal(isBeyond("above", 90, 2, 90.1, false), true);
  assert.equal(isBeyond("above", 90, 2, 88.1, true), true);
  assert.equal(isBeyond("above", 90, 2, 88, true), false);
  assert.equal(isBeyond("below", 12, 1, 11.9, false), true);
  assert.equal(isBeyond("below", 12, 1, 12.9, true), true);
  assert.equal(isBeyond("below", 12, 1, 13, true), false);
});

test("a condition counts once it has lasted as long as its delay, to the millisecond, both ways", () => {
  fc.assert(
    fc.property(
      fc.boolean(),
      fc.boolean(),
      fc.integer({ min: 0, max: 1_000 }),
      fc.nat(5_000),
      fc.nat(5_000),
      (raw, counted, sinceMs, onMs, offMs) => {
        const atMs = countsAtMs(raw, sinceMs, counted, onMs, offMs);
        if (raw === counted) {
          assert.equal(atMs, Infinity);
          assert.equal(countsAfter(raw, sinceMs, counted, onMs, offMs, 1e9), counted);
          return;
        }
        assert.equal(countsAfter(raw, sinceMs, counted, onMs, offMs, atMs), raw);
        assert.equal(countsAfter(raw, sinceMs, counted, onMs, offMs, atMs - 1), counted);
      },
    ),
  );
});
