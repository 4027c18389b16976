/** What property tests of both codecs draw from. */
import type { Scalar } from "@millwright/wire-contract";
import fc from "fast-check";

/** Numbers with and without a decimal form, and those that no line passes. */
export const someNumber: fc.Arbitrary<number> = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: -99_999, max: 99_999 }).map((whole) => whole / 100) },
  { weight: 2, arbitrary: fc.integer({ min: 0, max: 65_535 }).map((whole) => whole * 0.1) },
  { weight: 2, arbitrary: fc.float({ noNaN: true }) },
  { weight: 2, arbitrary: fc.double() },
  {
    weight: 1,
    arbitrary: fc.constantFrom(-0, 0, NaN, Infinity, -Infinity, 1.7e308, -1.7e308, 5e-324),
  },
);
/** What a double cannot hold. */
export const someScalar: fc.Arbitrary<Scalar> = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
  fc.string({ maxLength: 8 }),
  fc.uint8Array({ maxLength: 4 }),
);
