import assert from "node:assert/strict";
import { test } from "node:test";

import { PlayedClock } from "@millwright/kit";
import { status } from "@millwright/wire-contract";
import type { CommandEvent } from "@millwright/wire-contract/events";

import { MemoryEventBook } from "../../buffer/events/memory-book.ts";
import type { Command, Grant } from "./command.ts";
import {
  actual,
  device,
  Bench,
  grant,
  guard,
  interlock,
  mode,
  setpoint,
  TestMachine,
  type BenchOptions,
} from "./test-bench.ts";

interface Rig extends Bench {
  readonly clock: PlayedClock;
  readonly machine: TestMachine;
  readonly journal: MemoryEventBook;
  readonly sent: number[];
}

function rigOf(options: Omit<Partial<BenchOptions>, "clock"> = {}): Rig {
  const clock = new PlayedClock();
  const machine = options.machine ?? new TestMachine(clock);
  const journal = new MemoryEventBook();
  const bench = new Bench({ clock, machine, journal, ...options });
  const sent: number[] = [];
  machine.onWire = (_tag, value) => sent.push(Number(value));
  bench.poll();
  return Object.assign(bench, { clock, machine, journal, sent });
}

let keys = 0;
function person(rig: Bench, value: number, more: Partial<Command> = {}): Command {
  return {
    key: `key-${keys++}`,
    tag: setpoint,
    value,
    seen: rig.read.get(setpoint)?.value ?? NaN,
    origin: { kind: "hmi", who: "anna" },
    ticket: rig.desk.ticket(),
    ...more,
  };
}

/** Lets time pass, with a poll each half second, until the command has its last word. */
async function ended(rig: Rig, result: Promise<CommandEvent>): Promise<CommandEvent> {
  let event: CommandEvent | undefined;
  void result.then((last) => (event = last));
  for (let round = 0; round < 40 && event === undefined; round++) {
    await rig.clock.advance(500);
    rig.poll();
    await rig.clock.advance(0);
  }
  return await result;
}

test("a write is recorded, sent once, read back and confirmed, each word in its turn", async () => {
  const rig = rigOf();
  const words: string[] = [];
  rig.desk.onChanged(({ event }) => words.push(event.outcome));
  const command = person(rig, 80);
  const event = await ended(rig, rig.desk.submit(command));
  assert.equal(event.outcome, "confirmed");
  assert.deepEqual([event.before, event.value, event.readBack], [100, 80, 80]);
  assert.deepEqual(rig.sent, [80]);
  assert.deepEqual(words, ["sent", "accepted", "confirmed"]);
  const kept = await rig.journal.list({ kind: "command", subject: command.key, max: 9 });
  assert.deepEqual(
    kept.map(({ body }) => ("outcome" in body ? body.outcome : "")),
    ["confirmed", "accepted", "sent"],
  );
});

test("the same key again gets the first result, and nothing is sent again", async () => {
  const rig = rigOf();
  const command = person(rig, 80);
  const first = rig.desk.submit(command);
  const again = rig.desk.submit(command);
  assert.deepEqual(await ended(rig, first), await again);
  assert.deepEqual(await rig.desk.submit(command), await first);
  assert.deepEqual(rig.sent, [80]);
  const other = await rig.desk.submit({ ...command, value: 90 });
  assert.equal(other.outcome, "refused", "a key belongs to one command");
});

test("a reading that was received before the write confirms nothing", async () => {
  const rig = rigOf();
  rig.machine.answer = "accepts and does not do it";
  const result = rig.desk.submit(person(rig, 80));
  await rig.clock.advance(0);
  const event = await ended(rig, result);
  assert.equal(event.outcome, "unconfirmed");
  assert.equal(event.readBack, 100);
  assert.match(event.reason ?? "", /does not show it/);
});

test("an answer that is lost is read back before anything else: what acted is confirmed, what did not stays unknown", async () => {
  for (const [answer, outcome] of [
    ["lost, acted", "confirmed"],
    ["lost, not acted", "unknown"],
  ] as const) {
    const rig = rigOf();
    rig.machine.answer = answer;
    const event = await ended(rig, rig.desk.submit(person(rig, 80)));
    assert.equal(event.outcome, outcome);
    assert.deepEqual(rig.sent, [80], "never sent again by itself");
  }
});

test("after an unknown write nothing is written before the tag was read", async () => {
  const rig = rigOf({ grants: [{ ...grant, readBack: { kind: "none" } }] });
  rig.machine.answer = "lost, not acted";
  const unknown = rig.desk.submit(person(rig, 80));
  await rig.clock.advance(1);
  assert.equal((await unknown).outcome, "unknown");
  rig.machine.answer = "accepts";
  const refused = await rig.desk.submit(person(rig, 85));
  assert.equal(refused.outcome, "refused");
  assert.match(refused.reason ?? "", /unknown/);
  await rig.clock.advance(1);
  rig.poll();
  const accepted = rig.desk.submit(person(rig, 85));
  await rig.clock.advance(1);
  assert.equal((await accepted).outcome, "accepted");
});

