import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";

import { decodeTold, widths, type Buckets } from "@millwright/aggregates";
import { seededRandom } from "@millwright/kit";
import {
  decodeAggregates,
  decodeDictionary,
  parseFrame,
  type Dictionary,
  type Epoch,
  type RoadLane,
} from "@millwright/wire-contract";

import type { DeclaredTag } from "../hand-over.ts";
import type { JournalCore } from "./journal.ts";
import { device, markOf, newRig, tag, type Rig } from "./test-rig.ts";

const secondUs = 1_000_000;
const hourUs = widths.hour;
const minutesPerCommit = 10;

const bound = { rule: "dead-band", error: 10, heartbeatMs: 600_000 } as const;
const door = { rule: "swinging-door", error: 5, heartbeatMs: 600_000 } as const;
const tags = [
  tag("level", { telling: bound }),
  tag("flow", { telling: door, clock: "device" }),
  tag("pressure"),
  tag("mode", { kind: "state", telling: { ...bound, rule: "change", error: 0 } }),
] as const;

/** Samples of all tags every six seconds, and a commit every ten minutes. */
class Plant {
  readonly rig: Rig;
  readonly #random = seededRandom("aggregates");

  constructor(context: TestContext) {
    this.rig = newRig(context);
  }

  async open(declared: readonly DeclaredTag[] = tags): Promise<JournalCore> {
    const journal = this.rig.open({ commitEveryMs: 3_600_000 });
    await journal.adoptTags(declared);
    return journal;
  }

  async toTheHour(): Promise<number> {
    const { clock } = this.rig;
    await clock.advance((hourUs - (clock.nowUs() % hourUs)) / 1_000);
    return clock.nowUs();
  }

