import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { closeSync, mkdirSync, openSync, rmSync, statSync, writeSync } from "node:fs";
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
const diskMebibytes = 32;

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

const onSmallDisk = async (
  t: TestContext,
  play: (rig: Rig, disk: string) => Promise<void>,
): Promise<void> => {
  const rig = await Rig.open(t, { tags: 5, everyMs: 100, commitEveryMs: 100 });
  const disk = join(rig.folder, "journal");
  mkdirSync(disk);
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${diskMebibytes}m`, "tmpfs", disk]);
  try {
    await rig.startHub();
    await rig.startGateway();
    await play(rig, disk);
  } catch (failure) {
    for (const line of rig.lines.slice(-60)) t.diagnostic(line);
    throw failure;
  } finally {
    await rig.stopGateway();
    execFileSync("umount", ["-l", disk]);
  }
};

async function produce(rig: Rig, readings: number): Promise<void> {
  const wanted = rig.device.produced.length + readings;
  await waitFor("readings", waitMsMax, () => rig.device.produced.length >= wanted);
}

const skip = leftOutWithoutRoot;
const whileItRuns =
  "a disk that somebody else has filled costs samples only while it is full, and the ledger says which";
test(whileItRuns, { skip }, async (t) => {
  await onSmallDisk(t, async (rig, disk) => {
    const ballast = join(disk, "ballast");
    await produce(rig, 100);
    fill(ballast);
    await waitFor("the gateway to say that its disk is full", waitMsMax, async () => {
      const { journal } = (await rig.gatewayAnswer("/api/counters")) as Counters;
      return journal.full;
    });
    rmSync(ballast);
    await produce(rig, 100);
    await judgeAtRest(t, rig);
  });
});

const atStart =
  "a gateway that is switched on while its disk is full begins, and goes on after a kill, with what was kept for it";
test(atStart, { skip }, async (t) => {
  await onSmallDisk(t, async (rig, disk) => {
    await reserveIsKept(rig, disk);
    await rig.stopGateway();
    fill(join(disk, "ballast"));
    await rig.startGateway();
    await produce(rig, 100);
    // Also what was let go of is somebody else's now.
    fill(join(disk, "more ballast"));
    await rig.kill("runtime");
    await produce(rig, 100);
    await rig.stopGateway();
    await rig.startGateway();
    await produce(rig, 100);
    rmSync(join(disk, "ballast"));
    rmSync(join(disk, "more ballast"));
    await produce(rig, 100);
    await judgeAtRest(t, rig);
    assert.deepEqual(rig.endedByThemselves, []);
    const restarted = rig.lines.filter((line) => line.includes("supervise.runtime-ended"));
    assert.equal(restarted.length, 1, "of the kill: a start needs no second one to find room");
    assert.ok(!rig.lines.some((line) => line.includes("buffer.journal-moved-aside")));
  });
});

test("control: without the reserve it does not begin", { skip }, async (t) => {
  await onSmallDisk(t, async (rig, disk) => {
    await reserveIsKept(rig, disk);
    await rig.stopGateway();
    rmSync(reserveOf(disk));
    fill(join(disk, "ballast"));
    await assert.rejects(rig.startGateway());
    rmSync(join(disk, "ballast"));
  });
});

const reserveOf = (disk: string): string => join(disk, "journal.reserve");

/** Of 2 GiB that a journal may take: half of what its log may have before it is folded. */
const reserveBytes = 4 * 2 ** 20;

async function reserveIsKept(rig: Rig, disk: string): Promise<void> {
  await produce(rig, 100);
  await waitFor("the reserve", waitMsMax, () => {
    const held = statSync(reserveOf(disk), { throwIfNoEntry: false })?.size;
    return held === reserveBytes;
  });
}

async function judgeAtRest(t: TestContext, rig: Rig): Promise<void> {
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
