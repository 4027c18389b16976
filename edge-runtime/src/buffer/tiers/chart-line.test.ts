import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";

import { seededRandom } from "@millwright/kit";

import type { SampleBatch } from "../../hand-over.ts";
import type { JournalCore } from "../journal.ts";
import { hex, newRig, tag, type Rig } from "../test-rig.ts";
import { askInTurn } from "./ask-in-turn.ts";

const secondUs = 1_000_000;
const minuteUs = 60 * secondUs;
const hourUs = 60 * minuteUs;
const waits = new AbortController().signal;

interface Life {
  readonly rig: Rig;
  readonly journal: JournalCore;
  readonly beganUs: number;
  /** Time and value of tag 0, a sample a second. */
  readonly truth: (readonly [number, number])[];
  /** Lets minutes pass; the hub has all of them safely each half hour. */
  readonly live: (minutes: number) => Promise<void>;
}

async function begin(context: TestContext, keepRawHours: number): Promise<Life> {
  const rig = newRig(context);
  const { clock } = rig;
  await clock.advance((hourUs - (clock.nowUs() % hourUs)) / 1_000);
  const journal = rig.open({ commitEveryMs: 3_600_000, keepRawHours });
  await journal.adoptTags([tag("pressure"), tag("idle")]);
  const random = seededRandom("chart");
  const truth: (readonly [number, number])[] = [];
  return {
    rig,
    journal,
    beganUs: clock.nowUs(),
    truth,
    live: async (minutes) => {
      for (let minute = 1; minute <= minutes; minute++) {
        const rows = Array.from({ length: 60 }, (_, second): readonly [number, number] => [
          clock.nowUs() + second * secondUs,
          Math.round(1_000 * random.next()) / 10,
        ]);
        append(journal, 0, rows);
        truth.push(...rows);
        await clock.advance(60_000);
        await journal.commit();
        await rest();
        if (minute % 30 === 0) await release(journal);
      }
    },
  };
}

function append(
  journal: JournalCore,
  index: number,
  rows: readonly (readonly [number, number])[],
  status = 0,
): void {
  const batch: SampleBatch = {
    device: tag("pressure").device,
    receivedUs: rows[0]?.[0] ?? 0,
    late: false,
    count: rows.length,
    tag: new Int32Array(rows.length).fill(index),
    measuredUs: Float64Array.from(rows, ([us]) => us),
    value: Float64Array.from(rows, ([, value]) => value),
    status: new Uint32Array(rows.length).fill(status),
  };
  assert.ok(journal.append(batch));
}

async function release(journal: JournalCore): Promise<void> {
  for (const { epoch, lane, headSeq, headChain } of await journal.outbox.lanes()) {
    if (headSeq === 0) continue;
    const chain = hex(headChain);
    await journal.outbox.take({ epoch, lane, storedSeq: headSeq, chain, safeSeq: headSeq });
  }
}

/** What is done between commits is done. */
async function rest(): Promise<void> {
  for (let turn = 0; turn < 400; turn++) await Promise.resolve();
}

/** Least and greatest value of each part of the range, which has `parts` of them; NaN where nothing lies. */
function extremes(
  points: Iterable<readonly [number, number]>,
  fromUs: number,
  partUs: number,
  parts: number,
): (readonly [number, number])[] {
  const least = new Array<number>(parts).fill(Infinity);
  const greatest = new Array<number>(parts).fill(-Infinity);
  for (const [us, value] of points) {
    const part = Math.floor((us - fromUs) / partUs);
    least[part] = Math.min(least[part] ?? Infinity, value);
    greatest[part] = Math.max(greatest[part] ?? -Infinity, value);
  }
  return least.map((value, part) => [value, greatest[part] ?? NaN]);
}

function pointsOf(line: { readonly times: Float64Array; readonly values: Float64Array }) {
  return [...line.times].map((us, at): [number, number] => [us, line.values[at] ?? NaN]);
}

test("least and greatest of each part of a chart are those of the samples, in whatever tier they lie", async (context) => {
  const { journal, truth, beganUs, live } = await begin(context, 72);
  await live(150);
  for (const [columns, tier, partUs] of [
    [150, "minutes", minuteUs],
    [300, "samples", 30 * secondUs],
    [20_000, "samples", secondUs],
  ] as const) {
    const range = { fromUs: beganUs, toUs: beganUs + 150 * minuteUs, columns };
    const line = await journal.readLine(0, range, waits);
    assert.equal(line.tier, tier);
    assert.deepEqual(line.coarser, []);
    const parts = (150 * minuteUs) / partUs;
    assert.deepEqual(
      extremes(pointsOf(line), beganUs, partUs, parts),
      extremes(truth, beganUs, partUs, parts),
    );
    assert.ok(line.times.length <= 4 * columns);
    assert.ok(line.times.every((us, at) => at === 0 || us >= (line.times[at - 1] ?? 0)));
  }
});

