/** Alarms that machines own, at the desk: what the device says, what people do, and what is kept of both. */
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";

import { PlayedClock, seededRandom, silentLog } from "@millwright/kit";
import type { DeviceId, WriteOutcome } from "@millwright/wire-contract";
import type { AlarmRow } from "@millwright/wire-contract/events";

import { MemoryEventBook } from "../../buffer/events/memory-book.ts";
import type { AlarmAct, ConditionAct, ConditionNews, MachineCondition } from "../../hand-over.ts";
import type { AlarmClass } from "./definition.ts";
import { LiveAlarms } from "./live-alarms.ts";
import { machineAlarmId, type MachineAlarmsOf } from "./machine-definition.ts";

const machineClass: AlarmClass = {
  name: "machine",
  action: "Look at the panel of the machine.",
  consequence: "",
  causes: [],
  respondMin: 10,
  shelveHoursMax: 8,
  latching: false,
};
const pump: MachineAlarmsOf = {
  device: "pump-1" as DeviceId,
  deviceName: "Pump 1",
  notifier: "",
  class: machineClass,
  asset: "Pump 1",
  assets: new Map([["Motor", "Pump 1 / Motor"]]),
  group: "pump-1/own",
  urgentFrom: 667,
  highFrom: 334,
  named: new Map([
    ["Tripped", { class: undefined, priority: 1, message: "Pump has tripped" } as const],
  ]),
};

/** As a server says it of an alarm that has just come. */
function said(name: string, change: Partial<MachineCondition> = {}): MachineCondition {
  return {
    condition: `nsu=urn:m;s=${name}`,
    branch: "",
    eventId: "01",
    name,
    source: "Pump1",
    message: `${name} of the machine`,
    severity: 500,
    sinceUs: 1_000,
    person: "",
    retain: true,
    enabled: true,
    active: true,
    acked: false,
    confirmed: undefined,
    latched: undefined,
    suppressed: undefined,
    outOfService: undefined,
    shelved: undefined,
    ...change,
  };
}

function idOf(name: string, branch = ""): string {
  const condition = `nsu=urn:m;s=${name}`;
  const origin = { device: "pump-1", condition, branch, name, source: "", severity: 0 };
  return machineAlarmId(origin);
}

class Rig {
  readonly book: MemoryEventBook;
  readonly clock: PlayedClock;
  readonly alarms: LiveAlarms;
  readonly asked: ConditionAct[] = [];
  /** What the machine does when it is asked. */
  answer: (act: ConditionAct) => WriteOutcome = () => ({ kind: "accepted" });

  constructor(of: readonly MachineAlarmsOf[] = [pump], before?: Rig) {
    this.book = before?.book ?? new MemoryEventBook();
    this.clock = before?.clock ?? new PlayedClock();
    this.alarms = new LiveAlarms({
      definitions: { alarms: [], noted: [], machines: of },
      world: {
        indexOf: () => undefined,
        valueOf: () => NaN,
        isFresh: () => true,
        stateOf: () => undefined,
      },
      book: this.book,
      clock: this.clock,
      random: seededRandom(1),
      log: silentLog,
      askMachine: (device, act) => {
        assert.equal(device, "pump-1");
        this.asked.push(act);
        return Promise.resolve(this.answer(act));
      },
    });
  }

  async start(t: TestContext): Promise<this> {
    await this.alarms.start();
    t.after(() => this.alarms.stop(AbortSignal.abort()));
    await this.clock.advance(0);
    return this;
  }

  async hear(kind: "changed" | "all", ...conditions: readonly MachineCondition[]): Promise<void> {
    await this.tell({ kind, conditions });
  }

  async tell(news: ConditionNews): Promise<void> {
    this.alarms.machines.hear("pump-1", news);
    await this.clock.advance(1);
  }

  row(name: string): AlarmRow | undefined {
    return this.alarms.row(idOf(name));
  }

