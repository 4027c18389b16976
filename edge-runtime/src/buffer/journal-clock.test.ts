import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";

import { batchOf, device, newRig, tag, type Rig } from "./test-rig.ts";

const hourUs = 3_600_000_000;

/** One sample is committed and one is in memory when the gateway is killed; answers the time of the second. */
async function killedWithOneInMemory(
  context: TestContext,
  steps: { readonly beforeCommit?: number; readonly afterCommit?: number },
): Promise<{ rig: Rig; lostUs: number; fromUs: number; toUs: number }> {
  const rig = newRig(context);
  const journal = rig.open();
  await journal.adoptTags([tag("t1")]);
  await rig.clock.advance(2_000);
  rig.clock.stepWall(steps.beforeCommit ?? 0);
  await rig.clock.advance(2_000);
  assert(journal.append(batchOf([1], rig.clock.nowUs())));
  await journal.commit();
  rig.clock.stepWall(steps.afterCommit ?? 0);
  await rig.clock.advance(500);
  const lostUs = rig.clock.nowUs();
  assert(journal.append(batchOf([2], lostUs)));
  await journal.abandon();
  await rig.clock.advance(3_000);
  const again = rig.open();
  const [claim] = await again.gaps({ device }, -Infinity, Infinity);
  assert.equal(claim?.reason, "gateway down");
  return { rig, lostUs, fromUs: claim.fromUs, toUs: claim.toUs };
}

test("what a kill takes is claimed although the clock was set back since the dictionary was sealed", async (context) => {
  const { rig, lostUs, fromUs, toUs } = await killedWithOneInMemory(context, {
    beforeCommit: -hourUs,
  });
  assert(fromUs <= lostUs && lostUs <= toUs);
  assert.equal(toUs, rig.clock.nowUs());
});

test("what a kill takes is claimed although the clock was set back since the last commit", async (context) => {
  const { lostUs, fromUs, toUs } = await killedWithOneInMemory(context, { afterCommit: -hourUs });
  assert(fromUs <= lostUs && lostUs <= toUs);
});

test("what a kill takes is claimed although the clock was set forward", async (context) => {
  const { lostUs, fromUs, toUs } = await killedWithOneInMemory(context, { afterCommit: hourUs });
  assert(fromUs <= lostUs && lostUs <= toUs);
});
