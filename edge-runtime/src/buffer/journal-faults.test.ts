import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, readdirSync, rmSync, truncateSync, statSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";

import Database from "better-sqlite3";
import fc from "fast-check";
import { PlayedClock, seededRandom, silentLog } from "@millwright/kit";
import {
  decodeLedger,
  decodeVoid,
  fitsChain,
  parseFrame,
  type ParsedFrame,
} from "@millwright/wire-contract";

import type { OutboxLane } from "../hand-over.ts";
import { openJournalCore, type JournalCore, type JournalOptions } from "./journal.ts";
import { batchOf, device, framesOf, gateway, laneOf, markOf, newRig, tag } from "./test-rig.ts";

type Whole = Extract<ParsedFrame, { kind: "frame" }>;

function whole(bytes: Uint8Array): Whole {
  const parsed = parseFrame(bytes);
  assert(parsed.kind === "frame", "frames in the outbox are whole");
  return parsed;
}

/** Frames of a lane, all of them fitting the chain from the base on. */
async function chained(journal: JournalCore, lane: OutboxLane): Promise<Whole[]> {
  const frames = await journal.outbox.framesAfter(lane.epoch, lane.lane, lane.baseSeq, Infinity);
  let chain = lane.baseChain;
  return frames.map((frame) => {
    const one = whole(frame.bytes);
    assert(fitsChain(one, chain), `frame ${frame.seq} goes on where the one before ended`);
    chain = one.head.chain;
    assert.equal(frame.isVoid === true, one.head.content === "void");
    return one;
  });
}

/** Changes the file behind the journal's back. */
function damage(folder: string, sql: string): void {
  const file = path.join(folder, "journal.db");
  // As the first start after a version that kept no sums finds it.
  rmSync(`${file}-sums`);
  const db = new Database(file);
  db.exec(sql);
  db.close();
}

test("a frame that is damaged on disk becomes a void that the lane goes on after, and a claim", async (context) => {
  const rig = newRig(context);
  const first = rig.open();
  await first.adoptTags([tag("t1")]);
  for (let at = 0; at < 3; at++) {
    first.append(batchOf([at, at], rig.clock.nowUs()));
    await first.commit();
  }
  await first.close();
  damage(
    rig.folder,
    "update sample_frame set body = randomblob(length(body)) where id % 4294967296 = 2",
  );

  const second = rig.open();
  const lane = (await second.outbox.lanes()).find((one) => one.lane === "live");
  assert(lane !== undefined);
  const frames = await chained(second, lane);
  assert.deepEqual(
    frames.map(({ head }) => [head.seq, head.content, head.sampleCount, head.cum]),
    [
      [1, "samples", 2, 2],
      [2, "void", 2, 4],
      [3, "samples", 2, 6],
    ],
  );
  const gap = decodeVoid(frames[1]?.body ?? new Uint8Array());
  assert(!("kind" in gap));
  assert.deepEqual([gap.fromSeq, gap.toSeq, gap.sampleCount], [2, 2, 2]);
  const told = await chained(second, await laneOf(second, "critical"));
  const entries = told
    .filter(({ head }) => head.content === "ledger")
    .flatMap(({ body }) => {
      const decoded = decodeLedger(body);
      return "kind" in decoded ? [] : decoded;
    });
  assert.deepEqual(
    entries.map(({ reason }) => reason),
    ["gateway down", "frame corrupt"],
    "sealed with what they explain, whether or not there is a link",
  );
  await second.commit();
  const claims = await second.gaps({ device }, 0, Infinity);
  const corrupt = claims.find(({ reason }) => reason === "frame corrupt");
  assert.deepEqual(corrupt?.count, { kind: "exact", samples: 2 });
  assert.deepEqual(await chained(second, lane), frames, "said the same way again");
});

test("a critical frame that is damaged becomes a void, and what it said is said again", async (context) => {
  const rig = newRig(context);
  const journal = rig.open();
  await journal.adoptTags([tag("t1")]);
  journal.outbox.linkUp(true);
  journal.charge({
    reason: "link lost",
    scope: { kind: "device", device },
    fromUs: 1,
    toUs: 2,
    count: { kind: "unknown" },
  });
  await rig.clock.advance(5_000);
  await journal.close();
  damage(rig.folder, "update critical_frame set body = randomblob(length(body))");
  const second = rig.open();
  await second.adoptTags([tag("t1")]);
  second.outbox.linkUp(true);
  const old = (await second.outbox.lanes()).find((lane) => lane.lane === "critical");
  assert(old !== undefined);
  const voids = await chained(second, old);
  assert(voids.every(({ head }) => head.content === "void"));
  await rig.clock.advance(5_000);
  const contents = (await chained(second, await laneOf(second, "critical"))).map(
    ({ head }) => head.content,
  );
  assert(contents.includes("ledger"), contents.join());
});

