/** What is really done to a gateway is what the hub concludes of its silence, from what the real broker saw. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test, type TestContext } from "node:test";

import type { Silence } from "@millwright/cloud-hub/silence-views";
import type { TimeLine } from "@millwright/cloud-hub/time-line-views";
import { HubCable } from "@millwright/launcher";

import { isRunning, kill } from "./processes.ts";
import { gatewayId, Rig } from "./rig.ts";
import { leftOutWhenShort } from "./short.ts";
import { waitFor } from "./wait-for.ts";

/** Half a minute of silence is told, and a minute after the last beat a broker gives up. */
const toldMsMax = 180_000;
const backMsMax = 120_000;

async function openRig(t: TestContext): Promise<{ readonly rig: Rig; readonly cable: HubCable }> {
  const rig = await Rig.open(t, { tags: 5, everyMs: 500, commitEveryMs: 100 });
  await rig.startHub();
  const { hostname, port } = new URL(rig.road.url);
  const cable = await HubCable.lay({ host: hostname, port: Number(port) });
  t.after(() => cable.remove());
  rig.gatewayFindsHubAt = `nats://127.0.0.1:${cable.port}`;
  await rig.startGateway();
  await heard(rig);
  return { rig, cable };
}

async function heard(rig: Rig): Promise<void> {
  await waitFor("the gateway is heard", backMsMax, async () => {
    return (await rig.row())?.presence === "reporting";
  });
}

/** Waits until the hub concludes it with this clue. */
async function concludes(rig: Rig, likely: string, clue: string): Promise<void> {
  let last = "nothing";
  const told = async (): Promise<boolean> => {
    const answer = await rig.hubAnswer(`/api/gateways/${gatewayId}/silence`);
    const { state, likely: causes, clues } = answer as Silence;
    last = `${state}, ${causes.join(" or ")}: ${clues.map(({ kind }) => kind).join(", ")}`;
    return causes.join(" or ") === likely && clues.some(({ kind }) => kind === clue);
  };
  await waitFor(`${likely}, because of ${clue}`, toldMsMax, told).catch((failure: unknown) => {
    throw new Error(`the hub said: ${last}`, { cause: failure });
  });
}

/** How the runs before each start had ended, the oldest first. */
async function endsBefore(rig: Rig): Promise<readonly string[]> {
  const line = await rig.hubAnswer(`/api/gateways/${gatewayId}/time-line`);
  const { entries } = line as TimeLine;
  return entries.flatMap((one) => (one.kind === "start" ? [one.after ?? "not known"] : []));
}

test("a cut cable, a killed gateway, another password and a stop are told apart", async (t) => {
  const { rig, cable } = await openRig(t);
  cable.pull();
  await concludes(rig, "network or power", "open");
  await concludes(rig, "network or power", "given up");
  cable.plug();
  await heard(rig);

  const credentials = rig.road.credentialsFile;
  const right = readFileSync(credentials, "utf8");
  writeFileSync(credentials, right.replace(/\n.+/, "\nan-old-password"));
  cable.reset();
  await concludes(rig, "credentials", "refused");
  writeFileSync(credentials, right);
  await heard(rig);

  const pids = await rig.letGoOfGateway();
  for (const pid of pids) kill(pid);
  await concludes(rig, "program", "closed");
  assert.ok(!pids.some(isRunning));
  await rig.startGateway();
  await heard(rig);

  await rig.stopGateway();
  await concludes(rig, "stopped", "said that it stops");
  await rig.startGateway();
  await heard(rig);
  assert.deepEqual(await endsBefore(rig), ["not known", "program", "stopped"]);
});

test(
  "a gateway that hears nothing of the broker closes its connection as one that ended, and its next ones are a doubt",
  { skip: leftOutWhenShort },
  async (t) => {
    const { rig, cable } = await openRig(t);
    cable.let({ hub: "open", gateway: "held" });
    await concludes(rig, "program or network", "nameless");
  },
);