  async acknowledge(name: string): Promise<Awaited<ReturnType<LiveAlarms["act"]>>> {
    const alarm = idOf(name);
    const raisedUs = this.row(name)?.raisedUs ?? 0;
    const actor = { person: "Anna", supervisor: false, at: "gateway" } as const;
    const acting = this.alarms.act({ act: "acknowledge", alarm, raisedUs }, actor);
    await this.clock.advance(10_000);
    return await acting;
  }

  /** The machine's word comes within a second, or not at all. */
  async act(act: AlarmAct): Promise<Awaited<ReturnType<LiveAlarms["act"]>>> {
    const acting = this.alarms.act(act, { person: "Anna", supervisor: true });
    await this.clock.advance(10_000);
    return await acting;
  }

  async story(name: string): Promise<readonly string[]> {
    const events = await this.book.list({ kind: "alarm", subject: idOf(name), max: 1_000 });
    return events
      .toReversed()
      .flatMap(({ kind, body }) => (kind === "alarm" ? `${body.transition} ${body.state}` : []));
  }
}

test("what a machine raises is an alarm with class, priority, asset and group of the settings, and is its own", async (t) => {
  const rig = await new Rig().start(t);
  await rig.hear("all");
  await rig.hear("changed", said("Hot", { source: "Motor", sinceUs: 42 }), said("Tripped"));
  const hot = rig.row("Hot");
  assert.ok(hot !== undefined);
  assert.deepEqual(
    [hot.state, hot.priority, hot.asset, hot.message, hot.class, hot.group, hot.source],
    [
      "unacknowledged",
      2,
      "Pump 1 / Motor",
      "Hot of the machine",
      "machine",
      "pump-1/own",
      "machine",
    ],
  );
  assert.equal(hot.machineUs, 42);
  assert.equal(hot.action, machineClass.action);
  assert.equal(hot.held, undefined);
  assert.deepEqual([hot.firstOut, rig.row("Tripped")?.firstOut], [true, false]);
  assert.deepEqual(
    [rig.row("Tripped")?.priority, rig.row("Tripped")?.message],
    [1, "Pump has tripped"],
  );
  const [event] = await rig.book.list({ kind: "alarm", subject: idOf("Hot"), max: 1 });
  assert.ok(event?.kind === "alarm");
  assert.deepEqual([event.body.source, event.body.machineUs], ["machine", 42]);
});

test("severity is mapped to priority at its bounds, and what becomes worse is told anew", async (t) => {
  const rig = await new Rig().start(t);
  const priorities = [333, 334, 666, 667, 1_000].map((severity) => [`S${severity}`, severity]);
  for (const [name, severity] of priorities) {
    await rig.hear("changed", said(String(name), { severity: Number(severity) }));
  }
  assert.deepEqual(
    priorities.map(([name]) => rig.row(String(name))?.priority),
    [3, 2, 2, 1, 1],
  );
  const before = rig.row("S334")?.raisedUs ?? 0;
  await rig.hear("changed", said("S334", { severity: 900 }));
  assert.equal(rig.row("S334")?.priority, 1);
  assert.ok((rig.row("S334")?.raisedUs ?? 0) > before);
  await rig.hear("changed", said("S334", { severity: 200 }));
  assert.equal(rig.row("S334")?.priority, 1, "what becomes better is told when it comes again");
});

