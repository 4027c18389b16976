import assert from "node:assert/strict";
import { test } from "node:test";

import { severityOf } from "@millwright/wire-contract";

import { CounterDevice } from "./counter-device.ts";
import { Rig } from "./rig.ts";
import { comeToRest } from "./run-scenario.ts";
import { summaryOf } from "./summary.ts";
import { waitFor } from "./wait-for.ts";

const small = { tags: 5, everyMs: 100, commitEveryMs: 100 } as const;
/** Longest back-off of a device or of the link, and some room on a busy machine. */
const foundMsMax = 90_000;

test("a device that is absent at the start does not hold up the others, and is found when it appears", async (t) => {
  const late = new CounterDevice("device-2", 2);
  // Takes its port and leaves it: that is where the settings say that it is.
  await late.appear();
  await late.vanish();
  const rig = await Rig.open(t, { ...small, moreDevices: [late] });
  t.after(() => late.vanish());
  await rig.startGateway();

  const stateOf = async (id: string): Promise<{ state: string; good: number; bad: number }> => {
    const { devices, values } = await rig.snapshot();
    const severities = values
      .filter(({ t: tag }) => tag.startsWith(`${id}/`))
      .map(({ s }) => severityOf(s));
    return {
      state: devices.find(({ device }) => device === id)?.state ?? "",
      good: severities.filter((severity) => severity === "good").length,
      bad: severities.filter((severity) => severity === "bad").length,
    };
  };
  await waitFor("the first device live, the second down", foundMsMax, async () => {
    const first = await stateOf("device-1");
    const second = await stateOf("device-2");
    if (first.state === "live" && first.good === 5 && second.state === "down" && second.bad === 2) {
      return true;
    }
    throw new Error(JSON.stringify({ first, second }));
  });

  await late.appear();
  await waitFor("the second device live", foundMsMax, async () => {
    const second = await stateOf("device-2");
    if (second.state === "live" && second.good === 2) return true;
    throw new Error(JSON.stringify(second));
  });
});

test("with the hub absent at the start the HMI works and frames wait, and then they drain", async (t) => {
  const rig = await Rig.open(t, small);
  // Once there and gone again, so that address and password exist.
  await rig.startHub();
  await rig.stopHub();
  await rig.startGateway();
  const alone = await waitFor("values on the HMI and frames that wait", foundMsMax, async () => {
    const snapshot = await rig.snapshot();
    const live = snapshot.devices.some(
      ({ device, state }) => device === rig.device.id && state === "live",
    );
    return live && snapshot.hub.waitingFrames >= 10 ? snapshot : undefined;
  });
  assert.equal(alone.hub.state, "unreachable");
  assert.equal(
    alone.values.filter(({ t: tag }) => rig.device.tags.includes(tag)).length,
    small.tags,
  );

  await rig.startHub();
  const { verdict, hubUnexplained } = await comeToRest(rig);
  t.diagnostic(summaryOf(verdict));
  assert.deepEqual(verdict.unexplained, []);
  assert.deepEqual(verdict.doubled, []);
  assert.deepEqual(verdict.invented, []);
  assert.deepEqual(verdict.disordered, []);
  assert.equal(hubUnexplained, 0);
});
