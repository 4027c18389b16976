import assert from "node:assert/strict";
import { test } from "node:test";

import { seededRandom } from "@millwright/kit";
import { parseFrame } from "@millwright/wire-contract";

import type { JournalCore } from "../journal.ts";
import { batchOf, markOf, newRig, tag } from "../test-rig.ts";
import { forecast, rehearse, type BufferFill } from "./buffer-clock.ts";

const fill: BufferFill = {
  usedBytes: 40_000,
  chunkBytes: 20_000,
  thinAboveBytes: 100_000,
  refuseAboveBytes: 110_000,
  frameBytesPerS: 4,
  chunkBytesPerS: 2,
  rollupBytesPerS: 0,
  unsafeS: 0,
  marginS: 0,
};
const all = { exposesInS: Infinity, refusesInS: Infinity, marginS: 0 };

test("history is thinned when all is full, and what waits goes when it fills it alone", () => {
  assert.deepEqual(forecast(fill), { ...all, thinsInS: 10_000, shedsInS: 18_200 });
});

test("a rehearsal says how much would be thinned and how much would not reach the hub", () => {
  assert.deepEqual(rehearse(fill, 15_000), {
    ...all,
    outageS: 15_000,
    thinsInS: 10_000,
    shedsInS: 18_200,
    thinnedBytes: 30_000,
    shedS: 0,
    refusedS: 0,
  });
  assert.equal(rehearse(fill, 26_000).shedS, 7_800);
});

test("a gateway to which nothing comes has room for ever", () => {
  const idle = { ...fill, frameBytesPerS: 0, chunkBytesPerS: 0 };
  assert.deepEqual(forecast(idle), { ...all, thinsInS: Infinity, shedsInS: Infinity });
});

test("what no backup of the hub holds goes before what it has not stored, and the clock says when", () => {
  const held = { ...fill, unsafeS: 1_000, marginS: 50_000 };
  assert.deepEqual(forecast(held), {
    thinsInS: 10_000,
    exposesInS: 18_200,
    shedsInS: 19_200,
    refusesInS: Infinity,
    marginS: 50_000,
  });
});

test("samples are refused where the hour that is not over does not fit, and only there", () => {
  const fast = { ...fill, frameBytesPerS: 30, chunkBytesPerS: 10 };
  assert.equal(forecast(fast).refusesInS, 2_750);
  assert.equal(rehearse(fast, 3_000).refusedS, 250);
});

test("a gateway holds what is stored and not safe, counts it, and lets it go with the next backup", async (context) => {
  const rig = newRig(context);
  const journal = rig.open();
  await journal.adoptTags([tag("t1")]);
  for (let second = 0; second < 100; second++) {
    journal.append(batchOf([second], rig.clock.nowUs()));
    await rig.clock.advance(1_000);
    await journal.commit();
  }
  const frames = await journal.outbox.framesAfter(journal.epoch, "live", 0, Infinity);
  const last = frames.at(-1);
  assert.ok(last !== undefined);
  const head = parseFrame(last.bytes);
  assert.ok(head.kind === "frame");
  await journal.outbox.take(markOf(last, last.seq, head.head.chain, 0));
  await rig.clock.advance(100_000);
  await journal.commit();
  const { marginS, exposesInS } = await journal.buffer();
  assert.ok(marginS > 190 && marginS <= 200, `${marginS} s since the backup`);
  assert.ok(Number.isFinite(exposesInS));
  await journal.outbox.take(markOf(last, last.seq, head.head.chain, last.seq));
  await rig.clock.advance(20_000);
  await journal.commit();
  const safe = await journal.buffer();
  assert.deepEqual([safe.marginS, safe.exposesInS], [0, Infinity]);
});

test("the forecast of a real fill is right within a tenth", async (context) => {
  const rig = newRig(context);
  const journal = rig.open({ bytesMax: 4 * 2 ** 20, commitEveryMs: 3_600_000 });
  await journal.adoptTags([tag("t1")]);
  const random = seededRandom("fill");
  const { clock } = rig;
  let shedsAtS: number | undefined;
  let second = 0;
  for (; second < 100_000; second += 100) {
    const values = Array.from({ length: 600 }, () => random.next());
    const times = Float64Array.from(values, (_value, at) => clock.nowUs() + at * 100_000);
    assert.ok(journal.append({ ...batchOf(values, 0), measuredUs: times }));
    await clock.advance(100_000);
    await journal.commit();
    // A tenth of the way, with nobody to take anything.
    if (second === 3_000) shedsAtS = second + 100 + (await journal.buffer()).shedsInS;
    if (second > 3_000 && (await hasShed(journal))) break;
  }
  assert.ok(shedsAtS !== undefined);
  const away = Math.abs(shedsAtS - second) / second;
  assert.ok(away < 0.1, `forecast ${shedsAtS.toFixed(0)} s, let go after ${second} s`);
});

/** Whether the oldest of what waits is a void. */
async function hasShed({ outbox }: JournalCore): Promise<boolean> {
  for (const { epoch, lane, baseSeq } of await outbox.lanes()) {
    const [first] = await outbox.framesAfter(epoch, lane, baseSeq, 1);
    const frame = first === undefined ? undefined : parseFrame(first.bytes);
    if (frame?.kind === "frame" && frame.head.content === "void") return true;
  }
  return false;
}
