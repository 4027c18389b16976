import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { seededRandom, systemClock } from "@millwright/kit";
import Database from "better-sqlite3";
import { parseFrame } from "@millwright/wire-contract";
import { decodeEvents, type EventLine } from "@millwright/wire-contract/events";

import type { JournalCore } from "../journal.ts";
import { batchOf, device, laneOf, markOf, newRig, tag, type Rig } from "../test-rig.ts";
import { commandEvent, contextEvent, describeEventBook, eventUs } from "./describe-event-book.ts";
import { EventsFull } from "./event-faults.ts";

/** What a journal does between commits is awaited: on a machine that stands still for a while it takes a while. */
const turnMs = 5;
const turnsMax = 6_000;

describeEventBook("event book of the journal", (context) => {
  const rig = newRig(context);
  return rig.open({ clock: systemClock }).events;
});

/** Lines of all events that critical frames hold for the road, in the order of the lanes. */
async function toldBy(journal: JournalCore): Promise<readonly EventLine[]> {
  const told: EventLine[] = [];
  for (const { epoch, lane, baseSeq } of await journal.outbox.lanes()) {
    if (lane !== "critical") continue;
    for (const { bytes } of await journal.outbox.framesAfter(epoch, lane, baseSeq, Infinity)) {
      const frame = parseFrame(bytes);
      assert(frame.kind === "frame");
      if (frame.head.content !== "events") continue;
      const read = decodeEvents(frame.body);
      assert(!("kind" in read));
      told.push(...read.lines);
    }
  }
  return told;
}

async function numbersIn(journal: JournalCore): Promise<readonly number[]> {
  const events = await journal.events.list({ max: 100_000 });
  return events.map(({ number }) => number).toReversed();
}

/** Everything kept so far, at a hub whose backup has it. */
async function letHubHave(journal: JournalCore): Promise<void> {
  for (const lane of await journal.outbox.lanes()) {
    if (lane.headSeq > 0) await journal.outbox.take(markOf(lane, lane.headSeq, lane.headChain));
  }
}

const upTo = (last: number): readonly number[] =>
  Array.from({ length: last }, (_number, at) => at + 1);

const pageSize = 1_024;

/** With a body that does not fit the page of its row. */
const wordy = (at: number): ReturnType<typeof contextEvent> =>
  contextEvent(`${at} ${"long ".repeat(800)}`, at);

test("what was lost in memory is claimed from the last samples on, although an event was kept long after them", async (context) => {
  const rig = newRig(context);
  const first = rig.open();
  await first.adoptTags([tag("t1")]);
  const sampledUs = rig.clock.nowUs();
  assert(first.append(batchOf([1], sampledUs)));
  await first.commit();
  // As on a disk that is full: an event finds room, where a group of samples had none for a minute.
  await rig.clock.advance(60_000);
  const event = first.events.keep([commandEvent("c-1")]);
  await rig.clock.advance(1_000);
  await event;
  await first.abandon();

  const second = rig.open();
  await second.adoptTags([tag("t1")]);
  const [claim] = await second.gaps({ device }, 0, rig.clock.nowUs());
  assert.equal(claim?.reason, "gateway down");
  assert.equal(claim.fromUs, sampledUs);
});

