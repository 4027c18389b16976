import assert from "node:assert/strict";
import { test } from "node:test";

import { WorkMeter } from "./work-meter.ts";

test("what is spent between two questions belongs to the first of them", () => {
  let cpuUs = 1_000;
  const meter = new WorkMeter(() => cpuUs);
  for (const [name, spentUs] of [
    ["tend", 300],
    ["commit", 50],
    ["tend", 7],
    ["fill", 1],
  ] as const) {
    meter.begin(name);
    cpuUs += spentUs;
  }
  assert.equal(meter.spentUs("tend"), 307);
  assert.equal(meter.spentUs("commit"), 50);
  assert.equal(meter.spentUs("fill"), 0, "it is still under way");
});

test("the meter of a thread counts what the thread spends", () => {
  const meter = new WorkMeter();
  meter.begin("spin");
  const untilMs = performance.now() + 50;
  while (performance.now() < untilMs);
  meter.begin("over");
  assert.ok(meter.spentUs("spin") > 0);
});
