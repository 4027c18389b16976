import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";

import { PlayedClock, silentLog } from "@millwright/kit";
import { status, type DeviceId } from "@millwright/wire-contract";
import type { RuleEvent } from "@millwright/wire-contract/events";

import { MemoryEventBook } from "../../buffer/events/memory-book.ts";
import type { Command, SampleBatch } from "../../hand-over.ts";
import { RuleService } from "./rule-service.ts";
import { plantOf, ruleBook } from "./test-rules.ts";

const rules = `
- id: R-7
  version: 1
  title: Slow the spindle when its bearing runs hot
  inputs: { temp: temp }
  when: temp > 70.0
  for: 2 s
  deadBand: { temp: 5 }
  trusting: the cable stays inside the cabinet
  pausedBy: technician
  then: [{ write: speed, value: 900.0 }, { raise: hot }, { capture: waveform }, { notify: slow }]
- { id: R-8, version: 1, title: nobody may, inputs: { temp: temp }, when: temp > 1000.0, pausedBy: nobody, then: [{ notify: x }] }
- { id: R-9, version: 1, title: latched, inputs: { temp: temp }, when: temp > 90.0, latch: true, then: [{ notify: x }] }
`;

interface Rig {
  readonly clock: PlayedClock;
  readonly book: MemoryEventBook;
  readonly service: RuleService;
  readonly done: string[];
  readonly commands: Command[];
  /** Both tags as read at this moment. */
  read(temp: number, code?: number): void;
  told(): Promise<readonly string[]>;
}

async function start(t: TestContext, book = new MemoryEventBook()): Promise<Rig> {
  const clock = new PlayedClock();
  const done: string[] = [];
  const commands: Command[] = [];
  const plant = {
    ...plantOf({ temp: "float64", speed: "float64" }),
    alarm: () => ({ raised: true }),
    capture: () => true,
  };
  const service = new RuleService({
    book: ruleBook(plant, rules),
    clock,
    log: silentLog,
    events: book,
    commands: {
      submit(command) {
        commands.push(command);
        return Promise.resolve({
          outcome: "confirmed",
          tag: command.tag,
          value: 900,
          origin: command.origin,
        });
      },
    },
    alarms: {
      raise: (alarm) => done.push(`raise ${alarm}`) > 0,
      clear: (alarm) => done.push(`clear ${alarm}`) > 0,
      row: () => undefined,
      onChanged: () => () => undefined,
    },
    episodes: { health: () => undefined, episodes: () => [], onChanged: () => () => undefined },
    capture: (tag, why) => done.push(`capture ${tag}: ${why}`),
    tagCount: 2,
    deviceOf: () => "cnc",
  });
  await service.start();
  t.after(async () => {
    await service.stop(AbortSignal.timeout(1_000));
  });
  const read = (temp: number, code: number = status.good): void => {
    service.watch(batchOf(clock.nowUs(), temp, code));
  };
  const told = async (): Promise<readonly string[]> => {
    const records = await book.list({ kind: "rule", max: 100 });
    return records
      .toReversed()
      .filter(({ subject }) => subject !== "")
      .map(({ subject, body }) => `${subject} ${(body as RuleEvent).what}`);
  };
  return { clock, book, service, done, commands, read, told };
}

function batchOf(receivedUs: number, temp: number, code: number): SampleBatch {
  return {
    device: "cnc" as DeviceId,
    receivedUs,
    late: false,
    count: 2,
    tag: Int32Array.of(0, 1),
    measuredUs: Float64Array.of(receivedUs, receivedUs),
    value: Float64Array.of(temp, 3_000),
    status: Uint32Array.of(code, status.good),
  };
}

async function play(rig: Rig, temps: readonly number[]): Promise<void> {
  for (const temp of temps) {
    rig.read(temp);
    await rig.clock.advance(1_000);
  }
}

test("a rule that fires writes, raises, captures and says, once, and each names the rule", async (t) => {
  const rig = await start(t);
  await play(rig, [60, 75, 75, 75, 75]);
  assert.deepEqual(
    rig.commands.map(({ tag, value, origin }) => [tag, value, origin]),
    [["speed", 900, { kind: "rule", who: "R-7" }]],
  );
  assert.deepEqual(rig.done, [
    "raise hot",
    "capture waveform: rule R-7: Slow the spindle when its bearing runs hot",
  ]);
  assert.deepEqual(await rig.told(), ["R-7 fired"]);
  await play(rig, [68, 64]);
  assert.equal(rig.done.at(-1), "clear hot");
  assert.deepEqual(await rig.told(), ["R-7 fired", "R-7 cleared"]);
  assert.equal(rig.commands.length, 1);
});

test("why a rule fired is kept: each operand with its value, its time and its status", async (t) => {
  const rig = await start(t);
  const beganUs = rig.clock.nowUs();
  await play(rig, [75, 76, 77, 10]);
  const [, fired] = await rig.book.list({ kind: "rule", max: 2 });
  assert.ok(fired?.kind === "rule");
  assert.equal(fired.atUs, beganUs + 2_000_000);
  assert.deepEqual(fired.body.operands, [
    { name: "temp", value: 77, measuredUs: beganUs + 2_000_000, status: 0 },
  ]);
  assert.deepEqual(fired.body.actions, [
    "write 900 to speed",
    "raise alarm hot",
    "take capture waveform",
    'say "slow"',
  ]);
  const row = rig.service.row("R-7");
  assert.equal(row?.why?.[0]?.value, 77);
  assert.equal(row.now[0]?.value, 10);
  assert.equal(row.when, "temp > 70.0 for 2 s");
  assert.equal(row.lastFiredUs, beganUs + 2_000_000);
});

