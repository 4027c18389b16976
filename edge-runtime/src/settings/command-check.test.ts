import assert from "node:assert/strict";
import { test } from "node:test";

import type { DeviceId, TagId, ValueType } from "@millwright/wire-contract";

import { commandsFile, grantFile, interlockFile } from "../decide/commands/settings.ts";
import { checkCommands, type CommandSettings, type WritableTag } from "./command-check.ts";
import type { Problem } from "./problem.ts";

const types: Readonly<Record<string, ValueType>> = {
  speed: "uint16",
  actual: "float32",
  reset: "bool",
  serial: "uint64",
  door: "bool",
  name: "string",
  input: "uint16",
};

function tagOf(id: string): WritableTag | undefined {
  const type = types[id];
  if (type === undefined) return undefined;
  return {
    id: id as TagId,
    device: "plc" as DeviceId,
    type,
    scale: id === "speed" ? 0.1 : 1,
    offset: 0,
    refuseWrite: () =>
      id === "input" ? { kind: "refused", reason: "input 3 can only be read" } : undefined,
  };
}

function check(
  grants: readonly object[],
  interlocks: readonly object[] = [],
  commands: object = {},
  rules: readonly { readonly id: string; readonly writes: readonly string[] }[] = [],
): { readonly settings: CommandSettings; readonly problems: readonly string[] } {
  const problems: Problem[] = [];
  const settings = checkCommands(
    {
      grants: grants.map((each) => grantFile.parse(each)),
      interlocks: interlocks.map((each) => interlockFile.parse(each)),
      commands: commandsFile.parse(commands),
      rules: [{ id: "slow", writes: [] }, ...rules],
      shown: "gateway.yaml",
      tagOf,
    },
    problems,
  );
  return { settings, problems: problems.map(({ where, what }) => `${where}: ${what}`) };
}

const speed = { tag: "speed", origins: ["hmi"], low: 50, high: 120 };

test("a grant has defaults that allow the least: people only, the same tag read back, no override", () => {
  const { settings, problems } = check([speed]);
  assert.deepEqual(problems, []);
  assert.deepEqual(settings.grants, [
    {
      tag: "speed",
      origins: ["hmi"],
      role: "technician",
      low: 50,
      high: 120,
      stepMax: Infinity,
      changePerMinuteMax: Infinity,
      readBack: { kind: "same", withinMs: 5_000 },
      dryRun: false,
    },
  ]);
});

test("everything that is wrong with grants is reported at once, with its place", () => {
  const { problems } = check(
    [
      { tag: "nowhere", origins: ["hmi"], low: 1, high: 2 },
      { tag: "speed", origins: ["hmi", "rule"], low: 120, high: 50 },
      { tag: "actual", origins: ["hmi"], rule: "slow" },
      { tag: "input", origins: ["hub"], low: 0, high: 1 },
      { tag: "reset", origins: ["hmi"], low: 0, handshake: { cleared: 7 } },
      { ...speed, readBack: { tag: "door", tolerance: 1 } },
      { tag: "door", origins: ["hmi"], readBack: { tag: "actual", reaches: "fast" } },
      {
        tag: "name",
        origins: ["hmi"],
        mode: { tag: "speed", is: [1_000_000], words: "in remote" },
      },
    ],
    [],
    {
      safetyTags: ["door", "gone"],
      watchdogs: [{ tag: "speed" }, { tag: "serial" }, { tag: "name" }],
    },
  );
  const report = problems.join("\n");
  for (const line of [
    'gateway.yaml: grants[0] (nowhere).tag: "nowhere" is no tag',
    "gateway.yaml: grants[1] (speed).rule: is needed",
    "gateway.yaml: grants[1] (speed).high: 50 is not above low, 120",
    "gateway.yaml: grants[2] (actual).rule: is needed",
    "gateway.yaml: grants[2] (actual): needs low and high",
    "gateway.yaml: grants[3] (input).tag: cannot be written: input 3 can only be read",
    "gateway.yaml: grants[4] (reset): a bool has no range",
    "gateway.yaml: grants[4] (reset).handshake.cleared: 7 is no value of reset",
    'gateway.yaml: grants[5] (speed): "speed" is written by grants[1] (speed) already',
    "gateway.yaml: grants[5] (speed).readBack.tag: a bool has no tolerance",
    'gateway.yaml: grants[6] (door): "door" belongs to the safety controller',
    "gateway.yaml: grants[6] (door).readBack.reaches: fast is no value of actual",
    "gateway.yaml: grants[7] (name).mode.is[0]: 1000000 is no value of speed",
    'gateway.yaml: commands.watchdogs[0] (speed): "speed" is written by',
    "gateway.yaml: commands.watchdogs[2] (name).tag: cannot count",
    'gateway.yaml: commands.safetyTags[1]: "gone" is no tag',
  ]) {
    assert.ok(report.includes(line), `${line}\nis not in\n${report}`);
  }
  assert.ok(!report.includes("(serial)"), report);
});

test("interlocks look at tags and at one another, in no circle, and block what is granted", () => {
  const guard = { tag: "door", is: true, words: "guard door open" };
  const good = check(
    [speed],
    [
      { id: "G-12", name: "Guard", blocks: ["speed"], conditions: [guard] },
      {
        id: "L-1",
        name: "Line",
        blocks: ["speed"],
        conditions: [
          { interlock: "G-12", words: "guard not safe" },
          { tag: "actual", high: 90, words: "still too fast" },
          { tag: "serial", is: "18014398509481985", words: "another machine" },
        ],
      },
    ],
  );
  assert.deepEqual(good.problems, []);
  assert.deepEqual(good.settings.interlocks[1]?.conditions[2], {
    kind: "tag",
    tag: "serial",
    required: { kind: "is", value: 18_014_398_509_481_985n },
    words: "another machine",
  });

  const { problems } = check(
    [],
    [
      { id: "A", name: "A", conditions: [{ interlock: "B", words: "b" }] },
      { id: "B", name: "B", conditions: [{ interlock: "A", words: "a" }] },
      { id: "E", name: "E", conditions: [{ interlock: "C", words: "c" }] },
      { id: "E", name: "E", conditions: [{ interlock: "C", words: "c" }] },
      { id: "D", name: "D", blocks: ["speed"], conditions: [{ tag: "name", low: 1, words: "n" }] },
    ],
  );
  const report = problems.join("\n");
  for (const part of [
    "interlocks[0] (A): needs itself",
    "interlocks[3] (E): is declared twice",
    '"C" is no interlock',
    '"speed" is not granted',
    "a string has no low and high",
  ]) {
    assert.ok(report.includes(part), `${part}\nis not in\n${report}`);
  }
});

test("what a rule writes is granted to it, and what is granted to a rule is one", () => {
  const granted = { ...speed, origins: ["rule"], rule: "calm" };
  const calm = { id: "calm", writes: ["speed"] };
  assert.deepEqual(check([granted], [], {}, [calm]).problems, []);
  assert.match(check([granted]).problems.join(), /"calm" is no rule/);
  assert.match(
    check([speed], [], {}, [calm]).problems.join(),
    /rules\[1\] \(calm\): writes "speed", which is not granted to it/,
  );
});

test("a condition without anything to hold it to is no condition", () => {
  const one = { id: "A", name: "A", conditions: [{ tag: "door", words: "open" }] };
  assert.equal(interlockFile.safeParse(one).success, false);
});
