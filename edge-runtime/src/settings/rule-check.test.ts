import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";

import { loadSettings } from "./load-settings.ts";
import { SettingsFaulty } from "./problem.ts";

function fileWith(t: TestContext, rules: string, trust = "", grantedTo = ""): string {
  const grants =
    grantedTo === ""
      ? ""
      : `grants: [{ tag: cnc/speed, origins: [rule], rule: ${grantedTo}, low: 0, high: 9000 }]\n`;
  const folder = mkdtempSync(join(tmpdir(), "millwright-rules-"));
  t.after(() => {
    rmSync(folder, { recursive: true });
  });
  const file = join(folder, "gateway.yaml");
  writeFileSync(
    file,
    `gateway: { id: line-1, name: Line 1 }
journal: { folder: journal }
devices:
  - id: cnc
    protocol: modbus${trust}
    connection: { framing: tcp, host: 127.0.0.1, port: 502, unit: 1 }
    tags:
      - { id: cnc/temp, address: "holding:1", type: float32, unit: Cel }
      - { id: cnc/speed, address: "holding:3", type: uint16, kind: setpoint }
assets:
  - { id: CNC 1, type: mill, tags: { temp: cnc/temp } }
${grants}rules:
${rules}`,
  );
  return file;
}

/** What the report says, each with the text that stands at the line and column it names. */
function refusals(file: string): readonly string[] {
  const lines = readFileSync(file, "utf8").split("\n");
  try {
    loadSettings(file);
  } catch (failure) {
    if (!(failure instanceof SettingsFaulty)) throw failure;
    return failure.problems.map(({ where, what }) => {
      const [, line, col, place] = /line (\d+), column (\d+): (.*)$/.exec(where) ?? [];
      const there = lines[Number(line) - 1]?.slice(Number(col) - 1);
      return `${place ?? where} at ${(there ?? "").slice(0, 8)}: ${what}`;
    });
  }
  return [];
}

test("ten lines make a rule", (t) => {
  const { rules } = loadSettings(
    fileWith(
      t,
      `  - id: R-7
    version: 1
    title: Slow the spindle when its bearing runs hot
    inputs: { temp: { asset: CNC 1, property: temp } }
    when: temp > 70.0
    for: 60 s
    deadBand: { temp: 5 }
    trusting: the cable stays inside the cabinet
    then:
      - { write: cnc/speed, value: 900 }
`,
      "",
      "R-7",
    ),
  );
  assert.equal(rules.length, 1);
  assert.equal(rules[0]?.version, "1");
  assert.equal(rules[0].pausedBy, "supervisor");
});

test("each mistake is named with the line and the column where it stands", (t) => {
  const rule = (id: string, more: string): string =>
    `  - { id: ${id}, version: 1, title: x, inputs: { temp: cnc/temp }, then: [{ notify: x }], ${more} }\n`;
  const file = fileWith(
    t,
    `${rule("R-1", "when: temp > 70.0 && tmp > 1.0")}${rule("R-2", 'when: "temp + 1 > 70.0"')}${rule("R-3", "when: temp")}${rule("R-4", "when: temp > 1.0, deadBand: { press: 2 }")}  - id: R-5
    version: 1
    title: x
    inputs: { temp: cnc/tmp }
    when: temp > 1.0
    then: [{ notify: x }]
  - id: R-6
    version: 1
    title: x
    inputs: { temp: cnc/temp }
    when: |
      temp > 1.0 &&
      [1, 2].all(x, x > 1)
    then: [{ raise: nothing }]
${rule("R-1", "when: temp > 1.0, for: 3 s")}`,
  );
  assert.deepEqual(refusals(file), [
    'rules[0].when (R-1) at tmp > 1.: "tmp" is none of the inputs (temp)',
    'rules[1].when (R-2) at + 1 > 70: "+" does not take double and int; write 2.0 for 2, or double(x)',
    "rules[2].when (R-3) at temp }: gives a double and has to give true or false",
    'rules[3].deadBand (R-4) at { press:: the dead-band of press does nothing, because press alone stands at no side of <, <=, > or >=; write "until" instead',
    'rules[4].inputs.temp (R-5) at cnc/tmp : "cnc/tmp" is no tag',
    "rules[5].when (R-6) at .all(x, : is a loop (all, exists, map, filter); a rule has none, so that it always answers in time",
    'rules[5].then[0] (R-6) at { raise:: "nothing" is no alarm',
    "rules[6].id (R-1) at R-1, ver: rule R-1 is declared twice",
  ]);
});

test("a rule that writes on the word of an unsigned device is refused, unless somebody says why that is good enough", (t) => {
  const rule = `  - { id: R, version: 1, title: x, inputs: { temp: cnc/temp }, when: temp > 1.0, then: [{ write: cnc/speed, value: 9 }] }\n`;
  const [refused] = refusals(fileWith(t, rule));
  assert.match(refused ?? "", /rules\[0\]\.inputs \(R\).*temp is not signed on the way/);
  assert.deepEqual(
    refusals(fileWith(t, rule, "\n    trust: a sealed cabinet, one cable", "R")),
    [],
  );
});

test("what a tag cannot hold is not written to it", (t) => {
  const rule = `  - { id: R, version: 1, title: x, inputs: { temp: cnc/temp }, when: temp > 1.0, trusting: one sealed cabinet, then: [{ write: cnc/speed, value: "slow" }] }\n`;
  assert.match(
    refusals(fileWith(t, rule))[0] ?? "",
    /"slow" is no value of cnc\/speed, which is int/,
  );
});
