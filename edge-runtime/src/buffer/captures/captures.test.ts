import assert from "node:assert/strict";
import { existsSync, writeFileSync } from "node:fs";
import { test } from "node:test";

import {
  decodeCapture,
  decodePiece,
  decodeVoid,
  parseFrame,
  type CaptureRecord,
  type TagId,
} from "@millwright/wire-contract";

import type { OutboxFrame } from "../../hand-over.ts";
import type { JournalCore } from "../journal.ts";
import { device, framesOf, laneOf, markOf, newRig, type Rig } from "../test-rig.ts";
import {
  captureFile,
  captureFolderOf,
  CaptureTooLarge,
  writeCaptureFile,
} from "./capture-files.ts";

const point = "pump-1/bearing" as TagId;
const limits = { bytesMax: 1_000, pieceBytes: 100 };

/** Bytes that differ from capture to capture. */
function bytesOf(number: number, size = 250): Uint8Array {
  return Uint8Array.from({ length: size }, (_, at) => (number * 31 + at * 7) % 256);
}

async function keep(rig: Rig, journal: JournalCore, number: number, size = 250): Promise<string> {
  const bytes = bytesOf(number, size);
  const stored = await writeCaptureFile(captureFolderOf(rig.folder), "test", [bytes], 1e6);
  const kept = await journal.keepCapture(recordOf(number, stored));
  assert.deepEqual(kept, { kind: "kept" });
  return stored.sha256;
}

function recordOf(
  number: number,
  { sha256, byteCount }: { readonly sha256: string; readonly byteCount: number },
): CaptureRecord {
  return {
    tag: point,
    name: "Bearing, drive end",
    asset: "Pump 1",
    startUs: number * 1_000_000,
    rateHz: 25_600,
    count: byteCount / 2,
    channels: 1,
    sampleType: "int16",
    scale: 0.0005,
    unit: "[g]",
    overload: false,
    trigger: "schedule",
    why: "every 5 min",
    state: [],
    mediaType: "application/octet-stream",
    sha256,
    byteCount,
  };
}

/** The bytes of each capture that these frames hold whole, as a hub puts them together. */
function assembled(frames: readonly OutboxFrame[]): Map<string, Uint8Array> {
  const found = new Map<string, Uint8Array>();
  let data: Uint8Array[] = [];
  for (const { bytes } of frames) {
    const parsed = parseFrame(bytes);
    assert(parsed.kind === "frame");
    if (parsed.head.content === "piece") {
      const piece = decodePiece(parsed.body);
      assert(!("kind" in piece));
      assert.equal(
        piece.at,
        data.reduce((sum, one) => sum + one.length, 0),
      );
      data.push(piece.data);
    } else if (parsed.head.content === "capture") {
      const record = decodeCapture(parsed.body);
      assert(!("kind" in record));
      found.set(record.sha256, Buffer.concat(data));
      data = [];
    }
  }
  return found;
}

async function claimsOf(journal: JournalCore): Promise<readonly string[]> {
  await journal.commit();
  return gapsOf(journal);
}

async function gapsOf(journal: JournalCore): Promise<readonly string[]> {
  const entries = await journal.gaps({ device, tag: point }, 0, 9e9);
  return entries.map(({ reason, scope, fromUs, count }) =>
    [
      reason,
      scope.kind === "tag" ? scope.tag : scope.kind,
      fromUs,
      count.kind === "unknown" ? "?" : count.samples,
    ].join(" "),
  );
}

const open = (rig: Rig): JournalCore => rig.open({ captures: limits });

/** What the hub says once it has checked what it has: the safe mark lies at the head. */
async function allAtHub(journal: JournalCore): Promise<void> {
  const { epoch, headSeq, headChain } = await laneOf(journal, "capture");
  await journal.outbox.agree("hub-1");
  assert(await journal.outbox.take(markOf({ epoch, lane: "capture" }, headSeq, headChain)));
  await journal.commit();
}

test("a capture is kept once, and goes to the hub in pieces that are together its bytes", async (t) => {
  const rig = newRig(t);
  const journal = open(rig);
  const sha256 = await keep(rig, journal, 1);
  const frames = await framesOf(journal, "capture");
  assert.deepEqual(
    frames.map(({ sampleCount }) => sampleCount),
    [0, 0, 0, 1],
    "three pieces count nothing, the record counts one",
  );
  assert.deepEqual(Buffer.from(assembled(frames).get(sha256) ?? []), Buffer.from(bytesOf(1)));

  const again = await journal.keepCapture(recordOf(1, { sha256, byteCount: 250 }));
  assert.deepEqual(again, { kind: "known" });
  assert.equal((await framesOf(journal, "capture")).length, 4);
  const [view] = await journal.captures({ tag: point, fromUs: 0, toUs: 9e9, max: 10 });
  assert.equal(view?.sha256, sha256);
  assert.equal(view.atHub, false);
});

test("captures outlive a crash, and what a crash left half done goes", async (t) => {
  const rig = newRig(t);
  const first = open(rig);
  const kept = await keep(rig, first, 1);
  const folder = captureFolderOf(rig.folder);
  const lost = await writeCaptureFile(folder, "test", [bytesOf(2)], 1e6);
  writeFileSync(`${folder}/half.part`, "half");
  await first.abandon();

  const second = open(rig);
  assert(existsSync(captureFile(folder, kept)));
  assert(!existsSync(captureFile(folder, lost.sha256)), "no record names it");
  assert(!existsSync(`${folder}/half.part`));
  const frames = await second.outbox.framesAfter(first.epoch, "capture", 0, Infinity);
  assert.deepEqual([...assembled(frames).keys()], [kept]);
});

