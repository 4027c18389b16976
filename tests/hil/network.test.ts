import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { seededRandom } from "@millwright/kit";
import { HubCable } from "@millwright/launcher";

import { Rig } from "./rig.ts";
import { comeToRest } from "./run-scenario.ts";
import { summaryOf } from "./summary.ts";
import { waitFor } from "./wait-for.ts";

/** What the promise is tested with; a short run plays each fault once and says so. */
const fullRounds = 40;
const seed = Number(process.env["SEED"] ?? randomInt(1_000_000));
const waitMsMax = 120_000;

type Fault = (cable: HubCable) => void;
/** What a network does; `plug` ends what lasts. */
const faults: Readonly<Record<string, Fault>> = {
  cut: (cable) => {
    cable.pull();
  },
  "nothing to the hub": (cable) => {
    cable.let({ hub: "held", gateway: "open" });
  },
  "nothing from the hub": (cable) => {
    cable.let({ hub: "open", gateway: "held" });
  },
  // A modem of 64 kbit/s with the delay of a satellite.
  slow: (cable) => {
    const line = { bytesPerS: 8_000, delayMs: 300 };
    cable.let({ hub: line, gateway: line });
  },
  reset: (cable) => {
    cable.reset();
  },
  "half-open": (cable) => {
    cable.forget();
  },
};
const names = Object.keys(faults);
const rounds = process.env["SHORT"] === "1" ? names.length : fullRounds;

test(`after ${rounds} of ${fullRounds} faults of the network every sample is stored once or explained (SEED=${seed})`, async (t) => {
  const random = seededRandom(seed);
  const rig = await Rig.open(t, { tags: 5, everyMs: 100, commitEveryMs: 100 });
  await rig.startHub();
  const { hostname, port } = new URL(rig.road.url);
  const cable = await HubCable.lay({ host: hostname, port: Number(port) });
  t.after(() => cable.remove());
  rig.gatewayFindsHubAt = `nats://127.0.0.1:${cable.port}`;
  await rig.startGateway();
  const stored = async (): Promise<unknown> => (await rig.snapshot()).hub.state === "in sync";
  await waitFor("the gateway at the hub", waitMsMax, stored);

  const played: string[] = [];
  for (let round = 0; round < rounds; round++) {
    // Each once, and then any.
    const name = names[round] ?? names[random.int(names.length)] ?? "cut";
    played.push(name);
    faults[name]?.(cable);
    await sleep(500 + random.int(2_500));
    cable.plug();
    await sleep(random.int(1_000));
  }
  t.diagnostic(`seed ${seed}: ${played.join(", ")}`);
  const { verdict, explainedBeyondDevice, hubUnexplained } = await comeToRest(rig).catch(
    (failure: unknown) => {
      for (const line of rig.lines.slice(-60)) t.diagnostic(line);
      throw failure;
    },
  );
  t.diagnostic(summaryOf(verdict));
  assert.deepEqual(verdict.unexplained, []);
  // By the device's own list: a poll that a starved machine did not come to was never handed out.
  assert.equal(explainedBeyondDevice, 0, "a network to the hub costs time and no sample");
  assert.deepEqual(verdict.doubled, []);
  assert.deepEqual(verdict.invented, []);
  assert.deepEqual(verdict.disordered, []);
  assert.equal(hubUnexplained, 0);
});