describe("events in the journal", () => {
  test("a thousand in ten seconds are kept and told one by one, each within 50 ms, with few commits", async (t) => {
    const rig = newRig(t);
    const journal = rig.open();
    const late: number[] = [];
    const kept: Promise<readonly { readonly number: number }[]>[] = [];
    for (let at = 0; at < 1_000; at++) {
      const beganMs = rig.clock.monotonicMs();
      const one = journal.events.keep([commandEvent(`c-${at}`, at / 100)]);
      kept.push(one);
      void one.then(() => {
        const tookMs = rig.clock.monotonicMs() - beganMs;
        if (tookMs > 50) late.push(tookMs);
      });
      await rig.clock.advance(10);
    }
    await journal.commit();
    const numbers = (await Promise.all(kept)).flat().map(({ number }) => number);
    assert.deepEqual(numbers, upTo(1_000));
    assert.deepEqual(late, []);
    const told = await toldBy(journal);
    assert.deepEqual(
      told.map(({ number, subject }) => [number, subject]),
      upTo(1_000).map((number) => [number, `c-${number - 1}`]),
    );
    const frames = await journal.outbox.framesAfter(journal.epoch, "critical", 0, Infinity);
    assert.ok(frames.length <= 10_000 / 40 + 10, `${frames.length} commits`);
  });

  test("after a rest a few that follow each other wait for the disk alone; then they share commits", async (t) => {
    const rig = newRig(t);
    const journal = rig.open();
    for (const moment of [0, 1]) {
      // The clock stands still: whatever waits for it waits for ever.
      for (let at = 0; at < 5; at++) await journal.events.keep([commandEvent(`${moment} ${at}`)]);
      const shared = Promise.all([
        journal.events.keep([commandEvent(`${moment} 5`)]),
        journal.events.keep([commandEvent(`${moment} 6`)]),
      ]);
      let isKept = false;
      void shared.then(() => (isKept = true));
      await rig.clock.advance(39);
      assert.equal(isKept, false);
      await rig.clock.advance(1);
      await shared;
      await rig.clock.advance(200);
    }
    assert.deepEqual(await numbersIn(journal), upTo(14));
    const frames = await journal.outbox.framesAfter(journal.epoch, "critical", 0, Infinity);
    const contents = frames.flatMap(({ bytes }) => {
      const frame = parseFrame(bytes);
      return frame.kind === "frame" ? [frame.head.content] : [];
    });
    assert.equal(contents.filter((content) => content === "events").length, 2 * 6, "commits");
  });

  test("what a part saves after an event is on disk with it, also where the process ends at once", async (t) => {
    const rig = newRig(t);
    const first = rig.open();
    const kept = first.events.keep([commandEvent("a")]);
    first.events.saveState("commands", { open: ["a"] });
    await kept;
    await first.abandon();
    const second = rig.open();
    assert.deepEqual(second.events.state("commands"), { open: ["a"] });
    assert.deepEqual(await numbersIn(second), [1]);
    const [next] = await second.events.keep([commandEvent("b")]);
    assert.equal(next?.number, 2);
  });

  test("a state without an event is on disk with the next commit, and at a clean end", async (t) => {
    const rig = newRig(t);
    const first = rig.open();
    first.events.saveState("rules", 1);
    await rig.clock.advance(1_000);
    await first.abandon();
    const second = rig.open();
    assert.equal(second.events.state("rules"), 1);
    second.events.saveState("rules", 2);
    await second.close();
    assert.equal(rig.open().events.state("rules"), 2);
  });

  test("kills at random moments take no event that was kept, and no state is there without its event", async (t) => {
    const rig = newRig(t);
    const random = seededRandom("event kills");
    let settled = 0;
    for (let run = 0; run < 2; run++) {
      settled = Math.max(settled, await writeUntilKilled(rig.folder, 1 + random.int(12)));
    }
    const journal = rig.open();
    const numbers = await numbersIn(journal);
    assert.ok(settled > 0);
    assert.ok(numbers.length >= settled, `${settled} were settled, ${numbers.length} are there`);
    assert.deepEqual(numbers, upTo(numbers.length));
    assert.deepEqual(
      (await toldBy(journal)).map(({ number }) => number),
      numbers,
    );
    const newest = journal.events.state("writer");
    assert.equal(newest, numbers.length);
  });

  test("a full share refuses new events in words, takes no room from samples, and opens when the hub has some", async (t) => {
    const rig = newRig(t);
    const journal = rig.open({ bytesMax: 4 * 2 ** 20, clock: systemClock });
    await journal.adoptTags([tag("t1")]);
    let last = 0;
    /** Keeps as many at a time as are named, until they are refused. */
    const fill = async (count: number): Promise<unknown> => {
      for (;;) {
        const some = Array.from({ length: count }, (_one, at) => contextEvent(`job ${at}`, at));
        try {
          last = (await journal.events.keep(some)).at(-1)?.number ?? last;
        } catch (failure) {
          return failure;
        }
      }
    };
    await fill(100);
    const full = await fill(1);
    assert(full instanceof EventsFull);
    assert.match(full.hint, /stick/);
    assert.ok(last > 200, `${last} events fit`);
    assert.deepEqual(await numbersIn(journal), upTo(last), "nothing was let go for others");
    assert.ok(journal.append(batchOf([1, 2, 3], eventUs)), "samples go on");
    await journal.commit();
    await assert.rejects(journal.events.keep([contextEvent("start")]), EventsFull);

    await letHubHave(journal);
    await fill(100);
    const left = await numbersIn(journal);
    const first = left[0] ?? 0;
    assert.ok(first > 1, "those that the hub has make room, the oldest first");
    assert.deepEqual(
      left,
      upTo(last).filter((number) => number >= first),
    );
    assert.deepEqual(rig.broken, []);
  });

  test("a journal full of samples that no hub has still keeps events, and sheds none of them", async (t) => {
    const rig = newRig(t);
    const journal = rig.open({ bytesMax: 4 * 2 ** 20 });
    await journal.adoptTags([tag("t1")]);
    const before = journal.events.keep([commandEvent("before")]);
    const random = seededRandom("noise");
    for (let turn = 0; turn < 300 && !journal.counters().full; turn++) {
      const values = Array.from({ length: 2_000 }, () => random.next());
      journal.append(batchOf(values, rig.clock.nowUs()));
      await rig.clock.advance(1_000);
    }
    assert.equal((await before)[0]?.number, 1);
    assert.ok(journal.counters().full, "samples are refused");
    const kept = journal.events.keep([commandEvent("after")]);
    await rig.clock.advance(50);
    assert.equal((await kept)[0]?.number, 2);
    assert.deepEqual(await numbersIn(journal), [1, 2]);
  });

  test("a hub that was put back is told again what it lost, and one that is new is told everything", async (t) => {
    const rig = newRig(t);
    const journal = rig.open({ clock: systemClock });
    await journal.adoptTags([tag("t1")]);
    await journal.outbox.agree("first");
    await journal.events.keep(upTo(5).map((at) => commandEvent(`c-${at}`, at)));
    const early = await laneOf(journal, "critical");
    await journal.events.keep(upTo(5).map((at) => commandEvent(`d-${at}`, at)));
    await letHubHave(journal);
    await journal.commit();
    // The marks are written and the frames taken out with a commit of later.
    await journal.events.keep([commandEvent("last")]);
    await journal.outbox.rewind(markOf(early, early.headSeq, early.headChain));
    const untilTold = async (numbers: readonly number[]): Promise<readonly EventLine[]> => {
      for (let turn = 0; turn < turnsMax; turn++) {
        await journal.commit();
        const told = await toldBy(journal);
        if (numbers.every((number) => told.some((one) => one.number === number))) return told;
        await sleep(turnMs);
      }
      return assert.fail("they are not told again");
    };
    await untilTold([6, 7, 8, 9, 10, 11]);
    await journal.close();

    const again = rig.open({ clock: systemClock });
    await again.outbox.agree("second");
    for (const lane of await again.outbox.lanes()) {
      await again.outbox.rewind(markOf(lane, 0, 0n));
    }
    for (let turn = 0; turn < turnsMax; turn++) {
      await again.commit();
      const numbers = new Set((await toldBy(again)).map(({ number }) => number));
      if (upTo(11).every((number) => numbers.has(number))) return;
      await sleep(turnMs);
    }
    assert.fail("a new hub is not told everything");
  });

  test("a copy of the journal has events and states, and tells as its own what the original did not", async (t) => {
    const rig = newRig(t);
    const journal = rig.open({ clock: systemClock });
    await journal.adoptTags([tag("t1")]);
    await journal.events.keep([commandEvent("a"), commandEvent("b")]);
    journal.events.saveState("alarms", ["x"]);
    await journal.commit();
    const folder = path.join(rig.folder, "copy");
    mkdirSync(folder);
    await journal.copyTo(path.join(folder, "journal.db"));
    const lane = await laneOf(journal, "critical");

    const copy = rig.open({ folder, clock: systemClock });
    assert.deepEqual(copy.events.state("alarms"), ["x"]);
    assert.deepEqual(await numbersIn(copy), [1, 2]);
    // The original has gone on in the epoch: what the hub proved is its first frame only.
    await copy.outbox.leave(markOf(lane, lane.headSeq + 5, 1n, 0));
    for (let turn = 0; turn < turnsMax; turn++) {
      await copy.commit();
      const own = await copy.outbox.framesAfter(copy.epoch, "critical", 0, Infinity);
      const numbers = own.flatMap(({ bytes }) => {
        const frame = parseFrame(bytes);
        if (frame.kind !== "frame" || frame.head.content !== "events") return [];
        const read = decodeEvents(frame.body);
        return "kind" in read ? [] : read.lines.map(({ number }) => number);
      });
      if (numbers.includes(1) && numbers.includes(2)) return;
      await sleep(turnMs);
    }
    assert.fail("the copy does not tell its events in its own epoch");
  });
});