test("an acknowledgement is asked of the machine with its newest event, and is so when the machine says so", async (t) => {
  const rig = await new Rig().start(t);
  await rig.hear("changed", said("Hot", { eventId: "01" }));
  await rig.hear("changed", said("Hot", { eventId: "02", message: "hotter" }));
  rig.answer = () => {
    assert.equal(rig.row("Hot")?.state, "unacknowledged", "not before the machine says it");
    rig.alarms.machines.hear("pump-1", {
      kind: "changed",
      conditions: [said("Hot", { eventId: "03", acked: true })],
    });
    return { kind: "accepted" };
  };
  assert.deepEqual(await rig.acknowledge("Hot"), { kind: "done" });
  assert.deepEqual(rig.asked, [
    {
      act: "acknowledge",
      condition: "nsu=urn:m;s=Hot",
      eventId: "02",
      comment: "Anna, at the gateway",
    },
  ]);
  assert.deepEqual([rig.row("Hot")?.state, rig.row("Hot")?.person], ["acknowledged", "Anna"]);
  await rig.hear("changed", said("Hot", { acked: true, active: false, retain: false }));
  assert.deepEqual(await rig.story("Hot"), [
    "raised unacknowledged",
    "acknowledged acknowledged",
    "returned normal",
  ]);
});

test("what the machine refuses, or does not answer, is refused with its words and changes nothing", async (t) => {
  const rig = await new Rig().start(t);
  await rig.hear("changed", said("Hot"));
  rig.answer = () => ({
    kind: "refused",
    reason: "it does not allow this gateway's user to do so",
  });
  const refused = await rig.acknowledge("Hot");
  assert.ok(refused.kind === "refused");
  assert.match(refused.reason, /^Pump 1 did not take it: it does not allow/);
  rig.answer = () => ({ kind: "unknown", reason: "it took too long" });
  const unknown = await rig.acknowledge("Hot");
  assert.ok(unknown.kind === "refused");
  assert.match(unknown.reason, /has not answered/);
  await rig.tell({ kind: "silent" });
  const away = await rig.acknowledge("Hot");
  assert.ok(away.kind === "refused");
  assert.match(away.reason, /no link to Pump 1/);
  assert.equal(rig.asked.length, 2, "without a link nobody is asked");
  assert.equal(rig.row("Hot")?.state, "unacknowledged");
});

test("somebody at the machine acknowledges, and the alarm here says who", async (t) => {
  const rig = await new Rig().start(t);
  await rig.hear("changed", said("Hot"));
  await rig.hear("changed", said("Hot", { acked: true, person: "shift-a" }));
  assert.deepEqual(
    [rig.row("Hot")?.state, rig.row("Hot")?.person],
    ["acknowledged", "shift-a, at Pump 1"],
  );
});

test("what vanished while the link was down is cleared when all is asked for; without the asking it would stay", async (t) => {
  for (const refresh of [true, false]) {
    const rig = await new Rig().start(t);
    await rig.hear("all", said("Hot"), said("Seen", { acked: true }));
    await rig.tell({ kind: "silent" });
    await rig.clock.advance(2_000);
    assert.match(rig.row("Hot")?.held ?? "", /Pump 1 has not been heard since/);
    // Both went while nobody listened. The control hears only what is new, as without a ConditionRefresh.
    await rig.hear(refresh ? "all" : "changed", said("New"));
    assert.equal(rig.row("New")?.state, "unacknowledged");
    assert.equal(rig.row("Hot")?.holds, !refresh);
    assert.equal(rig.row("Hot")?.state, refresh ? "returned" : "unacknowledged");
    assert.equal(rig.row("Seen")?.state, refresh ? "normal" : "acknowledged");
    if (!refresh) continue;
    assert.deepEqual(await rig.acknowledge("Hot"), { kind: "done" });
    assert.deepEqual(rig.asked, [], "the machine knows nothing of it any more");
    assert.equal(rig.row("Hot")?.state, "normal");
  }
});

