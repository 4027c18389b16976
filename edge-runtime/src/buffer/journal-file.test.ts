import assert from "node:assert/strict";
import { mkdirSync, rmSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";

import Database from "better-sqlite3";
import type { GatewayId } from "@millwright/wire-contract";

import { openJournalCore } from "./journal.ts";
import { journalFile, type JournalFile } from "./journal-file.ts";
import { batchOf, device, framesOf, gateway, laneOf, markOf, newRig, tag } from "./test-rig.ts";

/** Everything that the file says of the lanes a stick carries from it. */
function allFrames(file: JournalFile, bytesMax: number): string[] {
  const frames: string[] = [];
  for (const { epoch, lane, baseSeq, headSeq } of file.lanes().lanes) {
    for (let at = baseSeq; at < headSeq;) {
      const piece = file.framesAfter(epoch, lane, at, bytesMax);
      assert.ok(piece.lastSeq > at, "it goes on");
      at = piece.lastSeq;
      frames.push(
        ...piece.frames.map(({ bytes }) => `${lane} ${Buffer.from(bytes).toString("hex")}`),
      );
    }
  }
  return frames;
}

test("the file of a stopped journal tells the same lanes and frames as the journal itself", async (t) => {
  const rig = newRig(t);
  const journal = rig.open();
  // One tag of which little is told, so that frames with bodies of their own are among them.
  await journal.adoptTags([
    tag("plain"),
    tag("thinned", { telling: { rule: "dead-band", error: 5, heartbeatMs: 60_000 } }),
  ]);
  for (let turn = 0; turn < 20; turn++) {
    journal.append(batchOf([turn, turn + 1], rig.clock.nowUs()));
    journal.append(batchOf([turn], rig.clock.nowUs(), { tag: new Int32Array([1]) }));
    await rig.clock.advance(1_500);
  }
  await journal.sealOpen();
  await journal.close();
  const file = journalFile(rig.folder, gateway);
  const { lanes, birth } = file.lanes();
  const inPieces = allFrames(file, 1);
  const atOnce = allFrames(file, Infinity);

  const again = rig.open();
  const expected: string[] = [];
  // The second start has begun an epoch of its own.
  const held = (await again.outbox.lanes()).filter(
    ({ epoch, lane }) => epoch === journal.epoch && lane !== "capture",
  );
  for (const { epoch, lane } of held) {
    const frames = await again.outbox.framesAfter(epoch, lane, 0, Infinity);
    expected.push(...frames.map(({ bytes }) => `${lane} ${Buffer.from(bytes).toString("hex")}`));
  }
  assert.deepEqual(lanes, held);
  assert.deepEqual(birth, again.outbox.birth());
  assert.ok(new Set(expected.map((frame) => frame.split(" ")[0])).size === 3, "all three lanes");
  assert.deepEqual(atOnce, expected);
  assert.deepEqual(inPieces, expected, "in pieces of one frame, too");
});

test("marks that were taken are in the file, and so is the incarnation", async (t) => {
  const rig = newRig(t);
  const journal = rig.open();
  await journal.adoptTags([tag("plain")]);
  for (let turn = 0; turn < 5; turn++) {
    journal.append(batchOf([turn], rig.clock.nowUs()));
    await rig.clock.advance(1_500);
  }
  await journal.outbox.agree("one");
  const lane = await laneOf(journal, "live");
  await journal.outbox.take(markOf(lane, lane.headSeq, lane.headChain, 0));
  await journal.close();
  const { lanes, incarnation } = journalFile(rig.folder, gateway).lanes();
  assert.equal(incarnation, "one");
  const read = lanes.find((one) => one.epoch === lane.epoch && one.lane === "live");
  assert.deepEqual([read?.storedSeq, read?.headSeq], [lane.headSeq, lane.headSeq]);
});

test("a damaged frame is counted and left out, and those around it are read", async (t) => {
  const rig = newRig(t);
  const journal = rig.open();
  await journal.adoptTags([tag("plain")]);
  for (let turn = 0; turn < 4; turn++) {
    journal.append(batchOf([turn], rig.clock.nowUs()));
    await rig.clock.advance(1_500);
  }
  const { epoch } = journal;
  const { headSeq } = await laneOf(journal, "live");
  await journal.close();
  const db = new Database(path.join(rig.folder, "journal.db"));
  db.prepare(
    "update live_frame set head = zeroblob(20) where id = (select max(id) - 1 from live_frame)",
  ).run();
  db.close();
  const piece = journalFile(rig.folder, gateway).framesAfter(epoch, "live", 0, Infinity);
  assert.equal(piece.unreadable, 1);
  assert.equal(piece.frames.length, headSeq - 1);
  assert.equal(piece.lastSeq, headSeq);
});

test("open claims of a stopped journal are counted, and none are left after they were sealed for an export", async (t) => {
  const rig = newRig(t);
  const journal = rig.open();
  await journal.adoptTags([tag("plain")]);
  journal.charge({
    reason: "link lost",
    scope: { kind: "device", device },
    fromUs: rig.clock.nowUs(),
    toUs: rig.clock.nowUs() + 5,
    count: { kind: "exact", samples: 7 },
  });
  await journal.commit();
  const before = (await framesOf(journal, "critical")).length;
  await journal.sealOpen();
  assert.equal((await framesOf(journal, "critical")).length, before + 1);
  await journal.sealOpen();
  assert.equal((await framesOf(journal, "critical")).length, before + 1, "nothing is told twice");
  await journal.close();
  assert.equal(journalFile(rig.folder, gateway).openClaims(), 0);
});

test("a journal that a runtime has is in use, and is free again after each piece that was read of it", async (t) => {
  const rig = newRig(t);
  const journal = rig.open();
  await journal.adoptTags([tag("plain")]);
  const file = journalFile(rig.folder, gateway);
  assert.throws(() => file.lanes(), { code: "buffer.journal-in-use" });
  await journal.close();
  file.lanes();
  const again = openJournalCore(rig.options());
  await again.close();
});

test("what is not a journal of this gateway is said", async (t) => {
  const rig = newRig(t);
  const empty = path.join(rig.folder, "empty");
  mkdirSync(empty);
  assert.throws(() => journalFile(empty, gateway).lanes(), /there is no journal/);
  const journal = rig.open();
  await journal.adoptTags([tag("plain")]);
  await journal.close();
  assert.throws(() => journalFile(rig.folder, "other" as GatewayId).lanes(), /belongs to gateway/);
  const db = new Database(path.join(rig.folder, "journal.db"));
  db.pragma("user_version = 99");
  db.close();
  assert.throws(() => journalFile(rig.folder, gateway).lanes(), /has version 99/);
  rmSync(empty, { recursive: true });
});
