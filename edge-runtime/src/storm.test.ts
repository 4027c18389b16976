/** Alarms, rules and the journal together, as `runtime.ts` joins them, in a storm (issue: 1,000 alarms in 10 s). */
import assert from "node:assert/strict";
import { test } from "node:test";

import { seededRandom, silentLog } from "@millwright/kit";
import { parseFrame, status, type DeviceId, type TagId } from "@millwright/wire-contract";
import { decodeEvents, toJsonScalar, type EventRecord } from "@millwright/wire-contract/events";

import type { JournalCore } from "./buffer/journal.ts";
import { newRig } from "./buffer/test-rig.ts";
import type { AlarmClass, AlarmDefinition } from "./decide/alarms/definition.ts";
import { LiveAlarms } from "./decide/alarms/live-alarms.ts";
import { RuleService } from "./decide/rules/rule-service.ts";
import { plantOf, ruleBook } from "./decide/rules/test-rules.ts";
import type { SampleBatch } from "./hand-over.ts";

const stormed = 1_000;
/** A batch each 100 ms for 10 s, with ten alarms in each. */
const batches = 100;
/** The temperature of the rule is hot in every other five batches. */
const hotEvery = 10;

const wear: AlarmClass = {
  ...{ name: "wear", action: "Look at it.", consequence: "", causes: [] },
  ...{ respondMin: 10, shelveHoursMax: 8, latching: false },
};

function alarm(id: string, change: Partial<AlarmDefinition>): AlarmDefinition {
  return {
    ...{ id, asset: "Line", message: id, priority: 3, class: wear, group: "", unit: "Cel" },
    tag: id as TagId,
    condition: { kind: "limit", side: "above", limit: 90, deadBand: 1 },
    ...{ onDelayMs: 0, offDelayMs: 0, states: undefined, suppressedWhen: undefined },
    ...change,
  };
}

