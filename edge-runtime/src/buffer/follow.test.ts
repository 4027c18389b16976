import assert from "node:assert/strict";
import { test } from "node:test";

import type { JournalCore } from "./journal.ts";
import { batchOf, markOf, newRig, tag, type Rig } from "./test-rig.ts";

const all = new Uint8Array([1, 1]);
const everything = Number.MAX_SAFE_INTEGER;

/** Keeps `values` in commits of their own, a minute apart. */
async function keepEach(rig: Rig, journal: JournalCore, values: readonly number[]): Promise<void> {
  for (const value of values) {
    await rig.clock.advance(60_000);
    assert.ok(journal.append(batchOf([value], rig.clock.nowUs())));
    await journal.commit();
  }
}

/** Values behind a place, slice by slice. */
async function valuesAfter(
  journal: JournalCore,
  afterId: number,
  wanted = all,
): Promise<{ readonly values: number[]; readonly gap: boolean; readonly toId: number }> {
  const values: number[] = [];
  let [at, gap] = [afterId, false];
  for (;;) {
    const slice = await journal.kept.read(at, everything, wanted);
    gap ||= slice.gap;
    values.push(...slice.columns.value);
    if (slice.toId === at) return { values, gap, toId: at };
    at = slice.toId;
  }
}

/** The hub has everything safely; re-packing and letting go happen until nothing is left of them. */
async function tended(rig: Rig, journal: JournalCore): Promise<void> {
  await journal.sealOpen();
  for (const lane of await journal.outbox.lanes()) {
    await journal.outbox.take(markOf(lane, lane.headSeq, lane.headChain));
  }
  for (let turn = 0; turn < 6; turn++) {
    await rig.clock.advance(60_000);
    journal.charge({
      reason: "rejected",
      scope: { kind: "gateway" },
      fromUs: rig.clock.nowUs(),
      toUs: rig.clock.nowUs(),
      count: { kind: "unknown" },
    });
    await journal.commit();
    for (let step = 0; step < 20; step++) await new Promise((done) => setImmediate(done));
  }
}

test("what was kept is read in its order, from any place, and of the wanted tags alone", async (t) => {
  const rig = newRig(t);
  const journal = rig.open();
  await journal.adoptTags([tag("a"), tag("b")]);
  let told = 0;
  const end = journal.kept.onKept(() => told++);
  await keepEach(rig, journal, [1, 2]);
  const place = await journal.kept.head();
  await keepEach(rig, journal, [3, 4]);
  assert.ok(journal.append(batchOf([5], rig.clock.nowUs(), { tag: Int32Array.of(1) })));
  await journal.commit();
  assert.equal(told, 5);
  end();

  assert.deepEqual(await valuesAfter(journal, 0), {
    ...{ values: [1, 2, 3, 4, 5], gap: false, toId: await journal.kept.head() },
  });
  assert.deepEqual((await valuesAfter(journal, place)).values, [3, 4, 5]);
  assert.deepEqual((await valuesAfter(journal, place, Uint8Array.of(0, 1))).values, [5]);
  const upTo = await journal.kept.read(0, place, all);
  assert.deepEqual([...upTo.columns.value], [1, 2]);
  assert.equal(upTo.toId, place);
});

for (const held of [true, false]) {
  const what = held
    ? "what a follower has not read stays as it is when it is re-packed, after a restart, too"
    : "control: what nobody holds is let go once it is re-packed, and its reader learns of the gap";
  test(what, async (t) => {
    const rig = newRig(t);
    const options = { keepRawHours: 0.05 };
    let journal = rig.open(options);
    await journal.adoptTags([tag("a"), tag("b")]);
    await keepEach(rig, journal, [1]);
    const place = await journal.kept.head();
    if (held) await journal.kept.hold(place);
    await keepEach(rig, journal, [2, 3]);
    await journal.close();

    journal = rig.open(options);
    await journal.adoptTags([tag("a"), tag("b")]);
    await keepEach(rig, journal, [4]);
    await tended(rig, journal);
    const after = await valuesAfter(journal, place);
    if (held) {
      assert.deepEqual({ values: after.values, gap: after.gap }, { values: [2, 3, 4], gap: false });
    } else {
      assert.equal(after.gap, true);
      assert.deepEqual(after.values, [4]);
    }
    // Once nothing is followed any more, nothing is held.
    await journal.kept.hold(undefined);
    await keepEach(rig, journal, [5]);
    await tended(rig, journal);
    assert.equal((await valuesAfter(journal, place)).gap, true);
  });
}
