import assert from "node:assert/strict";
import { describe, test } from "node:test";

import type { ValueType } from "@millwright/wire-contract";
import fc from "fast-check";

import { parseElementPath } from "./element-path.ts";
import { builtIn, toScalar, toUs, toVariant, toWords } from "./values.ts";

describe("opcua values", () => {
  const scalar = (dataType: number, value: unknown) => ({ dataType, arrayType: 0, value });

  test("every 64-bit integer survives the library's two words", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => {
        const words = toWords(value);
        assert.equal(toScalar(scalar(builtIn.int64, words), "int64", []), value);
        assert.deepEqual(toVariant(value, builtIn.int64), {
          dataType: builtIn.int64,
          value: words,
        });
      }),
    );
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (value) => {
        assert.equal(toScalar(scalar(builtIn.uint64, toWords(value)), "uint64", []), value);
      }),
    );
  });

  test("a type that holds every value of the device's type is good enough, another is not", () => {
    const cases: readonly [number, unknown, ValueType, boolean][] = [
      [builtIn.float, 1.5, "float64", true],
      [builtIn.double, 1.5, "float32", false],
      [builtIn.int16, 5, "int32", true],
      [builtIn.int32, 5, "int16", false],
      [builtIn.uint16, 5, "int16", false],
      [builtIn.uint32, 5, "float64", true],
      [builtIn.int64, [0, 5], "float64", false],
      [builtIn.boolean, true, "uint8", false],
      [builtIn.string, "5", "float64", false],
      [builtIn.byte, 5, "enum", true],
    ];
    for (const [dataType, value, declared, fits] of cases) {
      const found = toScalar(scalar(dataType, value), declared, []);
      assert.equal(found !== undefined, fits, `${dataType} as ${declared}`);
    }
  });

  test("a part of a structure is found by its path, a wrong path finds nothing", () => {
    const recipe = {
      name: "A",
      zone: [{ setpoint: 1 }, { setpoint: 2 }, { setpoint: 3, total: [1, 0] }],
    };
    const variant = scalar(builtIn.extensionObject, recipe);
    const at = (text: string, type: ValueType) => {
      const path = parseElementPath(text);
      assert.ok(!("kind" in path));
      return toScalar(variant, type, path);
    };
    assert.equal(at("Zone[2].Setpoint", "float64"), 3);
    assert.equal(at("Zone[2].Total", "uint64"), 2n ** 32n);
    assert.equal(at("Name", "string"), "A");
    assert.equal(at("Zone[3].Setpoint", "float64"), undefined);
    assert.equal(at("constructor", "string"), undefined);
    assert.equal(at("Zone.length", "int32"), undefined);
  });

  test("an element of a matrix is found by its indices", () => {
    const matrix = {
      dataType: builtIn.double,
      arrayType: 2,
      value: Float64Array.of(0, 1, 2, 10, 11, 12),
      dimensions: [2, 3],
    };
    const path = parseElementPath("[1,2]");
    assert.ok(!("kind" in path));
    assert.equal(toScalar(matrix, "float64", path), 12);
    assert.equal(toScalar(matrix, "float64", [{ indices: [2, 0] }]), undefined);
  });

  test("no value of a device makes the conversion fail", () => {
    const types: ValueType[] = [
      "bool",
      "int32",
      "int64",
      "float64",
      "string",
      "bytes",
      "time",
      "enum",
    ];
    fc.assert(
      fc.property(
        fc.nat({ max: 30 }),
        fc.nat({ max: 2 }),
        fc.anything(),
        fc.constantFrom(...types),
        fc.constantFrom("", "[0]", "a.b", "[1,1]"),
        (dataType, arrayType, value, declared, text) => {
          const path = parseElementPath(text);
          assert.ok(!("kind" in path));
          toScalar({ dataType, arrayType, value }, declared, path);
        },
      ),
    );
  });

  test("times keep their microseconds, and the beginning of 1601 means no time", () => {
    assert.equal(toUs(new Date(1_000), 123_400_000), 1_000_123);
    assert.equal(toUs(null, 0), NaN);
    assert.equal(toUs(new Date(Date.UTC(1601, 0, 1)), 0), NaN);
    assert.equal(toUs(new Date(NaN), 0), NaN);
  });

  test("what a node could not hold is refused", () => {
    for (const [value, dataType] of [
      [256, builtIn.byte],
      [1.5, builtIn.int32],
      [NaN, builtIn.int32],
      [true, builtIn.double],
      ["1", builtIn.double],
      [2n ** 64n, builtIn.uint64],
      [1, builtIn.boolean],
      [1, builtIn.extensionObject],
    ] as const) {
      assert.ok("kind" in toVariant(value, dataType), `${String(value)} as ${dataType}`);
    }
  });
});
