import assert from "node:assert/strict";
import { test } from "node:test";

import { PlayedClock } from "@millwright/kit";
import {
  decodeDictionary,
  decodeLedger,
  decodeSamples,
  decodeStarts,
  fitsChain,
  parseFrame,
  type FrameHead,
} from "@millwright/wire-contract";

import type { Loss, OutboxFrame, SampleBatch } from "../hand-over.ts";
import { keep } from "./keep.ts";
import { refusalOf } from "./refusal.ts";
import { batchOf, device, framesOf, laneOf, markOf, newRig, tag } from "./test-rig.ts";

function parsed(frame: OutboxFrame): { head: FrameHead; body: Uint8Array; contentCrc: number } {
  const whole = parseFrame(frame.bytes);
  assert(whole.kind === "frame", "frames in the outbox are whole");
  return whole;
}

test("a sample is settled only after the commit that holds it", async (context) => {
  const rig = newRig(context);
  const journal = rig.open();
  await journal.adoptTags([tag("t1")]);
  let settled = 0;
  const settle = (): Promise<void> => {
    settled++;
    return Promise.resolve();
  };
  assert(journal.append(batchOf([0], rig.clock.nowUs())));
  await journal.commit();
  assert(journal.append(batchOf([1, 2], rig.clock.nowUs(), { settle })));
  await rig.clock.advance(900);
  assert.equal(settled, 0);
  assert.equal(journal.counters().inMemory, 2);
  await rig.clock.advance(200);
  assert.equal(settled, 1);
  assert.deepEqual(
    [journal.counters().sent, journal.counters().inMemory, journal.counters().unexplained],
    [3, 0, 0],
  );
});

test("the first samples of a device are on disk soon, although others have filled the last commit", async (context) => {
  const rig = newRig(context);
  const journal = rig.open();
  await journal.adoptTags([tag("t1")]);
  journal.append({ ...batchOf([0], rig.clock.nowUs()), device: "other" as typeof device });
  await journal.commit();
  assert(journal.append(batchOf([1, 2], rig.clock.nowUs())));
  await rig.clock.advance(60);
  assert.equal(journal.counters().inMemory, 0);
});

test("what was committed reads back as it was, in a frame that decodes with the dictionary ahead of it", async (context) => {
  const rig = newRig(context);
  const journal = rig.open();
  await journal.adoptTags([tag("t1"), tag("serial", { type: "uint64", kind: "text" })]);
  const nowUs = rig.clock.nowUs();
  const big = 2n ** 64n - 1n;
  journal.append(
    batchOf([1.5, NaN, -0], nowUs, {
      tag: Int32Array.of(0, 1, 0),
      status: Uint32Array.of(0, 0, 0x8005_0000),
      wide: new Map([[1, big]]),
    }),
  );
  await journal.commit();

  const critical = (await framesOf(journal, "critical")).map(parsed);
  const dictionaryFrame = critical.find(({ head }) => head.content === "dictionary");
  assert(dictionaryFrame !== undefined);
  const dictionary = decodeDictionary(dictionaryFrame.body);
  assert(!("kind" in dictionary));
  const [live] = (await framesOf(journal, "live")).map(parsed);
  assert(live !== undefined);
  assert.equal(live.head.dictionary, dictionary.hash);
  const columns = decodeSamples(live.body, dictionary);
  assert(!("kind" in columns));
  assert.deepEqual([...columns.tag].sort(), [0, 0, 1]);
  const serialRow = columns.tag.indexOf(1);
  assert.equal(columns.wide?.get(serialRow), big);

  const read = await journal.readSamples(0, nowUs, nowUs + 10, 100);
  assert.deepEqual([...read.value], [1.5, -0]);
  assert.deepEqual([...read.status], [0, 0x8005_0000]);
  assert.deepEqual([...read.measuredUs], [nowUs, nowUs + 2]);
});

test("frames of a lane are numbered from 1 without a gap, chained, and count their samples", async (context) => {
  const rig = newRig(context);
  const journal = rig.open();
  await journal.adoptTags([tag("t1")]);
  for (let second = 0; second < 5; second++) {
    journal.append(batchOf([second, second], rig.clock.nowUs()));
    await journal.commit();
    await rig.clock.advance(1_000);
  }
  const frames = (await framesOf(journal, "live")).map(parsed);
  let chain = 0n;
  frames.forEach((frame, at) => {
    assert.equal(frame.head.seq, at + 1);
    assert.equal(frame.head.cum, (at + 1) * 2);
    assert.deepEqual([frame.head.rawFrom, frame.head.rawTo], [at + 1, at + 1]);
    assert(fitsChain(frame, chain));
    chain = frame.head.chain;
  });
  assert.equal((await laneOf(journal, "live")).headChain, chain);
  assert.deepEqual(journal.outbox.waiting().samples, 10);
});

