import assert from "node:assert/strict";
import { test } from "node:test";

import { status, type SampleColumns, type Scalar } from "@millwright/wire-contract";

import { AlarmWatch, type WatchedCondition } from "./alarm-watch.ts";
import type { AlarmCondition } from "./definition.ts";

function sample(tag: number, value: Scalar, code: number = status.good): SampleColumns {
  const number = typeof value === "number" || typeof value === "boolean";
  return {
    count: 1,
    tag: Int32Array.of(tag),
    measuredUs: Float64Array.of(0),
    value: Float64Array.of(number ? Number(value) : NaN),
    status: Uint32Array.of(code),
    ...(number ? {} : { wide: new Map([[0, value]]) }),
  };
}

function watchOf(
  condition: AlarmCondition,
  delays: Partial<Pick<WatchedCondition, "onDelayMs" | "offDelayMs" | "counts">> = {},
): { readonly watch: AlarmWatch; readonly seen: string[]; fresh: boolean } {
  const seen: string[] = [];
  const own = { onDelayMs: 0, offDelayMs: 0, counts: false, ...delays };
  const rig = { fresh: true };
  return Object.assign(rig, {
    seen,
    watch: new AlarmWatch(
      [{ condition, tag: 3, ...own }],
      (_place, counts, value) => seen.push(`${counts ? "on" : "off"} ${value}`),
      () => rig.fresh,
    ),
  });
}

const hot = { kind: "limit", side: "above", limit: 90, deadBand: 2 } as const;

test("a limit counts when it is passed and ceases when the value is back by the dead-band", () => {
  const { watch, seen } = watchOf(hot);
  for (const value of [89, 90, 90.5, 89, 88.5, 88, 91]) watch.take(sample(3, value), 0);
  watch.take(sample(2, 500), 0);
  watch.take(sample(4, 500), 0);
  assert.deepEqual(seen, ["on 90.5", "off 88", "on 91"]);
});

test("delays run on the clock of the caller, both ways, and start anew when the condition goes meanwhile", () => {
  const { watch, seen } = watchOf(hot, { onDelayMs: 5_000, offDelayMs: 2_000 });
  watch.take(sample(3, 95), 1_000);
  assert.equal(watch.nextMs, 6_000);
  watch.take(sample(3, 80), 4_000);
  watch.turn(6_000);
  assert.deepEqual(seen, []);
  watch.take(sample(3, 95), 7_000);
  watch.turn(11_999);
  assert.deepEqual(seen, []);
  watch.turn(12_000);
  assert.deepEqual(seen, ["on 95"]);
  watch.take(sample(3, 80), 13_000);
  watch.turn(15_000);
  assert.deepEqual(seen, ["on 95", "off 80"]);
  assert.equal(watch.nextMs, Infinity);
});

test("a bad value judges nothing: what counted goes on, no delay runs out, and it says why", () => {
  const { watch, seen } = watchOf(hot, { onDelayMs: 5_000 });
  assert.equal(watch.heldOf(0), "no value yet");
  watch.take(sample(3, 95), 0);
  assert.equal(watch.heldOf(0), "");
  watch.take(sample(3, 20, status.badSensorFailure), 1_000);
  assert.equal(watch.heldOf(0), "sensor fault");
  watch.turn(60_000);
  assert.deepEqual(seen, []);
  watch.take(sample(3, 95), 60_000);
  watch.turn(64_999);
  assert.deepEqual(seen, []);
  watch.turn(65_000);
  assert.deepEqual(seen, ["on 95"]);
  watch.take(sample(3, 20, status.badCommunication), 66_000);
  watch.take(sample(3, 20, status.uncertainLastUsable), 67_000);
  watch.take(sample(3, NaN), 68_000);
  assert.equal(watch.heldOf(0), "not a number");
  assert.deepEqual(seen, ["on 95"]);
});

test("a delay does not run out on a value that nobody proves any more", () => {
  const rig = watchOf(hot, { onDelayMs: 5_000 });
  rig.watch.take(sample(3, 95), 0);
  rig.fresh = false;
  rig.watch.turn(6_000);
  assert.deepEqual(rig.seen, []);
  rig.fresh = true;
  rig.watch.turn(rig.watch.nextMs);
  assert.deepEqual(rig.seen, ["on 95"]);
});

test("what counted before a restart counts on until a value says otherwise", () => {
  const { watch, seen } = watchOf(hot, { counts: true });
  watch.take(sample(3, 89), 0);
  assert.deepEqual(seen, [], "within the dead-band");
  watch.take(sample(3, 50), 0);
  assert.deepEqual(seen, ["off 50"]);
});

test("a rate is measured between values that lie far enough apart", () => {
  const { watch, seen } = watchOf({
    kind: "rate",
    perMinute: 6,
    direction: "rising",
    overMs: 10_000,
  });
  watch.take(sample(3, 20), 0);
  // Noise of one second would be 60 a minute.
  watch.take(sample(3, 21), 1_000);
  watch.take(sample(3, 20.5), 10_000);
  assert.deepEqual(seen, []);
  watch.take(sample(3, 21.6), 20_000);
  assert.deepEqual(seen, ["on 21.6"]);
  watch.take(sample(3, 15), 30_000);
  assert.deepEqual(seen, ["on 21.6", "off 15"]);
});

test("bits of words and faults by number are told, in words of 16, 32 and 64 bits", () => {
  const bit = watchOf({ kind: "bit", bit: 15 });
  bit.watch.take(sample(3, 0x7fff), 0);
  bit.watch.take(sample(3, -32_768), 0);
  assert.deepEqual(bit.seen, ["on -32768"]);
  const high = watchOf({ kind: "bit", bit: 31 });
  high.watch.take(sample(3, 0x8000_0000), 0);
  assert.deepEqual(high.seen, ["on 2147483648"]);
  const long = watchOf({ kind: "bit", bit: 40 });
  long.watch.take(sample(3, 2n ** 40n), 0);
  long.watch.take(sample(3, 2n ** 41n), 0);
  assert.deepEqual(long.seen, ["on 1099511627776", "off 2199023255552"]);
  const fault = watchOf({ kind: "equals", values: [17] });
  for (const value of [0, 17, 18]) fault.watch.take(sample(3, value), 0);
  assert.deepEqual(fault.seen, ["on 17", "off 18"]);
});

test("bad quality is a condition of its own", () => {
  const { watch, seen } = watchOf({ kind: "bad" }, { onDelayMs: 1_000 });
  watch.take(sample(3, 5, status.badSensorFailure), 0);
  watch.turn(1_000);
  watch.take(sample(3, 6), 2_000);
  assert.deepEqual(seen, ["on 5", "off 6"]);
});

test("outside the states in which it is judged a condition ceases, and is judged anew when they return", () => {
  const { watch, seen } = watchOf(hot);
  watch.take(sample(3, 95), 0);
  watch.open(0, false, 1_000);
  watch.take(sample(3, 96), 2_000);
  assert.deepEqual(seen, ["on 95", "off 95"]);
  assert.match(watch.heldOf(0), /not judged/);
  watch.open(0, true, 3_000);
  assert.deepEqual(seen, ["on 95", "off 95", "on 96"]);
});
