import assert from "node:assert/strict";
import { test } from "node:test";

import type { DeviceId, TagDefinition, TagId } from "@millwright/wire-contract";

import { overviewOf, sparklinesOf, toLiveTag } from "./gateway-page.ts";

function tag(id: string, fields: Partial<TagDefinition> = {}): TagDefinition {
  return {
    index: 0,
    id: id as TagId,
    name: id,
    device: "pump-1" as DeviceId,
    type: "float64",
    kind: "measurement",
    unit: "bar",
    decimals: 1,
    scale: 1,
    offset: 0,
    revision: 0,
    clock: "device",
    expectedMs: 1_000,
    low: NaN,
    high: 8,
    asset: "Pump 1",
    texts: new Map([[2, "Running"]]),
    filteredAtSource: "",
    ...fields,
  };
}

test("chosen tags stand on the overview in the order of the choice, one that is gone left out", () => {
  const tags = [tag("a"), tag("b"), tag("c")];
  assert.deepEqual(overviewOf(tags, ["c", "gone", "a"]), ["c", "a"]);
});

test("without a choice the first readable tags of each asset stand there, at most twelve of one", () => {
  const tags = [
    tag("note", { kind: "text", type: "string" }),
    tag("picture", { type: "bytes" }),
    ...Array.from({ length: 20 }, (_, index) => tag(`p${index}`)),
    tag("oven", { asset: "Oven 1" }),
  ];
  const overview = overviewOf(tags, []);
  assert.deepEqual(overview.slice(0, 2), ["p0", "p1"]);
  assert.equal(overview.length, 13);
  assert.equal(overview.at(-1), "oven");
});

test("only measurements have a small picture, and there are at most six", () => {
  const tags = [
    tag("state", { kind: "state" }),
    ...Array.from({ length: 8 }, (_, index) => tag(`p${index}`)),
  ];
  const overview = overviewOf(tags, []);
  assert.deepEqual(sparklinesOf(tags, overview), ["p0", "p1", "p2", "p3", "p4", "p5"]);
});

test("a limit that is not stated is null on a page, and states have their texts by number", () => {
  const live = toLiveTag(tag("a"));
  assert.equal(live.low, null);
  assert.equal(live.high, 8);
  assert.deepEqual(JSON.parse(JSON.stringify(live)), live);
  assert.deepEqual(live.texts, { "2": "Running" });
});
