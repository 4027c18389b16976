import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";

import { loadSettings } from "./load-settings.ts";
import { SettingsFaulty } from "./problem.ts";

const head = `
gateway: { id: line-1, name: Line 1 }
journal: { folder: journal }
assets:
  - { id: Pump 1, tags: {}, state: { tag: pump/state, values: { 0: off, 2: running } } }
devices:
  - id: pump
    protocol: modbus
    connection: { framing: tcp, host: 127.0.0.1, port: 502, unit: 1 }
    tags: pump.csv
`;
const tags = `id,name,address,type,unit,asset
pump/temp,Temperature,holding:0,int16,Cel,Pump 1
pump/state,State,holding:1,uint16,,Pump 1
pump/faults,Faults,holding:2,uint16,,Pump 1
`;

function write(t: TestContext, alarms: string, texts = ""): string {
  const folder = mkdtempSync(join(tmpdir(), "millwright-alarms-"));
  t.after(() => {
    rmSync(folder, { recursive: true });
  });
  writeFileSync(join(folder, "gateway.yaml"), head + alarms);
  writeFileSync(join(folder, "pump.csv"), tags);
  if (texts !== "") writeFileSync(join(folder, "texts.csv"), texts);
  return join(folder, "gateway.yaml");
}

function problemsOf(file: string): string {
  try {
    loadSettings(file);
  } catch (failure) {
    assert(failure instanceof SettingsFaulty);
    return failure.problems.map(({ where, what }) => `${where}: ${what}`).join("\n");
  }
  return assert.fail("the settings were accepted");
}

test("an alarm for each limit, and for each fault that has a class, with what its class says", (t) => {
  const { alarms } = loadSettings(
    write(
      t,
      `
alarms:
  classes:
    wear: { action: Check the lubricant level., respondWithinMin: 10, causes: [low oil] }
    watch: { enabled: false }
  list:
    - id: pump/hot
      class: wear
      priority: 2
      message: Bearing temperature high
      tag: pump/temp
      limits: { H: 90, HH: { at: 95, priority: 1, message: Bearing temperature very high } }
      deadBand: 2
      onDelayS: 3
      states: [running]
      suppressedWhen: { any: [{ asset: Pump 1, state: [off] }, { not: { tag: pump/temp, above: 5 } }] }
    - { id: pump/off, class: watch, priority: 3, message: Is off, tag: pump/state, equals: 0 }
    - { id: pump/worn, class: wear, priority: 1, message: Worn, asset: Pump 1, raisedBy: rule }
  faults:
    - { id: pump/fault, tag: pump/faults, kind: bits, textsFile: texts.csv, language: de }
`,
      "fault;en;de;class;priority;action\n0;Oil low;Ölstand niedrig;wear;1;Fill up oil.\n3;Lamp;Lampe;;;\n",
    ),
  );
  assert.deepEqual(
    alarms.alarms.map(({ id, priority, message }) => `${id} ${priority} ${message}`),
    [
      "pump/hot/HH 1 Bearing temperature very high",
      "pump/hot/H 2 Bearing temperature high",
      "pump/worn 1 Worn",
      "pump/fault/0 1 Ölstand niedrig",
    ],
  );
  const [hot, , worn, fault] = alarms.alarms;
  assert.equal(hot?.asset, "Pump 1");
  assert.equal(hot.unit, "Cel");
  assert.equal(hot.onDelayMs, 3_000);
  assert.equal(hot.class.action, "Check the lubricant level.");
  assert.equal(worn?.condition.kind, "told");
  assert.equal(fault?.class.action, "Fill up oil.");
  assert.equal(fault.group, "pump/fault");
  assert.deepEqual(
    alarms.noted.map(({ id, message }) => `${id} ${message}`),
    ["pump/fault/3 Lampe"],
  );
});

