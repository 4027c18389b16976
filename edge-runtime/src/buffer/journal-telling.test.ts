import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import path from "node:path";
import { test, type TestContext } from "node:test";

import Database from "better-sqlite3";
import { seededRandom } from "@millwright/kit";
import { reconstruct } from "@millwright/telling";
import {
  decodeLedger,
  decodeSamples,
  parseFrame,
  type FrameHead,
  type TagId,
  type Telling,
} from "@millwright/wire-contract";
import fc from "fast-check";

import type { JournalCore } from "./journal.ts";
import { batchOf, framesOf, laneOf, markOf, newRig, tag, type Rig } from "./test-rig.ts";

const door: Telling = { rule: "swinging-door", error: 1, heartbeatMs: 30_000 };
const change: Telling = { rule: "change", error: 0, heartbeatMs: 30_000 };

interface Sample {
  readonly us: number;
  readonly value: number;
}

test("the hub is told part of a curve, and the rest is claimed as within its bound", async (context) => {
  const rig = newRig(context);
  const journal = rig.open();
  await journal.adoptTags([tag("t1", { telling: door })]);
  const kept: Sample[] = [];
  for (let second = 0; second < 130; second++) {
    kept.push(await keep(rig, journal, second / 10));
    await journal.commit();
  }
  await journal.close();
  const again = await reopened(rig);
  const told = await toldSamples(again);
  assert(told.length < kept.length / 4, `${told.length} of ${kept.length} were told`);
  assertBound(kept, told, door);
  const claimed = (await entriesOf(again)).filter(({ reason }) => reason === "told within bound");
  const samples = claimed.reduce(
    (sum, { count }) => sum + ("samples" in count ? count.samples : 0),
    0,
  );
  assert.equal(samples, kept.length - told.length);
});

test("raw frames keep everything, whatever is told", async (context) => {
  const rig = newRig(context);
  const journal = rig.open();
  await journal.adoptTags([tag("t1", { telling: change })]);
  for (let second = 0; second < 20; second++) {
    await keep(rig, journal, 7);
    await journal.commit();
  }
  const chart = await journal.readSamples(0, -Infinity, Infinity, 100);
  assert.equal(chart.count, 20);
});

test("told samples of several commits share a frame, until the time for it is over", async (context) => {
  const rig = newRig(context);
  const journal = rig.open({ tellEveryMs: 5_000 });
  await journal.adoptTags([tag("t1", { telling: change })]);
  for (let second = 0; second < 12; second++) {
    await keep(rig, journal, second);
    await journal.commit();
  }
  const frames = (await framesOf(journal, "live")).map(({ bytes }) => parsed(bytes));
  assert.deepEqual(
    frames.map(({ head }) => [head.sampleCount, head.rawFrom, head.rawTo]),
    [
      // The first samples of a start are told at once.
      [1, 1, 1],
      [5, 2, 6],
      [5, 7, 11],
    ],
  );
});

test("when the link is back, the newest sample of each tag goes by the live lane", async (context) => {
  const rig = newRig(context);
  const journal = rig.open();
  const telling: Telling = { ...change, heartbeatMs: 3_600_000 };
  await journal.adoptTags([tag("t1", { telling })]);
  const at: Sample[] = [];
  for (let second = 0; second < 30; second++) {
    at.push(await keep(rig, journal, second < 20 ? second : 19));
    await journal.commit();
  }
  const before = await laneOf(journal, "live");
  journal.outbox.linkUp(true);
  at.push(await keep(rig, journal, 19));
  await journal.commit();
  const [snapshot] = await journal.outbox.framesAfter(
    journal.epoch,
    "live",
    before.headSeq,
    Infinity,
  );
  assert(snapshot !== undefined);
  const columns = decodeSamples(parsed(snapshot.bytes).body, journal.dictionary);
  assert(!("kind" in columns));
  assert.deepEqual([...columns.measuredUs], [at[29]?.us]);
});

test("a tag that somebody looks at is told in full with each commit, for some seconds", async (context) => {
  const rig = newRig(context);
  const journal = rig.open({ tellEveryMs: 10_000 });
  await journal.adoptTags([tag("t1", { telling: change })]);
  const frames = async (): Promise<number> => (await laneOf(journal, "live")).headSeq;
  await keep(rig, journal, 1);
  await journal.commit();
  const before = await frames();
  journal.outbox.watch(["t1" as TagId, "nobody-has-it" as TagId]);
  for (let second = 0; second < 8; second++) {
    await keep(rig, journal, 1);
    await journal.commit();
  }
  assert.equal((await frames()) - before, 4, "five seconds, and the sample after them is held");
});