test("where samples have gone the line goes on in minutes, and says where", async (context) => {
  const { journal, truth, beganUs, live } = await begin(context, 1);
  await live(6 * 60 + 30);
  const range = { fromUs: beganUs, toUs: beganUs + 390 * minuteUs, columns: 780 };
  const line = await journal.readLine(0, range, waits);
  assert.equal(line.tier, "samples");
  const [part, ...more] = line.coarser;
  assert.ok(part !== undefined && more.length === 0);
  assert.equal(part.tier, "minutes");
  assert.equal(part.fromUs, beganUs);
  assert.ok(part.toUs - part.fromUs >= 3 * hourUs, "hours of samples have gone");
  const raw = await journal.readSamples(0, beganUs, part.toUs - 2 * hourUs, Infinity);
  assert.equal(raw.count, 0, "and are gone indeed");
  assert.deepEqual(
    extremes(pointsOf(line), beganUs, minuteUs, 390),
    extremes(truth, beganUs, minuteUs, 390),
  );
});

test("bad samples and gaps break the line in every tier, and the gap says its reason and count", async (context) => {
  const { journal, rig, beganUs, live } = await begin(context, 72);
  await live(60);
  append(journal, 0, [[rig.clock.nowUs(), 5]], 0x8000_0000);
  const fromUs = rig.clock.nowUs();
  await rig.clock.advance(300_000);
  const claim = { reason: "device unreachable", scope: { kind: "device" } } as const;
  journal.charge({
    ...claim,
    scope: { kind: "device", device: tag("pressure").device },
    fromUs,
    toUs: rig.clock.nowUs(),
    count: { kind: "scheduled", samples: 300 },
  });
  await live(85);
  for (const columns of [150, 9_000]) {
    const range = { fromUs: beganUs, toUs: beganUs + 150 * minuteUs, columns };
    const line = await journal.readLine(0, range, waits);
    const broken = pointsOf(line).filter(([, value]) => Number.isNaN(value));
    assert.equal(broken.length, 1, `${line.tier}: one hole`);
    assert.ok(Math.abs((broken[0]?.[0] ?? 0) - fromUs) <= minuteUs);
    const inside = pointsOf(line).filter(([us]) => us > fromUs && us < fromUs + 299 * secondUs);
    assert.deepEqual(inside, []);
    assert.deepEqual(
      line.gaps.map(({ reason, count }) => [reason, count]),
      [["device unreachable", { kind: "scheduled", samples: 300 }]],
    );
  }
});

test("a tag that never said anything has an empty line", async (context) => {
  const { journal, beganUs, live } = await begin(context, 72);
  await live(130);
  for (const columns of [100, 9_000]) {
    const range = { fromUs: beganUs, toUs: beganUs + 130 * minuteUs, columns };
    assert.equal((await journal.readLine(1, range, waits)).times.length, 0);
  }
});

test("a line that nobody waits for any more is not read on", async (context) => {
  const { journal, beganUs, live } = await begin(context, 72);
  await live(1);
  const gone = AbortSignal.abort();
  const range = { fromUs: beganUs, toUs: beganUs + minuteUs, columns: 100 };
  await assert.rejects(journal.readLine(0, range, gone), { name: "AbortError" });
});

test("charts take turns: one slice is asked for at a time, and a failed one stops no other", async () => {
  let open = 0;
  let most = 0;
  const answered: unknown[] = [];
  const ask = askInTurn(async (_name, ...asked) => {
    open++;
    most = Math.max(most, open);
    await Promise.resolve();
    open--;
    answered.push(asked[0]);
    if (asked[0] === 2) throw new Error("cannot be read");
    return [] as never;
  });
  const all = await Promise.allSettled([1, 2, 3, 4].map((tag) => ask("thinnedHours", tag, 0, 1)));
  assert.equal(most, 1);
  assert.deepEqual(answered, [1, 2, 3, 4]);
  assert.deepEqual(
    all.map(({ status }) => status),
    ["fulfilled", "rejected", "fulfilled", "fulfilled"],
  );
});
