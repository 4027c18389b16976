import assert from "node:assert/strict";
import { test } from "node:test";

import { seededRandom, type Random } from "@millwright/kit";
import { status, type Scalar } from "@millwright/wire-contract";

import { RuleFeed } from "./feed.ts";
import { plantOf, ruleBook } from "./test-rules.ts";
import { RuleScan, type Decision } from "./scan.ts";
import type { RuleBook } from "./rule.ts";

const secondUs = 1_000_000;
const startUs = 1_767_225_600 * secondUs;

interface Row {
  readonly atUs: number;
  readonly slot: number;
  readonly value: Scalar | undefined;
  readonly status: number;
}

/** All that the rules of a book decide about a history, as one text. */
function decisionsOf(book: RuleBook, rows: readonly Row[], eachAlone = false): string {
  const said: string[] = [];
  const scan = new RuleScan(book);
  const feed = new RuleFeed(scan, (decision) => said.push(lineOf(decision)));
  for (const row of rows) {
    feed.value(row.atUs, row.slot, row.value, row.status, row.atUs);
    if (eachAlone) feed.runTo(row.atUs);
  }
  feed.runTo((rows.at(-1)?.atUs ?? 0) + 600 * secondUs);
  return said.join("\n");
}

function lineOf({ rule, what, atUs, operands, actions }: Decision): string {
  const seen = operands.map(({ name, value, measuredUs, stale }) => [
    name,
    String(value),
    measuredUs,
    stale,
  ]);
  return JSON.stringify([rule.id, what, atUs, seen, actions]);
}

const plant = plantOf({
  temp: "float64",
  load: "float64",
  count: "int32",
  runs: "bool",
  big: "int64",
  mode: "string",
});
const rules = ruleBook(
  plant,
  `
- { id: R-1, version: 1, title: plain, inputs: { t: temp }, when: "t > 80.0", then: [{ notify: hot }] }
- { id: R-2, version: 1, title: held, inputs: { t: temp, l: load }, when: "t > 60.0 && l < 5.0", for: 3 s, deadBand: { t: 4 }, then: [{ notify: held }] }
- { id: R-3, version: 1, title: until, inputs: { t: temp, r: runs }, when: "r && t > 50.0", until: "t < 20.0 || !r", atMostEvery: 20 s, then: [{ notify: until }] }
- { id: R-4, version: 1, title: integers, inputs: { n: count, b: big }, when: "b + n > 9223372036854775800 || n / (n - 3) > 2", then: [{ notify: integers }] }
- { id: R-5, version: 1, title: text, inputs: { m: mode, l: load }, when: "m in ['auto', 'hand'] ? l > 7.0 : l > 9.0", for: 500 ms, onUnknown: { after: 2 s, then: [{ notify: lost }] }, then: [{ notify: text }] }
- { id: R-6, version: 1, title: latched, inputs: { t: temp }, when: "t > 95.0", latch: true, then: [{ notify: latched }] }
`,
);

/** Values of a plant as they come: several devices, times that repeat, bad readings, silences that make values stale. */
function history(random: Random): Row[] {
  const rows: Row[] = [];
  let atUs = startUs;
  const pick = (count: number): number => Math.floor(random.next() * count);
  const length = 20 + pick(80);
  for (let at = 0; at < length; at++) {
    const step = pick(10);
    atUs += step < 4 ? 0 : step < 8 ? pick(2_000) * 1_000 : step < 9 ? 1_000 : pick(20) * secondUs;
    const slot = pick(rules.slots.length);
    const code = pick(12) === 0 ? status.badNoCommunication : status.good;
    rows.push({ atUs, slot, value: valueFor(rules.slots[slot]?.type, random), status: code });
  }
  return rows;
}

