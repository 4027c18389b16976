import assert from "node:assert/strict";
import { describe, test } from "node:test";

import fc from "fast-check";

import {
  bitsToBytes,
  decodeBytes,
  decodeNumber,
  decodeText,
  encodeNumber,
  encodeText,
  fromBcd,
  fromSignMagnitude,
  rawBits,
  registersOf,
  toBcd,
  toSignMagnitude,
  Unencodable,
  type NumberType,
} from "./registers.ts";
import { byteOrders } from "./settings.ts";

const order = fc.constantFrom(...byteOrders);
const valueOf: Record<NumberType, fc.Arbitrary<number | bigint>> = {
  int8: fc.integer({ min: -128, max: 127 }),
  uint8: fc.integer({ min: 0, max: 255 }),
  int16: fc.integer({ min: -32_768, max: 32_767 }),
  uint16: fc.integer({ min: 0, max: 65_535 }),
  enum: fc.integer({ min: 0, max: 65_535 }),
  int32: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  uint32: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  int64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  uint64: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  float32: fc.float(),
  float64: fc.double(),
};
const types = Object.keys(valueOf) as NumberType[];

describe("numbers in registers", () => {
  for (const type of types) {
    test(`${type} comes back as it was written, in every order`, () => {
      fc.assert(
        fc.property(valueOf[type], order, fc.nat(6), (value, by, offset) => {
          const bytes = encodeNumber(value, type, by);
          assert.equal(bytes.length, registersOf(type) * 2);
          const shifted = new Uint8Array(offset + bytes.length);
          shifted.set(bytes, offset);
          assert.ok(Object.is(decodeNumber(shifted, offset, type, by), value));
        }),
      );
    });
  }

  test("the orders are those that their names say", () => {
    const wire = Uint8Array.of(0x11, 0x22, 0x33, 0x44);
    const read = (by: (typeof byteOrders)[number]): string =>
      Number(decodeNumber(wire, 0, "uint32", by)).toString(16);
    assert.deepEqual(byteOrders.map(read), ["11223344", "33441122", "22114433", "44332211"]);
    const long = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
    const long64 = byteOrders.map((by) => decodeNumber(long, 0, "uint64", by).toString(16));
    assert.deepEqual(long64, [
      "102030405060708",
      "708050603040102",
      "201040306050807",
      "807060504030201",
    ]);
  });

  test("64-bit integers beyond what a double holds are exact", () => {
    const value = 2n ** 63n - 1n;
    assert.equal(decodeNumber(encodeNumber(value, "int64", "CDAB"), 0, "int64", "CDAB"), value);
  });

  test("a number that the type cannot hold is refused, never cut", () => {
    for (const [value, type] of [
      [65_536, "uint16"],
      [-1, "uint16"],
      [32_768, "int16"],
      [1.5, "int32"],
      [2n ** 64n, "uint64"],
      [NaN, "uint16"],
      ["7", "uint16"],
      [256, "uint8"],
    ] as const) {
      assert.throws(() => encodeNumber(value, type, "ABCD"), Unencodable);
    }
  });
});

describe("other encodings", () => {
  const width = fc.constantFrom<1 | 2 | 4>(1, 2, 4);

  test("BCD comes back as it was written", () => {
    fc.assert(
      fc.property(width, fc.bigInt({ min: 0n, max: 9_999n }), (registerCount, value) => {
        assert.equal(fromBcd(toBcd(value, registerCount)), value);
      }),
    );
    assert.equal(toBcd(1_234, 1), 0x1234n);
    assert.throws(() => toBcd(10_000, 1), Unencodable);
  });

  test("a digit above 9 is no BCD", () => {
    assert.equal(fromBcd(0x12a4n), undefined);
  });

  test("sign-magnitude comes back as it was written, and minus nought is nought", () => {
    fc.assert(
      fc.property(width, fc.bigInt({ min: -32_767n, max: 32_767n }), (registerCount, value) => {
        assert.equal(
          fromSignMagnitude(toSignMagnitude(value, registerCount), registerCount),
          value,
        );
      }),
    );
    assert.equal(fromSignMagnitude(0x8000n, 1), 0n);
    assert.equal(fromSignMagnitude(0x8005n, 1), -5n);
  });

  test("raw bits come back as they were written, in every order", () => {
    fc.assert(
      fc.property(width, fc.bigInt({ min: 0n, max: 65_535n }), order, (registerCount, bits, by) => {
        const bytes = bitsToBytes(bits, registerCount, by);
        assert.equal(rawBits(bytes, 0, registerCount, by), bits);
      }),
    );
  });

  test("text comes back as it was written, with the bytes of each register exchanged or not", () => {
    const text = fc.string({ maxLength: 20, unit: "grapheme" }).filter((word) => {
      return !word.includes("\0") && word === word.trimEnd() && Buffer.byteLength(word) <= 40;
    });
    fc.assert(
      fc.property(text, fc.boolean(), (word, swapped) => {
        const bytes = encodeText(word, 40, swapped);
        assert.equal(decodeText(decodeBytes(bytes, 0, 40, swapped)), word);
      }),
    );
    const swapped = new TextEncoder().encode("uPpm1 ");
    assert.equal(decodeText(decodeBytes(swapped, 0, 6, true)), "Pump 1");
    assert.equal(decodeText(Uint8Array.of(0xb0, 0x43)), "°C", "Latin-1 where it is not UTF-8");
  });

  test("the bytes that came are not changed by exchanging them", () => {
    const came = Buffer.from("uPpm");
    decodeBytes(came, 0, 4, true);
    assert.equal(came.toString(), "uPpm");
  });

  test("text that does not fit is refused", () => {
    assert.throws(() => encodeText("too long", 4, false), Unencodable);
    assert.throws(() => encodeText(7, 4, false), Unencodable);
  });
});
