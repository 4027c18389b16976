import assert from "node:assert/strict";
import { test } from "node:test";

import {
  BucketDigest,
  decodeTold,
  widths,
  type ToldBuckets,
  type ToldWidth,
} from "@millwright/aggregates";
import {
  decodeAggregates,
  decodeLedger,
  decodeSamples,
  parseFrame,
  SampleDigest,
  type FrameHead,
  type GatewayOrder,
  type SampleColumns,
  type TagDefinition,
  type TagId,
  type Telling,
} from "@millwright/wire-contract";

import type { JournalCore } from "../journal.ts";
import { batchOf, framesOf, markOf, newRig, tag, type Rig } from "../test-rig.ts";
import { distinctRows } from "./distinct-rows.ts";

const door: Telling = { rule: "swinging-door", error: 100, heartbeatMs: 600_000 };
const never = new AbortController().signal;

interface Told {
  readonly head: FrameHead;
  readonly columns: SampleColumns;
}

async function toldBy(journal: JournalCore, lane: "live" | "history"): Promise<readonly Told[]> {
  return (await framesOf(journal, lane)).flatMap(({ bytes }) => {
    const parsed = parseFrame(bytes);
    assert(parsed.kind === "frame");
    if (parsed.head.content !== "samples") return [];
    const columns = decodeSamples(parsed.body, journal.dictionary);
    assert(!("kind" in columns));
    return [{ head: parsed.head, columns }];
  });
}

/** What was told without an order, by both lanes. */
async function toldAnyway(journal: JournalCore): Promise<readonly Told[]> {
  const both = [...(await toldBy(journal, "live")), ...(await toldBy(journal, "history"))];
  return both.filter(({ head }) => head.order === undefined);
}

/** One sample of tag 0 each second, from the rig's clock on. */
async function record(rig: Rig, journal: JournalCore, seconds: number): Promise<number[]> {
  const times: number[] = [];
  for (let second = 0; second < seconds; second++) {
    const us = rig.clock.nowUs();
    journal.append(batchOf([second % 7], us));
    times.push(us);
    await rig.clock.advance(1_000);
    await journal.commit();
  }
  return times;
}

function order(change: Partial<GatewayOrder> = {}): GatewayOrder {
  return {
    id: 7,
    kind: "repair",
    tags: ["t1" as TagId],
    fromUs: 0,
    toUs: 4e15,
    bytesPerSMax: 1e6,
    mayAnswer: true,
    ...change,
  };
}

async function answerAll(journal: JournalCore, id = 7): Promise<void> {
  while (!(await journal.orders.answer(id)).last);
}

test("an answer brings the samples that were not told, under their old identities, late and naming the order", async (context) => {
  const rig = newRig(context);
  const journal = rig.open();
  await journal.adoptTags([tag("t1", { telling: door })]);
  journal.outbox.linkUp(true);
  const times = await record(rig, journal, 30);
  await journal.orders.tellAll();
  const before = await toldAnyway(journal);
  const toldOnce = before.reduce((sum, { columns }) => sum + columns.count, 0);
  assert(toldOnce < 5, `${toldOnce} were told`);

  await journal.orders.want([order({ fromUs: times[5] ?? 0, toUs: times[25] ?? 0 })]);
  await answerAll(journal);
  const answers = (await toldBy(journal, "history")).filter(({ head }) => head.order === 7);
  const got = answers.flatMap(({ columns }) => [...columns.measuredUs]);
  assert.deepEqual(got, times.slice(5, 25));
  for (const { head } of answers) {
    assert(head.late);
    assert.equal(head.clock.segment, before[0]?.head.clock.segment);
  }
  assert.equal(journal.orders.held()[0]?.progress.samples, 20);
});

test("what is claimed as within its bound is in the ledger before it is answered", async (context) => {
  const rig = newRig(context);
  const journal = rig.open();
  await journal.adoptTags([tag("t1", { telling: door })]);
  journal.outbox.linkUp(true);
  await record(rig, journal, 30);
  await journal.orders.tellAll();
  const entries = (await framesOf(journal, "critical")).flatMap(({ bytes }) => {
    const parsed = parseFrame(bytes);
    if (parsed.kind !== "frame" || parsed.head.content !== "ledger") return [];
    const read = decodeLedger(parsed.body);
    return "kind" in read ? [] : [...read];
  });
  const told = (await toldAnyway(journal)).reduce((sum, { columns }) => sum + columns.count, 0);
  const claimed = entries.filter(({ reason }) => reason === "told within bound");
  assert.deepEqual(
    claimed.map(({ count }) => count),
    [{ kind: "exact", samples: 30 - told }],
  );
});

