import assert from "node:assert/strict";
import { test } from "node:test";

import { isFilled } from "./gap.ts";

const gap = { fromUs: 100, toUs: 200 };

test("a gap is filled once no half of it is empty, whatever stands at its ends and beside it", () => {
  assert.ok(!isFilled(gap, []));
  assert.ok(!isFilled(gap, [0, 50, 100, 200, 300]));
  assert.ok(!isFilled(gap, [101, 199]));
  assert.ok(!isFilled(gap, [110, 120, 130]));
  assert.ok(!isFilled(gap, [0, 160, 170, 180, 400]));
  assert.ok(isFilled(gap, [150]));
  assert.ok(isFilled(gap, [0, 90, 120, 140, 160, 180, 220]));
  assert.ok(isFilled(gap, [120, 160, 200]));
});
