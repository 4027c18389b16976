import assert from "node:assert/strict";
import {
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { after, before, describe, test } from "node:test";

import { widths } from "@millwright/aggregates";
import { seededRandom, type Random } from "@millwright/kit";
import { decodeSamples, fitsChain, parseFrame } from "@millwright/wire-contract";

import type { JournalCore } from "../journal.ts";
import { batchOf, device, newRig, tag, type Rig } from "../test-rig.ts";
import type { FileFindings } from "./inspect-file.ts";
import { LogEnd } from "./log-end.ts";
import { readLog } from "./log-pages.ts";
import { putAside } from "./put-aside.ts";

/**
 * A real journal of some hours, with frames, chunks, buckets, claims and a log, of which nothing was taken by a hub. Bytes
 * of its files are changed at random places, and the real journal goes on with it.
 */

const change = { bytesMax: 4 * 2 ** 20, commitEveryMs: 3_600_000, keepRawHours: 1_000 };
const parts = ["journal.db", "journal.db-wal", "journal.db-sums"] as const;
const pageSize = 1_024;

/** Committed samples by time, and where the files lie as a kill would leave them. */
interface Made {
  readonly folder: string;
  readonly samples: ReadonlyMap<number, number>;
}

async function make(rig: Rig): Promise<Made> {
  const { clock } = rig;
  const journal = rig.open(change);
  await journal.adoptTags([tag("t1"), tag("t2", { kind: "state" })]);
  await clock.advance((widths.hour - (clock.nowUs() % widths.hour)) / 1_000);
  const random = seededRandom("made");
  const samples = new Map<number, number>();
  for (let group = 0; group < 40; group++) {
    const values = Array.from({ length: 300 }, () => random.next());
    const times = values.map((_value, at) => clock.nowUs() + at * 1_000_000);
    values.forEach((value, at) => samples.set(times[at] ?? 0, value));
    const tags = Int32Array.from(values, (_value, at) => (at % 10 === 0 ? 1 : 0));
    journal.append({ ...batchOf(values, 0), tag: tags, measuredUs: Float64Array.from(times) });
    const fromUs = clock.nowUs();
    journal.charge({
      reason: "link lost",
      scope: { kind: "device", device },
      fromUs: fromUs + 299_500_000,
      toUs: fromUs + 299_600_000,
      count: { kind: "unknown" },
    });
    await clock.advance(300_000);
    await journal.commit();
  }
  const folder = path.join(rig.folder, "made");
  mkdirSync(folder);
  for (const name of parts) cpSync(path.join(rig.folder, name), path.join(folder, name));
  return { folder, samples };
}

interface Seen {
  readonly found: FileFindings;
  /** Samples that neither the road has nor the ledger. */
  readonly unexplained: number;
  /** Samples that the gateway itself does not read as they were, and that the ledger does not have. */
  readonly misread: number;
}

/** Goes on with a journal, as the runtime does, and asks it for everything. */
async function goOn(rig: Rig, folder: string, { samples }: Made): Promise<Seen> {
  const journal = rig.open({ ...change, folder });
  const { found } = journal.counters();
  await journal.adoptTags([tag("t1"), tag("t2", { kind: "state" })]);
  await rig.clock.advance(1_000);
  await journal.commit();
  const stored = await roadOf(journal);
  await journal.commit();
  const claims = await journal.gaps({ device }, 0, Infinity);
  // What is claimed all along explains nothing that was there.
  const lost = claims.filter(({ reason }) => reason !== "link lost");
  const explained = (us: number): boolean =>
    lost.some(({ fromUs, toUs }) => fromUs <= us && us <= toUs);
  const held = new Map<number, number>();
  for (const index of [0, 1]) {
    const read = await journal.readSamples(index, -Infinity, Infinity, Infinity);
    read.measuredUs.forEach((us, at) => held.set(us, read.value[at] ?? NaN));
  }
  await journal.abandon();
  const missing = (have: ReadonlyMap<number, number>): number =>
    [...samples].filter(([us, value]) => have.get(us) !== value && !explained(us)).length;
  return { found, unexplained: missing(stored), misread: missing(held) };
}

/** What a hub would get: all that fits the chain of its lane. */
async function roadOf(journal: JournalCore): Promise<ReadonlyMap<number, number>> {
  const stored = new Map<number, number>();
  for (const lane of await journal.outbox.lanes()) {
    let chain = lane.baseChain;
    const { epoch, baseSeq, headSeq } = lane;
    const frames = await journal.outbox.framesAfter(epoch, lane.lane, baseSeq, Infinity);
    for (const { bytes } of frames) {
      const frame = parseFrame(bytes);
      assert.ok(frame.kind === "frame");
      if (frame.head.content !== "void") assert.ok(fitsChain(frame, chain));
      chain = frame.head.chain;
      if (frame.head.content !== "samples") continue;
      const columns = decodeSamples(frame.body, journal.dictionary);
      assert.ok(!("kind" in columns));
      columns.measuredUs.forEach((us, at) => stored.set(us, columns.value[at] ?? NaN));
    }
    // What another lane's damage costs is told at once, behind what was there when the lanes were named.
    assert.ok((frames.at(-1)?.seq ?? baseSeq) >= headSeq);
  }
  return stored;
}

function pagesInLog(file: string): ReadonlySet<number> {
  const fd = openSync(file, "r");
  const { sums } = readLog(fd, statSync(file).size, pageSize, false);
  closeSync(fd);
  return new Set(sums.keys());
}

/** What of the log is not folded: behind it lies what was written before it was begun anew. */
function endOfLog(file: string): number {
  const fd = openSync(file, "r");
  const end = new LogEnd(fd, pageSize).look();
  closeSync(fd);
  return end;
}

/** A copy with `count` neighbouring bytes of one of its files changed, between `from` and `to`. */
function damaged(
  rig: Rig,
  { folder }: Made,
  name: string,
  random: Random,
  count: number,
  from = 0,
  to = statSync(path.join(folder, name)).size,
): { readonly folder: string; readonly at: number } {
  const copy = path.join(rig.folder, `damaged-${copies++}`);
  cpSync(folder, copy, { recursive: true });
  const file = path.join(copy, name);
  const bytes = readFileSync(file);
  const at = from + random.int(to - from - count);
  for (let byte = at; byte < at + count; byte++) {
    bytes[byte] = (bytes[byte] ?? 0) ^ (1 + random.int(255));
  }
  writeFileSync(file, bytes);
  return { folder: copy, at };
}
let copies = 0;

describe("of a journal whose file has changed on disk", () => {
  const whole = { mendedPages: [], damagedPages: [], lostFrames: 0 };
  const rig = newRig({ after }, "damage");
  let made: Made;

  before(async () => {
    made = await make(rig);
    for (const name of parts) assert.ok(statSync(path.join(made.folder, name)).size > 0, name);
  });

  test("nothing is said while nothing has changed", async () => {
    const copy = path.join(rig.folder, "whole");
    cpSync(made.folder, copy, { recursive: true });
    const seen = await goOn(rig, copy, made);
    assert.deepEqual(seen, { found: whole, unexplained: 0, misread: 0 });
  });

  test("a byte of the file is put back wherever it is, and the page is named", async () => {
    const random = seededRandom("file");
    const logged = pagesInLog(path.join(made.folder, "journal.db-wal"));
    for (let turn = 0; turn < 16; turn++) {
      const { folder, at } = damaged(rig, made, "journal.db", random, 1);
      const seen = await goOn(rig, folder, made);
      const page = Math.floor(at / pageSize) + 1;
      assert.deepEqual([seen.unexplained, seen.misread], [0, 0], `byte ${at}`);
      const { mendedPages, damagedPages } = seen.found;
      // What the log has anew counts for nothing in the file.
      assert.deepEqual(mendedPages, logged.has(page) ? [] : [page], `byte ${at}`);
      assert.deepEqual(damagedPages, []);
      assert.deepEqual((await goOn(rig, folder, made)).found, whole, "said once");
    }
  });

  test("a byte of the log costs what was committed after it, and the ledger has that", async () => {
    const random = seededRandom("log");
    const end = endOfLog(path.join(made.folder, "journal.db-wal"));
    for (let turn = 0; turn < 8; turn++) {
      const { folder, at } = damaged(rig, made, "journal.db-wal", random, 1, 0, end);
      const seen = await goOn(rig, folder, made);
      assert.deepEqual([seen.unexplained, seen.misread], [0, 0], `byte ${at} of the log`);
      assert.ok(seen.found.lostFrames > 0, `byte ${at} of the log is noticed`);
      assert.equal((await goOn(rig, folder, made)).found.lostFrames, 0);
    }
  });

  test("a byte of the log behind its last commit costs nothing and is no finding", async () => {
    const random = seededRandom("behind");
    const end = endOfLog(path.join(made.folder, "journal.db-wal"));
    assert.ok(
      end < statSync(path.join(made.folder, "journal.db-wal")).size,
      "it was folded before",
    );
    for (let turn = 0; turn < 4; turn++) {
      const { folder, at } = damaged(rig, made, "journal.db-wal", random, 1, end);
      const seen = await goOn(rig, folder, made);
      assert.deepEqual([seen.unexplained, seen.misread], [0, 0], `byte ${at} of the log`);
      assert.deepEqual(seen.found, whole);
    }
  });

  test("a byte of the sums accuses no page", async () => {
    const random = seededRandom("sums");
    for (let turn = 0; turn < 4; turn++) {
      const { folder } = damaged(rig, made, "journal.db-sums", random, 1);
      assert.deepEqual(await goOn(rig, folder, made), { found: whole, unexplained: 0, misread: 0 });
    }
  });

  test("many bytes are given up alone, or the file is put aside, and the ledger has what they cost", async () => {
    const random = seededRandom("many");
    let aside = 0;
    for (let turn = 0; turn < 10; turn++) {
      const { folder, at } = damaged(rig, made, "journal.db", random, 100);
      const { found, unexplained, misread } = await goOn(rig, folder, made);
      assert.deepEqual([unexplained, misread], [0, 0], `from byte ${at}`);
      if (found.movedTo !== undefined) {
        aside++;
        assert.ok(existsSync(found.movedTo), "it is there for people to look at");
        assert.equal(readdirSync(folder).filter((name) => name.endsWith(".db")).length, 2);
      }
      const again = await goOn(rig, folder, made);
      assert.deepEqual([again.found, again.unexplained], [whole, 0], "no loop");
    }
    assert.ok(aside < 10, "a body of a frame alone is no reason to begin anew");
  });

  test("what was lost with a file is claimed also when the start that put it aside ended before it could", async () => {
    const { folder } = damaged(rig, made, "journal.db", seededRandom("aside"), 100);
    putAside(folder, path.join(folder, "journal.db"), rig.clock.nowUs());
    // As a second one does whose new file is damaged before it has begun.
    writeFileSync(path.join(folder, "journal.db"), "no journal");
    putAside(folder, path.join(folder, "journal.db"), rig.clock.nowUs());
    const { found, unexplained, misread } = await goOn(rig, folder, made);
    assert.deepEqual([unexplained, misread], [0, 0]);
    assert.match(found.why ?? "", /ended before it could say why/);
    assert.ok(existsSync(found.movedTo ?? ""), "it is there for people to look at");
    assert.deepEqual((await goOn(rig, folder, made)).found, whole, "said once");
  });

  test("control: without the sums of its pages a byte can change what the gateway says, and nobody is told", async () => {
    const random = seededRandom("file");
    let silent = 0;
    for (let turn = 0; turn < 16 && silent === 0; turn++) {
      const { folder } = damaged(rig, made, "journal.db", random, 1);
      rmSync(path.join(folder, "journal.db-sums"));
      const seen = await goOn(rig, folder, made).catch(() => undefined);
      if (seen === undefined || seen.unexplained > 0 || seen.misread > 0) silent++;
    }
    assert.ok(silent > 0);
  });
});
