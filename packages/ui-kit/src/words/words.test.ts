import assert from "node:assert/strict";
import { describe, test } from "node:test";

import {
  ageWords,
  beatWords,
  briefSinceWords,
  durationWords,
  intervalWords,
  sinceWords,
} from "./durations.ts";
import { sayKitCount } from "./english.ts";
import { numberOf, numberWords, padding, roughCountWords, valueWords } from "./numbers.ts";
import { unitWords } from "./units.ts";

describe("words and digits", () => {
  test("durations read as in the guide", () => {
    assert.equal(durationWords(41_000), "41 s");
    assert.equal(durationWords(190_000), "3 min 10 s");
    assert.equal(durationWords(14 * 60_000 + 9_000), "14 min");
    assert.equal(durationWords(8_040_000), "2 h 14 min");
    assert.equal(durationWords(26 * 3_600_000), "1 d 2 h");
    assert.equal(durationWords(3 * 86_400_000), "3 d");
    assert.equal(durationWords(-5), "0 s");
  });

  test("an interval of the settings is said exactly: it is a bound", () => {
    assert.equal(intervalWords(100), "100 ms");
    assert.equal(intervalWords(1_500), "1.5 s");
    assert.equal(intervalWords(120_000), "2 min");
  });

  test("the age of a beat has tenths, the age of a value does not", () => {
    assert.equal(beatWords(200), "0.2 s");
    assert.equal(ageWords(200), "<1 s");
    assert.equal(ageWords(1_900), "1 s");
    assert.equal(ageWords(Infinity), "never");
  });

  test("digits never gain or lose decimals", () => {
    assert.equal(numberWords(96.4, 1), "96.4");
    assert.equal(numberWords(96, 1), "96.0");
    assert.equal(numberWords(1_482.4, 0), "1482");
    assert.equal(numberWords(184_220, 0), "184,220");
    assert.equal(numberWords(-0.004, 1), "0.0");
    assert.equal(padding(0, 2), ".00");
    assert.equal(padding(1, 2), "0");
    assert.equal(padding(2, 2), "");
  });

  test("every kind of value has its words", () => {
    const tag = { type: "float64", decimals: 1, texts: {} } as const;
    assert.equal(valueWords(tag, null), "– – –");
    assert.equal(valueWords(tag, "NaN"), "not a number");
    assert.equal(valueWords(tag, "-Infinity"), "−∞");
    assert.equal(valueWords({ ...tag, type: "bool" }, true), "true");
    assert.equal(valueWords({ ...tag, texts: { "2": "Running" } }, 2), "Running");
    assert.equal(valueWords({ ...tag, texts: { "1": "Open" } }, true), "Open");
    assert.equal(valueWords({ ...tag, type: "bytes" }, "AAEC"), "3 bytes");
    assert.equal(valueWords({ ...tag, type: "string" }, "NaNo"), "NaNo");
  });

  test("a 64-bit counter beyond 2^53 keeps its last digit", () => {
    const tag = { type: "uint64", decimals: 0, texts: {} } as const;
    assert.equal(valueWords(tag, "18446744073709551615"), "18,446,744,073,709,551,615");
    assert.equal(numberOf("18446744073709551615"), 18446744073709552000);
    assert.equal(numberOf("NaN"), undefined);
    assert.equal(numberOf(null), undefined);
  });

  test("since when is said with the day once it is not clear, and by the day alone where there is no room", () => {
    const us = (day: number, hour: number): number =>
      new Date(2026, 10, day, hour, 2, 11).getTime() * 1_000;
    for (const words of [sinceWords, briefSinceWords]) {
      assert.equal(words(us(20, 14), us(20, 20)), "14:02:11");
    }
    assert.equal(sinceWords(us(20, 14), us(21, 20)), "20 Nov 14:02:11");
    assert.equal(briefSinceWords(us(20, 14), us(21, 20)), "20 Nov");
    assert.equal(briefSinceWords(0, us(21, 20)), sinceWords(0, us(21, 20)));
  });

  test("a large count is rough, a small one exact", () => {
    assert.equal(roughCountWords(4_120), "4,120");
    assert.equal(roughCountWords(1_204_120), "1.2 M");
  });

  test("units are printed as a meter prints them; unknown codes stay as they are", () => {
    assert.equal(unitWords("Cel"), "°C");
    assert.equal(unitWords("m3/h"), "m³/h");
    assert.equal(unitWords("{rev}/min"), "rev/min");
    assert.equal(unitWords("1"), "");
    assert.equal(unitWords("mm/s"), "mm/s");
  });

  test("counted messages follow the plural rules of their language", () => {
    assert.equal(sayKitCount("value.bytes", 1), "1 byte");
    assert.equal(sayKitCount("value.bytes", 1_200), "1,200 bytes");
  });
});
