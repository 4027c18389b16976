import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { seededRandom } from "@millwright/kit";
import { clocks, randomKills, restores, scenarios } from "@millwright/scenario";

import { controlRestMs, controls } from "./controls.ts";
import { randomScenario } from "./random-scenario.ts";
import { runScenario } from "./run-scenario.ts";

const seeds = 12;
/** Each showed a rule or a line that was wrong (docs/adr/0038). */
const onceRed: readonly number[] = [
  548, 650, 1136, 1270, 1776, 1812, 2181, 3625, 4104, 5075, 6026, 6087, 6159, 6172, 6292, 8117,
  8662, 8688,
];

describe("every sample is stored once and in order, or explained, when", () => {
  for (const scenario of [...scenarios, ...clocks, ...restores]) {
    test(scenario.name, async () => {
      const { breaches, verdict } = await runScenario(scenario, 1);
      assert.deepEqual(breaches, []);
      assert.ok(verdict.stored > 0);
    });
  }

  test("parts are killed at random", async () => {
    const { breaches } = await runScenario(randomKills(20, seededRandom(1)), 1);
    assert.deepEqual(breaches, []);
  });

  for (const seed of [...Array.from({ length: seeds }, (_, at) => at + 1), ...onceRed]) {
    test(`anything happens (make sim SEED=${seed})`, async () => {
      const { breaches } = await runScenario(randomScenario(seededRandom(seed)), seed);
      assert.deepEqual(breaches, []);
    });
  }
});

test("the same seed plays the same story", async () => {
  const scenario = randomScenario(seededRandom(7));
  assert.deepEqual(await runScenario(scenario, 7), await runScenario(scenario, 7));
});

describe("control:", () => {
  for (const { scenario, seed, breaks } of controls) {
    test(`without ${scenario.without?.join(" and ") ?? ""} ${breaks.join(" and ")} does not hold when ${scenario.name}`, async () => {
      const { breaches } = await runScenario(scenario, seed, undefined, controlRestMs);
      for (const one of breaks) {
        const found = breaches.some((breach) => breach.startsWith(`${one}:`));
        assert.ok(found, breaches.join("; "));
      }
    });
  }
});