function valueFor(type: string | undefined, random: Random): Scalar {
  const drawn = random.next();
  if (type === "bool") return drawn < 0.7 ? 1 : 0;
  if (type === "string") return drawn < 0.4 ? "auto" : drawn < 0.6 ? "hand" : "off";
  if (type === "int") return drawn < 0.2 ? 2n ** 63n - 1n : Math.floor(drawn * 10);
  return drawn < 0.03 ? NaN : drawn * 110;
}

/** The same rows as other devices' answers could have come: those of one millisecond in another order. */
function otherOrder(rows: readonly Row[], random: Random): Row[] {
  const keyed = rows.map((row, at) => ({ row, at, key: `${row.slot}:${random.next()}` }));
  const slotOrder = new Map<number, number>();
  for (const { row } of keyed) if (!slotOrder.has(row.slot)) slotOrder.set(row.slot, random.next());
  return keyed
    .toSorted((a, b) =>
      a.row.atUs !== b.row.atUs
        ? a.row.atUs - b.row.atUs
        : a.row.slot !== b.row.slot
          ? (slotOrder.get(a.row.slot) ?? 0) - (slotOrder.get(b.row.slot) ?? 0)
          : a.at - b.at,
    )
    .map(({ row }) => row);
}

test("1,000 histories, scanned twice and once in the order of a journal, are decided the same to the byte", () => {
  let decided = 0;
  let differsAlone = 0;
  for (let seed = 1; seed <= 1_000; seed++) {
    const random = seededRandom(seed);
    const rows = history(random);
    const first = decisionsOf(rules, rows);
    assert.equal(decisionsOf(rules, rows), first, `seed ${seed}, scanned again`);
    assert.equal(decisionsOf(rules, otherOrder(rows, random)), first, `seed ${seed}, other order`);
    decided += first.split("\n").length;
    if (decisionsOf(rules, rows, true) !== first) differsAlone++;
  }
  assert.ok(decided > 5_000, `${decided} decisions were compared`);
  // The control: rules that look at each value alone, as it comes, depend on the order in which devices answer.
  assert.ok(
    differsAlone > 50,
    `${differsAlone} histories differ when each value is looked at alone`,
  );
});

test("what a rule decides does not depend on which other rules there are", () => {
  for (let seed = 1; seed <= 100; seed++) {
    const rows = history(seededRandom(seed));
    const all = decisionsOf(rules, rows).split("\n");
    for (const rule of rules.rules) {
      const alone = decisionsOf({ rules: [rule], slots: rules.slots }, rows);
      const own = all.filter((line) => line.startsWith(`["${rule.id}"`)).join("\n");
      assert.equal(alone, own, `seed ${seed}, ${rule.id}`);
    }
  }
});

/** A rule over `t` and `u`, and what it decides of values at seconds. */
function play(
  rule: string,
  steps: readonly (readonly [number, Partial<Record<"t" | "u" | "out", Scalar>>])[],
  saved?: ReturnType<RuleScan["save"]>,
): { readonly said: readonly string[]; readonly scan: RuleScan; readonly feed: RuleFeed } {
  const book = ruleBook(
    plantOf({ t: "float64", u: "float64", out: "float64" }),
    `- { id: R, version: 1, title: a rule, inputs: { t: t, u: u }, atMostEvery: 0 s, ${rule} }`,
  );
  const said: string[] = [];
  const scan = new RuleScan(book, saved);
  const feed = new RuleFeed(scan, ({ what, atUs }) =>
    said.push(`${(atUs - startUs) / secondUs} ${what}`),
  );
  for (const [at, values] of steps) {
    const atUs = startUs + at * secondUs;
    for (const [tag, value] of Object.entries(values)) {
      const slot = book.slots.findIndex(
        ({ source }) => source.kind === "tag" && source.tag === tag,
      );
      if (slot < 0) continue;
      const code = value === "bad" ? status.badNoCommunication : status.good;
      feed.value(atUs, slot, value === "bad" ? NaN : value, code, atUs);
    }
    feed.runTo(atUs);
  }
  return { said, scan, feed };
}

