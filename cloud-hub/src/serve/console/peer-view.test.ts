import assert from "node:assert/strict";
import { test } from "node:test";

import { bandOf, placeOf } from "../../history/peers/peer-band.ts";
import {
  bandEndUs,
  columnAt,
  countsOf,
  expectedOut,
  percentOf,
  sideMostly,
  sideNow,
  sidesOut,
} from "./peer-view.ts";

const time = (above: number, below: number, columns = 10): Parameters<typeof sideMostly>[0] => ({
  columns,
  above,
  below,
});

test("a machine is where it was for more than half of the time", () => {
  assert.equal(sideMostly(time(6, 0)), "above");
  assert.equal(sideMostly(time(5, 0)), "within");
  assert.equal(sideMostly(time(2, 4)), "below");
  assert.equal(sideMostly(time(0, 0, 0)), "within");
});

test("it is out on both sides where neither is rare beside the other", () => {
  assert.equal(sidesOut(time(0, 0)), "none");
  assert.equal(sidesOut(time(3, 3)), "both");
  assert.equal(sidesOut(time(1, 80, 100)), "below");
  assert.equal(sidesOut(time(80, 9, 100)), "both");
  assert.equal(sidesOut(time(8, 0)), "above");
});

test("the newest value lies to the band of the newest values, where there is one", () => {
  const band = { count: 5, low: 1, median: 2, high: 3 };
  assert.equal(sideNow({ now: 3.1 }, band), "above");
  assert.equal(sideNow({ now: 3 }, band), "within");
  assert.equal(sideNow({ now: 0 }, band), "below");
  assert.equal(sideNow({ now: null }, band), undefined);
  assert.equal(sideNow({ now: 2 }, undefined), undefined);
});

test("of machines that are alike as many lie out of the band as is said", () => {
  for (let machines = 3; machines <= 200; machines++) {
    const lines = Array.from({ length: machines }, (_, at) => Float64Array.of(at));
    const band = bandOf(lines, 1);
    const out = lines.filter((line) => {
      const { above, below } = placeOf(line, band);
      return above + below > 0;
    });
    assert.equal(expectedOut(machines), out.length, `${machines} machines`);
  }
});

test("a share is never nothing or all where it is not", () => {
  assert.equal(percentOf(1, 1_000), "<1");
  assert.equal(percentOf(999, 1_000), ">99");
  assert.equal(percentOf(1_000, 1_000), "100");
  assert.equal(percentOf(0, 1_000), "0");
});

test("the band ends with the last column that has one, and is read there without a cursor", () => {
  const band = { fromUs: 1_000, stepUs: 10, median: [1, null, 2, null] };
  assert.equal(bandEndUs(band), 1_030);
  assert.equal(columnAt(band, undefined), 2);
  assert.equal(columnAt(band, 1_009), 0);
  assert.equal(columnAt(band, 1_010), 1);
  const none = { ...band, median: [null] };
  assert.equal(bandEndUs(none), undefined);
  assert.equal(columnAt(none, undefined), -1);
});

test("columns in which nobody says anything do not count as the fewest", () => {
  assert.deepEqual(countsOf({ counts: [0, 9, 12] }), [9, 12]);
  assert.deepEqual(countsOf({ counts: [0] }), [0, 0]);
});
