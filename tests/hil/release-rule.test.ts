import assert from "node:assert/strict";
import { join } from "node:path";
import { test, type TestContext } from "node:test";

import type { Scenario } from "@millwright/scenario";

import { Rig } from "./rig.ts";
import { runScenario, type Outcome } from "./run-scenario.ts";
import { summaryOf } from "./summary.ts";

const storeLost: Scenario = {
  name: "the broker forgets all it stored while the hub is away",
  topology: { gateways: 1, tagsPerGateway: 5, everyMs: 100, commitEveryMs: 100 },
  forMs: 7_000,
  faults: [{ kind: "broker-store-lost", atMs: 2_000 }],
};

/** The gateway is stopped once, perhaps between a device's answer and its arrival. */
const onePoll = storeLost.topology.tagsPerGateway;

async function playStoreLost(t: TestContext, gatewayProgram?: string): Promise<Outcome> {
  const { tagsPerGateway, everyMs, commitEveryMs } = storeLost.topology;
  const rig = await Rig.open(t, {
    tags: tagsPerGateway,
    everyMs,
    commitEveryMs,
    // What the journal keeps for charts could be sent again; the rule has to hold on a gateway without that luxury.
    keepRawHours: 1 / 7_200,
    ...(gatewayProgram === undefined ? {} : { gatewayProgram }),
  });
  await rig.startHub();
  await rig.startGateway();
  const outcome = await runScenario(storeLost, rig);
  t.diagnostic(summaryOf(outcome.verdict));
  return outcome;
}

test("a broker that forgets all it stored while the hub is away costs no sample", async (t) => {
  const { verdict, explainedBeyondDevice, hubUnexplained } = await playStoreLost(t);
  assert.deepEqual(verdict.unexplained, []);
  assert.ok(explainedBeyondDevice <= onePoll, "not explained away either");
  assert.deepEqual(verdict.doubled, []);
  assert.deepEqual(verdict.invented, []);
  assert.deepEqual(verdict.disordered, []);
  assert.equal(hubUnexplained, 0);
});

test("the same run loses samples when frames are released on the broker's ack (control)", async (t) => {
  const { verdict } = await playStoreLost(t, join(import.meta.dirname, "gateway-trusting-acks.ts"));
  // A gateway that comes to see what it has let go says so in its ledger: lost all the same.
  const missing = verdict.explained + verdict.unexplained.length;
  assert.ok(missing > onePoll, "without the rule samples must be lost, or the test shows nothing");
});
