import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "@millwright/kit";

import { Wander } from "./wander.ts";

test("a wandering quantity has a deviation of 1 at every step, and remembers for its time constant", () => {
  for (const dtS of [0.1, 1, 10]) {
    const wander = new Wander(seededRandom(1), 5);
    let squares = 0;
    let products = 0;
    let before = 0;
    const steps = 50_000;
    for (let step = 0; step < steps; step++) {
      wander.step(dtS);
      squares += wander.value ** 2;
      products += wander.value * before;
      before = wander.value;
    }
    assert.ok(Math.abs(Math.sqrt(squares / steps) - 1) < 0.1, `${dtS} s`);
    assert.ok(Math.abs(products / squares - Math.exp(-dtS / 5)) < 0.05, `${dtS} s`);
  }
});
