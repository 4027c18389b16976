import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";

import {
  inTime,
  mergeBuckets,
  noCarry,
  rollUp,
  ruleOf,
  widths,
  type Buckets,
} from "@millwright/aggregates";
import { seededRandom } from "@millwright/kit";
import type { TagDefinition } from "@millwright/wire-contract";
import Database from "better-sqlite3";

import type { SampleBatch } from "../../hand-over.ts";
import type { JournalCore } from "../journal.ts";
import { hex, newRig, tag, type Rig } from "../test-rig.ts";

const secondUs = 1_000_000;
const hourUs = 3_600_000_000;

/** What was appended of each tag, in order. */
interface Truth {
  readonly us: number[];
  readonly values: number[];
}

/** Three tags: one fast, one slow, one state; 30 hours begin at an hour. */
class Plant {
  readonly rig: Rig;
  readonly truth: readonly Truth[] = [newTruth(), newTruth(), newTruth()];
  readonly #random = seededRandom("plant");

  constructor(context: TestContext) {
    this.rig = newRig(context);
  }

  async open(): Promise<JournalCore> {
    const { clock } = this.rig;
    await clock.advance((hourUs - (clock.nowUs() % hourUs)) / 1_000);
    const journal = this.rig.open({ commitEveryMs: 3_600_000 });
    await journal.adoptTags([tag("fast"), tag("slow"), tag("state", { kind: "state" })]);
    return journal;
  }

