import assert from "node:assert/strict";
import { test } from "node:test";

import { ValueTable } from "@millwright/live-feed";
import { status, type DeviceId, type TagDefinition, type TagId } from "@millwright/wire-contract";

import { tagViewOf } from "./tag-view.ts";

function tag(index: number, expectedMs: number): TagDefinition {
  return {
    ...{ index, id: `tag-${index}` as TagId, name: "", device: "plc" as DeviceId },
    ...{ type: "float64", kind: "measurement", unit: "", decimals: 1, scale: 1, offset: 0 },
    ...{ revision: 1, clock: "gateway", expectedMs, low: NaN, high: NaN, asset: "" },
    ...{ texts: new Map(), filteredAtSource: "" },
  };
}

test("before the first value of a tag nothing is known of it, also when its device proves all it has", () => {
  const table = new ValueTable([tag(0, 1_000)]);
  table.confirm("plc", 9);
  const view = tagViewOf(table);
  assert.equal(view.value(0), undefined);
  assert.equal(view.measuredUs(0), 0);
  assert.equal(view.confirmedUs(0), 0);
});

test("a value is seen as it came, with its status, its time and its last proof", () => {
  const table = new ValueTable([tag(0, 1_000), tag(1, 10_000)]);
  const view = tagViewOf(table);
  table.set(0, 2.5, undefined, status.bad, 100, 110);
  table.set(1, NaN, 7n, status.good, 200, 210);
  assert.equal(view.value(0), 2.5);
  assert.equal(view.status(0), status.bad);
  assert.equal(view.measuredUs(0), 100);
  assert.equal(view.confirmedUs(0), 110);
  assert.equal(view.value(1), 7n);
  table.confirm("plc", 300);
  table.confirm("plc", 250, [1]);
  assert.equal(view.confirmedUs(0), 300);
  assert.equal(view.confirmedUs(1), 300, "the later proof counts, alone or with the device");
});

test("a value is fresh for as long as the page calls it fresh", () => {
  const view = tagViewOf(new ValueTable([tag(0, 1_000), tag(1, 10_000)]));
  assert.equal(view.freshForUs(0), 5_000_000);
  assert.equal(view.freshForUs(1), 30_000_000);
});

test("an index without a tag has no value and does no harm", () => {
  const view = tagViewOf(new ValueTable([tag(0, 1_000)]));
  assert.equal(view.value(5), undefined);
  assert.equal(view.value(-1), undefined);
  assert.equal(view.confirmedUs(-1), 0);
});
