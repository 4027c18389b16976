import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";

import { PlayedClock, seededRandom, silentLog } from "@millwright/kit";
import { status, type SampleColumns, type TagId } from "@millwright/wire-contract";
import type { AlarmEvent, OperatingState } from "@millwright/wire-contract/events";

import { MemoryEventBook } from "../../buffer/events/memory-book.ts";
import type { AlarmActor } from "../../hand-over.ts";
import type { AlarmClass, AlarmDefinition, NotedFault } from "./definition.ts";
import { LiveAlarms } from "./live-alarms.ts";

const wear: AlarmClass = {
  name: "wear",
  action: "Check the lubricant level.",
  consequence: "The bearing seizes.",
  causes: ["low oil"],
  respondMin: 10,
  shelveHoursMax: 8,
  latching: false,
};

function alarm(id: string, change: Partial<AlarmDefinition> = {}): AlarmDefinition {
  return {
    id,
    asset: "Pump 1",
    message: `${id} is too high`,
    priority: 2,
    class: wear,
    group: "",
    tag: id as TagId,
    unit: "Cel",
    condition: { kind: "limit", side: "above", limit: 90, deadBand: 1 },
    onDelayMs: 0,
    offDelayMs: 0,
    states: undefined,
    suppressedWhen: undefined,
    ...change,
  };
}

const anna: AlarmActor = { person: "anna", supervisor: false };
const boss: AlarmActor = { person: "boss", supervisor: true };

class Rig {
  readonly book: MemoryEventBook;
  readonly clock: PlayedClock;
  readonly alarms: LiveAlarms;
  readonly values = new Map<number, number>();
  fresh = true;
  state: OperatingState | undefined = "running";
  readonly #tags: readonly string[];

  constructor(
    definitions: readonly AlarmDefinition[],
    noted: readonly NotedFault[] = [],
    before?: Rig,
  ) {
    this.book = before?.book ?? new MemoryEventBook();
    this.clock = before?.clock ?? new PlayedClock();
    this.#tags = [...definitions, ...noted].flatMap(({ tag }) => tag ?? []);
    this.alarms = new LiveAlarms({
      definitions: { alarms: definitions, noted },
      world: {
        indexOf: (tag) => {
          const index = this.#tags.indexOf(tag);
          return index < 0 ? undefined : index;
        },
        valueOf: (index) => this.values.get(index) ?? NaN,
        isFresh: () => this.fresh,
        stateOf: () => this.state,
      },
      book: this.book,
      clock: this.clock,
      random: seededRandom(1),
      log: silentLog,
    });
  }

  async start(t: TestContext): Promise<this> {
    await this.alarms.start();
    t.after(() => this.alarms.stop(AbortSignal.abort()));
    await this.clock.advance(0);
    return this;
  }

