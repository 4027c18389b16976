import assert from "node:assert/strict";
import { test } from "node:test";

import {
  status,
  type DeviceId,
  type Scalar,
  type TagDefinition,
  type TagId,
} from "@millwright/wire-contract";

import type { SampleBatch } from "../hand-over.ts";
import { ValueTable } from "@millwright/live-feed";

import { applyBatch } from "./current-values.ts";

const device = "pump-1" as DeviceId;

function tag(index: number, id: string, type: TagDefinition["type"] = "float64"): TagDefinition {
  return {
    index,
    id: id as TagId,
    name: id,
    device,
    type,
    kind: "measurement",
    unit: "",
    decimals: 1,
    scale: 1,
    offset: 0,
    revision: 1,
    clock: "gateway",
    expectedMs: 1_000,
    low: NaN,
    high: NaN,
    asset: "Pump 1",
    texts: new Map(),
    filteredAtSource: "",
  };
}

function batch(
  receivedUs: number,
  rows: readonly (readonly [tag: number, value: number | Scalar, status?: number])[],
  late = false,
): SampleBatch {
  const wide = new Map<number, Scalar>();
  rows.forEach(([, value], row) => {
    if (typeof value !== "number") wide.set(row, value);
  });
  return {
    device,
    receivedUs,
    late,
    count: rows.length,
    tag: Int32Array.from(rows, ([index]) => index),
    measuredUs: Float64Array.from(rows, () => receivedUs - 5),
    value: Float64Array.from(rows, ([, value]) => (typeof value === "number" ? value : NaN)),
    status: Uint32Array.from(rows, ([, , code]) => code ?? 0),
    ...(wide.size > 0 ? { wide } : {}),
  };
}

test("a value says when it was measured, received, proven, and since when it is unchanged", () => {
  const current = new ValueTable([tag(3, "a")]);
  applyBatch(current, batch(100, [[3, 1]]));
  applyBatch(current, batch(200, [[3, 1]]));
  const [value] = current.values([]);
  assert.deepEqual(value, { t: "a", v: 1, s: 0, m: 195, r: 200, c: 200, u: 95 });
});

test("a proof without a value makes a constant value younger, and changes nothing else", () => {
  const current = new ValueTable([tag(0, "a"), tag(1, "b")]);
  applyBatch(
    current,
    batch(100, [
      [0, 1],
      [1, 2],
    ]),
  );
  current.confirm(device, 900);
  current.confirm(device, 950, [1]);
  assert.deepEqual(
    current.values([]).map((value) => [value.t, value.c, value.u]),
    [
      ["a", 900, 95],
      ["b", 950, 95],
    ],
  );
});

test("what a broker kept is shown, and proves nothing: its age is not that of its receipt", () => {
  const current = new ValueTable([tag(0, "a")]);
  applyBatch(current, batch(100, [[0, 1, status.uncertainLastUsable]]));
  assert.deepEqual(
    current.values(["a"]).map(({ v, r, c }) => [v, r, c]),
    [[1, 100, 0]],
  );
  applyBatch(current, batch(200, [[0, 2]]));
  // After a reconnect the broker sends again what it keeps.
  applyBatch(current, batch(300, [[0, 2, status.uncertainLastUsable]]));
  assert.equal(current.values(["a"])[0]?.c, 200, "the live value before it was the last proof");
});

test("a tag that never had a value is not made younger by the proofs of its device", () => {
  const current = new ValueTable([tag(0, "a")]);
  current.confirm(device, 900);
  assert.deepEqual(current.values(["a"]), [{ t: "a", v: null, s: 0, m: 0, r: 0, c: 0, u: 0 }]);
});

test("samples from a device's history never set a current value", () => {
  const current = new ValueTable([tag(0, "a")]);
  applyBatch(current, batch(100, [[0, 1]]));
  applyBatch(current, batch(200, [[0, 99]], true));
  assert.equal(current.values(["a"])[0]?.v, 1);
});

test("what JSON cannot hold travels as text: 64-bit integers, bytes, NaN", () => {
  const current = new ValueTable([
    tag(0, "i", "int64"),
    tag(1, "y", "bytes"),
    tag(2, "n"),
    tag(3, "b", "bool"),
  ]);
  applyBatch(
    current,
    batch(1, [
      [0, 2n ** 63n - 1n],
      [1, Uint8Array.of(1, 2)],
      [2, NaN],
      [3, 1],
    ]),
  );
  assert.deepEqual(
    current.values([]).map((value) => value.v),
    ["9223372036854775807", "AQI=", "NaN", true],
  );
});

test("a change of quality alone is a change", () => {
  const current = new ValueTable([tag(0, "a")]);
  applyBatch(current, batch(100, [[0, 1]]));
  applyBatch(current, batch(200, [[0, 1, status.badSensorFailure]]));
  assert.equal(current.values(["a"])[0]?.u, 195);
});

test("listeners hear which tags changed until they are taken back", () => {
  const current = new ValueTable([tag(0, "a"), tag(1, "b")]);
  const heard: string[] = [];
  const takeBack = current.onChanged((ids) => heard.push(...ids));
  applyBatch(current, batch(100, [[1, 1]]));
  takeBack();
  applyBatch(current, batch(200, [[0, 1]]));
  assert.deepEqual(heard, ["b"]);
});