  async live(journal: JournalCore, minutes: number): Promise<void> {
    for (let left = minutes; left > 0; left -= minutesPerCommit) {
      const seconds = Math.min(left, minutesPerCommit) * 60;
      const rows: (readonly [number, number, number])[] = [];
      for (let second = 0; second < seconds; second += 6) {
        const us = this.rig.clock.nowUs() + second * secondUs + this.#random.int(800) * 1_000;
        for (const index of [0, 1, 2]) rows.push([index, us, this.#random.int(1_000) / 10]);
        rows.push([3, us, this.#random.int(3)]);
      }
      this.append(journal, rows);
      await this.rig.clock.advance(seconds * 1_000);
      await journal.commit();
      await rest();
    }
  }

  /** @param rows tag, time, value */
  append(
    journal: JournalCore,
    rows: readonly (readonly [number, number, number])[],
    late = false,
  ): void {
    const appended = journal.append({
      device,
      receivedUs: this.rig.clock.nowUs(),
      late,
      count: rows.length,
      tag: Int32Array.from(rows, ([index]) => index),
      measuredUs: Float64Array.from(rows, ([, us]) => us),
      value: Float64Array.from(rows, ([, , value]) => value),
      status: new Uint32Array(rows.length),
    });
    assert.ok(appended);
  }
}

/** What is done between commits is done. */
async function rest(): Promise<void> {
  for (let turn = 0; turn < 400; turn++) await Promise.resolve();
}

interface Statement {
  readonly epoch: Epoch;
  readonly tag: string;
  readonly hour: number;
  readonly revision: number;
  readonly minutes: Buckets;
}

interface Told {
  readonly statements: readonly Statement[];
  /** Samples in told frames, and what the heads of the lanes count. */
  readonly samples: number;
  readonly counted: number;
}

/** All that the journal holds for the hub, of all epochs. */
async function toldBy(journal: JournalCore): Promise<Told> {
  const dictionaries = new Map<bigint, Dictionary>();
  const statements: Statement[] = [];
  let samples = 0;
  let counted = 0;
  for (const { epoch, lane, baseSeq } of await journal.outbox.lanes()) {
    for (const { bytes } of await framesAfter(journal, epoch, lane, baseSeq)) {
      const parsed = parseFrame(bytes);
      assert(parsed.kind === "frame");
      const { head, body } = parsed;
      if (head.content === "dictionary") {
        const dictionary = decodeDictionary(body);
        assert(!("kind" in dictionary));
        dictionaries.set(dictionary.hash, dictionary);
      }
      if (lane === "live" || lane === "history") counted += head.sampleCount;
      if (head.content === "samples") samples += head.sampleCount;
      if (head.content !== "aggregates") continue;
      assert.deepEqual([head.lane, head.sampleCount], ["history", 0]);
      const dictionary = dictionaries.get(head.dictionary);
      assert(dictionary !== undefined, "its dictionary went ahead of it");
      const read = decodeAggregates(body);
      assert(!("kind" in read));
      const fromUs = read.hour * hourUs;
      assert.deepEqual([head.firstUs, head.lastUs], [fromUs, fromUs + hourUs - 1]);
      const told = decodeTold(read.minutes, fromUs, (index) => dictionary.byIndex(index));
      assert(!("kind" in told), "reason" in told ? told.reason : "");
      for (const one of told) {
        const id = dictionary.byIndex(one.tag)?.id ?? "";
        const { hour, revision } = read;
        statements.push({ epoch, tag: id, hour, revision, minutes: one.buckets });
      }
    }
  }
  return { statements, samples, counted };
}

function framesAfter(
  journal: JournalCore,
  epoch: Epoch,
  lane: RoadLane,
  seq: number,
): Promise<readonly { readonly bytes: Uint8Array }[]> {
  return journal.outbox.framesAfter(epoch, lane, seq, Infinity);
}

/** The newest statement about each hour of a tag, one after the other. */
function newest(statements: readonly Statement[], id: string): readonly Statement[] {
  const hours = new Map<number, Statement>();
  for (const one of statements.filter(({ tag }) => tag === id)) {
    if (one.revision > (hours.get(one.hour)?.revision ?? 0)) hours.set(one.hour, one);
  }
  return [...hours.values()].toSorted((a, b) => a.hour - b.hour);
}

/** Bit by bit, but for what is not told: times in states, and those of the first and last sample. */
function said({ count, ...buckets }: Buckets): readonly unknown[] {
  const untold = ["states", "firstUs", "lastUs", "exact", "widthUs"];
  const columns = Object.entries(buckets).filter(([name]) => !untold.includes(name));
  return Array.from({ length: count }, (_, row) =>
    columns.map(([name, column]) => [name, (column as Float64Array)[row]]),
  );
}

async function assertTold(journal: JournalCore, fromUs: number, toUs: number): Promise<void> {
  const { statements, samples, counted } = await toldBy(journal);
  for (const [index, { id, telling }] of tags.entries()) {
    const told = newest(statements, id);
    if (telling === undefined) {
      assert.deepEqual(told, [], "the hub makes the minutes of a tag that is told in full");
      continue;
    }
    const own = await journal.readBuckets(index, widths.minute, fromUs, toUs);
    assert.ok(own.count > 60);
    assert.deepEqual(
      told.flatMap(({ minutes }) => said(minutes)),
      said(own),
      id,
    );
  }
  assert.equal(counted, samples, "aggregates are no samples");
}

test("the hub is told the minutes of tags with a bound as the gateway rolls them up, bit by bit", async (context) => {
  const plant = new Plant(context);
  const fromUs = await plant.toTheHour();
  const journal = await plant.open();
  await plant.live(journal, 200);
  await assertTold(journal, fromUs, fromUs + 3 * hourUs);
});

test("late samples have an hour told again, with a higher revision, and what they leave as it was is not", async (context) => {
  const plant = new Plant(context);
  const fromUs = await plant.toTheHour();
  const journal = await plant.open();
  await plant.live(journal, 190);
  const before = await toldBy(journal);
  plant.append(journal, [[0, fromUs + hourUs + 500, 999]], true);
  await plant.live(journal, 130);
  await assertTold(journal, fromUs, fromUs + 5 * hourUs);
  const { statements } = await toldBy(journal);
  const again = statements.filter(({ hour }) => hour === fromUs / hourUs + 1);
  assert.deepEqual(
    again.map(({ tag }) => tag),
    ["level", "flow", "mode", "level"],
  );
  const last = again.at(-1);
  assert(last !== undefined);
  assert.ok(before.statements.every(({ revision }) => revision < last.revision));
});

test("a crash loses and doubles no statement, and what was told is sent again", async (context) => {
  const plant = new Plant(context);
  const fromUs = await plant.toTheHour();
  let journal = await plant.open();
  for (const minutes of [67, 60, 7, 120]) {
    await plant.live(journal, minutes);
    await journal.abandon();
    await plant.rig.clock.advance(1_000);
    journal = await plant.open();
  }
  await plant.live(journal, 30);
  await assertTold(journal, fromUs, fromUs + 4 * hourUs);
  const { statements } = await toldBy(journal);
  const names = statements.map(({ tag, hour, revision }) => `${tag}/${hour}/${revision}`);
  assert.equal(new Set(names).size, names.length, "each is told once");
});

test("minutes that a copy of a journal told in an epoch of another stay minutes when they are sealed again", async (context) => {
  const plant = new Plant(context);
  const fromUs = await plant.toTheHour();
  const journal = await plant.open();
  await plant.live(journal, 130);
  const before = (await toldBy(journal)).statements.length;
  assert.ok(before > 0);
  // The hub has another frame at this number: this journal leaves the epoch.
  await journal.outbox.leave(markOf({ epoch: journal.epoch, lane: "history" }, 1, 1n));
  await plant.live(journal, 1);
  const { statements } = await toldBy(journal);
  assert.equal(statements.length, before);
  assert.ok(statements.every(({ epoch }) => epoch === journal.epoch));
  await plant.live(journal, 60);
  await assertTold(journal, fromUs, fromUs + 3 * hourUs);
});

test("the last hour under a bound is told also when the tag is told in full from then on", async (context) => {
  const plant = new Plant(context);
  const fromUs = await plant.toTheHour();
  const journal = await plant.open([tag("level", { telling: bound }), ...tags.slice(1)]);
  await plant.live(journal, 30);
  await journal.close();
  const full = await plant.open([tag("level"), ...tags.slice(1)]);
  await plant.live(full, 100);
  const told = newest((await toldBy(full)).statements, "level");
  assert.deepEqual(
    told.map(({ hour }) => hour),
    [fromUs / hourUs],
  );
});
