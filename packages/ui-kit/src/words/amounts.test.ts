import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { rangeWords } from "../live/view-words.ts";
import { amountScale, quantityWords, shownDecimals } from "./amounts.ts";

const tag = (unit: string, decimals = 0): { unit: string; decimals: number } => ({
  unit,
  decimals,
});

test("bytes are read with the prefix that leaves one to three digits before the point", () => {
  assert.equal(quantityWords(tag("By"), 23_631_183_872), "23.6 GB");
  assert.equal(quantityWords(tag("By"), 512), "512 B");
  assert.equal(quantityWords(tag("By"), 0), "0 B");
  assert.equal(quantityWords(tag("By"), 1_000), "1.0 kB");
  assert.equal(quantityWords(tag("By"), 999_949), "999.9 kB");
  assert.equal(quantityWords(tag("By"), 999_950), "1.0 MB");
  assert.equal(quantityWords(tag("By"), -2_500_000), "-2.5 MB");
  assert.equal(quantityWords(tag("By"), 4e18), "4000.0 PB");
});

test("rates, bits and units that have a prefix of their own are read alike", () => {
  assert.equal(quantityWords(tag("By/d"), 1_400_000_000), "1.4 GB/d");
  assert.equal(quantityWords(tag("bit/s"), 64_000), "64.0 kbit/s");
  assert.equal(quantityWords(tag("MBy", 1), 23_631.2), "23.6 GB");
});

test("a unit that counts in 1,024 goes on counting so", () => {
  assert.equal(quantityWords(tag("MiBy", 1), 1_536), "1.5 GiB");
  assert.equal(quantityWords(tag("KiBy"), 1_023), "1023.0 KiB");
});

test("what the plant has chosen stays: no other unit is scaled", () => {
  for (const unit of ["W", "kW", "m", "Hz", "Pa", "/min", "%", "", "Byte", "lbf"]) {
    assert.equal(amountScale(unit, 23_631_183_872), undefined, unit);
    assert.equal(shownDecimals(tag(unit, 3)), 3);
  }
  assert.equal(quantityWords(tag("kW.h"), 184_220), "184,220 kWh");
});

test("each end of a range of amounts says its own prefix", () => {
  assert.equal(
    rangeWords({ unit: "By", decimals: 0, low: 500e6, high: 2e9 }),
    "normal 500.0 MB to 2.0 GB",
  );
});

test("what is read is the value, to half of the last digit that is shown", () => {
  fc.assert(
    fc.property(fc.double({ min: 1, max: 1e18, noNaN: true }), (bytes) => {
      const scale = amountScale("By", bytes);
      assert.ok(scale !== undefined);
      const shown = Number((bytes * scale.factor).toFixed(scale.decimals));
      assert.ok(shown < 1_000 || scale.unit === "PB");
      assert.ok(
        Math.abs(shown / scale.factor - bytes) <= (0.5001 * 10 ** -scale.decimals) / scale.factor,
      );
    }),
  );
});
