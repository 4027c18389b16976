import assert from "node:assert/strict";
import { test } from "node:test";

import type { Scenario } from "@millwright/scenario";

import { controlRestMs } from "./controls.ts";
import { runScenario } from "./run-scenario.ts";

const hourMs = 3_600_000;

/** Room for some two hours, of which the running one is needed, and nobody to take anything for longer than that. */
const outage: Scenario = {
  name: "the uplink is out for longer than the journal has room",
  topology: {
    gateways: 1,
    tagsPerGateway: 20,
    everyMs: 5_000,
    commitEveryMs: 20_000,
    journalBytesMax: 9 * 2 ** 16,
  },
  lookEveryMs: 20_000,
  forMs: 3.5 * hourMs,
  faults: [{ kind: "uplink-cut", atMs: 60_000, forMs: 3.5 * hourMs - 300_000 }],
};

test("an outage for longer than there is room costs only what the ledger has, and the hub gets the rest", async () => {
  const { breaches, verdict } = await runScenario(outage, 1);
  assert.deepEqual(breaches, []);
  assert.ok(verdict.explained > 1_000, `${verdict.explained} samples are let go`);
  assert.ok(verdict.stored > 1_000, `${verdict.stored} samples are stored`);
});

test("control: without the claims of what is thinned N1 does not hold", async () => {
  const control: Scenario = { ...outage, without: ["claim-thinned"] };
  const { breaches } = await runScenario(control, 1, undefined, controlRestMs);
  assert.ok(
    breaches.some((breach) => breach.startsWith("N1")),
    breaches.join("; "),
  );
});