test("while live waits for the hub, what is told goes to history, a minute in a frame", async (context) => {
  const rig = newRig(context);
  const journal = rig.open();
  await journal.adoptTags([tag("t1")]);
  for (let second = 0; second < 90; second++) {
    await keep(rig, journal, second);
    await journal.commit();
  }
  const live = await laneOf(journal, "live");
  assert.equal(live.headSeq, 11);
  const [minute] = await framesOf(journal, "history");
  assert(minute !== undefined);
  const { head } = parsed(minute.bytes);
  assert.deepEqual([head.sampleCount, head.rawFrom, head.rawTo], [60, 12, 71]);

  // Once live is stored, what is new goes there again, and what was gathered waits no longer.
  await journal.outbox.take(markOf(live, live.headSeq, live.headChain));
  await keep(rig, journal, 90);
  await journal.commit();
  assert.equal((await laneOf(journal, "live")).headSeq, 12);
  assert.equal((await laneOf(journal, "history")).headSeq, 2);
  assert.equal((await toldSamples(journal)).length, 91);
});

test("with thousands of tags a frame goes to history as it is", async (context) => {
  const rig = newRig(context);
  const journal = rig.open();
  const tags = Array.from({ length: 3_000 }, (_, index) => tag(`t${index}`));
  await journal.adoptTags(tags);
  for (let second = 0; second < 15; second++) {
    await keep(rig, journal, second);
    await journal.commit();
  }
  const live = await laneOf(journal, "live");
  const frames = await framesOf(journal, "history");
  assert.deepEqual(
    frames.map(({ bytes }) => parsed(bytes).head.rawFrom),
    Array.from({ length: 15 - live.headSeq }, (_, at) => live.headSeq + 1 + at),
  );
  await journal.abandon();
  const again = rig.open();
  await again.adoptTags(tags);
  assert.equal((await toldSamples(again)).length, 15);
});

test("what was gathered for history when the gateway was killed is told by the next run", async (context) => {
  const rig = newRig(context);
  const journal = rig.open();
  await journal.adoptTags([tag("t1")]);
  for (let second = 0; second < 30; second++) {
    await keep(rig, journal, second);
    await journal.commit();
  }
  assert.equal((await laneOf(journal, "history")).headSeq, 0);
  await journal.abandon();
  const again = rig.open();
  await again.adoptTags([tag("t1")]);
  assert.equal((await toldSamples(again)).length, 30);
});

test("a frame that was damaged before any lane had told it is claimed, once, and the rest is told", async (context) => {
  const rig = newRig(context);
  const journal = rig.open();
  await journal.adoptTags([tag("t1")]);
  const kept: Sample[] = [];
  for (let second = 0; second < 30; second++) {
    kept.push(await keep(rig, journal, second));
    await journal.commit();
  }
  assert.equal((await laneOf(journal, "history")).headSeq, 0);
  await journal.abandon();
  const file = path.join(rig.folder, "journal.db");
  // As the first start after a version that kept no sums finds it.
  rmSync(`${file}-sums`);
  const db = new Database(file);
  db.exec("update sample_frame set body = randomblob(length(body)) where id % 4294967296 = 25");
  db.close();
  const again = rig.open();
  await again.adoptTags([tag("t1")]);
  assert.deepEqual(await toldSamples(again), kept.toSpliced(24, 1));
  const of = kept[24]?.us;
  // The tiers read all frames, and find nothing more.
  for (let hour = 0; hour < 2; hour++) await rig.clock.advance(3_600_000);
  const claimed = (await entriesOf(again)).filter(({ reason }) => reason === "frame corrupt");
  assert.deepEqual(
    claimed.map(({ fromUs, toUs, count }) => [fromUs, toUs, count]),
    [[of, of, { kind: "exact", samples: 1 }]],
  );
});

test("a group that found no room is told once when there is room again", async (context) => {
  const rig = newRig(context);
  const journal = rig.open({ bytesMax: 4 * 2 ** 20 });
  await journal.adoptTags([tag("t1", { telling: change })]);
  const random = seededRandom("noise");
  const told = new Map<number, number>();
  let kept = 0;
  const append = async (samples: number): Promise<void> => {
    const values = Array.from({ length: samples }, () => random.next());
    assert(journal.append(batchOf(values, rig.clock.nowUs())));
    kept += samples;
    await journal.commit();
    await rig.clock.advance(1_000);
  };
  const collect = async (): Promise<void> => {
    for (const { us } of await toldSamples(journal)) told.set(us, (told.get(us) ?? 0) + 1);
    for (const lane of await journal.outbox.lanes()) {
      await journal.outbox.take(markOf(lane, lane.headSeq, lane.headChain));
    }
  };
  while (journal.counters().journalBytes < 2.2 * 2 ** 20) await append(20_000);
  await append(190_000);
  assert(journal.counters().full);
  assert.equal(journal.counters().inMemory, 190_000, "the last group is in memory still");
  await collect();
  // A minute is when old frames are let go.
  await rig.clock.advance(70_000);
  assert.equal(journal.counters().inMemory, 0);
  await collect();
  assert.equal(told.size, kept);
});

test("after any commits, crashes, outages and clock steps, what is not told lies within the bound", async (context) => {
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.constant("keep") },
    { weight: 3, arbitrary: fc.constant("commit") },
    { weight: 1, arbitrary: fc.constantFrom("crash", "restart", "clock step", "stored", "pause") },
  );
  const wander = fc.double({ min: -1, max: 1, noNaN: true });
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(door, change, { ...door, rule: "dead-band" as const }),
      fc.array(fc.tuple(step, wander), { maxLength: 80 }),
      async (telling, steps) => {
        await play(context, telling, steps);
      },
    ),
    { numRuns: 40 },
  );
});