test("after a restart an alarm is there with its time, held until the machine is heard, and not told twice", async (t) => {
  const before = await new Rig().start(t);
  await before.hear("changed", said("Hot"));
  const raisedUs = before.row("Hot")?.raisedUs;
  await before.alarms.stop(AbortSignal.abort());
  const rig = await new Rig([pump], before).start(t);
  await rig.clock.advance(1);
  assert.equal(rig.row("Hot")?.state, "unacknowledged");
  assert.equal(rig.row("Hot")?.raisedUs, raisedUs);
  assert.match(rig.row("Hot")?.held ?? "", /has not been heard since/);
  const early = await rig.acknowledge("Hot");
  assert.equal(early.kind, "refused", "what is not heard is not acknowledged behind its back");
  await rig.hear("all", said("Hot"));
  assert.equal(rig.row("Hot")?.raisedUs, raisedUs);
  assert.equal(rig.row("Hot")?.held, undefined);
  assert.deepEqual(await rig.story("Hot"), ["raised unacknowledged"]);

  await rig.alarms.stop(AbortSignal.abort());
  const without = await new Rig([], rig).start(t);
  await without.clock.advance(1);
  assert.equal(without.row("Hot"), undefined);
  assert.deepEqual((await without.story("Hot")).at(-1), "returned normal");
});

test("a branch is an alarm of its own, beside the present occurrence", async (t) => {
  const rig = await new Rig().start(t);
  const branch = said("Hot", { branch: "nsu=urn:m;i=7", eventId: "aa", active: false });
  await rig.hear("changed", said("Hot"), branch);
  const earlier = rig.alarms.row(idOf("Hot", "nsu=urn:m;i=7"));
  assert.equal(earlier?.state, "returned");
  assert.equal(rig.row("Hot")?.state, "unacknowledged");
  await rig.hear("changed", { ...branch, acked: true, retain: false });
  assert.equal(rig.alarms.row(earlier.id)?.state, "normal");
  assert.equal(rig.row("Hot")?.state, "unacknowledged");
});

test("what waits at the machine is latched here, and resetting it asks the machine to confirm or to reset", async (t) => {
  const rig = await new Rig().start(t);
  const actor = { person: "Anna", supervisor: false, at: "gateway" } as const;
  for (const [name, waits, act] of [
    ["Confirm", { confirmed: false }, "confirm"],
    ["Latch", { latched: true }, "reset"],
  ] as const) {
    await rig.hear("changed", said(name, { ...waits, acked: true }));
    await rig.hear("changed", said(name, { ...waits, acked: true, active: false }));
    assert.equal(rig.row(name)?.state, "latched");
    const acting = rig.alarms.act({ act: "reset", alarm: idOf(name) }, actor);
    await rig.clock.advance(10_000);
    assert.deepEqual(await acting, { kind: "done" });
    assert.equal(rig.asked.at(-1)?.act, act);
    assert.equal(rig.row(name)?.state, "latched", "until the machine says so");
    await rig.hear("changed", said(name, { acked: true, active: false, retain: false }));
    assert.equal(rig.row(name)?.state, "normal");
  }
});

test("what the machine keeps from its people is suppressed here, and ends when the machine says so", async (t) => {
  const rig = await new Rig().start(t);
  await rig.hear("changed", said("Hot", { shelved: true }));
  assert.deepEqual(
    [rig.row("Hot")?.state, rig.row("Hot")?.reason],
    ["suppressed", "shelved at Pump 1"],
  );
  await rig.hear("changed", said("Hot", { shelved: false, acked: true }));
  assert.equal(rig.row("Hot")?.state, "acknowledged");
});

const shelve = { act: "shelve", alarm: idOf("Hot"), minutes: 1, reason: "known" } as const;
const takeOut = { act: "take-out-of-service", alarm: idOf("Hot"), workOrder: "WO-7" } as const;

