import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { crc32c } from "./crc32c.ts";

/** Bit by bit, as the definition has it. */
function plainly(bytes: Uint8Array): number {
  let crc = 0xffff_ffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) {
      crc = (crc & 1) === 1 ? (crc >>> 1) ^ 0x82f6_3b78 : crc >>> 1;
    }
  }
  return ~crc >>> 0;
}

/** Short and long ones, anywhere in the memory that they share with others. */
const anyBytes = fc
  .tuple(fc.uint8Array({ maxLength: 1_200 }), fc.nat({ max: 9 }))
  .map(([bytes, from]) => bytes.subarray(Math.min(from, bytes.length)));

test("bytes of any length, wherever they begin, have the sum that the definition gives them", () => {
  fc.assert(
    fc.property(anyBytes, (bytes) => {
      assert.equal(crc32c(bytes), plainly(bytes));
    }),
  );
  // Long enough for words at each of their four beginnings, and with each rest of sixteen bytes.
  const shared = Uint8Array.from({ length: 600 }, (_byte, at) => (at * 7_919) >> 3);
  for (let from = 0; from < 4; from++) {
    for (let rest = 0; rest < 16; rest++) {
      const bytes = shared.subarray(from, from + 512 + rest);
      assert.equal(crc32c(bytes), plainly(bytes), `from ${from}, ${bytes.length} bytes`);
    }
  }
});