test("what an engineer has not granted is refused, with the reason", async () => {
  const cases: readonly (readonly [Partial<Command>, RegExp, Partial<Grant>?])[] = [
    [{ tag: actual }, /not granted/],
    [{ value: 121 }, /outside what is granted/],
    [{ value: 59 }, /a change by 41 %/],
    [{ origin: { kind: "hub", who: "console" } }, /not granted to the hub/],
    [{ origin: { kind: "rule", who: "another" } }, /belongs to rule slow-the-spindle/],
    [{ origin: { kind: "hmi", who: "anna" } }, /not granted to people/, { origins: ["rule"] }],
    [{ seen: 99 }, /has changed: 100 % now, 99 % was seen/],
    [{ ticket: "other-1" }, /too late/],
    [{ key: "" }, /key/],
  ];
  for (const [more, reason, changed] of cases) {
    const rig = rigOf({ grants: [{ ...grant, ...changed }] });
    const event = await rig.desk.submit(person(rig, 80, more));
    assert.match(event.reason ?? "", reason);
    assert.ok(event.outcome === "refused" || event.outcome === "expired");
    assert.deepEqual(rig.sent, []);
  }
});

test("changes of a minute add up, also over a restart", async () => {
  const rig = rigOf();
  assert.equal((await ended(rig, rig.desk.submit(person(rig, 70)))).outcome, "confirmed");
  const over = await rig.desk.submit(person(rig, 101));
  assert.match(over.reason ?? "", /61 %; 60 % are granted/);
  const next = new Bench({ ...rig, run: "run2" });
  next.poll();
  assert.match((await next.desk.submit(person(next, 101))).reason ?? "", /61 %/);
  await rig.clock.advance(60_000);
  next.poll();
  const later = next.desk.submit(person(next, 101));
  await rig.clock.advance(1);
  next.poll();
  assert.equal((await later).outcome, "confirmed");
});

test("an interlock names its condition; one that cannot be judged blocks as well", async () => {
  const rig = rigOf();
  rig.machine.truth.set(guard, 0);
  rig.poll();
  const event = await rig.desk.submit(person(rig, 80));
  assert.equal(event.reason, "Blocked: guard door open (interlock G-12)");
  assert.equal(event.interlock, "G-12");
  assert.equal(rig.desk.grants()[0]?.interlock, "G-12");

  rig.machine.truth.set(guard, 1);
  rig.poll(status.badSensorFailure);
  const unknown = rig.desk.interlocks()[0]?.conditions[0];
  assert.deepEqual([unknown?.state, unknown?.why], ["unknown", "its quality is bad"]);
});

test("the chain of an interlock is told to its end", async () => {
  const outer = {
    id: "L-1",
    name: "Line",
    blocks: [setpoint],
    conditions: [{ kind: "interlock", interlock: "G-12", words: "the guard is not safe" } as const],
  };
  const rig = rigOf({ interlocks: [outer, { ...interlock, blocks: [] }] });
  rig.machine.truth.set(guard, 0);
  rig.poll();
  const event = await rig.desk.submit(person(rig, 80));
  assert.equal(event.reason, "Blocked: guard door open (interlock L-1)");
  assert.equal(rig.desk.interlocks()[0]?.conditions[0]?.interlock?.conditions[0]?.value, 0);
});

test("a guard that opens while the write waits for its line takes it back", async () => {
  const rig = rigOf();
  rig.machine.lineMs = 1_000;
  const result = rig.desk.submit(person(rig, 80));
  await rig.clock.advance(500);
  rig.machine.truth.set(guard, 0);
  rig.poll();
  const event = await ended(rig, result);
  assert.equal(event.interlock, "G-12");
  assert.deepEqual(rig.sent, []);
});

test("a write that waits longer than it may is not sent, whatever the wall clock does", async () => {
  for (const stepUs of [0, -3_600_000_000, 3_600_000_000]) {
    const rig = rigOf();
    rig.machine.lineMs = 6_000;
    const result = rig.desk.submit(person(rig, 80));
    await rig.clock.advance(500);
    rig.clock.stepWall(stepUs);
    assert.equal((await ended(rig, result)).outcome, "expired");
    assert.deepEqual(rig.sent, []);
  }
});

test("a command that comes after its time is expired, and a clock that is set back revives nothing", async () => {
  const rig = rigOf();
  const command = person(rig, 80);
  await rig.clock.advance(5_001);
  rig.clock.stepWall(-7_200_000_000);
  rig.poll();
  assert.equal((await rig.desk.submit(command)).outcome, "expired");
});

test("a machine in local mode is not written to", async () => {
  const rig = rigOf();
  rig.machine.truth.set(mode, 0);
  rig.poll();
  const event = await rig.desk.submit(person(rig, 80));
  assert.match(event.reason ?? "", /needs the spindle in remote; it is 0/);
});

