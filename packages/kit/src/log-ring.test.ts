import assert from "node:assert/strict";
import { test } from "node:test";

import { LogRing } from "./log-ring.ts";

test("the newest lines are kept, within the bound of lines and within that of characters", () => {
  const byLines = new LogRing(3);
  for (let line = 1; line <= 5; line++) byLines.write(`line ${line}\n`);
  assert.deepEqual(byLines.lines, ["line 3", "line 4", "line 5"]);

  const byCharacters = new LogRing(100, 64);
  for (let line = 1; line <= 100; line++) byCharacters.write("ab\n");
  assert.equal(byCharacters.lines.length, 32);
});

test("a line that is too long is cut and takes no more than its part of the ring", () => {
  const ring = new LogRing(10, 320);
  ring.write("before");
  ring.write("x".repeat(1_000));
  assert.deepEqual(ring.lines, ["before", "x".repeat(10)]);
});
