import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { seededRandom, systemClock } from "@millwright/kit";

import { LoopDisk, noLoopDisk } from "./loop-disk.ts";
import { isRunning, kill } from "./processes.ts";
import { gatewayId, Rig } from "./rig.ts";
import { comeToRest, type Outcome } from "./run-scenario.ts";
import { leftOutWhenShort } from "./short.ts";
import { readHub } from "./stored-samples.ts";
import { summaryOf } from "./summary.ts";
import { waitFor } from "./wait-for.ts";

const waitMsMax = 90_000;
/** What the promise is tested with. */
const cuts = 20;
const seed = Number(process.env["SEED"] ?? randomInt(1_000_000));
/** Between two cuts: three seconds of five tags, ten times a second, so that some dozens of commits are at stake. */
const readingsPerCut = 150;
/** Samples that are no readings of the device, which say that it was away: one of each tag at a start, and room. */
const othersMax = 25;

/** Of `GET /api/counters`. */
interface Counters {
  readonly journal: { readonly sent: number };
  readonly devices: readonly { readonly device: string; readonly read: number }[];
}

interface PowerCuts extends Outcome {
  /** Readings that the gateway had called committed, and that the hub does not have. */
  readonly lostThoughCommitted: number;
  readonly committed: number;
}

/** The hub is away, so that nothing is safe but by the gateway's own disk. */
async function play(t: TestContext, count: number, ignoresSync: boolean): Promise<PowerCuts> {
  const rig = await Rig.open(t, { tags: 5, everyMs: 100, commitEveryMs: 100 });
  const random = seededRandom(seed);
  const disk = LoopDisk.make(join(rig.folder, "journal"), join(rig.folder, "disk"), {
    mebibytes: 64,
    ignoresSync,
  });
  try {
    // Once there and gone again, so that address and password exist.
    await rig.startHub();
    await rig.stopHub();
    await rig.startGateway();
    const committed = new Set<string>();
    const cutsUs: number[] = [];
    let since = 0;
    for (let cut = 0; cut < count; cut++) {
      await waitFor("readings", waitMsMax, async () => {
        const known = await committedOf(rig);
        return known >= readingsPerCut && rig.device.produced.length - since >= readingsPerCut;
      });
      await sleep(random.int(300));
      const known = await committedOf(rig);
      for (const { tag, value } of rig.device.produced.slice(since, since + known)) {
        committed.add(`${tag}=${value}`);
      }
      const pids = await rig.letGoOfGateway();
      for (const pid of pids) process.kill(pid, "SIGSTOP");
      cutsUs.push(systemClock.nowUs());
      const medium = disk.read();
      for (const pid of pids) kill(pid);
      for (const pid of pids) {
        await waitFor("the end of the gateway", waitMsMax, () => !isRunning(pid));
      }
      disk.cameBackWith(medium);
      since = rig.device.produced.length;
      await rig.startGateway();
    }
    await rig.startHub();
    const outcome = await comeToRest(rig).catch((failure: unknown) => {
      for (const line of rig.lines.slice(-60)) t.diagnostic(line);
      throw failure;
    });
    const { samples, entries } = await readHub(rig.hubData, gatewayId);
    const stored = new Set(samples.map(({ tag, value }) => `${tag}=${value}`));
    const lost = [...committed].filter((reading) => !stored.has(reading));
    for (const { tag, value, atUs } of outcome.verdict.unexplained) {
      t.diagnostic(`unexplained: ${tag} = ${value} at ${atUs}; cuts at ${cutsUs.join(", ")}`);
    }
    if (outcome.verdict.unexplained.length > 0) t.diagnostic(JSON.stringify(entries));
    t.diagnostic(
      `seed ${seed}: ${committed.size} were committed before a cut; ${summaryOf(outcome.verdict)}`,
    );
    return { ...outcome, lostThoughCommitted: lost.length, committed: committed.size };
  } finally {
    await rig.stopGateway();
    disk.remove();
  }
}

/** How many of the device's readings this run of the gateway has committed, in their order; rather too few. */
async function committedOf(rig: Rig): Promise<number> {
  const { journal, devices } = (await rig.gatewayAnswer("/api/counters")) as Counters;
  const others = devices
    .filter(({ device }) => device !== rig.device.id)
    .reduce((sum, { read }) => sum + read, 0);
  return Math.max(0, journal.sent - others - othersMax);
}

// Its count of what was committed before a cut is not exact yet on a busy machine: see the fault table in README.md.
const skip = noLoopDisk() ?? leftOutWhenShort;

test(
  `after ${cuts} power cuts of a gateway all that it had committed is there, and the rest in the ledger (SEED=${seed})`,
  { skip },
  async (t) => {
    const { verdict, hubUnexplained, lostThoughCommitted, committed } = await play(t, cuts, false);
    assert.ok(committed > 0, "there was something to lose");
    assert.equal(lostThoughCommitted, 0);
    assert.deepEqual(verdict.unexplained, []);
    assert.deepEqual(verdict.doubled, []);
    assert.deepEqual(verdict.invented, []);
    assert.deepEqual(verdict.disordered, []);
    assert.equal(hubUnexplained, 0);
  },
);

test(
  "a power cut costs committed samples when nothing is synced (control)",
  { skip },
  async (t) => {
    const { lostThoughCommitted } = await play(t, 1, true);
    assert.ok(
      lostThoughCommitted > 0,
      "without the sync samples must be lost, or the test shows nothing",
    );
  },
);