test("after a restart what has fired is not done again, and its alarm is said again", async (t) => {
  const rig = await start(t);
  await play(rig, [75, 75, 75, 75]);
  assert.equal(rig.commands.length, 1);
  const after = await start(t, rig.book);
  assert.deepEqual(after.done, ["raise hot"]);
  await play(after, [75, 75, 75, 75]);
  assert.equal(after.commands.length, 0);
  assert.equal(after.service.row("R-7")?.fired, true);
});

test("the end of `for` comes on the clock, with nothing received any more", async (t) => {
  const rig = await start(t);
  rig.read(75);
  await rig.clock.advance(1_990);
  assert.equal(rig.commands.length, 0);
  await rig.clock.advance(20);
  assert.equal(rig.commands.length, 1);
});

test("a value that its device proves stays fresh without a new one, and goes stale without a proof", async (t) => {
  const rig = await start(t);
  rig.read(60);
  for (let at = 0; at < 10; at++) {
    await rig.clock.advance(1_000);
    rig.service.confirm("cnc", rig.clock.nowUs());
  }
  assert.equal(rig.service.row("R-7")?.truth, "false");
  await rig.clock.advance(6_000);
  assert.equal(rig.service.row("R-7")?.truth, "unknown");
  assert.equal(rig.service.row("R-7")?.now[0]?.stale, true);
  rig.service.confirm("cnc", rig.clock.nowUs(), [0]);
  await rig.clock.advance(10);
  assert.equal(rig.service.row("R-7")?.truth, "false");
});

/** An act that waits for its instant, which the played clock has to bring. */
async function acted<T>(rig: Rig, act: Promise<T>): Promise<T> {
  await rig.clock.advance(10);
  return await act;
}

test("a person pauses a rule for a while with a reason, and it decides nothing until then", async (t) => {
  const rig = await start(t);
  const done = await acted(rig, rig.service.pause("R-7", 1, "olga", "test run"));
  assert.equal(done.kind, "done");
  assert.deepEqual(rig.service.row("R-7")?.paused?.reason, "test run");
  await play(rig, [75, 75, 75, 75, 75]);
  assert.equal(rig.commands.length, 0);
  const after = await start(t, rig.book);
  assert.equal(after.service.row("R-7")?.paused?.person, "olga", "a restart does not end it");
  await acted(rig, rig.service.resume("R-7", "olga"));
  await play(rig, [75, 75, 75, 75]);
  assert.equal(rig.commands.length, 1);
  assert.deepEqual(await rig.told(), ["R-7 paused", "R-7 resumed", "R-7 fired"]);
});

test("who looks at a rule is told when it fires, clears, is paused and goes on, and not of every scan", async (t) => {
  const rig = await start(t);
  const news: string[] = [];
  const end = rig.service.onChanged((rules) => {
    const [row] = rules.map((id) => rig.service.row(id));
    news.push(`${rules.join()} ${row?.paused === undefined ? row?.truth : "paused"} ${row?.fired}`);
  });
  await play(rig, [60, 60, 60, 75, 75, 75, 75, 75]);
  assert.deepEqual(news, ["R-7 true true"]);
  await play(rig, [68, 64]);
  assert.deepEqual(news.splice(0), ["R-7 true true", "R-7 false false"]);
  await acted(rig, rig.service.pause("R-7", 1, "olga", "test run"));
  assert.deepEqual(news.splice(0), ["R-7 paused false"]);
  await acted(rig, rig.service.resume("R-7", "olga"));
  assert.equal(news.length, 1);
  assert.match(news.splice(0).join(), /^R-7 (true|false|unknown) false$/);
  await acted(rig, rig.service.pause("R-7", 1, "olga", "test run"));
  news.splice(0);
  await play(rig, Array<number>(62).fill(60));
  assert.equal(rig.service.row("R-7")?.paused, undefined);
  assert.equal(news.length, 1, "a pause that ends by itself is news as well");
  end();
  await play(rig, [75, 75, 75, 75]);
  assert.equal(news.length, 1);
});

test("a pause without a reason, for too long, or of a rule that nobody may pause is refused", async (t) => {
  const { service } = await start(t);
  assert.equal((await service.pause("R-7", 10, "olga", " ")).kind, "refused");
  assert.equal((await service.pause("R-7", 10_000, "olga", "why")).kind, "refused");
  assert.equal((await service.pause("R-8", 10, "olga", "why")).kind, "refused");
  assert.equal((await service.pause("R-0", 10, "olga", "why")).kind, "refused");
});

test("a latched rule clears when a person has reset it and its condition is over", async (t) => {
  const rig = await start(t);
  await play(rig, [95, 95, 10, 10]);
  assert.equal(rig.service.row("R-9")?.fired, true);
  assert.equal((await acted(rig, rig.service.reset("R-9", "olga"))).kind, "done");
  assert.equal(rig.service.row("R-9")?.fired, false);
  assert.equal((await rig.service.reset("R-7", "olga")).kind, "refused");
});

test("a clock that is set does not make time pass for a rule", async (t) => {
  const rig = await start(t);
  await play(rig, [75]);
  rig.clock.stepWall(3_600_000_000);
  await play(rig, [75, 75]);
  assert.equal(rig.commands.length, 0, "an hour of the wall clock is no two seconds");
  await play(rig, [75]);
  assert.equal(rig.commands.length, 1);
});
