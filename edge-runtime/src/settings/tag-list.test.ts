import assert from "node:assert/strict";
import { test } from "node:test";

import type { DeviceId } from "@millwright/wire-contract";

import { toTagSettings, type TagSettings } from "./declared-tag.ts";
import { TagList } from "./tag-list.ts";

function settingsOf(cells: Readonly<Record<string, string>>): TagSettings {
  const settings = toTagSettings({ where: "row", cells }, "press" as DeviceId, "Press", 1_000);
  assert("point" in settings);
  return settings;
}

test("a list gives every row back as it was, and holds none of them", () => {
  const rows = [
    settingsOf({ id: "a", address: "holding:1", type: "uint16", overview: "2" }),
    settingsOf({ id: "b", address: "holding:2", type: "uint16", name: "Oil", unit: "bar" }),
    settingsOf({ id: "c", address: "coil:3", type: "bool", tell: "change", texts: "0=Off|1=On" }),
    settingsOf({ id: "d", address: "holding:4", type: "float32", order: "CDAB", every_ms: "50" }),
  ];
  const list = new TagList(rows.values());
  assert.equal(list.length, 4);
  assert.deepEqual([...list], rows);
  assert.deepEqual(
    list.points(),
    rows.map(({ point }) => point),
  );
  assert.notEqual(list.at(0)?.tag, list.at(0)?.tag);
  // What neighbours have in common is the same object, also for the driver.
  assert.equal(list.pointList().at(0)?.options, list.pointList().at(1)?.options);
  assert.equal(list.pointList().length, 4);
  assert.equal(list.at(4), undefined);
  assert.equal(list.pointList().at(-1), undefined);
});
