import assert from "node:assert/strict";
import { test } from "node:test";

import type { PointSettings } from "../driver.ts";
import { isRefused, parsePoint } from "./addresses.ts";
import { KeptPoint } from "./kept-point.ts";
import { createModbusDriver } from "./modbus-driver.ts";
import { modbusSettings } from "./settings.ts";
import { pointOf } from "./test-points.ts";

const settings = modbusSettings.parse({ framing: "tcp", host: "127.0.0.1", port: 502, unit: 1 });

test("a point says the same when what it shares with others is said by one of them", () => {
  const shared = { together: "set", scale_register: "30", order: "CDAB" };
  const [one, other] = ["holding:10", "holding:14"].map((address, index) =>
    parsePoint(settings, pointOf(address, "int32", 1_000, shared), index),
  );
  assert(one !== undefined && !isRefused(one) && other !== undefined && !isRefused(other));
  const kept = new KeptPoint(other, one);
  for (const name of Object.keys(other) as (keyof typeof other)[]) {
    assert.deepEqual(kept[name], other[name], name);
  }
});

test("points are of one kind only where table, type, interval and options are the same", () => {
  // The settings keep one object of options for all points that were written with the same.
  const none = {};
  const here = { unit: "7" };
  const points = [
    pointOf("holding:0", "uint16", 1_000, none),
    pointOf("holding:2", "uint16", 5_000, none),
    pointOf("input:1", "uint16", 5_000, none),
    pointOf("input:2", "float32", 5_000, none),
    pointOf("input:4", "float32", 5_000, here),
  ];
  const planOf = (of: readonly PointSettings[]): unknown => createModbusDriver().plan(settings, of);
  const apart = points.map((point) => ({ ...point, options: { ...point.options } }));
  assert.deepEqual(planOf(points), planOf(apart));
  assert.match(JSON.stringify(planOf(points)), /5 points in 4 requests of 1 to 3, 1\.6 requests/);
});