test("late samples and samples after a clock step get frames of their own", async (context) => {
  const rig = newRig(context);
  const journal = rig.open();
  await journal.adoptTags([tag("t1")]);
  journal.append(batchOf([1], rig.clock.nowUs()));
  journal.append(batchOf([2], rig.clock.nowUs() - 5_000_000, { late: true }));
  journal.append(batchOf([3], rig.clock.nowUs()));
  rig.clock.stepWall(-3_600_000_000);
  journal.append(batchOf([4], rig.clock.nowUs()));
  await journal.commit();
  const heads = (await framesOf(journal, "live")).map((frame) => parsed(frame).head);
  assert.deepEqual(
    heads.map((head) => head.late),
    [false, true, false, false],
  );
  const segments = heads.map((head) => head.clock.segment);
  assert.equal(segments[0], segments[2]);
  assert.notEqual(segments[2], segments[3]);
});

test("a frame says whether something set the clock that stamped it, and holds no samples of both kinds", async (context) => {
  const rig = newRig(context);
  let set = false;
  const journal = rig.open({ clockIsSet: () => set });
  await journal.adoptTags([tag("t1")]);
  for (const [value, now] of [
    [1, false],
    [2, true],
    [3, true],
    [4, false],
  ] as const) {
    set = now;
    journal.append(batchOf([value], rig.clock.nowUs()));
  }
  await journal.commit();
  const heads = (await framesOf(journal, "live")).map((frame) => parsed(frame).head);
  assert.deepEqual(
    heads.map((head) => [head.sampleCount, head.clock.disciplined]),
    [
      [1, false],
      [2, true],
      [1, false],
    ],
  );
  assert.equal(new Set(heads.map((head) => head.clock.segment)).size, 3);
});

test("a mark releases only what its chain proves, and only up to safe", async (context) => {
  const rig = newRig(context);
  const journal = rig.open();
  await journal.adoptTags([tag("t1")]);
  for (let at = 0; at < 4; at++) {
    journal.append(batchOf([at], rig.clock.nowUs()));
    await journal.commit();
  }
  const frames = (await framesOf(journal, "live")).map(parsed);
  const lane = { epoch: journal.epoch, lane: "live" as const };
  const chainAt = (seq: number): bigint => frames[seq - 1]?.head.chain ?? 0n;

  assert.equal(await journal.outbox.take(markOf(lane, 2, chainAt(3))), "foreign", "another chain");
  assert.equal(await journal.outbox.take(markOf(lane, 9, 1n)), "foreign", "above the head");
  assert.equal((await laneOf(journal, "live")).storedSeq, 0);

  assert.equal(await journal.outbox.take(markOf(lane, 3, chainAt(3), 1)), "taken");
  assert.equal(await journal.outbox.take(markOf(lane, 2, chainAt(2))), "taken", "an older one");
  assert.equal((await laneOf(journal, "live")).storedSeq, 3);
  assert.deepEqual(journal.outbox.waiting().frames, 1 + 3);
  await rig.clock.advance(20_000);
  await journal.commit();
  assert.equal((await laneOf(journal, "live")).baseSeq, 2);
});

test("a critical frame is gone from the file once it is safe", async (context) => {
  const rig = newRig(context);
  const journal = rig.open();
  await journal.adoptTags([tag("t1")]);
  const { headSeq, headChain } = await laneOf(journal, "critical");
  await journal.outbox.take(markOf({ epoch: journal.epoch, lane: "critical" }, headSeq, headChain));
  await rig.clock.advance(20_000);
  await journal.commit();
  assert.deepEqual(await framesOf(journal, "critical"), []);
});