test("a claim is kept as long as the frame that tells it is held, and no longer than charts need it after", async (context) => {
  const rig = newRig(context);
  const journal = rig.open({ keepRawHours: 1 });
  await journal.adoptTags([tag("t1")]);
  journal.outbox.linkUp(true);
  const scope = { kind: "device", device } as const;
  const atUs = rig.clock.nowUs();
  journal.charge({
    reason: "link lost",
    scope,
    fromUs: atUs,
    toUs: atUs + 1,
    count: { kind: "unknown" },
  });
  await rig.clock.advance(5_000);
  assert((await framesOf(journal, "critical")).length > 0);
  const turn = async (): Promise<number> => {
    await rig.clock.advance(3_700_000);
    journal.append(batchOf([1], rig.clock.nowUs()));
    await journal.commit();
    return (await journal.gaps({ device }, atUs, atUs + 1)).length;
  };
  await turn();
  assert.equal(await turn(), 1, "the hub does not have it safely");
  const { epoch, lane, headSeq, headChain } = await laneOf(journal, "critical");
  await journal.outbox.take(markOf({ epoch, lane }, headSeq, headChain));
  await turn();
  assert.equal(await turn(), 0);
});

test("a torn tail of the log costs only what was not committed", async (context) => {
  const rig = newRig(context);
  const journal = rig.open();
  await journal.adoptTags([tag("t1")]);
  for (let at = 0; at < 20; at++) {
    journal.append(batchOf([at], rig.clock.nowUs()));
    await journal.commit();
  }
  // As on the disk of a machine that lost power in the middle of the last write.
  const copy = path.join(rig.folder, "copy");
  mkdirSync(copy);
  for (const file of readdirSync(rig.folder)) {
    if (file.startsWith("journal.db")) {
      copyFileSync(path.join(rig.folder, file), path.join(copy, file));
    }
  }
  const log = path.join(copy, "journal.db-wal");
  truncateSync(log, statSync(log).size - 100);
  const second = rig.open({ folder: copy });
  const lane = (await second.outbox.lanes()).find((one) => one.lane === "live");
  assert(lane !== undefined);
  const frames = await chained(second, lane);
  assert.deepEqual(
    frames.map(({ head }) => head.seq),
    Array.from({ length: 19 }, (_frame, at) => at + 1),
  );
});

test("when the file is full of what the hub does not have, samples are refused and claims still kept", async (context) => {
  const rig = newRig(context);
  // So that the samples of the running hour, which are never let go, fit beside the frames that are.
  const bytesMax = 17 * 2 ** 18;
  const journal = rig.open({ bytesMax });
  await journal.adoptTags([tag("t1")]);
  const random = seededRandom("noise");
  let accepted = 0;
  let refused = 0;
  for (let turn = 0; turn < 300; turn++) {
    const values = Array.from({ length: 2_000 }, () => random.next());
    const batch = batchOf(values, rig.clock.nowUs());
    if (journal.append(batch)) accepted += values.length;
    else {
      refused += values.length;
      journal.chargeRefused(batch);
    }
    await rig.clock.advance(1_000);
  }
  assert(refused > 0);
  assert(journal.counters().full);
  assert(journal.counters().journalBytes <= bytesMax);
  assert.equal(journal.counters().sent, accepted);
  assert.equal(journal.counters().unexplained, 0);
  const claims = await journal.gaps({ device }, 0, Infinity);
  const charged = claims.filter(({ reason }) => reason === "queue full");
  assert.deepEqual(
    charged.map(({ count }) => count),
    [{ kind: "exact", samples: refused }],
    "one claim: once full, the file stays full",
  );

  // Once the hub has all of it safely, there is room again: the oldest frames go.
  const { headSeq, headChain } = await laneOf(journal, "live");
  await journal.outbox.take(markOf({ epoch: journal.epoch, lane: "live" }, headSeq, headChain));
  await rig.clock.advance(60_000);
  assert.equal(journal.counters().full, false);
  assert(journal.append(batchOf([1], rig.clock.nowUs())));
});