  /** A minute of life at a time, each a commit. */
  async live(journal: JournalCore, seconds: number): Promise<void> {
    const { clock } = this.rig;
    for (let minute = 0; minute < seconds / 60; minute++) {
      const rows: (readonly [number, number, number])[] = [];
      for (let second = 0; second < 60; second++) {
        const us = clock.nowUs() + second * secondUs;
        rows.push([0, us, Math.round(1_000 * this.#random.next()) / 10]);
        if (second % 10 === 0) rows.push([1, us, (minute + second) % 77]);
        if (second === 7) rows.push([2, us, this.#random.int(3)]);
      }
      this.append(journal, rows);
      await clock.advance(60_000);
      await this.commit(journal);
    }
  }

  /** @param rows tag, time, value */
  append(
    journal: JournalCore,
    rows: readonly (readonly [number, number, number])[],
    late = false,
  ): void {
    const batch: SampleBatch = {
      device: tag("fast").device,
      receivedUs: this.rig.clock.nowUs(),
      late,
      count: rows.length,
      tag: Int32Array.from(rows, ([index]) => index),
      measuredUs: Float64Array.from(rows, ([, us]) => us),
      value: Float64Array.from(rows, ([, , value]) => value),
      status: new Uint32Array(rows.length),
    };
    assert.ok(journal.append(batch));
    for (const [index, us, value] of rows) {
      this.truth[index]?.us.push(us);
      this.truth[index]?.values.push(value);
    }
  }

  async commit(journal: JournalCore): Promise<void> {
    await journal.commit();
    await rest();
  }

  /** The hub has everything, safely. */
  async release(journal: JournalCore): Promise<void> {
    for (const { epoch, lane, headSeq, headChain } of await journal.outbox.lanes()) {
      if (headSeq === 0) continue;
      const mark = { epoch, lane, storedSeq: headSeq, chain: hex(headChain), safeSeq: headSeq };
      assert.ok(await journal.outbox.take(mark));
    }
  }

  async assertTruth(journal: JournalCore): Promise<void> {
    for (const [index, { us, values }] of this.truth.entries()) {
      const read = await journal.readSamples(index, -Infinity, Infinity, Infinity);
      assert.deepEqual(inOrder(read.measuredUs, read.value), inOrder(us, values));
    }
  }

  /** What the samples say, reckoned from scratch. */
  bucketsOf(index: number, definition: TagDefinition, fromUs: number, toUs: number): Buckets {
    const { us, values } = this.truth[index] ?? newTruth();
    const series = {
      count: us.length,
      measuredUs: Float64Array.from(us),
      value: Float64Array.from(values),
      status: new Uint32Array(us.length),
    };
    return rollUp({
      rule: ruleOf(definition),
      samples: inTime(series, fromUs, toUs),
      before: noCarry,
      gaps: [],
      widthUs: widths.minute,
      fromUs,
      toUs,
      knownToUs: toUs,
    }).buckets;
  }

  rowsOf(table: string): number {
    const db = new Database(`${this.rig.folder}/journal.db`, { readonly: true });
    try {
      return db.prepare<[], number>(`select count(*) from ${table}`).pluck().get() ?? 0;
    } finally {
      db.close();
    }
  }
}

function newTruth(): Truth {
  return { us: [], values: [] };
}

/** Columns as plain arrays; states by name and not by number. */
function comparable({ states, exact, count, ...columns }: Buckets): unknown {
  const plain = Object.fromEntries(
    Object.entries(columns).map(([name, column]) => [
      name,
      typeof column === "number" ? column : Array.from(column.subarray(0, count)),
    ]),
  );
  const times: (readonly [number, unknown, number])[] = [];
  for (let row = 0; states !== undefined && row < states.count; row++) {
    times.push([states.bucket[row] ?? 0, states.keys[states.key[row] ?? 0], states.us[row] ?? 0]);
  }
  times.sort((a, b) => a[0] - b[0] || Number(a[1]) - Number(b[1]));
  return { ...plain, times, exact: exact === undefined ? [] : [...exact], count };
}

/** Late samples are read behind the others of their chunk: by time they are the same. */
function inOrder(us: ArrayLike<number>, values: ArrayLike<number>): (readonly [number, number])[] {
  const rows = Array.from(
    { length: us.length },
    (_row, at) => [us[at] ?? 0, values[at] ?? 0] as const,
  );
  return rows.sort(([a], [b]) => a - b);
}

/** What is done between commits is done. */
async function rest(): Promise<void> {
  for (let turn = 0; turn < 400; turn++) await Promise.resolve();
}

test("samples move from frames into chunks, and are read the same before, meanwhile and after", async (context) => {
  const plant = new Plant(context);
  const journal = await plant.open();
  for (let minutes = 0; minutes < 60; minutes += 10) {
    await plant.live(journal, 600);
    await plant.release(journal);
    await plant.assertTruth(journal);
  }
  await journal.close();
  assert.ok(plant.rowsOf("chunk") >= 3, "chunks were made");
  assert.ok(plant.rowsOf("sample_frame") < 40, "frames have gone");
  const again = await plant.open();
  await plant.assertTruth(again);
});

test("a chart of minutes and hours says what the samples say, whatever tier they are in", async (context) => {
  const plant = new Plant(context);
  const journal = await plant.open();
  const fromUs = plant.rig.clock.nowUs();
  await plant.live(journal, 3 * 3_600);
  await plant.release(journal);
  await plant.live(journal, 1_800);
  const toUs = plant.rig.clock.nowUs();
  for (const [index, definition] of journal.dictionary.tags.entries()) {
    const expected = plant.bucketsOf(index, definition, fromUs, toUs);
    const minutes = await journal.readBuckets(index, widths.minute, fromUs, toUs);
    assert.deepEqual(comparable(minutes), comparable(expected));
    const hours = await journal.readBuckets(index, widths.hour, fromUs, toUs);
    assert.deepEqual(
      comparable(hours),
      comparable(mergeBuckets(expected, widths.hour, ruleOf(definition))),
    );
  }
});

test("late samples change the buckets of their hour, and of the hours after it as far as they matter", async (context) => {
  const plant = new Plant(context);
  const journal = await plant.open();
  const fromUs = plant.rig.clock.nowUs();
  await plant.live(journal, 3 * 3_600);
  await plant.release(journal);
  // The state was another one at the end of the first hour, and nobody said anything else for a while.
  plant.append(journal, [[2, fromUs + hourUs - 1_000, 9]], true);
  plant.append(journal, [[0, fromUs + 10 * secondUs + 500, -50.5]], true);
  await plant.live(journal, 2 * 3_600);
  await plant.release(journal);
  await plant.live(journal, 600);
  const toUs = fromUs + 4 * hourUs;
  for (const [index, definition] of journal.dictionary.tags.entries()) {
    const minutes = await journal.readBuckets(index, widths.minute, fromUs, toUs);
    assert.deepEqual(
      comparable(minutes),
      comparable(plant.bucketsOf(index, definition, fromUs, toUs)),
    );
  }
  await plant.assertTruth(journal);
});