test("after a crash the old epoch goes on being sent, a new one begins, and the pause is claimed", async (context) => {
  const rig = newRig(context);
  const first = rig.open();
  await first.adoptTags([tag("t1")]);
  journalAppend(first, [1, 2]);
  await first.commit();
  const committedUs = rig.clock.nowUs();
  journalAppend(first, [3]);
  await first.abandon();
  await rig.clock.advance(60_000);

  const second = rig.open();
  assert.notEqual(second.epoch, first.epoch);
  await second.adoptTags([tag("t1")]);
  const lanes = await second.outbox.lanes();
  assert.deepEqual(
    lanes.map(({ epoch, parent, lane }) => [epoch, parent, lane]),
    [
      [first.epoch, undefined, "critical"],
      [first.epoch, undefined, "live"],
      [first.epoch, undefined, "history"],
      [first.epoch, undefined, "capture"],
      [second.epoch, first.epoch, "critical"],
      [second.epoch, first.epoch, "live"],
      [second.epoch, first.epoch, "history"],
      [second.epoch, first.epoch, "capture"],
    ],
  );
  const old = await second.outbox.framesAfter(first.epoch, "live", 0, Infinity);
  assert.deepEqual(
    old.map((frame) => frame.sampleCount),
    [2],
  );
  const [claim] = await second.gaps({ device }, 0, rig.clock.nowUs());
  assert.equal(claim?.reason, "gateway down");
  assert.deepEqual(claim.scope, { kind: "device", device });
  assert(claim.fromUs <= committedUs);
  assert.equal(claim.toUs, rig.clock.nowUs());

  second.outbox.linkUp(true);
  await rig.clock.advance(5_000);
  const critical = (await framesOf(second, "critical")).map(parsed);
  const starts = critical.filter(({ head }) => head.content === "start");
  const records = decodeStarts(starts[0]?.body ?? new Uint8Array());
  assert(!("kind" in records));
  assert.deepEqual(
    records.map(({ epoch, parent, lastCommitUs }) => ({ epoch, parent, lastCommitUs })),
    [{ epoch: second.epoch, parent: first.epoch, lastCommitUs: committedUs }],
  );
  const ledger = critical.find(({ head }) => head.content === "ledger");
  assert(ledger !== undefined);
  assert.deepEqual(decodeLedger(ledger.body), [{ ...claim, number: 1 }]);

  function journalAppend(journal: typeof first, values: number[]): void {
    assert(journal.append(batchOf(values, rig.clock.nowUs())));
  }
});

test("the very first start claims nothing", async (context) => {
  const rig = newRig(context);
  const journal = rig.open();
  await journal.adoptTags([tag("t1")]);
  assert.deepEqual(await journal.gaps({ device }, 0, Infinity), []);
});

test("losses that adjoin are one claim, and it is sealed once it has ended and the link is up", async (context) => {
  const rig = newRig(context);
  const journal = rig.open();
  await journal.adoptTags([tag("t1")]);
  const beganUs = rig.clock.nowUs();
  for (let second = 0; second < 30; second++) {
    const fromUs = rig.clock.nowUs();
    journal.charge({
      reason: "device unreachable",
      scope: { kind: "device", device },
      fromUs,
      toUs: fromUs + 1_000_000,
      count: { kind: "scheduled", samples: 10 },
    } satisfies Loss);
    await rig.clock.advance(1_000);
  }
  assert.equal((await framesOf(journal, "critical")).length, 3, "start, dictionary, clock");
  journal.outbox.linkUp(true);
  await rig.clock.advance(5_000);
  const ledger = (await framesOf(journal, "critical")).map(parsed).at(-1);
  assert.equal(ledger?.head.content, "ledger");
  assert.deepEqual(decodeLedger(ledger.body), [
    {
      number: 1,
      reason: "device unreachable",
      scope: { kind: "device", device },
      fromUs: beganUs,
      toUs: beganUs + 30_000_000,
      count: { kind: "scheduled", samples: 300 },
    },
  ]);
});

test("an open claim and a resume point survive a crash after their commit", async (context) => {
  const rig = newRig(context);
  const first = rig.open();
  await first.adoptTags([tag("t1")]);
  first.charge({
    reason: "link lost",
    scope: { kind: "tag", tag: tag("t1").id },
    fromUs: 10,
    toUs: 20,
    count: { kind: "unknown" },
  });
  first.saveResume(device, { subscription: 7 });
  assert.deepEqual(first.resume(device), { subscription: 7 });
  await first.commit();
  await first.abandon();
  const second = rig.open();
  assert.deepEqual(second.resume(device), { subscription: 7 });
  const claims = await second.gaps({ device, tag: tag("t1").id }, 0, 100);
  assert.deepEqual(
    claims.map(({ reason, fromUs, toUs }) => ({ reason, fromUs, toUs })),
    [{ reason: "link lost", fromUs: 10, toUs: 20 }],
  );
});