test("raw frames go when they are old and the hub has them safely, and not before", async (context) => {
  const rig = newRig(context);
  const journal = rig.open({ keepRawHours: 1 });
  await journal.adoptTags([tag("t1")]);
  const beganUs = rig.clock.nowUs();
  journal.append(batchOf([1], beganUs));
  await journal.commit();
  const turn = async (): Promise<number> => {
    await rig.clock.advance(3_700_000);
    journal.append(batchOf([2], rig.clock.nowUs()));
    await journal.commit();
    return (await journal.readSamples(0, beganUs, beganUs, 10)).count;
  };
  assert.equal(await turn(), 1, "the hub does not have it");
  // Samples are let go in whole chunks, and when the hours that these touch have their buckets.
  for (let turns = 0; turns < 5; turns++) {
    for (const { epoch, lane, headSeq, headChain } of await journal.outbox.lanes()) {
      if (headSeq > 0) await journal.outbox.take(markOf({ epoch, lane }, headSeq, headChain));
    }
    await turn();
  }
  assert.equal(await turn(), 0);
});

test("a hub that stands below what was released gets again what is still here, and a void for the rest", async (context) => {
  const rig = newRig(context);
  const journal = rig.open({ keepRawHours: 1 });
  await journal.adoptTags([tag("t1")]);
  for (let at = 0; at < 3; at++) {
    journal.append(batchOf([at], rig.clock.nowUs()));
    await journal.commit();
  }
  const lane = { epoch: journal.epoch, lane: "live" as const };
  const head = await laneOf(journal, "live");
  await journal.outbox.take(markOf(lane, 3, head.headChain));
  await rig.clock.advance(20_000);
  await journal.commit();
  assert.equal((await laneOf(journal, "live")).baseSeq, 3);

  assert(await journal.outbox.rewind(markOf(lane, 0, 0n)));
  const again = await chained(journal, await laneOf(journal, "live"));
  assert.deepEqual(
    again.map(({ head: { seq, content } }) => [seq, content]),
    [
      [1, "samples"],
      [2, "samples"],
      [3, "samples"],
    ],
  );

  await journal.outbox.take(markOf(lane, 3, head.headChain));
  for (let turn = 0; turn < 3; turn++) {
    await rig.clock.advance(3_700_000);
    await journal.commit();
  }
  assert.equal((await journal.readSamples(0, 0, Infinity, 10)).count, 0);
  assert(await journal.outbox.rewind(markOf(lane, 1, again[0]?.head.chain ?? 0n)));
  const [hole] = await chained(journal, await laneOf(journal, "live"));
  assert.equal(hole?.head.content, "void");
  assert.equal(hole.head.cum, 3);
  const claims = await journal.gaps({ device }, 0, Infinity);
  assert(claims.some(({ reason }) => reason === "hub restored"));
});

test("after a kill, too, nothing of what another hub had stored is believed of the new one", async (context) => {
  const rig = newRig(context);
  const journal = rig.open();
  await journal.adoptTags([tag("t1")]);
  await journal.outbox.agree("one");
  journal.append(batchOf([1], rig.clock.nowUs()));
  await journal.commit();
  const first = await laneOf(journal, "live");
  await journal.outbox.take(markOf({ epoch: journal.epoch, lane: "live" }, 1, first.headChain, 0));
  // Marks are written every ten seconds.
  await rig.clock.advance(11_000);
  await journal.commit();
  await journal.outbox.agree("two");
  await journal.abandon();
  const again = rig.open();
  const lanes = await again.outbox.lanes();
  assert.equal(
    lanes.find(({ epoch, lane }) => epoch === first.epoch && lane === "live")?.storedSeq,
    0,
  );
});

test("a new incarnation is told starts, clocks and dictionary again, and believed only by its marks", async (context) => {
  const rig = newRig(context);
  const journal = rig.open();
  await journal.adoptTags([tag("t1")]);
  await journal.outbox.agree("one");
  journal.append(batchOf([1], rig.clock.nowUs()));
  await journal.commit();
  const { headChain } = await laneOf(journal, "live");
  await journal.outbox.take(markOf({ epoch: journal.epoch, lane: "live" }, 1, headChain, 0));
  assert.equal((await laneOf(journal, "live")).storedSeq, 1);
  await journal.outbox.agree("two");
  assert.equal((await laneOf(journal, "live")).storedSeq, 0);
  const contents = (await framesOf(journal, "critical")).map(
    ({ bytes }) => whole(bytes).head.content,
  );
  assert.deepEqual(contents.slice(-3), ["start", "clock", "dictionary"]);
});

