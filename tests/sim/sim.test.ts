import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { seededRandom } from "@millwright/kit";
import { randomKills, scenarios } from "@millwright/scenario";

import { randomScenario } from "./random-scenario.ts";
import { runScenario } from "./run-scenario.ts";

const seeds = 20;

describe("every sample is stored once and in order, or explained, when", () => {
  for (const scenario of scenarios) {
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

  for (let seed = 1; seed <= seeds; seed++) {
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

test("control: releasing on the broker's word loses what the broker forgets", async () => {
  const scenario = scenarios.find(({ faults }) =>
    faults.some(({ kind }) => kind === "broker-store-lost"),
  );
  assert.ok(scenario !== undefined);
  for (let seed = 1; seed <= 3; seed++) {
    const outcome = await runScenario({ ...scenario, without: ["release-below-mark"] }, seed);
    assert.ok(
      outcome.breaches.some((breach) => breach.startsWith("N4")),
      `seed ${seed}: ${outcome.breaches.join("; ")}`,
    );
  }
});
