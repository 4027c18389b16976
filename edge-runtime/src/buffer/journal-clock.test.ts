import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";

import { decodeClock, parseFrame } from "@millwright/wire-contract";

import { batchOf, device, framesOf, newRig, tag, type Rig } from "./test-rig.ts";

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

test("what was in memory when the clock had been set back is on disk at once, not with the next commit", async (context) => {
  const rig = newRig(context);
  const journal = rig.open({ commitEveryMs: 60_000 });
  await journal.adoptTags([tag("t1")]);
  assert(journal.append(batchOf([1], rig.clock.nowUs())));
  await rig.clock.advance(1_000);
  rig.clock.stepWall(-hourUs);
  assert(journal.append(batchOf([2], rig.clock.nowUs())));
  await rig.clock.advance(100);
  assert.equal(journal.counters().inMemory, 0);
});

test("a gateway whose clock is set after an hour tells what was stamped before by how much it was wrong", async (context) => {
  const rig = newRig(context);
  const state = { set: false };
  const journal = rig.open({ clockIsSet: () => state.set });
  await journal.adoptTags([tag("t1")]);
  const stampedUs = rig.clock.nowUs();
  assert(journal.append(batchOf([1], stampedUs)));
  await journal.commit();
  await rig.clock.advance(3_600_000);
  rig.clock.stepWall(12 * hourUs);
  state.set = true;
  assert(journal.append(batchOf([2], rig.clock.nowUs())));
  await journal.commit();

  const frames = (await framesOf(journal, "critical")).map(({ bytes }) => parseFrame(bytes));
  const records = frames.flatMap((frame) => {
    if (frame.kind !== "frame" || frame.head.content !== "clock") return [];
    const record = decodeClock(frame.body);
    return "kind" in record ? [] : [record];
  });
  await journal.sealOpen();
  // By the new clock the first frame has waited for half a day, so what follows it is history.
  const told = [...(await framesOf(journal, "live")), ...(await framesOf(journal, "history"))];
  const [before, after] = told.flatMap(({ bytes }) => {
    const frame = parseFrame(bytes);
    return frame.kind === "frame" ? [frame.head.clock] : [];
  });
  assert.deepEqual(
    records.map(({ segment, cause, offsetUs, disciplined }) => [
      segment,
      cause,
      offsetUs,
      disciplined,
    ]),
    [
      [before?.segment, "started", 0, false],
      [after?.segment, "stepped", 0, true],
      [before?.segment, undefined, 12 * hourUs, true],
    ],
  );
  assert.deepEqual(after, { segment: after?.segment, disciplined: true, offsetUs: 0 });
});

test("a frame that is sealed after the correction is known repeats it", async (context) => {
  const rig = newRig(context);
  const state = { set: false };
  const journal = rig.open({ clockIsSet: () => state.set });
  await journal.adoptTags([
    tag("t1", { telling: { rule: "dead-band", error: 1, heartbeatMs: 0 } }),
  ]);
  assert(journal.append(batchOf([1], rig.clock.nowUs())));
  rig.clock.stepWall(-hourUs);
  state.set = true;
  assert(journal.append(batchOf([2], rig.clock.nowUs())));
  await journal.sealOpen();
  const heads = (await framesOf(journal, "live")).flatMap(({ bytes }) => {
    const frame = parseFrame(bytes);
    return frame.kind === "frame" ? [frame.head.clock] : [];
  });
  assert.deepEqual(
    heads.map(({ disciplined, offsetUs }) => [disciplined, offsetUs]),
    [
      [false, -hourUs],
      [true, 0],
    ],
  );
});

test("a hub that is new is told what is known of each clock segment, also those of runs before", async (context) => {
  const rig = newRig(context);
  const first = rig.open();
  await first.adoptTags([tag("t1")]);
  assert(first.append(batchOf([1], rig.clock.nowUs())));
  await first.close();
  const again = rig.open();
  await again.adoptTags([tag("t1")]);
  assert(again.append(batchOf([2], rig.clock.nowUs())));
  await again.commit();
  await again.outbox.agree("another hub");
  const told = (await framesOf(again, "critical")).flatMap(({ bytes }) => {
    const frame = parseFrame(bytes);
    if (frame.kind !== "frame" || frame.head.content !== "clock") return [];
    const record = decodeClock(frame.body);
    return "kind" in record ? [] : [record.segment];
  });
  // Once when it began, and both once more.
  assert.equal(told.length, 3);
  assert.equal(new Set(told).size, 2);
});
