/** Plays a scenario against a rig of real processes, lets everything come to rest, and judges what the hub holds. */
import { setTimeout as sleep } from "node:timers/promises";

import { judge, type Scenario, type ScenarioFault, type Verdict } from "@millwright/scenario";
import type { LossReason } from "@millwright/wire-contract";

import { gatewayId, type Rig } from "./rig.ts";
import { readHub } from "./stored-samples.ts";
import { waitFor } from "./wait-for.ts";

/**
 * How far the device's clock reading and a ledger range may differ: the way of a request, which on a machine with two
 * cores and ten processes takes tens of milliseconds.
 */
const slackUs = 200_000;
/** Longest back-off of the gateway's link (30 s) and a go-back (30 s) after the last fault, and some room. */
const restMsMax = 90_000;
/** An open claim grows for a while before it is told. */
const openClaimsMsMax = 15_000;
/** What a device that goes, or is asked too much, costs. */
const reasonsOfDevice: readonly LossReason[] = [
  "link lost",
  "device unreachable",
  "device overload",
];
/** For so long the gateway goes on publishing to a broker whose hub is away, and for so long again after a restart. */
const hubAwayMs = 2_000;

export interface Outcome {
  readonly verdict: Verdict;
  /** Of what is explained: not by the device, which the end of a run takes away, perhaps in the midst of an answer. */
  readonly explainedBeyondDevice: number;
  /** The hub's own account: samples that are neither stored nor explained. */
  readonly hubUnexplained: number;
}

/**
 * @param rig started, with values flowing
 * @param last one more thing that happens, after all faults
 */
export async function runScenario(
  scenario: Scenario,
  rig: Rig,
  last?: () => Promise<void>,
): Promise<Outcome> {
  const startMs = performance.now();
  const untilMs = (atMs: number): Promise<void> =>
    sleep(Math.max(0, startMs + atMs - performance.now()));
  for (const fault of scenario.faults.toSorted((a, b) => a.atMs - b.atMs)) {
    await untilMs(fault.atMs);
    await play(fault, rig);
  }
  await untilMs(scenario.forMs);
  await last?.();
  return await comeToRest(rig);
}

async function play(fault: ScenarioFault, rig: Rig): Promise<void> {
  switch (fault.kind) {
    case "kill":
      await rig.kill(fault.target);
      return;
    case "device-away":
      await rig.device.vanish();
      await sleep(fault.forMs);
      await rig.device.appear();
      return;
    case "broker-store-lost":
      await rig.loseBrokerStore(async () => {
        await sleep(hubAwayMs);
        // A planned restart writes down what may be let go, and the next start lets it go. Otherwise that takes a minute.
        await rig.stopGateway();
        await rig.startGateway();
        await sleep(hubAwayMs);
      });
      return;
    case "uplink-cut":
    case "clock-step":
    case "clock-unset":
    case "critical-refused":
    case "hub-restored":
    case "journal-restored":
    case "hardware-replaced":
    case "cloned":
    case "frame-damaged":
      throw new Error(`"${fault.kind}" is played on a simulated clock only (tests/sim)`);
  }
}

/**
 * Ends production and waits for rest: the gateway is connected and has nothing that the hub has not stored, so its marks have reached its heads. What
 * is missing then stays missing.
 */
export async function comeToRest(rig: Rig): Promise<Outcome> {
  // No more readings from here on: what was handed out has to find its place.
  await rig.device.vanish();
  await waitFor("all marks to reach their heads", restMsMax, async () => {
    const { hub, devices } = await rig.snapshot();
    // The loss of the device is the last entry to be sealed; before that "nothing waits" may be a moment too early.
    const noticed = devices.some(
      ({ device, state }) => device === rig.device.id && state !== "live",
    );
    if (noticed && hub.state === "in sync" && hub.waitingFrames === 0) return true;
    throw new Error(`${hub.state}, ${hub.waitingFrames} frames wait, device noticed: ${noticed}`);
  });
  // Its beat tells the hub so within a second; the hub's account then is of the same state.
  const hubUnexplained = await waitFor("the hub to see a gateway at rest", restMsMax, async () => {
    const row = await rig.row();
    if (row?.presence !== "reporting" || row.waitingSamples !== 0) return undefined;
    return { count: row.unexplained };
  });
  // A claim that is still open may follow the samples by some seconds.
  const endMs = performance.now() + openClaimsMsMax;
  for (;;) {
    const judged = await judgeHub(rig);
    if (judged.verdict.unexplained.length === 0 || performance.now() > endMs) {
      return { ...judged, hubUnexplained: hubUnexplained.count };
    }
    await sleep(500);
  }
}

async function judgeHub(rig: Rig): Promise<Omit<Outcome, "hubUnexplained">> {
  const { samples, entries } = await readHub(rig.hubData, gatewayId);
  // The gateway's own health is a device too, of which nobody else keeps a list.
  const ours = new Set(rig.device.tags);
  const stored = samples.filter(({ tag }) => ours.has(tag));
  const others = entries.filter(({ reason }) => !reasonsOfDevice.includes(reason));
  const { explained } = judge(rig.device.produced, stored, others, slackUs);
  return {
    verdict: judge(rig.device.produced, stored, entries, slackUs),
    explainedBeyondDevice: explained,
  };
}