test("in a storm of 1,000 alarms in 10 s every alarm is counted and kept, and every rule acts before the next values come", async (t) => {
  const rig = newRig(t);
  const { clock } = rig;
  const journal = rig.open();
  const ids = Array.from({ length: stormed }, (_, at) => `alarm-${String(at).padStart(4, "0")}`);
  const definitions = [
    ...ids.map((id, at) => alarm(id, { priority: at % 10 === 0 ? 1 : 3 })),
    alarm("hot", { tag: undefined, condition: { kind: "told" }, priority: 2 }),
  ];
  const openAlarms = (events: JournalCore["events"]): LiveAlarms =>
    new LiveAlarms({
      definitions: { alarms: definitions, noted: [] },
      world: {
        indexOf: (tag) => (ids.includes(tag) ? ids.indexOf(tag) + 2 : undefined),
        valueOf: () => NaN,
        isFresh: () => true,
        stateOf: () => undefined,
      },
      ...{ book: events, clock, random: seededRandom(1), log: silentLog },
    });
  const alarms = openAlarms(journal.events);
  /** What came in and what went out, in the order of happening. */
  const story: string[] = [];
  const plant = {
    ...plantOf({ temp: "float64", speed: "float64" }),
    alarm: () => ({ raised: true }),
  };
  const rules = new RuleService({
    book: ruleBook(
      plant,
      `- { id: R-1, version: 1, title: slow down, inputs: { temp: temp }, when: temp > 70.0, trusting: nothing but this test, then: [{ write: speed, value: 900.0 }, { raise: hot }] }`,
    ),
    ...{ clock, log: silentLog, events: journal.events, alarms },
    commands: {
      submit(command) {
        story.push(`wrote ${clock.monotonicMs()}`);
        const { tag, value, origin } = command;
        return Promise.resolve({ outcome: "confirmed", tag, value: toJsonScalar(value), origin });
      },
    },
    episodes: { health: () => undefined, episodes: () => [], onChanged: () => () => undefined },
    capture: () => undefined,
    tagCount: stormed + 2,
    deviceOf: () => "line",
  });
  await alarms.start();
  await rules.start();
  t.after(async () => {
    await rules.stop(AbortSignal.abort());
    await alarms.stop(AbortSignal.abort());
  });

  for (let at = 0; at < batches; at++) {
    const isHot = at % hotEvery >= hotEvery / 2;
    if (at % hotEvery === hotEvery / 2) story.push(`hot ${clock.monotonicMs()}`);
    const batch = batchOf(clock.nowUs(), at, isHot ? 75 : 60);
    alarms.watch(batch);
    rules.watch(batch);
    await clock.advance(100);
  }
  // What the journal has taken in hand is kept within its own 50 ms.
  await clock.advance(1_000);

  const times = batches / hotEvery;
  const counts = alarms.counts();
  assert.deepEqual(counts.active, [100, 1, 900]);
  assert.deepEqual(counts.unacknowledged, [100, 1, 900]);
  assert.equal(counts.lastTenMinutes, stormed + times);
  assert.ok(counts.flood !== undefined);

  const raised = await raisedIn(journal);
  assert.deepEqual(
    raised.filter(({ subject }) => subject !== "hot").map(({ subject }) => subject),
    ids,
    "each once, in the order in which they came",
  );
  assert.equal(raised.length, stormed + times);
  const told = await toldBy(journal);
  assert.equal(new Set(told).size, told.length);
  assert.equal(told.length, (await journal.events.list({ max: 10_000 })).length, "to the hub, too");

  assert.equal(rules.counters.late, 0, "no value came after its instant had been scanned");
  const hot = story.flatMap((one) => (one.startsWith("hot") ? Number(one.slice(4)) : []));
  const wrote = story.flatMap((one) => (one.startsWith("wrote") ? Number(one.slice(6)) : []));
  assert.equal(wrote.length, times);
  assert.deepEqual(
    story.map((one) => one.split(" ")[0]),
    Array<string[]>(times).fill(["hot", "wrote"]).flat(),
  );
  // By the played clock: an instant is over when the next one begins.
  for (const [at, ms] of wrote.entries()) assert.ok(ms - (hot[at] ?? 0) <= 10, story.join());

  // A power cut: what is shown comes from what is on disk.
  await journal.abandon();
  const after = openAlarms(rig.open().events);
  assert.deepEqual(after.counts().active, [100, 1, 900]);
});

function batchOf(receivedUs: number, at: number, temp: number): SampleBatch {
  const each = stormed / batches;
  // Temperature and speed, as the plant of the rules has them, then the alarms that come.
  const tags = [0, 1, ...Array.from({ length: each }, (_, one) => 2 + at * each + one)];
  return {
    device: "line" as DeviceId,
    ...{ receivedUs, late: false, count: tags.length },
    tag: Int32Array.from(tags),
    measuredUs: new Float64Array(tags.length).fill(receivedUs),
    value: Float64Array.from(tags, (tag) => (tag === 0 ? temp : tag === 1 ? 3_000 : 99)),
    status: new Uint32Array(tags.length).fill(status.good),
  };
}

async function raisedIn(journal: JournalCore): Promise<readonly EventRecord[]> {
  const events = await journal.events.list({ kind: "alarm", max: 10_000 });
  return events
    .toReversed()
    .filter((event) => event.kind === "alarm" && event.body.transition === "raised");
}

/** Numbers of the events that critical frames hold for the road. */
async function toldBy(journal: JournalCore): Promise<readonly number[]> {
  const told: number[] = [];
  for (const { epoch, lane, baseSeq } of await journal.outbox.lanes()) {
    if (lane !== "critical") continue;
    for (const { bytes } of await journal.outbox.framesAfter(epoch, lane, baseSeq, Infinity)) {
      const frame = parseFrame(bytes);
      assert(frame.kind === "frame");
      if (frame.head.content !== "events") continue;
      const read = decodeEvents(frame.body);
      assert(!("kind" in read));
      told.push(...read.lines.map(({ number }) => number));
    }
  }
  return told;
}