test("an order goes on after a crash with the piece that was not sealed", async (context) => {
  const rig = newRig(context);
  const first = rig.open();
  await first.adoptTags([tag("t1", { telling: door }), tag("t2", { telling: door })]);
  const times: number[] = [];
  for (let hour = 0; hour < 4; hour++) {
    times.push(...(await record(rig, first, 3)));
    await rig.clock.advance(3_600_000);
  }
  const fromUs = times[0] ?? 0;
  const toUs = (times.at(-1) ?? 0) + 1;
  await first.orders.want([order({ fromUs, toUs })]);
  await first.orders.move(7, "answering");
  for (let piece = 0; piece < 8; piece++) await first.orders.answer(7);
  const before = first.orders.held()[0]?.progress;
  assert(before !== undefined && before.samples > 0 && before.samples < times.length);
  await first.abandon();

  const again = rig.open();
  await again.adoptTags([tag("t1", { telling: door }), tag("t2", { telling: door })]);
  assert.deepEqual(again.orders.held()[0]?.progress, before);
  await answerAll(again);
  assert.equal(again.orders.held()[0]?.progress.samples, times.length);
});

test("the digest of what is kept is that of the answered samples", async (context) => {
  const rig = newRig(context);
  const journal = rig.open();
  await journal.adoptTags([tag("t1", { telling: door })]);
  const times = await record(rig, journal, 20);
  await journal.orders.want([order({ fromUs: times[0] ?? 0, toUs: (times[19] ?? 0) + 1 })]);
  await answerAll(journal);
  await journal.orders.compare(7, never);
  const digest = new SampleDigest();
  for (const { columns } of await toldBy(journal, "history")) digest.add(columns);
  const [answer] = journal.orders.held()[0]?.progress.tags ?? [];
  assert.deepEqual(answer, {
    tag: "t1",
    samples: 20,
    fromUs: times[0],
    digest: digest.finish(),
  });
});

test("what lies in chunks is answered like what lies in frames", async (context) => {
  const rig = newRig(context);
  const journal = rig.open({ keepRawHours: 1_000 });
  await journal.adoptTags([tag("t1", { telling: door })]);
  const times = await record(rig, journal, 30);
  await rig.clock.advance(2 * 3_600_000);
  times.push(...(await record(rig, journal, 5)));
  // The tiers are worked on after each commit.
  await rig.clock.advance(60_000);
  await journal.commit();
  await rig.clock.advance(60_000);
  await journal.orders.want([order({ fromUs: times[0] ?? 0, toUs: (times.at(-1) ?? 0) + 1 })]);
  await answerAll(journal);
  const answers = (await toldBy(journal, "history")).filter(({ head }) => head.order === 7);
  const got = answers.flatMap(({ columns }) => [...columns.measuredUs]).toSorted((a, b) => a - b);
  assert.deepEqual(got, times);
});

/** What was told for the order, by begin of hour or day. */
async function statementsOf(
  journal: JournalCore,
  widthUs: ToldWidth,
): Promise<readonly { readonly hour: number; readonly told: readonly ToldBuckets[] }[]> {
  return (await framesOf(journal, "history")).flatMap(({ bytes }) => {
    const parsed = parseFrame(bytes);
    assert(parsed.kind === "frame");
    if (parsed.head.content !== "aggregates" || parsed.head.order !== 7) return [];
    const body = decodeAggregates(parsed.body);
    assert(!("kind" in body));
    assert.equal(body.hours === undefined, widthUs === widths.minute);
    const scaleOf = (index: number): TagDefinition | undefined => journal.dictionary.byIndex(index);
    const coded = body.hours ?? body.minutes;
    const told = decodeTold(coded, body.hour * widths.hour, scaleOf, widthUs);
    assert(!("kind" in told));
    return [{ hour: body.hour, told }];
  });
}

