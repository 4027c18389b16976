import assert from "node:assert/strict";
import { join } from "node:path";
import { test, type TestContext } from "node:test";

import { programs } from "@millwright/launcher";

import { command } from "./command.ts";
import { countHistory, type HistoryCount } from "./history-once.ts";
import { Rig } from "./rig.ts";
import { comeToRest, type Outcome } from "./run-scenario.ts";
import { leftOutWhenShort } from "./short.ts";
import { summaryOf } from "./summary.ts";
import { waitFor } from "./wait-for.ts";

const waitMsMax = 90_000;
const someReadings = 150;

async function produce(rig: Rig, readings: number): Promise<void> {
  const wanted = rig.device.produced.length + readings;
  await waitFor("readings", waitMsMax, () => rig.device.produced.length >= wanted);
}

/**
 * A backup of a gateway that runs, more samples, the loss of its disk, and a restore from the backup.
 *
 * @param hubAway the hub does not hear what comes after the backup
 */
async function playRestore(
  t: TestContext,
  hubAway: boolean,
): Promise<Outcome & { readonly history: HistoryCount }> {
  const rig = await Rig.open(t, {
    ...{ tags: 5, everyMs: 100, commitEveryMs: 100 },
    hub: { history: { sortEveryMin: 0.02 } },
  });
  await rig.startHub();
  await rig.startGateway();
  await produce(rig, someReadings);
  const backups = join(rig.folder, "backups");
  const said = await command(
    ...[programs.edge, "backup", "--settings", rig.gatewaySettings, "--to", backups],
  );
  t.diagnostic(said.trim());
  if (hubAway) await rig.stopHub();
  await produce(rig, someReadings);
  if (!hubAway) {
    await waitFor("the hub to have nearly all", waitMsMax, async () => {
      const { hub } = await rig.snapshot();
      return hub.state === "in sync" && hub.waitingFrames < 10;
    });
  }
  await rig.stopGateway();
  const restored = await command(
    ...[programs.edge, "restore", "--settings", rig.gatewaySettings, "--from", backups],
  );
  t.diagnostic(restored.trim());
  if (hubAway) await rig.startHub();
  await rig.startGateway();
  await produce(rig, someReadings);
  const outcome = await comeToRest(rig).catch((failure: unknown) => {
    for (const line of rig.lines.slice(-60)) t.diagnostic(line);
    throw failure;
  });
  const history = await countHistory(rig);
  t.diagnostic(summaryOf(outcome.verdict));
  t.diagnostic(
    `${history.inFrames} in frames, ${history.different} different, ${history.inHistory} in history`,
  );
  return { ...outcome, history };
}

test("a gateway that was restored from a backup goes on: what the hub has had since is there once", async (t) => {
  const { verdict, hubUnexplained, history } = await playRestore(t, false);
  assert.deepEqual(verdict.unexplained, []);
  assert.equal(history.inHistory, history.different, "each sample once");
  assert.deepEqual(verdict.invented, []);
  assert.deepEqual(verdict.disordered, []);
  assert.equal(hubUnexplained, 0);
  // What was on the road or in memory when the disk was lost; the rest the hub had.
  assert.ok(verdict.explained < someReadings, `${verdict.explained} lost`);
});

const longPlay = { skip: leftOutWhenShort };
test(
  "what only the lost disk held is gone, and the ledger of the restored gateway says so",
  longPlay,
  async (t) => {
    const { verdict, hubUnexplained, history } = await playRestore(t, true);
    assert.ok(verdict.explained >= someReadings, "most of what came after the backup was lost");
    assert.deepEqual(verdict.unexplained, []);
    assert.equal(history.inHistory, history.different, "each sample once");
    assert.deepEqual(verdict.invented, []);
    assert.deepEqual(verdict.disordered, []);
    assert.equal(hubUnexplained, 0);
  },
);