describe("an event whose text lies on a damaged page", () => {
  /** @param told whether its frame still waits for the hub */
  async function damaged(t: Parameters<typeof newRig>[0], told: boolean): Promise<Rig> {
    const rig = newRig(t);
    const journal = rig.open({ clock: systemClock });
    await journal.adoptTags([tag("t1")]);
    await journal.events.keep(upTo(6).map(wordy));
    if (!told) await letHubHave(journal);
    await journal.close();
    return rig;
  }

  /** Opens the journal after a page that holds the rest of a row of this table has changed on disk. */
  function openDamaged(rig: Rig, table: string): JournalCore {
    const file = path.join(rig.folder, "journal.db");
    const db = new Database(file, { readonly: true });
    const page = db
      .prepare<[string], number>(
        "select pageno from dbstat where name = ? and pagetype = 'overflow' limit 1",
      )
      .pluck()
      .get(table);
    db.close();
    assert(page !== undefined);
    const bytes = readFileSync(file);
    bytes.fill(0x58, (page - 1) * pageSize + 200, (page - 1) * pageSize + 300);
    writeFileSync(file, bytes);
    const journal = rig.open({ clock: systemClock });
    assert.deepEqual(journal.counters().found.damagedPages, [page]);
    assert.equal(journal.counters().found.movedTo, undefined);
    return journal;
  }

  test("is put back from its frame while that is here", async (t) => {
    const rig = await damaged(t, true);
    const journal = openDamaged(rig, "event");
    const events = await journal.events.list({ max: 10 });
    assert.deepEqual(
      events.map(({ body }) => body),
      upTo(6)
        .toReversed()
        .map((at) => wordy(at).body),
    );
    assert.deepEqual(await claimsOf(journal), []);
  });

  test("is given up alone when its frame has gone to the hub, and the ledger says so", async (t) => {
    const rig = await damaged(t, false);
    const journal = openDamaged(rig, "event");
    const events = await journal.events.list({ max: 10 });
    assert.equal(events.length, 5);
    assert.deepEqual(await claimsOf(journal), ["frame corrupt"]);
  });

  test("in its frame is told again from its row", async (t) => {
    const rig = await damaged(t, true);
    const journal = openDamaged(rig, "critical_frame");
    for (let turn = 0; turn < turnsMax; turn++) {
      const numbers = new Set((await toldBy(journal)).map(({ number }) => number));
      if (upTo(6).every((number) => numbers.has(number))) return;
      await journal.commit();
      await sleep(turnMs);
    }
    assert.fail("they are not told again");
  });
});

async function claimsOf(journal: JournalCore): Promise<readonly string[]> {
  await journal.commit();
  const claims = await journal.gaps({ device }, 0, Infinity);
  return claims.map(({ reason }) => reason).filter((reason) => reason !== "gateway down");
}

/** @returns the last number that was settled */
async function writeUntilKilled(folder: string, after: number): Promise<number> {
  const program = path.join(import.meta.dirname, "test-event-writer.ts");
  const child = spawn(process.execPath, [program, folder], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  let last = 0;
  let lines = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    last = Math.max(last, Number(line));
    if (++lines === after) child.kill("SIGKILL");
  }
  await exited;
  return last;
}
