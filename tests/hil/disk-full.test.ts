import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";

import { gatewayId, Rig } from "./rig.ts";
import { comeToRest } from "./run-scenario.ts";
import { leftOutWithoutRoot } from "./short.ts";
import { readHub } from "./stored-samples.ts";
import { summaryOf } from "./summary.ts";
import { waitFor } from "./wait-for.ts";

const waitMsMax = 90_000;
/** Of `GET /api/counters`. */
interface Counters {
  readonly journal: { readonly full: boolean };
}

/** Small, so that what fills it does not cost the machine its memory. */
const diskMebibytes = 16;

/** Somebody else's file takes all the room that is left. */
function fill(file: string): void {
  const handle = openSync(file, "w");
  try {
    for (const size of [2 ** 16, 512]) {
      const block = Buffer.alloc(size);
      try {
        // Bounded by the disk, which has this many blocks at most.
        for (let at = 0; at < (diskMebibytes * 2 ** 20) / size; at++) writeSync(handle, block);
      } catch (failure) {
        if (!(failure instanceof Error && "code" in failure && failure.code === "ENOSPC"))
          throw failure;
      }
    }
  } finally {
    closeSync(handle);
  }
}

const title =
  "a disk that somebody else has filled costs samples only while it is full, and the ledger says which";
test(title, { skip: leftOutWithoutRoot }, async (t) => {
  const rig = await Rig.open(t, { tags: 5, everyMs: 100, commitEveryMs: 100 });
  const disk = join(rig.folder, "journal");
  mkdirSync(disk);
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${diskMebibytes}m`, "tmpfs", disk]);
  try {
    await playFullDisk(t, rig, join(disk, "ballast"));
  } catch (failure) {
    for (const line of rig.lines.slice(-60)) t.diagnostic(line);
    throw failure;
  } finally {
    await rig.stopGateway();
    execFileSync("umount", ["-l", disk]);
  }
});

async function playFullDisk(t: TestContext, rig: Rig, ballast: string): Promise<void> {
  await rig.startHub();
  await rig.startGateway();
  const produce = async (readings: number): Promise<void> => {
    const wanted = rig.device.produced.length + readings;
    await waitFor("readings", waitMsMax, () => rig.device.produced.length >= wanted);
  };
  await produce(100);
  fill(ballast);
  await waitFor("the gateway to say that its disk is full", waitMsMax, async () => {
    const { journal } = (await rig.gatewayAnswer("/api/counters")) as Counters;
    return journal.full;
  });
  rmSync(ballast);
  await produce(100);
  const { verdict, hubUnexplained } = await comeToRest(rig);
  t.diagnostic(summaryOf(verdict));
  t.diagnostic(`ended by themselves: ${rig.endedByThemselves.join(", ") || "none"}`);
  if (verdict.unexplained.length > 0) {
    const { entries } = await readHub(rig.hubData, gatewayId);
    for (const { tag, value, atUs } of verdict.unexplained) {
      t.diagnostic(`unexplained: ${tag} = ${value} at ${atUs}`);
    }
    t.diagnostic(JSON.stringify(entries));
  }
  assert.deepEqual(verdict.unexplained, []);
  assert.deepEqual(verdict.doubled, []);
  assert.deepEqual(verdict.invented, []);
  assert.deepEqual(verdict.disordered, []);
  assert.equal(hubUnexplained, 0);
}