test("samples above the bound are refused and nothing of the batch is kept", async (context) => {
  const rig = newRig(context);
  const journal = rig.open({ commitEveryMs: 60_000 });
  await journal.adoptTags([tag("t1")]);
  const values = Array.from({ length: 40_000 }, (_value, at) => at);
  let accepted = 0;
  let refused = 0;
  const batch = batchOf(values, rig.clock.nowUs());
  for (let turn = 0; turn < 10; turn++) {
    if (journal.append(batch)) accepted += values.length;
    else refused += values.length;
  }
  assert.equal(accepted, 200_000);
  assert.equal(journal.counters().unexplained, refused);
  journal.charge({
    reason: "queue full",
    scope: { kind: "device", device },
    fromUs: rig.clock.nowUs(),
    toUs: rig.clock.nowUs(),
    count: { kind: "exact", samples: refused },
  });
  assert.equal(journal.counters().unexplained, refused, "a driver says it of its own queue");
  for (let left = refused; left > 0; left -= batch.count) journal.chargeRefused(batch);
  assert.equal(journal.counters().unexplained, 0);
  await journal.commit();
  assert.equal(journal.counters().sent, accepted);
  assert.equal(journal.counters().unexplained, 0);
});

test("a batch that waited for room is counted once and leaves nothing unexplained", async (context) => {
  const rig = newRig(context);
  const journal = rig.open({ commitEveryMs: 60_000 });
  await journal.adoptTags([tag("t1")]);
  const values = Array.from({ length: 200_000 }, (_value, at) => at);
  assert(journal.append(batchOf(values, rig.clock.nowUs())));
  const waiting = keep(
    batchOf([1, 2], rig.clock.nowUs()),
    journal,
    rig.clock,
    new AbortController().signal,
  );
  await journal.commit();
  await rig.clock.advance(100);
  await waiting;
  await journal.commit();
  const { received, sent, dropped, unexplained } = journal.counters();
  const expected = { received: 200_002, sent: 200_002, dropped: 0, unexplained: 0 };
  assert.deepEqual({ received, sent, dropped, unexplained }, expected);
});

test("a batch that found no room in its time is refused once and charged", async (context) => {
  const rig = newRig(context);
  const journal = rig.open({ commitEveryMs: 60_000 });
  await journal.adoptTags([tag("t1")]);
  const stopped = AbortSignal.abort();
  assert(journal.append(batchOf(new Array<number>(200_000).fill(1), rig.clock.nowUs())));
  await keep(batchOf([1, 2], rig.clock.nowUs()), journal, rig.clock, stopped);
  const { dropped, unexplained } = journal.counters();
  assert.deepEqual({ dropped, unexplained }, { dropped: 2, unexplained: 0 });
});

test("a batch that found no room is charged from the earliest of its samples to the latest, and an empty one not at all", async () => {
  const losses: Loss[] = [];
  const full = {
    append: () => false,
    hasRoom: () => false,
    chargeRefused: (refused: SampleBatch) => losses.push(refusalOf(refused)),
  };
  const clock = new PlayedClock();
  const batch = batchOf([1, 2, 3], clock.nowUs());
  for (const [row, us] of [7_000, 9_000, 3_000].entries()) batch.measuredUs[row] = us;
  await keep(batch, full, clock, AbortSignal.abort());
  await keep(batchOf([], clock.nowUs()), full, clock, AbortSignal.abort());
  assert.deepEqual(
    losses.map(({ fromUs, toUs }) => [fromUs, toUs]),
    [[3_000, 9_000]],
  );
});

test("50,000 samples are committed at once, whatever the interval", async (context) => {
  const rig = newRig(context);
  const journal = rig.open({ commitEveryMs: 60_000 });
  await journal.adoptTags([tag("t1")]);
  await journal.commit();
  journal.append(batchOf(new Array<number>(49_999).fill(1), rig.clock.nowUs()));
  await rig.clock.advance(1);
  assert.equal(journal.counters().sent, 0);
  journal.append(batchOf([1], rig.clock.nowUs()));
  await rig.clock.advance(1);
  assert.equal(journal.counters().sent, 50_000);
});

test("a clean stop commits and settles what was accepted", async (context) => {
  const rig = newRig(context);
  const first = rig.open();
  await first.adoptTags([tag("t1")]);
  let settled = false;
  const settle = (): Promise<void> => {
    settled = true;
    return Promise.resolve();
  };
  first.append(batchOf([1], rig.clock.nowUs(), { settle }));
  await first.close();
  assert(settled);
  assert.equal(first.append(batchOf([1], rig.clock.nowUs())), false, "closed");
  const second = rig.open();
  const frames = await second.outbox.framesAfter(first.epoch, "live", 0, Infinity);
  assert.equal(frames.length, 1);
});