  /** Values of the tags named, in one batch; then whatever is kept is. */
  async say(values: Readonly<Record<string, number>>, code: number = status.good): Promise<void> {
    const rows = Object.entries(values);
    const batch: SampleColumns = {
      count: rows.length,
      tag: Int32Array.from(rows, ([tag]) => this.#tags.indexOf(tag)),
      measuredUs: new Float64Array(rows.length),
      value: Float64Array.from(rows, ([, value]) => value),
      status: new Uint32Array(rows.length).fill(code),
    };
    for (const [tag, value] of rows) this.values.set(this.#tags.indexOf(tag), value);
    this.alarms.watch({ ...batch, late: false });
    await this.clock.advance(1);
  }

  stateOf(id: string): string | undefined {
    return this.alarms.row(id)?.state;
  }

  async story(id: string): Promise<readonly string[]> {
    return (await this.events(id)).map(({ transition, state }) => `${transition} ${state}`);
  }

  async events(id: string): Promise<readonly AlarmEvent[]> {
    const events = await this.book.list({ kind: "alarm", subject: id, max: 10_000 });
    return events.toReversed().flatMap((event) => (event.kind === "alarm" ? [event.body] : []));
  }
}

test("an alarm is raised, acknowledged and gone, and each step is kept with value, limit and person", async (t) => {
  const rig = await new Rig([alarm("hot")]).start(t);
  await rig.say({ hot: 96.4 });
  const row = rig.alarms.list()[0];
  assert.equal(row?.state, "unacknowledged");
  assert.equal(row.action, "Check the lubricant level.");
  assert.deepEqual([row.value, row.limit, row.unit], [96.4, 90, "Cel"]);
  const raisedUs = row.raisedUs;
  const acknowledged = rig.alarms.act({ act: "acknowledge", alarm: "hot", raisedUs }, anna);
  assert.deepEqual(await acknowledged, { kind: "done" });
  assert.equal(rig.alarms.row("hot")?.person, "anna");
  await rig.say({ hot: 80 });
  assert.deepEqual(rig.alarms.list(), []);
  assert.deepEqual(await rig.story("hot"), [
    "raised unacknowledged",
    "acknowledged acknowledged",
    "returned normal",
  ]);
  const events = await rig.events("hot");
  assert.deepEqual([...new Set(events.map((event) => event.raisedUs))], [raisedUs]);
  assert.equal(events[1]?.person, "anna");
  assert.equal(events[2]?.person, undefined);
});

test("a note is kept with its occurrence and its author, and changes nothing of the alarm", async (t) => {
  const rig = await new Rig([alarm("hot")]).start(t);
  await rig.say({ hot: 96.4 });
  const raisedUs = rig.alarms.row("hot")?.raisedUs ?? 0;
  await rig.alarms.act({ act: "acknowledge", alarm: "hot", raisedUs }, anna);
  const before = rig.alarms.row("hot");
  await rig.clock.advance(1_000);
  const text = "Lubricated; hums on.";
  const note = (words: string): ReturnType<LiveAlarms["act"]> =>
    rig.alarms.act({ act: "note", alarm: "hot", text: words }, boss);
  assert.deepEqual(await note(` ${text} `), { kind: "done" });
  assert.deepEqual(rig.alarms.row("hot"), before);
  const event = (await rig.events("hot")).at(-1);
  assert.deepEqual(
    [event?.transition, event?.state, event?.raisedUs, event?.person, event?.note],
    ["annotated", "acknowledged", raisedUs, "anna", { text, author: "boss" }],
  );
  const empty = await note("  ");
  assert.equal(empty.kind, "refused");
  await rig.say({ hot: 1 });
  await note("Bearing replaced.");
  assert.deepEqual(await rig.story("hot"), [
    "raised unacknowledged",
    "acknowledged acknowledged",
    "annotated acknowledged",
    "returned normal",
    "annotated normal",
  ]);
});

test("nothing is shown before it is kept, and nothing that is kept is shown twice", async (t) => {
  const rig = await new Rig([alarm("hot")]).start(t);
  const told: string[] = [];
  rig.alarms.onChanged((ids) => told.push(`${ids.join()} ${rig.stateOf("hot")}`));
  const atKeeping: (string | undefined)[] = [];
  rig.book.onKept(() => atKeeping.push(rig.stateOf("hot")));
  await rig.say({ hot: 99 });
  assert.deepEqual(atKeeping, ["normal"], "on disk, and not shown yet");
  assert.deepEqual(told.slice(0, 1), ["hot unacknowledged"]);
  assert.deepEqual(await rig.story("hot"), ["raised unacknowledged"]);
});

test("a journal without room keeps no alarm from people, and gets the story as soon as it has room", async (t) => {
  const rig = await new Rig([alarm("hot")]).start(t);
  rig.book.full = true;
  await rig.say({ hot: 99 });
  assert.equal(rig.stateOf("hot"), "unacknowledged");
  await rig.say({ hot: 10 });
  rig.book.full = false;
  await rig.clock.advance(10_000);
  assert.equal(rig.stateOf("hot"), "returned");
  assert.deepEqual(await rig.story("hot"), ["raised unacknowledged", "returned returned"]);
});

test("acknowledging is idempotent, is refused for what has come again, and joins what the hub says", async (t) => {
  const rig = await new Rig([alarm("hot")]).start(t);
  await rig.say({ hot: 99 });
  const first = rig.alarms.row("hot")?.raisedUs ?? 0;
  await rig.say({ hot: 10 });
  await rig.say({ hot: 99 });
  const second = rig.alarms.row("hot")?.raisedUs ?? 0;
  const old = await rig.alarms.act({ act: "acknowledge", alarm: "hot", raisedUs: first }, anna);
  assert.equal(old.kind, "refused");
  const act = { act: "acknowledge", alarm: "hot", raisedUs: second } as const;
  await rig.alarms.act(act, anna);
  await rig.alarms.act(act, { ...anna, person: "ben" });
  assert.equal(rig.alarms.row("hot")?.person, "anna", "the first holds");
  const asked = { alarm: "hot", raisedUs: second, person: "hub-ada", atUs: second - 1 };
  const answers = rig.alarms.askedAtHub([{ ...asked, id: 7 }]);
  assert.deepEqual(answers, [{ asked: { ...asked, id: 7 } }]);
  assert.deepEqual(rig.alarms.askedAtHub([{ ...asked, id: 7 }]), [], "answered once");
  await rig.clock.advance(1);
  assert.equal(rig.alarms.row("hot")?.person, "hub-ada", "she did it earlier, it came later");
  const people = (await rig.events("hot")).flatMap(({ person }) => person ?? []);
  assert.deepEqual(people, ["anna", "hub-ada"]);
});

const until = { act: "shelve-until", alarm: "hot", reason: "known" } as const;

test("a shelf needs a reason, keeps its ceiling, and ends by itself in an unacknowledged alarm", async (t) => {
  const rig = await new Rig([alarm("hot"), alarm("urgent", { priority: 1 })]).start(t);
  await rig.say({ hot: 99, urgent: 99 });
  const shelve = { act: "shelve", alarm: "hot", minutes: 60, reason: "sensor is changed" } as const;
  for (const [act, actor] of [
    [{ ...shelve, reason: "" }, anna],
    [{ ...shelve, minutes: 481 }, anna],
    [{ ...until, untilUs: rig.clock.nowUs() }, anna],
    [{ ...until, untilUs: rig.clock.nowUs() + 8 * 3_600e6 + 1 }, anna],
    [{ ...shelve, alarm: "urgent" }, anna],
    [{ ...shelve, alarm: "nobody" }, anna],
  ] as const) {
    assert.equal((await rig.alarms.act(act, actor)).kind, "refused");
  }
  assert.equal((await rig.alarms.act(shelve, anna)).kind, "done");
  assert.equal((await rig.alarms.act({ ...shelve, alarm: "urgent" }, boss)).kind, "done");
  const row = rig.alarms.row("hot");
  assert.deepEqual([row?.state, row?.person, row?.reason], ["shelved", "anna", shelve.reason]);
  assert.equal(rig.alarms.counts().shelved, 2);
  await rig.clock.advance(59 * 60_000);
  assert.equal(rig.stateOf("hot"), "shelved");
  await rig.say({ urgent: 1 });
  await rig.clock.advance(2 * 60_000);
  assert.equal(rig.stateOf("hot"), "unacknowledged");
  assert.equal(rig.stateOf("urgent"), "normal");
  const last = (await rig.events("hot")).at(-1);
  assert.deepEqual([last?.transition, last?.state], ["unshelved", "unacknowledged"]);
});

test("a shelf until a time ends just then, however long it took to ask for it", async (t) => {
  const rig = await new Rig([alarm("hot")]).start(t);
  await rig.say({ hot: 99 });
  const untilUs = rig.clock.nowUs() + 3_600e6;
  await rig.clock.advance(2_000);
  assert.equal((await rig.alarms.act({ ...until, untilUs }, anna)).kind, "done");
  assert.equal(rig.alarms.row("hot")?.untilUs, untilUs);
  await rig.clock.advance(3_597_000);
  assert.equal(rig.stateOf("hot"), "shelved");
  // It is looked at once a second.
  await rig.clock.advance(2_000);
  assert.equal(rig.stateOf("hot"), "unacknowledged");
});

const once = { act: "shelve-until-clear", alarm: "hot", reason: "known" } as const;

test("a shelf until the alarm clears ends with its condition, at once, and the next occurrence is told", async (t) => {
  const rig = await new Rig([alarm("hot")]).start(t);
  const early = await rig.alarms.act(once, anna);
  assert.ok(early.kind === "refused");
  assert.match(early.reason, /does not hold now/);
  await rig.say({ hot: 99 });
  assert.equal((await rig.alarms.act({ ...once, reason: " " }, anna)).kind, "refused");
  assert.equal((await rig.alarms.act(once, anna)).kind, "done");
  const { state, reason, untilClear, untilUs } = rig.alarms.row("hot") ?? {};
  assert.deepEqual([state, reason, untilClear], ["shelved", "known", true]);
  // Gone and here again before anybody looks.
  await rig.say({ hot: 1 });
  await rig.say({ hot: 99 });
  assert.equal(rig.stateOf("hot"), "unacknowledged");
  const events = await rig.events("hot");
  assert.deepEqual(
    events.map((event) => [event.transition, event.state, event.reason, event.untilClear]),
    [
      ["raised", "unacknowledged", undefined, undefined],
      ["shelved", "shelved", "known", true],
      ["returned", "shelved", undefined, true],
      ["unshelved", "normal", "its condition has gone", undefined],
      ["raised", "unacknowledged", undefined, undefined],
    ],
  );
  assert.equal(events[1]?.untilUs, untilUs);
});

test("a shelf until the alarm clears lasts no longer than its class allows, and may become one of a time", async (t) => {
  const rig = await new Rig([alarm("hot"), alarm("cold")]).start(t);
  await rig.say({ hot: 99, cold: 99 });
  await rig.alarms.act(once, anna);
  await rig.alarms.act({ ...once, alarm: "cold" }, anna);
  await rig.alarms.act({ ...once, act: "shelve", alarm: "cold", minutes: 60 }, anna);
  await rig.say({ cold: 1 });
  assert.equal(rig.stateOf("cold"), "shelved", "of a time: whatever its condition does");
  await rig.clock.advance((wear.shelveHoursMax * 60 - 1) * 60_000);
  assert.deepEqual([rig.stateOf("hot"), rig.stateOf("cold")], ["shelved", "normal"]);
  await rig.clock.advance(2 * 60_000);
  assert.equal(rig.stateOf("hot"), "unacknowledged");
});

test("a shelf until the alarm clears outlives a restart, and ends with what cleared meanwhile", async (t) => {
  const definitions = [alarm("hot"), alarm("trip", { class: { ...wear, latching: true } })];
  const rig = await new Rig(definitions).start(t);
  await rig.say({ hot: 99, trip: 99 });
  await rig.alarms.act(once, anna);
  await rig.alarms.act({ ...once, alarm: "trip" }, anna);
  await rig.alarms.stop(AbortSignal.timeout(1_000));
  const again = await new Rig(definitions, [], rig).start(t);
  await again.clock.advance(5_000);
  assert.deepEqual([again.stateOf("hot"), again.alarms.row("hot")?.untilClear], ["shelved", true]);
  await again.say({ hot: 1, trip: 1 });
  // A latch that tripped beneath the shelf waits for a person.
  assert.deepEqual([again.stateOf("hot"), again.stateOf("trip")], ["normal", "returned"]);
});

test("a latching alarm waits for its reset after it was acknowledged", async (t) => {
  const rig = await new Rig([alarm("trip", { class: { ...wear, latching: true } })]).start(t);
  await rig.say({ trip: 99 });
  await rig.say({ trip: 1 });
  const reset = { act: "reset", alarm: "trip" } as const;
  assert.equal((await rig.alarms.act(reset, anna)).kind, "refused");
  const raisedUs = rig.alarms.row("trip")?.raisedUs ?? 0;
  await rig.alarms.act({ act: "acknowledge", alarm: "trip", raisedUs }, anna);
  assert.equal(rig.stateOf("trip"), "latched");
  assert.equal((await rig.alarms.act(reset, anna)).kind, "done");
  assert.equal(rig.stateOf("trip"), "normal");
});

test("suppression by design hides before anybody sees, says what hides, and shows what still holds afterwards", async (t) => {
  const rig = await new Rig([
    alarm("flow", {
      suppressedWhen: { any: [{ asset: "Pump 1", state: ["off"] }, { alarm: "trip" }] },
    }),
    alarm("trip"),
  ]).start(t);
  rig.state = "off";
  rig.alarms.statesChanged();
  await rig.say({ flow: 99 });
  assert.deepEqual(await rig.story("flow"), ["suppressed suppressed", "raised suppressed"]);
  assert.equal(rig.alarms.row("flow")?.reason, "Pump 1 is off");
  rig.state = "running";
  rig.alarms.statesChanged();
  await rig.clock.advance(1);
  assert.equal(rig.stateOf("flow"), "unacknowledged");
  await rig.say({ flow: 1 });
  // Both in one batch: what trips first suppresses the other before it is raised.
  await rig.say({ trip: 99, flow: 99 });
  assert.equal(rig.stateOf("flow"), "suppressed");
  assert.equal(
    (await rig.events("flow")).filter((one) => one.state === "unacknowledged").length,
    1,
  );
});

test("out of service needs a work order, and its end shows what still holds", async (t) => {
  const rig = await new Rig([alarm("hot")]).start(t);
  const out = { act: "take-out-of-service", alarm: "hot", workOrder: "WO-2231" } as const;
  assert.equal((await rig.alarms.act({ ...out, workOrder: " " }, anna)).kind, "refused");
  await rig.alarms.act(out, anna);
  await rig.say({ hot: 99 });
  assert.equal(rig.stateOf("hot"), "out-of-service");
  assert.equal(rig.alarms.row("hot")?.reason, "WO-2231");
  const raisedUs = rig.alarms.row("hot")?.raisedUs ?? 0;
  const shelve = { act: "shelve", alarm: "hot", minutes: 5, reason: "x" } as const;
  assert.equal((await rig.alarms.act(shelve, anna)).kind, "refused");
  const acknowledge = { act: "acknowledge", alarm: "hot", raisedUs } as const;
  assert.equal((await rig.alarms.act(acknowledge, anna)).kind, "refused");
  await rig.alarms.act({ act: "return-to-service", alarm: "hot" }, anna);
  assert.equal(rig.stateOf("hot"), "unacknowledged");
});

test("states in which an alarm holds are left and entered, with what the machine does", async (t) => {
  const rig = await new Rig([alarm("hot", { states: ["running"] })]).start(t);
  await rig.say({ hot: 99 });
  rig.state = undefined;
  rig.alarms.statesChanged();
  await rig.clock.advance(1);
  assert.equal(rig.stateOf("hot"), "returned");
  rig.state = "running";
  rig.alarms.statesChanged();
  await rig.clock.advance(1);
  assert.equal(rig.stateOf("hot"), "unacknowledged");
});

test("delays run out on time without a sample, and bad or stale values hold and say so", async (t) => {
  const rig = await new Rig([alarm("hot", { onDelayMs: 1_500 })]).start(t);
  await rig.say({ hot: 99 });
  await rig.clock.advance(1_498);
  assert.equal(rig.stateOf("hot"), "normal");
  await rig.clock.advance(2);
  assert.equal(rig.stateOf("hot"), "unacknowledged");
  await rig.say({ hot: 1 }, status.badSensorFailure);
  await rig.clock.advance(5_000);
  assert.equal(rig.stateOf("hot"), "unacknowledged");
  assert.equal(rig.alarms.row("hot")?.held, "sensor fault");
  await rig.say({ hot: 99 });
  rig.fresh = false;
  assert.equal(rig.alarms.row("hot")?.held, "the value is stale");
});

test("after a restart alarms are as they were, with their true times, and are judged on", async (t) => {
  const definitions = [alarm("hot"), alarm("cold"), alarm("gone")];
  const rig = await new Rig(definitions).start(t);
  await rig.say({ hot: 99, cold: 99, gone: 99 });
  const raisedUs = rig.alarms.row("hot")?.raisedUs ?? 0;
  await rig.alarms.act({ act: "acknowledge", alarm: "hot", raisedUs }, anna);
  await rig.alarms.act({ act: "shelve", alarm: "cold", minutes: 10, reason: "why" }, anna);
  const before = rig.alarms.list();
  await rig.alarms.stop(AbortSignal.timeout(1_000));
  await rig.clock.advance(60_000);

  const again = await new Rig(definitions.slice(0, 2), [], rig).start(t);
  const plain = (rows: typeof before): unknown =>
    rows.map(({ id, state, raisedUs: at, person, reason }) => ({ id, state, at, person, reason }));
  assert.deepEqual(plain(again.alarms.list()), plain(before.filter(({ id }) => id !== "gone")));
  assert.equal(again.alarms.row("hot")?.held, "no value yet");
  assert.deepEqual(await again.story("gone"), ["raised unacknowledged", "returned normal"]);
  assert.equal(again.alarms.counts().lastTenMinutes, 3);
  assert.equal(again.alarms.counts().today, 3);
  await again.say({ hot: 1 });
  assert.equal(again.stateOf("hot"), "normal");
  await again.clock.advance(10 * 60_000);
  assert.equal(again.stateOf("cold"), "unacknowledged");
});

test("a storm of 1,000 alarms in 10 s: counts exact, order exact, nothing dropped", async (t) => {
  const ids = Array.from({ length: 1_000 }, (_, at) => `alarm-${at}`);
  const order = ids.toSorted((a, b) => (a < b ? -1 : 1));
  const rig = await new Rig(
    ids.map((id, at) => alarm(id, { priority: at % 10 === 0 ? 1 : 3 })),
  ).start(t);
  for (let at = 0; at < order.length; at += 10) {
    await rig.say(Object.fromEntries(order.slice(at, at + 10).map((id) => [id, 99])));
    await rig.clock.advance(99);
  }
  const counts = rig.alarms.counts();
  assert.deepEqual(counts.active, [100, 0, 900]);
  assert.equal(counts.flood?.count, 1_000);
  assert.equal(counts.lastTenMinutes, 1_000);
  const kept = (await rig.book.list({ kind: "alarm", max: 10_000 })).toReversed();
  assert.deepEqual(
    kept.map(({ subject }) => subject),
    order,
  );
  assert.ok(kept.every((event, at) => at === 0 || event.atUs >= (kept[at - 1]?.atUs ?? 0)));
  const list = rig.alarms.list();
  assert.equal(list.length, 1_000);
  assert.ok(list.slice(0, 100).every(({ priority }) => priority === 1));
});

test("alarms of a rule are raised and cleared from outside, and no others are", async (t) => {
  const told = alarm("rule", { condition: { kind: "told" }, tag: undefined });
  const rig = await new Rig([told, alarm("hot")]).start(t);
  assert.equal(rig.alarms.raise("hot"), false);
  assert.equal(rig.alarms.raise("nobody"), false);
  assert.equal(rig.alarms.raise("rule", { message: "Spindle wears", value: 3.2 }), true);
  assert.equal(rig.alarms.raise("rule"), true);
  await rig.clock.advance(1);
  assert.deepEqual(await rig.story("rule"), ["raised unacknowledged"]);
  assert.equal(rig.alarms.row("rule")?.message, "Spindle wears");
  rig.alarms.clear("rule");
  await rig.clock.advance(1);
  assert.equal(rig.stateOf("rule"), "returned");
});

test("a machine's faults: those without an action are noted, and of the others the first-out is known", async (t) => {
  const bit = (at: number): AlarmDefinition =>
    alarm(`word/${at}`, {
      tag: "word" as TagId,
      condition: { kind: "bit", bit: at },
      group: "word",
    });
  const noted: NotedFault = {
    id: "word/5",
    asset: "Press 1",
    message: "Lubrication runs",
    tag: "word" as TagId,
    condition: { kind: "bit", bit: 5 },
  };
  const rig = await new Rig([bit(0), bit(1)], [noted]).start(t);
  await rig.say({ word: 0b10 });
  await rig.say({ word: 0b10_0011 });
  assert.deepEqual(
    rig.alarms
      .list()
      .map(({ id, firstOut }) => `${id} ${firstOut}`)
      .sort(),
    ["word/0 false", "word/1 true"],
  );
  assert.deepEqual(await rig.story("word/5"), ["noted normal"]);
  assert.equal(rig.alarms.row("word/5"), undefined);
});

test("a page gets what changed since it last asked, and all when it knows another run", async (t) => {
  const rig = await new Rig([alarm("hot"), alarm("cold")]).start(t);
  await rig.say({ hot: 99 });
  const first = rig.alarms.since(0);
  assert.deepEqual(
    first.rows.map(({ id }) => id),
    ["hot"],
  );
  await rig.say({ cold: 99, hot: 1 });
  const next = rig.alarms.since(first.revision);
  assert.deepEqual(next.rows.map(({ id, state }) => `${id} ${state}`).sort(), [
    "cold unacknowledged",
    "hot returned",
  ]);
  await rig.clock.advance(5_000);
  assert.deepEqual(rig.alarms.since(rig.alarms.since(next.revision).revision).rows, []);
  assert.equal(rig.alarms.since(9_999).rows.length, 2);
});
