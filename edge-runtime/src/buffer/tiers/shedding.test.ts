import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { test, type TestContext } from "node:test";

import { widths } from "@millwright/aggregates";
import { seededRandom } from "@millwright/kit";
import {
  decodeLedger,
  decodeSamples,
  decodeVoid,
  fitsChain,
  parseFrame,
  type LedgerEntry,
} from "@millwright/wire-contract";

import type { JournalCore } from "../journal.ts";
import { batchOf, device, markOf, newRig, tag, type Rig } from "../test-rig.ts";

const bytesMax = 2 ** 20;
const groups = 66;
const perGroup = 1_500;

/** An outage that is longer than there is room: nothing is taken, and everything is offered. */
async function fill(rig: Rig, journal: JournalCore): Promise<Map<number, number>> {
  const { clock } = rig;
  await journal.adoptTags([tag("t1")]);
  await clock.advance((widths.hour - (clock.nowUs() % widths.hour)) / 1_000);
  const random = seededRandom("shedding");
  const offered = new Map<number, number>();
  let greatest = 0;
  for (let group = 0; group < groups; group++) {
    const values = Array.from({ length: perGroup }, () => random.next());
    const times = values.map((_value, at) => clock.nowUs() + at * 200_000);
    values.forEach((value, at) => offered.set(times[at] ?? 0, value));
    const batch = { ...batchOf(values, 0), measuredUs: Float64Array.from(times) };
    assert.ok(journal.append(batch), `group ${group} finds room`);
    await clock.advance(300_000);
    await journal.commit();
    const bytes = ["journal.db", "journal.db-wal"].reduce(
      (sum, file) => sum + statSync(`${rig.folder}/${file}`).size,
      0,
    );
    greatest = Math.max(greatest, bytes);
  }
  assert.ok(greatest <= bytesMax, `file and log were ${greatest} bytes`);
  return offered;
}

interface Taken {
  readonly stored: ReadonlyMap<number, number>;
  readonly voided: number;
  readonly entries: readonly LedgerEntry[];
}

/** What a hub makes of all that the outbox has: each lane from its base to its head, as one chain. */
async function takeAll(journal: JournalCore): Promise<Taken> {
  const stored = new Map<number, number>();
  const entries: LedgerEntry[] = [];
  let voided = 0;
  for (const lane of await journal.outbox.lanes()) {
    const { epoch, baseSeq, headSeq } = lane;
    const frames = await journal.outbox.framesAfter(epoch, lane.lane, baseSeq, Infinity);
    let [chain, seq, cum] = [lane.baseChain, baseSeq, 0];
    for (const { bytes } of frames) {
      const frame = parseFrame(bytes);
      assert.ok(frame.kind === "frame");
      const { head, body } = frame;
      if (head.content === "void") {
        const gap = decodeVoid(body);
        assert.ok(!("kind" in gap));
        assert.notEqual(lane.lane, "critical", "what is critical is never let go");
        assert.deepEqual([gap.fromSeq, gap.chainBefore], [seq + 1, chain]);
        voided += gap.sampleCount;
      } else {
        assert.ok(fitsChain(frame, chain), `${lane.lane} ${head.seq} goes on`);
        assert.equal(head.seq, seq + 1);
      }
      if (head.content === "samples") {
        const columns = decodeSamples(body, journal.dictionary);
        assert.ok(!("kind" in columns));
        columns.measuredUs.forEach((us, at) => stored.set(us, columns.value[at] ?? NaN));
      }
      if (head.content === "ledger") {
        const told = decodeLedger(body);
        assert.ok(!("kind" in told));
        entries.push(...told);
      }
      cum += head.sampleCount;
      assert.equal(head.cum, cum, "the counts of a lane add up over its voids");
      [chain, seq] = [head.chain, head.seq];
    }
    assert.equal(seq, headSeq, `${lane.lane} has no end before its head`);
    assert.equal(await journal.outbox.take(markOf(lane, headSeq, lane.headChain)), "taken");
  }
  return { stored, voided, entries };
}

function unexplained(
  offered: ReadonlyMap<number, number>,
  { stored, entries }: Pick<Taken, "stored" | "entries">,
): number {
  return [...offered].filter(
    ([us, value]) =>
      stored.get(us) !== value && !entries.some(({ fromUs, toUs }) => fromUs <= us && us <= toUs),
  ).length;
}

async function outage(context: TestContext): Promise<{
  readonly rig: Rig;
  readonly journal: JournalCore;
  readonly offered: ReadonlyMap<number, number>;
}> {
  const rig = newRig(context);
  const journal = rig.open({ bytesMax, commitEveryMs: 3_600_000, keepRawHours: 1_000 });
  return { rig, journal, offered: await fill(rig, journal) };
}

test("an outage longer than there is room costs the oldest samples: their frames are voids and the ledger has each", async (context) => {
  const { rig, journal, offered } = await outage(context);
  const held = await journal.readSamples(0, -Infinity, Infinity, Infinity);
  assert.equal(journal.counters().dropped, 0, "nothing is refused");
  journal.outbox.linkUp(true);
  await journal.sealOpen();
  const taken = await takeAll(journal);

  assert.ok(taken.voided > 0, "something was let go");
  assert.equal(taken.stored.size + taken.voided, offered.size, "stored or void, and never both");
  const newest = [...offered.keys()].slice(-taken.stored.size);
  assert.deepEqual([...taken.stored.keys()].toSorted(byNumber), newest, "the oldest went first");
  assert.equal(unexplained(offered, taken), 0);
  // The control: without what the ledger says, samples are missing.
  assert.equal(unexplained(offered, { ...taken, entries: [] }), taken.voided);

  const thinned = taken.entries.filter(({ reason }) => reason === "thinned");
  assert.deepEqual(
    new Set(thinned.map(({ scope }) => (scope.kind === "device" ? scope.device : ""))),
    new Set([device]),
  );
  const counted = thinned.reduce(
    (sum, { count }) => sum + (count.kind === "exact" ? count.samples : NaN),
    0,
  );
  assert.equal(counted, offered.size - held.count, "journaled is held and thinned");
  assert.ok(counted >= taken.voided, "no sample is let go that is not counted");

  // With all of it at the hub the lanes are empty, and there is room.
  await rig.clock.advance(60_000);
  await journal.commit();
  assert.equal(journal.outbox.waiting().samples, 0);
});

test("what was let go stays let go over a crash, and one void stands for all of it", async (context) => {
  const { rig, journal, offered } = await outage(context);
  await journal.abandon();
  const again = rig.open({ bytesMax, commitEveryMs: 3_600_000, keepRawHours: 1_000 });
  await again.adoptTags([tag("t1")]);
  again.outbox.linkUp(true);
  await again.sealOpen();
  const old = (await again.outbox.lanes()).filter(({ lane }) => lane === "history");
  const voids = await Promise.all(
    old.map(async ({ epoch, lane, baseSeq }) => {
      const frames = await again.outbox.framesAfter(epoch, lane, baseSeq, Infinity);
      return frames.filter(({ bytes }) => {
        const frame = parseFrame(bytes);
        return frame.kind === "frame" && frame.head.content === "void";
      });
    }),
  );
  assert.equal(voids.flat().length, 1);
  const taken = await takeAll(again);
  assert.ok(taken.voided > 0);
  assert.equal(unexplained(offered, taken), 0);
});

function byNumber(a: number, b: number): number {
  return a - b;
}
