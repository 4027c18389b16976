import assert from "node:assert/strict";
import { test } from "node:test";

import type { ValueType } from "@millwright/wire-contract";
import fc from "fast-check";

import { deviceTerms } from "./device-terms.ts";

test("a scaled value becomes the nearest whole step of the device", () => {
  const terms = deviceTerms("int16", 0.1, 0);
  assert.equal(terms.toDevice(80.04), 800);
  assert.equal(terms.toShown(800), 80);
  assert.equal(terms.resolution, 0.1);
  assert.ok(terms.same(80.04, 80), "half a step is no difference");
  assert.ok(!terms.same(80, 80.1));
});

test("64-bit integers stay exact, and a double that names several of them is refused", () => {
  const terms = deviceTerms("uint64", 1, 0);
  assert.equal(terms.toDevice(9_007_199_254_740_993n), 9_007_199_254_740_993n);
  assert.ok(!terms.same(9_007_199_254_740_993n, 9_007_199_254_740_992n));
  assert.deepEqual(terms.toDevice(2 ** 60), {
    kind: "refused",
    reason: "a whole number is needed, in full",
  });
  assert.ok(typeof terms.toDevice(-1n) === "object");
});

test("what float 32 rounds away is no difference, and one step of it is", () => {
  const terms = deviceTerms("float32", 1, 0);
  assert.equal(terms.toDevice(0.1), Math.fround(0.1));
  assert.ok(terms.same(0.1, Math.fround(0.1)));
  assert.ok(!terms.same(1, 1 + 2 ** -22));
});

test("true and 1 are one value of a Boolean, and 2 is none", () => {
  const terms = deviceTerms("bool", 1, 0);
  assert.ok(terms.same(true, 1));
  assert.ok(!terms.same(true, 0));
  assert.ok(typeof terms.toDevice(2) === "object");
});

test("a number that the type cannot hold is refused, never wrapped", () => {
  for (const [type, value] of [
    ["uint16", 65_536],
    ["int8", -129],
    ["float32", 1e39],
    ["float64", NaN],
    ["enum", Infinity],
    ["string", 4],
  ] as const) {
    assert.ok(typeof deviceTerms(type, 1, 0).toDevice(value) === "object", `${type} ${value}`);
  }
});

test("a value that the device said is the same when it comes back, whatever type and scale", () => {
  const types = fc.constantFrom<ValueType>("int16", "uint16", "int32", "float32", "float64");
  const scales = fc.constantFrom(1, 0.1, 0.01, 1 / 3, 1.8, 2.5, 100);
  const offsets = fc.constantFrom(0, 32, -273.15);
  fc.assert(
    fc.property(types, scales, offsets, fc.integer({ min: 0, max: 32_767 }), (...drawn) => {
      const [type, scale, offset, raw] = drawn;
      const terms = deviceTerms(type, scale, offset);
      const shown = terms.toShown(raw);
      const back = terms.toDevice(shown);
      assert.ok(typeof back === "number");
      assert.ok(Math.abs(back - raw) < 1e-3, `${raw} came back as ${back}`);
      assert.ok(terms.same(shown, terms.toShown(back)));
    }),
  );
});
