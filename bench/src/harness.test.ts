import assert from "node:assert/strict";
import { test } from "node:test";
import { median, mediansOf, percentile } from "./medians.ts";
import { benches } from "./registry.ts";
import { tableOf } from "./table.ts";
import { readTargets, verdictOf } from "./targets.ts";

test("a figure is judged by what it must reach and by where it is heading", () => {
  const atLeast = { op: ">=", must: 8, goal: 15 } as const;
  assert.equal(verdictOf(atLeast, 15), "goal");
  assert.equal(verdictOf(atLeast, 8), "met");
  assert.equal(verdictOf(atLeast, 6), "short by 25 %");
  const atMost = { op: "<=", must: 0, goal: 0 } as const;
  assert.equal(verdictOf(atMost, 0), "goal");
  assert.equal(verdictOf(atMost, 3), "short by 3");
  assert.equal(verdictOf({ op: "info" }, 1), "");
  assert.equal(verdictOf(undefined, 1), "");
  assert.equal(verdictOf(atLeast, Number.NaN), "not measured");
});

test("what is reported is the median of each number", () => {
  assert.equal(median([9, 1, 5]), 5);
  assert.equal(median([1, 3]), 2);
  assert.equal(percentile([4, 1, 3, 2], 50), 2);
  const runs = [1, 9, 5].map((value) => ({
    speed: { value, unit: "x", limit: value * 2, peers: { other: value * 3 } },
  }));
  assert.deepEqual(mediansOf(runs), {
    speed: { value: 5, unit: "x", limit: 10, peers: { other: 15 } },
  });
});

test("the table says ratio, verdict and what nobody measured", () => {
  const lines = tableOf(
    { speed: { value: 5, unit: "x/s", limit: 10, peers: { other: 4 } } },
    { speed: { op: ">=", must: 4, goal: 6 }, size: { op: "<=", must: 1, goal: 1 } },
  );
  assert.match(lines[1] ?? "", /^speed +5 x\/s +10 +0\.500 +>= 4 +>= 6 +met +other 4$/);
  assert.match(lines[2] ?? "", /^size .*not measured$/);
});

test("every bench has targets under its own name", () => {
  const targets = readTargets();
  for (const { name } of benches) assert(targets[name] !== undefined, name);
});
