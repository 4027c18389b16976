import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { decimalText, english, groupDigits } from "./language.ts";

test("numbers are written as Intl writes them, but for a zero with a sign", () => {
  const value = fc.oneof(
    fc.double({ min: -1e9, max: 1e9, noNaN: true }),
    fc.double({ min: -1e5, max: 1e5, noNaN: true }),
    fc.integer(),
    fc.constantFrom(Infinity, -Infinity, 1e21, 0.5, 1.005, 9_999.95, 1e-9),
  );
  fc.assert(
    fc.property(value, fc.integer({ min: 0, max: 5 }), (number, decimals) => {
      const digits = { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
      // Rounding is that of toFixed, by the exact value; Intl rounds the shortest text of it, which differs in ties only.
      const rounded = Math.abs(number) < 1e21 ? Number(number.toFixed(decimals)) : number;
      const said = new Intl.NumberFormat(english.locale, digits).format(rounded);
      const expected = /[1-9∞]/.test(said) ? said : said.replace("-", "");
      assert.equal(decimalText(english, number, decimals, 4), expected);
    }),
    { numRuns: 2_000 },
  );
});

test("four digits stay together where a meter shows them so", () => {
  fc.assert(
    fc.property(fc.double({ min: -1e6, max: 1e6, noNaN: true }), (number) => {
      const said = new Intl.NumberFormat(english.locale, {
        minimumFractionDigits: 1,
        maximumFractionDigits: 1,
        useGrouping: "min2",
      }).format(Number(number.toFixed(1)));
      assert.equal(decimalText(english, number, 1, 5), said.replace(/^-(?=0\.0$)/, ""));
    }),
  );
});

test("whole numbers of any length are grouped as Intl groups them", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 70n }), (number) => {
      const said = new Intl.NumberFormat(english.locale).format(number);
      assert.equal(groupDigits(english, number.toString(), 4), said);
    }),
  );
});

test("a count takes the form that the plural rules of its language give it", () => {
  const rules = new Intl.PluralRules(english.locale);
  for (const count of [0, 1, 2, 5, 11, 21, 100, 1_000_000, 1.5]) {
    assert.equal(english.formOf(count), rules.select(count), String(count));
  }
});
