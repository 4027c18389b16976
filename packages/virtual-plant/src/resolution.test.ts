import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";

import { analogue, reported } from "./resolution.ts";

test("a digital instrument reports short decimals, the nearest to the quantity", () => {
  assert.equal(reported(402.4203342221355, { digits: 1 }), 402.4);
  assert.equal(reported(0.8414678932766153, { digits: 2 }), 0.84);
  assert.equal(reported(2735.62, { digits: 0 }), 2736);
});

test("an analogue input reports one of its counts, never further away than half a step", () => {
  const step = 10 / 27_648;
  fc.assert(
    fc.property(fc.double({ min: 0, max: 10, noNaN: true }), (bar) => {
      const said = reported(bar, analogue(0, 10));
      assert.equal(said, Math.fround(said));
      assert.ok(Math.abs(said - bar) <= step / 2 + 1e-6);
      assert.ok(Math.abs(said / step - Math.round(said / step)) < 0.01);
    }),
  );
});