/** Half an hour of samples, and all that the tiers have to do with it. */
async function rolledUp(rig: Rig, journal: JournalCore): Promise<{ fromUs: number; toUs: number }> {
  await journal.adoptTags([tag("t1", { telling: door }), tag("t2", { telling: door })]);
  await rig.clock.advance((widths.hour - (rig.clock.nowUs() % widths.hour)) / 1_000);
  const fromUs = rig.clock.nowUs();
  await record(rig, journal, 40);
  const toUs = fromUs + widths.hour;
  await rig.clock.advance(3 * 3_600_000);
  for (let turn = 0; turn < 3; turn++) {
    await record(rig, journal, 1);
    await rig.clock.advance(60_000);
  }
  return { fromUs, toUs };
}

for (const resolution of ["minutes", "hours"] as const) {
  test(`${resolution} are answered as they were rolled up, and their digest is that of what was told`, async (context) => {
    const rig = newRig(context);
    const journal = rig.open({ keepRawHours: 1_000 });
    const { fromUs, toUs } = await rolledUp(rig, journal);
    const tags = ["t1" as TagId, "t2" as TagId];
    await journal.orders.want([order({ resolution, tags, fromUs: fromUs + 1, toUs })]);
    await answerAll(journal);

    const width = resolution === "minutes" ? widths.minute : widths.hour;
    const statements = await statementsOf(journal, width);
    const kept = await journal.readBuckets(0, width, fromUs, toUs);
    assert.ok(kept.count > 0);
    const told = statements.flatMap((one) => one.told.filter(({ tag }) => tag === 0));
    const [digest, expected] = [new BucketDigest(), new BucketDigest()];
    for (const { buckets } of told) digest.add(buckets, fromUs, toUs);
    expected.add(kept, fromUs, toUs);
    assert.equal(digest.count, kept.count);
    const hash = expected.finish();
    assert.equal(digest.finish(), hash);

    await journal.orders.compare(7, never);
    const [held] = journal.orders.held();
    assert.equal(held?.progress.state, "answered");
    const [answer] = held.progress.tags ?? [];
    assert.deepEqual(answer, {
      tag: "t1",
      samples: kept.count,
      fromUs,
      digest: hash,
      ranges: [[fromUs, toUs]],
    });
  });
}

test("where samples are gone, an order of samples brings the minutes of them", async (context) => {
  const rig = newRig(context);
  const journal = rig.open({ keepRawHours: 1 });
  const { fromUs, toUs } = await rolledUp(rig, journal);
  for (const lane of await journal.outbox.lanes()) {
    await journal.outbox.take(markOf(lane, lane.headSeq, lane.headChain));
  }
  for (let turn = 0; turn < 4; turn++) {
    await rig.clock.advance(3_600_000);
    await record(rig, journal, 2);
    await rig.clock.advance(60_000);
    await journal.commit();
  }
  const left = await journal.readSamples(0, fromUs, toUs - 1, 100);
  assert.equal(left.count, 0, "the samples are gone");
  await journal.orders.want([order({ fromUs, toUs })]);
  await answerAll(journal);
  const statements = await statementsOf(journal, widths.minute);
  assert.deepEqual(
    statements.map(({ hour }) => hour * widths.hour),
    [fromUs],
  );
  const samples = statements[0]?.told[0]?.buckets.samples ?? new Uint32Array();
  assert.equal(
    samples.reduce((sum, count) => sum + count, 0),
    40,
  );
});

test("hours that are still being made are waited for, and not told by half", async (context) => {
  const rig = newRig(context);
  const journal = rig.open({ keepRawHours: 1_000 });
  const { fromUs, toUs } = await rolledUp(rig, journal);
  const late = { ...batchOf([7], fromUs + 90_000_000), late: true };
  assert.ok(journal.append(late));
  await journal.orders.want([order({ resolution: "minutes", fromUs, toUs })]);
  await journal.orders.compare(7, never);
  await journal.commit();
  await rig.clock.advance(60_000);
  await journal.commit();
  await answerAll(journal);
  await journal.orders.compare(7, never);
  assert.equal(journal.orders.held()[0]?.progress.state, "answered");
});