test("a shelf is told to the machine, is so when the machine says it, and ends when the machine ends it", async (t) => {
  const rig = await new Rig().start(t);
  const hear = (shelved: boolean, acked = true): Promise<void> =>
    rig.hear("changed", said("Hot", { shelved, acked, outOfService: false }));
  await hear(false);
  rig.answer = () => {
    assert.equal(rig.row("Hot")?.state, "acknowledged", "not before the machine says it");
    rig.alarms.machines.hear("pump-1", {
      kind: "changed",
      conditions: [said("Hot", { shelved: true, acked: true })],
    });
    return { kind: "accepted" };
  };
  assert.deepEqual(await rig.act(shelve), { kind: "done" });
  const condition = "nsu=urn:m;s=Hot";
  assert.deepEqual(rig.asked, [{ act: "shelve", condition, forMs: 60_000 }]);
  const { state, person, reason } = rig.row("Hot") ?? {};
  assert.deepEqual([state, person, reason], ["shelved", "Anna", "known (also at Pump 1)"]);
  // Said again with other news it is the same shelf, and no second one.
  await hear(true, false);
  assert.equal(rig.row("Hot")?.state, "shelved");
  await hear(false, false);
  assert.equal(rig.row("Hot")?.state, "unacknowledged");
  assert.deepEqual(await rig.story("Hot"), [
    "raised unacknowledged",
    "acknowledged acknowledged",
    "shelved shelved",
    "unshelved unacknowledged",
  ]);
});

test("a shelf that its time ends waits for the machine's word, and not for ever", async (t) => {
  for (const word of [true, false]) {
    const rig = await new Rig().start(t);
    await rig.hear("changed", said("Hot", { shelved: false, acked: true }));
    const shelving = rig.act(shelve);
    await rig.hear("changed", said("Hot", { shelved: true, acked: true }));
    assert.deepEqual(await shelving, { kind: "done" });
    await rig.clock.advance(52_000);
    assert.equal(rig.row("Hot")?.state, "shelved", "a moment longer than its time");
    if (word) await rig.hear("changed", said("Hot", { shelved: false, acked: true }));
    else await rig.clock.advance(35_000);
    assert.deepEqual(
      [rig.row("Hot")?.state, rig.row("Hot")?.reason],
      word ? ["acknowledged", undefined] : ["suppressed", "shelved at Pump 1"],
    );
  }
});

test("whoever ends a shelf here ends it at the machine, and is refused where the machine does not", async (t) => {
  const rig = await new Rig().start(t);
  await rig.hear("changed", said("Hot", { shelved: false, acked: true }));
  const shelving = rig.act(shelve);
  await rig.hear("changed", said("Hot", { shelved: true, acked: true }));
  await shelving;
  rig.answer = () => ({ kind: "refused", reason: "no" });
  const unshelve = { act: "unshelve", alarm: idOf("Hot") } as const;
  const again = await rig.act({ ...shelve, minutes: 5 });
  assert.deepEqual(again, { kind: "refused", reason: "Pump 1 did not take it: no." });
  const refused = await rig.act(unshelve);
  assert.deepEqual(refused, { kind: "refused", reason: "Pump 1 did not take it: no." });
  assert.equal(rig.row("Hot")?.state, "shelved");
  await rig.tell({ kind: "silent" });
  const away = await rig.act(unshelve);
  assert.ok(away.kind === "refused");
  assert.match(away.reason, /no link to Pump 1/);
  await rig.hear("all", said("Hot", { shelved: true, acked: true }));
  rig.answer = () => ({ kind: "accepted" });
  const unshelving = rig.act(unshelve);
  await rig.hear("changed", said("Hot", { shelved: false, acked: true }));
  assert.deepEqual(await unshelving, { kind: "done" });
  assert.deepEqual(
    rig.asked.map(({ act }) => act),
    ["shelve", "shelve", "unshelve", "unshelve"],
  );
  assert.equal(rig.row("Hot")?.state, "acknowledged");
  const [ended] = (await rig.book.list({ kind: "alarm", subject: idOf("Hot"), max: 9 })).filter(
    ({ kind, body }) => kind === "alarm" && body.transition === "unshelved",
  );
  assert.ok(ended?.kind === "alarm");
  assert.equal(ended.body.person, "Anna");
});