const say = "then: [{ notify: x }]";
/** As often as keeps values fresh. */
const steady = (from: number, to: number, t: number): [number, { t: number; u: number }][] =>
  Array.from({ length: to - from + 1 }, (_unused, at) => [from + at, { t, u: 0 }]);

test("a rule fires when its condition has been true for as long as it says, to the millisecond", () => {
  const { said } = play(`when: "t > 5.0", for: 2500 ms, ${say}`, [
    [0, { t: 6, u: 0 }],
    [1, { t: 4 }],
    [2, { t: 6 }],
    [4, { t: 7 }],
    [5, { t: 8 }],
    [6, { t: 1 }],
  ]);
  assert.deepEqual(said, ["4.5 fired", "6 cleared"]);
});

test("an input that goes bad or stale makes the rule wait, and breaks the time that it counts", () => {
  const { said } = play(`when: "t > 5.0", for: 3 s, ${say}`, [
    [0, { t: 6, u: 0 }],
    [1, { t: "bad" }],
    [2, { t: 6 }],
    [4.999, { t: 6 }],
    [5, { t: 6 }],
  ]);
  assert.deepEqual(said, ["5 fired"]);
  const silent = play(`when: "t > 5.0", for: 8 s, ${say}`, [
    [0, { t: 6, u: 0 }],
    [30, { u: 0 }],
  ]);
  assert.deepEqual(
    silent.said,
    ["15 unknown"],
    "stale after 5 s, told 10 s later, and never fired",
  );
});

test("what is unknown holds what has fired, and a declared fail-safe does what it declares", () => {
  const held = play(`when: "t > 5.0", ${say}`, [
    [0, { t: 6, u: 0 }],
    [1, { t: "bad" }],
    [40, { t: 1 }],
  ]);
  assert.deepEqual(held.said, ["0 fired", "11 unknown", "40 known", "40 cleared"]);
  const safe = play(
    `when: "t > 5.0", onUnknown: { after: 2 s, then: [{ notify: lost }] }, ${say}`,
    [
      [0, { t: 1, u: 0 }],
      [1, { t: "bad" }],
      [10, { u: 0 }],
    ],
  );
  assert.deepEqual(safe.said, ["3 unknown"]);
});

test("a dead-band, an until and a latch each keep a rule fired in their own way", () => {
  const values: [number, { t: number; u: number }][] = [6, 4, 2, 6].map((t, at) => [
    at,
    { t, u: 0 },
  ]);
  assert.deepEqual(play(`when: "t > 5.0", ${say}`, values).said, [
    "0 fired",
    "1 cleared",
    "3 fired",
  ]);
  assert.deepEqual(play(`when: "t > 5.0", deadBand: { t: 2 }, ${say}`, values).said, [
    "0 fired",
    "2 cleared",
    "3 fired",
  ]);
  assert.deepEqual(play(`when: "t > 5.0", until: "t < 1.0", ${say}`, values).said, ["0 fired"]);
  const latched = play(`when: "t > 5.0", latch: true, ${say}`, values.slice(0, 2));
  assert.deepEqual(latched.said, ["0 fired"]);
  latched.feed.act(startUs + 2 * secondUs, () => latched.scan.reset("R"));
  latched.feed.runTo(startUs + 2 * secondUs);
  assert.deepEqual(latched.said, ["0 fired", "2 cleared"]);
});

test("a rule that fires too often waits until it may, and fires then if it still holds", () => {
  const { said } = play(`when: "t > 5.0", ${say}`.replace("when", "when"), [
    [0, { t: 6, u: 0 }],
    [1, { t: 1 }],
    [2, { t: 6 }],
  ]);
  assert.deepEqual(said, ["0 fired", "1 cleared", "2 fired"]);
  const book = ruleBook(
    plantOf({ t: "float64" }),
    `- { id: R, version: 1, title: x, inputs: { t: t }, when: "t > 5.0", atMostEvery: 10 s, ${say} }`,
  );
  const fired: number[] = [];
  const feed = new RuleFeed(new RuleScan(book), ({ what, atUs }) => {
    if (what === "fired") fired.push((atUs - startUs) / secondUs);
  });
  for (let at = 0; at <= 14; at++) {
    feed.value(startUs + at * secondUs, 0, at % 4 === 1 ? 1 : 6, status.good, 0);
  }
  feed.runTo(startUs + 14 * secondUs);
  assert.deepEqual(fired, [0, 10]);
});