test("without room the oldest at the hub go first, and nobody has lost anything", async (t) => {
  const rig = newRig(t);
  const journal = open(rig);
  const folder = captureFolderOf(rig.folder);
  const old = [await keep(rig, journal, 1), await keep(rig, journal, 2)];
  await allAtHub(journal);
  const waiting = [await keep(rig, journal, 3), await keep(rig, journal, 4)];
  waiting.push(await keep(rig, journal, 5));
  assert.deepEqual(
    [...old, ...waiting].map((sha256) => existsSync(captureFile(folder, sha256))),
    [false, true, true, true, true],
  );
  waiting.push(await keep(rig, journal, 6));
  assert(!existsSync(captureFile(folder, old[1] ?? "")));
  const { storedSeq } = await laneOf(journal, "capture");
  const frames = await journal.outbox.framesAfter(journal.epoch, "capture", storedSeq, Infinity);
  assert.deepEqual([...assembled(frames).keys()], waiting);
  assert.deepEqual(await claimsOf(journal), []);
});

test("then the oldest that wait go, each is told, and a void stands for all of them", async (t) => {
  const rig = newRig(t);
  const journal = open(rig);
  const all = [];
  for (let number = 1; number <= 7; number++) all.push(await keep(rig, journal, number));
  const frames = await framesOf(journal, "capture");
  assert.deepEqual([...assembled(frames.slice(1)).keys()], all.slice(3));
  const [gone] = frames;
  assert(gone !== undefined);
  const parsed = parseFrame(gone.bytes);
  assert(parsed.kind === "frame" && parsed.head.content === "void");
  const gap = decodeVoid(parsed.body);
  assert(!("kind" in gap));
  assert.deepEqual([gap.fromSeq, gap.toSeq, gap.sampleCount], [1, 12, 3], "voids merge");
  assert.deepEqual(await claimsOf(journal), [`evicted ${point} 1000000 3`]);
  // N10, lane: what is counted at the head is held or in voids.
  const held = frames.reduce((sum, { sampleCount }) => sum + sampleCount, 0);
  assert.equal(held, 7);
});

test("of a capture that is on the road the void begins above what the hub has", async (t) => {
  const rig = newRig(t);
  const journal = open(rig);
  await keep(rig, journal, 1);
  const frames = await framesOf(journal, "capture");
  const parsed = parseFrame(frames[1]?.bytes ?? new Uint8Array(0));
  assert(parsed.kind === "frame");
  await journal.outbox.agree("hub-1");
  const { epoch } = journal;
  await journal.outbox.take(markOf({ epoch, lane: "capture" }, 2, parsed.head.chain, 0));
  for (let number = 2; number <= 5; number++) await keep(rig, journal, number);
  const [gone] = await journal.outbox.framesAfter(epoch, "capture", 2, 1);
  const read = parseFrame(gone?.bytes ?? new Uint8Array(0));
  assert(read.kind === "frame" && read.head.content === "void");
  const gap = decodeVoid(read.body);
  assert(!("kind" in gap));
  assert.deepEqual([gap.fromSeq, gap.toSeq, gap.sampleCount], [3, 4, 1]);
  assert.equal(gap.chainBefore, parsed.head.chain);
});

test("a byte that changes in a file is found before it is sent, and the capture is told as corrupt", async (t) => {
  const rig = newRig(t);
  const journal = open(rig);
  const spoilt = await keep(rig, journal, 1);
  const whole = await keep(rig, journal, 2);
  const file = captureFile(captureFolderOf(rig.folder), spoilt);
  const bytes = bytesOf(1);
  bytes[150] = (bytes[150] ?? 0) ^ 1;
  writeFileSync(file, bytes);

  const sent: OutboxFrame[] = [];
  for (let seq = 0; seq < 8; seq = sent.at(-1)?.seq ?? 8) {
    sent.push(...(await journal.outbox.framesAfter(journal.epoch, "capture", seq, Infinity)));
  }
  assert.deepEqual(
    sent.map(({ seq }) => seq),
    [1, 4, 5, 6, 7, 8],
    "the piece before the changed one, then a void up to the record",
  );
  assert.deepEqual([...assembled(sent.slice(2)).keys()], [whole]);
  assert(!existsSync(file));
  // Told with the void, before any commit (docs/adr/0038).
  assert.deepEqual(await gapsOf(journal), [`frame corrupt ${point} 1000000 1`]);
  assert.equal((await journal.captures({ fromUs: 0, toUs: 9e9, max: 10 })).length, 1);
});

test("a file that is not what its name says is not promised", async (t) => {
  const rig = newRig(t);
  const journal = open(rig);
  const folder = captureFolderOf(rig.folder);
  const stored = await writeCaptureFile(folder, "test", [bytesOf(1)], 1e6);
  writeFileSync(captureFile(folder, stored.sha256), bytesOf(2));
  const kept = await journal.keepCapture(recordOf(1, stored));
  assert.deepEqual(kept, { kind: "corrupt" });
  assert.deepEqual(await framesOf(journal, "capture"), []);
  assert(!existsSync(captureFile(folder, stored.sha256)));
});

test("what is larger than the whole budget is refused in words, and nothing is let go for it", async (t) => {
  const rig = newRig(t);
  const journal = open(rig);
  const small = await keep(rig, journal, 1);
  const folder = captureFolderOf(rig.folder);
  const stored = await writeCaptureFile(folder, "test", [bytesOf(2, 1_001)], 1e6);
  const kept = await journal.keepCapture(recordOf(2, stored));
  assert.equal(kept.kind, "refused");
  assert(existsSync(captureFile(folder, small)));
  await assert.rejects(writeCaptureFile(folder, "test", [bytesOf(3)], 249), CaptureTooLarge);
  assert(!existsSync(`${folder}/test.part`));
});
