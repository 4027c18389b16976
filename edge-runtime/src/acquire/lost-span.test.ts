import assert from "node:assert/strict";
import { test } from "node:test";

import { lostSpan } from "./lost-span.ts";

test("what is lost of a device's own past is charged for the times at which it was measured, all else for its receipt", () => {
  const stamps = [30, NaN, 10, 20];
  assert.deepEqual(lostSpan(stamps, 1_000, true), [10, 30]);
  assert.deepEqual(lostSpan(stamps, 1_000, false), [1_000, 1_000]);
  assert.deepEqual(lostSpan([NaN], 1_000, true), [1_000, 1_000]);
});