test("after a restart a rule that has fired stays so without firing again, and none fires before all is read anew", () => {
  const write = `when: "t > 5.0", trusting: "the cable stays in the cabinet", then: [{ write: out, value: 3.0 }]`;
  const before = play(write, [[0, { t: 6, u: 0, out: 9 }]]);
  assert.deepEqual(before.said, ["0 fired"]);
  const after = play(
    write,
    [
      [1, { t: 6, u: 0 }],
      [2, { t: 1 }],
    ],
    before.scan.save(),
  );
  assert.deepEqual(after.said, ["2 cleared"]);
  const unread = play(write, [
    [0, { t: 6, u: 0 }],
    [1, { t: 7 }],
  ]);
  assert.deepEqual(unread.said, [], "what the controller has now was not read");
  const read = play(write, [
    [0, { t: 6, u: 0 }],
    [1, { out: 9 }],
  ]);
  assert.deepEqual(read.said, ["1 fired"]);
});

test("another version of a rule begins anew", () => {
  const before = play(`when: "t > 5.0", ${say}`, [[0, { t: 6, u: 0 }]]);
  const saved = JSON.parse(JSON.stringify(before.scan.save()).replace('"1"', '"0"')) as ReturnType<
    RuleScan["save"]
  >;
  assert.deepEqual(play(`when: "t > 5.0", ${say}`, [[1, { t: 6, u: 0 }]], saved).said, ["1 fired"]);
});

test("a paused rule decides nothing until the pause is over, and then says so", () => {
  const { said, scan, feed } = play(`when: "t > 5.0", ${say}`, [[0, { t: 1, u: 0 }]]);
  const pauseUs = startUs + secondUs;
  feed.act(pauseUs, () => scan.pause("R", pauseUs + 5 * secondUs, "olga", "test run"));
  for (let at = 1; at <= 7; at++) feed.value(startUs + at * secondUs, 0, 6, status.good, 0);
  feed.runTo(startUs + 7 * secondUs);
  assert.deepEqual(said, ["6 resumed", "6 fired"]);
});

test("a clock that is set back begins all counting anew, and takes back nothing that has fired", () => {
  const rows = [...steady(100, 104, 6), ...steady(0, 8, 6)];
  const { said } = play(`when: "t > 5.0", for: 6 s, ${say}`, rows);
  assert.deepEqual(said, ["6 fired"]);
});

test("a state of the asset that is not named, or has not settled, keeps a rule from being judged", () => {
  const book = ruleBook(
    { ...plantOf({ t: "float64" }), asset: () => ({ properties: { temp: "t" } }) },
    `- { id: R, version: 1, title: x, asset: press, inputs: { t: { asset: press, property: temp } }, when: "t > 5.0", states: [running], settle: 3 s, ${say} }`,
  );
  const said: string[] = [];
  const feed = new RuleFeed(new RuleScan(book), ({ what, atUs }) =>
    said.push(`${(atUs - startUs) / secondUs} ${what}`),
  );
  const state = book.slots.findIndex(({ source }) => source.kind === "state");
  for (let at = 0; at <= 9; at++) {
    feed.value(startUs + at * secondUs, 1 - state, 6, status.good, 0);
    const now = at < 2 ? "starting" : at < 8 ? "running" : "off";
    feed.value(startUs + at * secondUs, state, now, status.good, 0);
  }
  feed.runTo(startUs + 9 * secondUs);
  assert.deepEqual(said, ["5 fired", "8 cleared"]);
});