/** What a hub would have of one lane: the contiguous prefix, by marks that lag behind. */
interface Told {
  seq: number;
  chain: bigint;
  readonly values: number[];
}

test("whatever comes between, each committed sample is handed out until it is safe, once and in order", async (context) => {
  const rig = newRig(context);
  let runs = 0;
  const step = fc.constantFrom("append", "commit", "send", "lose-mark", "crash", "late-mark");
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      runs++;
      const { committed, received } = await play(path.join(rig.folder, `run-${runs}`), steps);
      assert.deepEqual(received.flat().toSorted(byNumber), committed);
      for (const lane of received) assert.deepEqual(lane, lane.toSorted(byNumber));
    }),
    { numRuns: 25 },
  );
});

function byNumber(a: number, b: number): number {
  return a - b;
}

/** @returns what was committed, and what the hub has of each lane of each epoch */
async function play(
  folder: string,
  steps: readonly string[],
): Promise<{ committed: number[]; received: number[][] }> {
  const clock = new PlayedClock();
  const options: JournalOptions = {
    folder,
    gateway,
    commitEveryMs: 1_000,
    keepRawHours: 1,
    tellEveryMs: 1_000,
    bytesMax: 64 * 2 ** 20,
    clock,
    random: seededRandom(folder),
    log: silentLog,
    onBroken: (failure) => {
      throw failure;
    },
  };
  const hub = new Map<string, Told>();
  const committed: number[] = [];
  let pending: number[] = [];
  let next = 0;
  let journal = await open();

  async function open(): Promise<JournalCore> {
    const opened = openJournalCore(options);
    await opened.adoptTags([tag("t1")]);
    await opened.outbox.agree("one");
    return opened;
  }
  async function commit(): Promise<void> {
    await journal.commit();
    committed.push(...pending);
    pending = [];
  }
  async function send(mark: "told" | "lost" | "late"): Promise<void> {
    for (const lane of await journal.outbox.lanes()) {
      if (lane.lane === "critical") continue;
      const key = `${lane.epoch}/${lane.lane}`;
      const told = hub.get(key) ?? { seq: 0, chain: 0n, values: [] };
      hub.set(key, told);
      assert(lane.baseSeq <= told.seq, "nothing was released that the hub does not have");
      const before = told.seq;
      const { epoch, storedSeq } = lane;
      const frames = await journal.outbox.framesAfter(epoch, lane.lane, storedSeq, Infinity);
      for (const frame of frames) {
        const one = whole(frame.bytes);
        if (one.head.seq <= told.seq) continue;
        assert(fitsChain(one, told.chain));
        told.seq = one.head.seq;
        told.chain = one.head.chain;
        const firstUs = one.head.firstUs;
        const read = await journal.readSamples(0, firstUs, one.head.lastUs, 1_000);
        told.values.push(...read.value);
      }
      const safe = mark === "late" ? before : told.seq;
      if (mark !== "lost") {
        const taken = await journal.outbox.take(markOf(lane, told.seq, told.chain, safe));
        assert.equal(taken, "taken");
      }
    }
    await clock.advance(11_000);
    await commit();
  }

  for (const name of steps) {
    if (name === "append") {
      const values = [next++, next++];
      assert(journal.append(batchOf(values, clock.nowUs())));
      pending.push(...values);
      await clock.advance(1);
    } else if (name === "commit") await commit();
    else if (name === "send") await send("told");
    else if (name === "lose-mark") await send("lost");
    else if (name === "late-mark") await send("late");
    else {
      pending = [];
      await journal.abandon();
      await clock.advance(1_000);
      journal = await open();
    }
    if (journal.counters().inMemory === 0 && pending.length > 0) {
      committed.push(...pending);
      pending = [];
    }
  }
  await commit();
  await send("told");
  await send("told");
  assert.equal(journal.outbox.waiting().samples, 0);
  assert.equal(journal.counters().unexplained, 0);
  await journal.abandon();
  return { committed, received: [...hub.values()].map(({ values }) => values) };
}