test("every problem of the alarms stands in the one report, with its place", (t) => {
  const report = problemsOf(
    write(
      t,
      `
alarms:
  classes:
    silent: { consequence: Nobody knows what to do. }
    wear: { action: Look. }
  list:
    - { id: a, class: nobody, priority: 2, message: A, tag: pump/temp, limits: { H: 1 } }
    - { id: b, class: wear, priority: 2, message: B, tag: pump/none, limits: { H: 1 } }
    - { id: c, class: wear, priority: 2, message: C, tag: pump/temp, bad: true, asset: Oven, states: [running] }
    - { id: d, class: wear, priority: 2, message: D, tag: pump/temp, bad: true, suppressedWhen: { alarm: nobody } }
    - { id: e, class: wear, priority: 2, message: E, tag: pump/temp, bad: true, suppressedWhen: { all: [{ alarm: e }] } }
    - { id: d, class: wear, priority: 2, message: D, raisedBy: rule }
  faults:
    - { id: f, tag: pump/faults, kind: bits, textsFile: texts.csv }
    - { id: g, tag: pump/faults, kind: bits, textsFile: none.csv }
`,
      "fault,en,class,priority\n0,Oil low,nobody,1\n64,Too far,wear,1\n1,,wear,1\n2,Twice,wear,9\n0,Again,wear,1\n",
    ),
  );
  for (const wanted of [
    /alarms\.classes\.silent: has no action text, so it cannot be enabled/,
    /list\[0\] \(a\)\.class: "nobody" is no class/,
    /list\[1\] \(b\)\.tag: "pump\/none" is no tag/,
    /list\[2\] \(c\)\.states: nothing tells the state of "Oven"/,
    /list \(d\)\.suppressedWhen: "nobody" is no alarm/,
    /list \(e\)\.suppressedWhen: an alarm cannot suppress itself/,
    /two alarms have the id "d"/,
    /faults\[0\] \(f\): fault 0: "nobody" is no class/,
    /texts\.csv: row 3, column fault: "64" must be a bit from 0 to 63/,
    /texts\.csv: row 4, column en: has no text for fault 1/,
    /texts\.csv: row 5, column priority: "9" must be 1, 2 or 3/,
    /texts\.csv: row 6, column fault: 0 stands in the table twice/,
    /none\.csv: does not exist/,
  ]) {
    assert.match(report, wanted);
  }
});

test("an alarm has one condition, in an order that makes sense", (t) => {
  const report = problemsOf(
    write(
      t,
      `
alarms:
  classes: { wear: { action: Look. } }
  list:
    - { id: a, class: wear, priority: 2, message: A, tag: pump/temp }
    - { id: b, class: wear, priority: 2, message: B, tag: pump/temp, bad: true, equals: 1 }
    - { id: c, class: wear, priority: 2, message: C, limits: { H: 1 } }
    - { id: d, class: wear, priority: 2, message: D, tag: pump/temp, limits: { H: 10, L: 20 } }
    - { id: e, class: wear, priority: 4, message: E, tag: pump/temp, bad: true }
    - { id: f, class: wear, priority: 1, message: F, tag: pump/temp, bad: true, suppressedWhen: { sometimes: 1 } }
`,
    ),
  );
  assert.equal(report.match(/needs one of limits, rate, equals, bad and raisedBy/g)?.length, 2);
  assert.match(report, /list\[2\]: needs the tag that it watches/);
  assert.match(report, /limits must rise from LL over L and H to HH/);
  assert.match(report, /must be 1 \(urgent\), 2 \(high\) or 3 \(low\)/);
  assert.match(report, /must be one of any/);
});

test("shifts begin at times of the day, on clocks that are known", (t) => {
  const shifts = (text: string): string => write(t, `\nalarms:\n  shifts: ${text}\n  list: []\n`);
  const { alarms } = loadSettings(
    shifts('{ begin: ["06:00", "14:30"], timeZone: America/Sao_Paulo }'),
  );
  assert.deepEqual(alarms.shifts, { beginMin: [360, 870], timeZone: "America/Sao_Paulo" });
  const { timeZone } = loadSettings(shifts('{ begin: ["06:00"] }')).alarms.shifts ?? {};
  assert.equal(timeZone, new Intl.DateTimeFormat().resolvedOptions().timeZone, "this machine's");
  // YAML 1.1 takes 22:00 for a number of seconds; what is not text is refused as well.
  const report = problemsOf(shifts('{ begin: [1320, "24:00"], timeZone: Mars/Olympus }'));
  assert.match(report, /shifts\.begin\[1\]: must be a time of day in quotes, as "06:00"/);
  assert.match(report, /shifts\.begin\[0\]/);
  assert.match(report, /shifts\.timeZone: is no time zone that this machine knows/);
});

test("a machine's own alarms need a device whose protocol has them, once, and classes that are there", (t) => {
  const text = problemsOf(
    write(
      t,
      `
alarms:
  machines:
    - { device: pump, class: nobody }
    - { device: pump }
    - { device: other, highFrom: 700, urgentFrom: 800 }
`,
    ),
  );
  assert.match(text, /machines\[0\] \(pump\)\.device: its protocol has no alarms of its own/);
  assert.match(text, /machines\[0\] \(pump\)\.class: "nobody" is no class/);
  assert.match(text, /machines\[1\] \(pump\)\.device: stands here twice/);
  assert.match(text, /machines\[2\] \(other\)\.device: "other" is no device/);
});