test("a shelf until it clears is the machine's one-shot shelf, and is ended there when the machine forgets to", async (t) => {
  const condition = "nsu=urn:m;s=Hot";
  const once = { act: "shelve-until-clear", alarm: idOf("Hot"), reason: "known" } as const;
  for (const how of ["ends it", "forgets it"] as const) {
    const rig = await new Rig().start(t);
    const hear = (active: boolean, shelved: boolean): Promise<void> =>
      rig.hear("changed", said("Hot", { active, shelved, acked: true, retain: active }));
    await hear(true, false);
    const shelving = rig.act(once);
    await hear(true, true);
    assert.deepEqual(await shelving, { kind: "done" });
    const { state, reason, untilClear } = rig.row("Hot") ?? {};
    assert.deepEqual([state, reason, untilClear], ["shelved", "known (also at Pump 1)", true]);
    await hear(false, how === "forgets it");
    if (how === "forgets it") await hear(false, false);
    assert.deepEqual([how, rig.row("Hot")?.state], [how, "normal"]);
    const unshelve = { act: "unshelve", condition };
    assert.deepEqual(rig.asked, [
      { act: "shelve-until-clear", condition },
      ...(how === "forgets it" ? [unshelve] : []),
    ]);
    // Nothing in between: it is not told anew, and the machine does not suppress it.
    assert.deepEqual((await rig.story("Hot")).slice(2), [
      ...["shelved shelved", "returned shelved", "unshelved normal"],
    ]);
  }
});

test("a machine that keeps a one-shot shelf for ever is told when its longest time is over, once", async (t) => {
  const rig = await new Rig().start(t);
  await rig.hear("changed", said("Hot", { shelved: false, acked: true }));
  const shelving = rig.act({ act: "shelve-until-clear", alarm: idOf("Hot"), reason: "known" });
  await rig.hear("changed", said("Hot", { shelved: true, acked: true }));
  await shelving;
  rig.answer = () => ({ kind: "refused", reason: "no" });
  await rig.clock.advance(8 * 3_600_000 - 20_000);
  assert.equal(rig.asked.length, 1);
  await rig.clock.advance(40_000);
  assert.deepEqual(
    rig.asked.map(({ act }) => act),
    ["shelve-until-clear", "unshelve"],
  );
  assert.equal(rig.row("Hot")?.state, "shelved");
  await rig.clock.advance(20_000);
  assert.equal(rig.row("Hot")?.reason, "shelved at Pump 1");
});

test("where the machine cannot be told it is shelved here alone, and the row says so and why", async (t) => {
  const offers = said("Hot", { shelved: false, acked: true });
  const cases: readonly (readonly [MachineCondition, WriteOutcome | "silent", string])[] = [
    [said("Hot", { acked: true }), { kind: "accepted" }, "Pump 1 does not offer it"],
    [offers, "silent", "no link to Pump 1"],
    [offers, { kind: "refused", reason: "no" }, "Pump 1 did not take it, no"],
    [offers, { kind: "unknown", reason: "it took too long" }, "Pump 1 has not answered"],
  ];
  for (const [condition, answer, why] of cases) {
    const rig = await new Rig().start(t);
    await rig.hear("changed", condition);
    if (answer === "silent") await rig.tell({ kind: "silent" });
    else rig.answer = () => answer;
    assert.deepEqual(await rig.act(shelve), { kind: "done" });
    const { state, reason } = rig.row("Hot") ?? {};
    assert.deepEqual([state, reason], ["shelved", `known (here only: ${why})`]);
    assert.equal(rig.asked.length, answer === "silent" || why.includes("offer") ? 0 : 1);
    // What the machine goes on to say of its own shelf ends none that it does not have.
    await rig.hear("changed", condition);
    assert.equal(rig.row("Hot")?.state, "shelved");
    await rig.clock.advance(61_000);
    assert.equal(rig.row("Hot")?.state, "acknowledged");
  }
});

