import assert from "node:assert/strict";
import test from "node:test";

import { knownUcumCodes, ucumOfCefact, ucumOfText, ucumOfUnitId } from "./unit-names.ts";
import { isUcum, unitConversion } from "./units.ts";

function converted(value: number, from: string, to: string): number {
  const conversion = unitConversion(from, to);
  assert.ok(!("kind" in conversion), `${from} to ${to} is refused`);
  return value * conversion.scale + conversion.offset;
}

// Values of the definitions (SI brochure, NIST SP 811 appendix B), not of the library that is under test.
const known: readonly (readonly [number, string, number, string])[] = [
  [0, "Cel", 273.15, "K"],
  [100, "Cel", 212, "[degF]"],
  [-40, "[degF]", -40, "Cel"],
  [300_000, "mK", 26.85, "Cel"],
  [20, "Cel", 293_150, "mK"],
  [491.67, "[degR]", 32, "[degF]"],
  [1, "bar", 100_000, "Pa"],
  [1, "bar", 14.503773773, "[psi]"],
  [100, "[psi]", 6.8947572932, "bar"],
  [1, "mbar", 1, "hPa"],
  [25.4, "mm/s", 1, "[in_i]/s"],
  [1_000, "L/min", 60, "m3/h"],
  [1, "kW.h", 3_600_000, "J"],
  [50, "%", 0.5, "1"],
  [1_500, "/min", 25, "Hz"],
  [4, "mA", 0.004, "A"],
  [230, "V", 0.23, "kV"],
  [1, "[gal_us]/min", 3.785411784, "L/min"],
  [1, "N/mm2", 1, "MPa"],
];

test("units convert as their definitions say", () => {
  for (const [value, from, expected, to] of known) {
    const actual = converted(value, from, to);
    const error = Math.abs(actual - expected);
    assert.ok(
      error <= 1e-9 * Math.max(1, Math.abs(expected)),
      `${value} ${from} is ${actual} ${to}`,
    );
  }
});

test("whole factors are whole, without the noise of two doubles divided", () => {
  assert.deepEqual(unitConversion("L/min", "m3/h"), { scale: 0.06, offset: 0 });
  assert.deepEqual(unitConversion("Cel", "[degF]"), { scale: 1.8, offset: 32 });
  assert.deepEqual(unitConversion("Cel", "Cel"), { scale: 1, offset: 0 });
});

test("a difference of temperatures has no offset, and °C as a multiple is refused", () => {
  assert.equal(converted(10, "K", "[degR]"), 18);
  for (const code of ["Cel/s", "Cel.m", "Cel2"]) {
    const refused = unitConversion(code, "K/s");
    assert.ok("kind" in refused);
    assert.match(refused.reason, /write K/);
  }
});

test("what measures different things, is not linear, or is no unit, is refused with the reason", () => {
  const cases: readonly (readonly [string, string, RegExp])[] = [
    ["bar", "A", /measure different things/],
    ["dB", "1", /not linear/],
    ["[pH]", "mol/L", /not linear/],
    ["[IU]/mL", "1/mL", /arbitrary/],
    ["°C", "K", /not a UCUM unit/],
    ["", "K", /not a UCUM unit/],
  ];
  for (const [from, to, reason] of cases) {
    const refused = unitConversion(from, to);
    assert.ok("kind" in refused, `${from} to ${to}`);
    assert.match(refused.reason, reason);
  }
});

test("texts that only look like units are not UCUM", () => {
  for (const text of [
    "",
    " ",
    "°C",
    "rpm",
    "constructor",
    "toString",
    "__proto__",
    "m/".repeat(99),
  ]) {
    assert.equal(isUcum(text), false, text);
  }
});

test("every code of the name tables is a UCUM unit", () => {
  assert.ok(knownUcumCodes().length > 80);
  for (const code of knownUcumCodes()) assert.ok(isUcum(code), code);
});

test("names of devices find their unit; unknown ones stay text", () => {
  assert.equal(ucumOfCefact("CEL"), "Cel");
  // OPC 10000-8 packs "CEL" as 0x43454C and gives 4408652 for it.
  assert.equal(ucumOfUnitId(4_408_652), "Cel");
  assert.equal(ucumOfUnitId(-1), undefined);
  assert.equal(ucumOfCefact("constructor"), undefined);
  assert.equal(ucumOfText(" °C "), "Cel");
  assert.equal(ucumOfText("1/min"), "/min");
  assert.equal(ucumOfText("kWh"), "kW.h");
  assert.equal(ucumOfText("bar"), "bar");
  assert.equal(ucumOfText("parts per jiffy"), "parts per jiffy");
  assert.equal(ucumOfText("constructor"), "constructor");
});