test("after a restart nothing is written before the value in the machine was read, and old commands are not sent", async () => {
  const rig = rigOf();
  const command = person(rig, 80);
  const rule: Command = {
    key: "slow-the-spindle 7",
    tag: setpoint,
    value: 80,
    origin: { kind: "rule", who: "slow-the-spindle" },
  };
  const next = new Bench({ ...rig, run: "run2" });
  await next.desk.start();
  const bumpless = await next.desk.submit(rule);
  assert.match(bumpless.reason ?? "", /has not been read since the start/);
  next.poll();
  assert.equal((await next.desk.submit(command)).outcome, "expired");
  assert.deepEqual(rig.sent, []);
});

test("what a kill left open is unknown after the restart, and the same key gets that word", async () => {
  const rig = rigOf();
  rig.machine.lineMs = 2_000;
  const command = person(rig, 80);
  void rig.desk.submit(command);
  await rig.clock.advance(100);
  rig.machine.killed.abort();
  await rig.clock.advance(0);
  const next = new Bench({ ...rig, run: "run2" });
  await next.desk.start();
  next.poll();
  const event = await next.desk.submit(command);
  assert.equal(event.outcome, "unknown");
  assert.match(event.reason ?? "", /restarted/);
  assert.equal(next.desk.recent(1)[0]?.event.outcome, "unknown");
});

test("nothing is written that cannot be recorded", async () => {
  const rig = rigOf();
  rig.journal.full = true;
  const event = await rig.desk.submit(person(rig, 80));
  assert.equal(event.outcome, "refused");
  assert.match(event.reason ?? "", /recorded/);
  assert.deepEqual(rig.sent, []);
  const rule = { origin: { kind: "rule", who: "slow-the-spindle" } } as const;
  const next = await rig.desk.submit(person(rig, 80, rule));
  assert.match(next.reason ?? "", /recorded/, "a rule does not write either");
  assert.deepEqual(rig.sent, []);
});

test("two writes of one tag at the same time: the second waits for nobody and is refused", async () => {
  const rig = rigOf();
  rig.machine.lineMs = 1_000;
  const first = rig.desk.submit(person(rig, 80));
  await rig.clock.advance(10);
  const second = await rig.desk.submit(person(rig, 90));
  assert.match(second.reason ?? "", /under way/);
  assert.equal((await ended(rig, first)).outcome, "confirmed");
});

test("a handshake is set, and confirmed when the controller clears it; until then there is no other", async () => {
  const request: Grant = {
    ...grant,
    low: 0,
    high: 200,
    stepMax: 200,
    changePerMinuteMax: 1e9,
    handshake: { cleared: 0, withinMs: 2_000 },
  };
  const rig = rigOf({ grants: [request] });
  assert.match((await rig.desk.submit(person(rig, 1))).reason ?? "", /has not cleared/);
  rig.machine.truth.set(setpoint, 0);
  rig.poll();
  const result = rig.desk.submit(person(rig, 1));
  await rig.clock.advance(600);
  rig.poll();
  rig.machine.truth.set(setpoint, 0);
  assert.equal((await ended(rig, result)).outcome, "confirmed");
});

test("read-back of another tag waits until that one is there", async () => {
  const follows: Grant = {
    ...grant,
    readBack: { kind: "tag", tag: actual, tolerance: 2, withinMs: 3_000 },
  };
  const rig = rigOf({ grants: [follows] });
  const result = rig.desk.submit(person(rig, 80));
  await rig.clock.advance(100);
  rig.machine.truth.set(actual, 90);
  rig.poll();
  await rig.clock.advance(100);
  rig.machine.truth.set(actual, 81);
  const event = await ended(rig, result);
  assert.equal(event.outcome, "confirmed");
  assert.equal(event.readBack, 81);
});

test("in dry-run everything is checked and told, and nothing is sent", async () => {
  const rig = rigOf({ grants: [{ ...grant, dryRun: true }] });
  assert.equal((await rig.desk.submit(person(rig, 80))).outcome, "dry-run");
  rig.machine.truth.set(guard, 0);
  rig.poll();
  assert.equal((await rig.desk.submit(person(rig, 80))).outcome, "refused");
  assert.deepEqual(rig.sent, []);
});

test("what a rule does is audited with old and new value and the result", async () => {
  const rig = rigOf();
  const origin = { kind: "rule", who: "slow-the-spindle" } as const;
  await ended(rig, rig.desk.submit(person(rig, 80, { origin })));
  assert.deepEqual(rig.audited, [
    {
      person: "rule slow-the-spindle",
      device: "rule",
      act: "command.write",
      object: setpoint,
      before: "100",
      after: "80",
      result: "done",
      why: "confirmed: read back 80",
    },
  ]);
});

test("a device that is silent because nothing changes still proves what it holds", async () => {
  const rig = rigOf();
  const result = rig.desk.submit(person(rig, 100));
  await rig.clock.advance(10);
  rig.desk.confirm(device, rig.clock.nowUs());
  assert.equal((await result).outcome, "confirmed");
});