test("a shelf at the machine outlives a restart of the gateway, and still ends with the machine's", async (t) => {
  const before = await new Rig().start(t);
  await before.hear("changed", said("Hot", { shelved: false, acked: true }));
  const shelving = before.act({ ...shelve, minutes: 60 });
  await before.hear("changed", said("Hot", { shelved: true, acked: true }));
  await shelving;
  await before.alarms.stop(AbortSignal.abort());
  const rig = await new Rig([pump], before).start(t);
  await rig.hear("all", said("Hot", { shelved: true, acked: true }));
  assert.equal(rig.row("Hot")?.state, "shelved");
  await rig.hear("changed", said("Hot", { shelved: false, acked: true }));
  assert.equal(rig.row("Hot")?.state, "acknowledged");
});

test("out of service is told to the machine as well, and so is its end", async (t) => {
  const rig = await new Rig().start(t);
  const hear = (outOfService: boolean): Promise<void> =>
    rig.hear("changed", said("Hot", { outOfService, acked: true }));
  await hear(false);
  const taking = rig.act(takeOut);
  await hear(true);
  assert.deepEqual(await taking, { kind: "done" });
  assert.deepEqual(
    [rig.row("Hot")?.state, rig.row("Hot")?.reason],
    ["out-of-service", "WO-7 (also at Pump 1)"],
  );
  const returning = rig.act({ act: "return-to-service", alarm: idOf("Hot") });
  await hear(false);
  assert.deepEqual(await returning, { kind: "done" });
  assert.equal(rig.row("Hot")?.state, "acknowledged");
  assert.deepEqual(
    rig.asked.map(({ act }) => act),
    ["take-out-of-service", "return-to-service"],
  );
});

test("without a class it is kept as an event, once as long as it lasts", async (t) => {
  const rig = await new Rig([{ ...pump, class: undefined }]).start(t);
  await rig.hear("changed", said("Runs"));
  await rig.hear("changed", said("Runs"));
  await rig.hear("changed", said("Runs", { active: false, retain: false }));
  await rig.hear("changed", said("Runs"));
  assert.deepEqual(rig.alarms.list(), []);
  assert.deepEqual(await rig.story("Runs"), ["noted normal", "noted normal"]);
});

test("what is acknowledged at the hub is asked of the machine, and answered when the machine has answered", async (t) => {
  const rig = await new Rig().start(t);
  await rig.hear("changed", said("Hot"), said("Cold"));
  const asked = (id: number, name: string) => ({
    ...{ id, alarm: idOf(name), raisedUs: rig.row(name)?.raisedUs ?? 0 },
    ...{ person: "Ben", atUs: rig.clock.nowUs() },
  });
  const [hot, cold] = [asked(1, "Hot"), asked(2, "Cold")];
  rig.answer = ({ condition }) =>
    condition.endsWith("Cold") ? { kind: "refused", reason: "no" } : { kind: "accepted" };
  assert.deepEqual(rig.alarms.askedAtHub([hot, cold]), []);
  await rig.clock.advance(1);
  await rig.hear("changed", said("Hot", { acked: true }));
  await rig.clock.advance(10_000);
  const answers = rig.alarms.askedAtHub([hot, cold]);
  assert.equal(rig.asked.length, 2, "asked once each");
  assert.deepEqual(
    answers.map((answer) => [answer.asked.id, answer.refused]),
    [
      [1, undefined],
      [2, "Pump 1 did not take it: no."],
    ],
  );
  assert.deepEqual([rig.row("Hot")?.state, rig.row("Hot")?.person], ["acknowledged", "Ben"]);
  assert.equal(rig.row("Cold")?.state, "unacknowledged");
});

test("a rule cannot raise what a machine owns", async (t) => {
  const rig = await new Rig().start(t);
  await rig.hear("changed", said("Hot", { acked: true, active: false }));
  await rig.hear("changed", said("Hot"));
  assert.equal(rig.alarms.raise(idOf("Hot")), false);
  assert.equal(rig.alarms.clear(idOf("Hot")), false);
});