async function play(
  context: TestContext,
  telling: Telling,
  steps: readonly (readonly [string, number])[],
): Promise<void> {
  const rig = newRig(context, "telling");
  const tags = [tag("t1", { telling, decimals: 9 })];
  let journal = rig.open({ tellEveryMs: 3_000 });
  await journal.adoptTags(tags);
  const kept: Sample[] = [];
  let pending: Sample[] = [];
  let value = 0;
  const commit = async (): Promise<void> => {
    await journal.commit();
    kept.push(...pending);
    pending = [];
  };
  const open = async (): Promise<void> => {
    await rig.clock.advance(1_000);
    journal = rig.open({ tellEveryMs: 3_000 });
    await journal.adoptTags(tags);
  };
  for (const [name, by] of steps) {
    if (name === "keep") pending.push(await keep(rig, journal, (value += by)));
    else if (name === "commit") await commit();
    else if (name === "pause") await rig.clock.advance(40_000);
    else if (name === "clock step") rig.clock.stepWall(3_600_000_000);
    else if (name === "stored") await store(journal);
    else if (name === "restart") {
      await commit();
      await journal.close();
      await open();
    } else {
      await commit();
      await journal.abandon();
      await open();
    }
    // A commit may also have come by itself while time passed; its samples are in the file then.
    if (journal.counters().inMemory === 0) kept.push(...pending.splice(0));
  }
  await commit();
  await journal.close();
  await open();
  assertBound(kept, await toldSamples(journal), telling);
  await journal.abandon();
}

async function keep(rig: Rig, journal: JournalCore, value: number): Promise<Sample> {
  await rig.clock.advance(1_000);
  const us = rig.clock.nowUs();
  assert(journal.append(batchOf([value], us)));
  return { us, value };
}

async function store(journal: JournalCore): Promise<void> {
  for (const lane of await journal.outbox.lanes()) {
    // Stored and not safe: everything stays where this test can read it.
    await journal.outbox.take(markOf(lane, lane.headSeq, lane.headChain, lane.baseSeq));
  }
}

async function reopened(rig: Rig): Promise<JournalCore> {
  const journal = rig.open();
  await journal.adoptTags([tag("t1", { telling: door })]);
  return journal;
}

/** Every told sample that is held, once, by time. */
async function toldSamples(journal: JournalCore): Promise<Sample[]> {
  const told = new Map<number, number>();
  for (const lane of await journal.outbox.lanes()) {
    if (lane.lane === "critical") continue;
    for (const { bytes } of await journal.outbox.framesAfter(lane.epoch, lane.lane, 0, Infinity)) {
      const { head, body } = parsed(bytes);
      // Minutes are told when their hour is over.
      if (head.content === "aggregates") continue;
      assert.equal(head.content, "samples");
      const columns = decodeSamples(body, journal.dictionary);
      assert(!("kind" in columns));
      columns.measuredUs.forEach((us, row) => told.set(us, columns.value[row] ?? NaN));
    }
  }
  return [...told].map(([us, value]) => ({ us, value })).sort((a, b) => a.us - b.us);
}

async function entriesOf(journal: JournalCore): Promise<ReturnType<typeof ledgerOf>> {
  journal.outbox.linkUp(true);
  await journal.commit();
  const entries = [];
  for (const { lane, epoch } of await journal.outbox.lanes()) {
    if (lane !== "critical") continue;
    for (const { bytes } of await journal.outbox.framesAfter(epoch, lane, 0, Infinity)) {
      entries.push(...ledgerOf(parsed(bytes)));
    }
  }
  return entries;
}

interface Parsed {
  readonly head: FrameHead;
  readonly body: Uint8Array;
}

function ledgerOf({
  head,
  body,
}: Parsed): Exclude<ReturnType<typeof decodeLedger>, { kind: string }> {
  if (head.content !== "ledger") return [];
  const entries = decodeLedger(body);
  assert(!("kind" in entries));
  return entries;
}

function assertBound(kept: readonly Sample[], told: readonly Sample[], telling: Telling): void {
  for (const { us, value } of kept) {
    const at = told.findLastIndex((sample) => sample.us <= us);
    const before = told[at];
    assert(before !== undefined, "the first sample is told");
    const after = told[at + 1];
    const back = reconstruct(telling, sampleOf(before), after && sampleOf(after), us);
    assert(back !== undefined, `nothing is known of the sample at ${us}`);
    const off = Math.abs(Number(back.value) - value);
    assert(off <= telling.error + 1e-9, `${value} came back as ${back.value}`);
  }
}

function sampleOf({ us, value }: Sample): Parameters<typeof reconstruct>[1] {
  return { measuredUs: us, value, status: 0 };
}

function parsed(bytes: Uint8Array): Parsed {
  const frame = parseFrame(bytes);
  assert(frame.kind === "frame");
  return frame;
}
