import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";

import { LoopDisk, noLoopDisk } from "./loop-disk.ts";
import { Rig } from "./rig.ts";
import { comeToRest } from "./run-scenario.ts";
import { leftOutWhenShort } from "./short.ts";
import { summaryOf } from "./summary.ts";
import { waitFor } from "./wait-for.ts";

const waitMsMax = 180_000;

const title =
  "a disk whose writes and syncs fail ends the gateway, which says so, and what was lost until it is repaired stands in the ledger";
test(title, { skip: noLoopDisk() ?? leftOutWhenShort }, async (t) => {
  const rig = await Rig.open(t, { tags: 5, everyMs: 100, commitEveryMs: 100 });
  const disk = LoopDisk.make(join(rig.folder, "journal"), join(rig.folder, "disk"), {
    // The file system believes in more than there is, as on a card of less than its label says.
    mebibytes: 64,
    mediumMebibytes: 16,
  });
  const produce = async (readings: number): Promise<void> => {
    const wanted = rig.device.produced.length + readings;
    await waitFor("readings", waitMsMax, () => rig.device.produced.length >= wanted);
  };
  const said = (text: string): boolean => rig.lines.some((line) => line.includes(text));
  try {
    await rig.startHub();
    await rig.startGateway();
    await produce(150);
    disk.takesNothing();
    await waitFor("the runtime to end because of its disk", waitMsMax, () => said('"code":3'));
    assert.ok(said("it refused to write"), "the person is told to look at the disk");
    await rig.stopGateway();
    disk.takesAgain();
    disk.repair();
    await rig.startGateway();
    await produce(150);
    const { verdict, hubUnexplained } = await comeToRest(rig);
    t.diagnostic(summaryOf(verdict));
    assert.deepEqual(verdict.unexplained, []);
    assert.deepEqual(verdict.doubled, []);
    assert.deepEqual(verdict.invented, []);
    assert.deepEqual(verdict.disordered, []);
    assert.equal(hubUnexplained, 0);
  } catch (failure) {
    for (const line of rig.lines.slice(-80)) t.diagnostic(line);
    throw failure;
  } finally {
    await rig.stopGateway();
    disk.remove();
  }
});