test("tags that are recorded are told in full by the history lane, and the ledger counts the rest", async (context) => {
  const rig = newRig(context);
  const journal = rig.open();
  await journal.adoptTags([tag("t1", { telling: door })]);
  journal.outbox.linkUp(true);
  const before = await record(rig, journal, 20);
  const fromUs = rig.clock.nowUs();
  const recording = order({ kind: "recording", fromUs, toUs: fromUs + 20_000_000 });
  await journal.orders.want([recording]);
  const during = await record(rig, journal, 20);
  await rig.clock.advance(11_000);
  const after = await record(rig, journal, 20);
  await journal.orders.tellAll();

  const recorded = (await toldBy(journal, "history")).flatMap(({ columns }) => [
    ...columns.measuredUs,
  ]);
  for (const us of during) assert(recorded.includes(us), `${us} was recorded`);
  const distinct = new Set(
    (await toldAnyway(journal)).flatMap(({ columns }) => [...columns.measuredUs]),
  );
  assert(distinct.size < before.length + during.length + after.length - 20);
  const claimed = (await framesOf(journal, "critical")).flatMap(({ bytes }) => {
    const parsed = parseFrame(bytes);
    if (parsed.kind !== "frame" || parsed.head.content !== "ledger") return [];
    const read = decodeLedger(parsed.body);
    return "kind" in read ? [] : read.map(({ count }) => ("samples" in count ? count.samples : 0));
  });
  const all = before.length + during.length + after.length;
  assert.equal(claimed.reduce((sum, samples) => sum + samples, 0) + distinct.size, all);
});

test("a sample that a device has told twice is answered once", () => {
  const columns = {
    count: 5,
    tag: Int32Array.of(1, 0, 1, 1, 0),
    measuredUs: Float64Array.of(10, 20, 10, 10, 20),
    value: Float64Array.of(1, 5, 1, 2, NaN),
    status: new Uint32Array(5),
    wide: new Map([[4, "text"]]),
  };
  const distinct = distinctRows(columns);
  assert.deepEqual([...distinct.tag], [0, 0, 1, 1]);
  assert.deepEqual([...distinct.value], [5, NaN, 1, 2]);
  assert.deepEqual([...(distinct.wide ?? [])], [[1, "text"]]);
});

test("an order for tags that nobody has is refused, and one that is taken back is forgotten", async (context) => {
  const rig = newRig(context);
  const journal = rig.open();
  await journal.adoptTags([tag("t1")]);
  await journal.orders.want([order({ tags: ["other" as TagId] }), order({ id: 8 })]);
  assert.equal(journal.orders.held()[0]?.progress.state, "refused");
  await journal.orders.want([order({ id: 8 })]);
  assert.deepEqual(
    journal.orders.held().map((held) => held.order.id),
    [8],
  );
});

test("what was read from a device is on disk before an order says so, and comes with its answer", async (context) => {
  const rig = newRig(context);
  const journal = rig.open();
  await journal.adoptTags([tag("t1")]);
  const nowUs = rig.clock.nowUs();
  const fromUs = nowUs - 120_000_000;
  await journal.orders.want([order({ source: "device", fromUs, toUs: nowUs + 1 })]);
  await journal.orders.move(7, "fetching");
  const missedUs = nowUs - 60_000_000;
  journal.append({ ...batchOf([42], missedUs), late: true });
  const piece = { tag: 0, atUs: missedUs, samples: 1, unread: [], last: false };
  await journal.orders.fetched(7, piece);
  assert.equal((await journal.readSamples(0, 0, nowUs, 10)).count, 1);
  assert.equal(journal.orders.held()[0]?.progress.state, "fetching");
  await journal.orders.fetched(7, { ...piece, tag: 1, samples: 0, last: true });
  const { progress } = journal.orders.held()[0] ?? {};
  assert.deepEqual([progress?.state, progress?.tag, progress?.atUs], ["answering", 0, fromUs]);
  await answerAll(journal);
  const answers = (await toldBy(journal, "history")).filter(({ head }) => head.order === 7);
  assert.deepEqual(
    answers.flatMap(({ columns }) => [...columns.value.subarray(0, columns.count)]),
    [42],
  );
});

test("an order of which no device gave anything is refused, and one of which some did says which did not", async (context) => {
  const rig = newRig(context);
  const journal = rig.open();
  await journal.adoptTags([tag("t1"), tag("t2")]);
  const tags = ["t1", "t2"] as TagId[];
  await journal.orders.want([
    order({ source: "device", tags }),
    order({ id: 8, source: "device", tags }),
  ]);
  const piece = { tag: 2, atUs: 0, last: true };
  await journal.orders.fetched(7, { ...piece, samples: 0, unread: tags });
  await journal.orders.fetched(8, { ...piece, samples: 3, unread: tags.slice(1) });
  assert.deepEqual(
    journal.orders.held().map(({ progress: { state, note } }) => [state, note]),
    [
      ["refused", "the devices give no history of these tags"],
      ["answering", "not all could be read of t2"],
    ],
  );
});
