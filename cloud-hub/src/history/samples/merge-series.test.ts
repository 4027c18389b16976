import assert from "node:assert/strict";
import { test } from "node:test";

import type { Series } from "@millwright/aggregates";
import fc from "fast-check";

import { mergeAll, mergeSeries, rowAt, sliceSeries } from "./merge-series.ts";

type Row = readonly [us: number, value: number];

function seriesOf(rows: readonly Row[]): Series {
  return {
    count: rows.length,
    measuredUs: Float64Array.from(rows, ([us]) => us),
    value: Float64Array.from(rows, ([, value]) => value),
    status: new Uint32Array(rows.length),
  };
}

function rowsOf(series: Series): Row[] {
  return Array.from({ length: series.count }, (_, row) => [
    series.measuredUs[row] ?? NaN,
    series.value[row] ?? NaN,
  ]);
}

const rows = fc
  .array(fc.tuple(fc.integer({ min: 0, max: 6 }), fc.integer({ min: 0, max: 2 })), {
    maxLength: 12,
  })
  .map((made) => made.toSorted(([a], [b]) => a - b));

function counts(of: readonly Row[]): Map<string, number> {
  const found = new Map<string, number>();
  for (const row of of) found.set(String(row), (found.get(String(row)) ?? 0) + 1);
  return found;
}

test("a sample that two roads bring stands once, and what one of them holds alone is kept", () => {
  fc.assert(
    fc.property(rows, rows, (a, b) => {
      const { series, repeats } = mergeSeries(seriesOf(a), seriesOf(b));
      const merged = rowsOf(series);
      assert.equal(merged.length, a.length + b.length - repeats);
      const [inA, inB, inBoth] = [counts(a), counts(b), counts(merged)];
      for (const key of new Set([...inA.keys(), ...inB.keys()])) {
        assert.equal(inBoth.get(key), Math.max(inA.get(key) ?? 0, inB.get(key) ?? 0), key);
      }
      const times = merged.map(([us]) => us);
      assert.deepEqual(
        times,
        times.toSorted((x, y) => x - y),
      );
    }),
  );
});

test("whatever comes again changes nothing", () => {
  fc.assert(
    fc.property(rows, rows, (a, b) => {
      const once = mergeSeries(seriesOf(a), seriesOf(b)).series;
      const again = mergeSeries(once, seriesOf(b));
      assert.deepEqual(rowsOf(again.series), rowsOf(once));
      assert.equal(again.repeats, b.length);
      assert.equal(again.conflicts, 0);
    }),
  );
});

test("many roads give what they give one after the other", () => {
  fc.assert(
    fc.property(fc.array(rows, { maxLength: 7 }), (parts) => {
      const atOnce = mergeAll(parts.map(seriesOf));
      let oneByOne = seriesOf([]);
      for (const part of parts) oneByOne = mergeSeries(oneByOne, seriesOf(part)).series;
      assert.deepEqual(counts(rowsOf(atOnce.series)), counts(rowsOf(oneByOne)));
    }),
  );
});

test("another value under one identity is kept beside it and counted", () => {
  const { series, repeats, conflicts } = mergeSeries(seriesOf([[5, 1]]), seriesOf([[5, 2]]));
  assert.deepEqual(rowsOf(series), [
    [5, 1],
    [5, 2],
  ]);
  assert.deepEqual([repeats, conflicts], [0, 1]);
});

test("texts and 64-bit integers are told apart and travel with their rows", () => {
  const wide = (scalar: bigint | string): Series => ({
    ...seriesOf([[7, NaN]]),
    wide: new Map([[0, scalar]]),
  });
  assert.equal(mergeSeries(wide(1n), wide(1n)).repeats, 1);
  const both = mergeSeries(wide("on"), wide("off")).series;
  assert.deepEqual([both.wide?.get(0), both.wide?.get(1)], ["on", "off"]);
  assert.equal(sliceSeries(both, 1, 2).wide?.get(0), "off");
});

test("a row is found by its time", () => {
  const series = seriesOf([
    [1, 0],
    [3, 0],
    [3, 0],
    [5, 0],
  ]);
  assert.deepEqual(
    [0, 1, 2, 3, 4, 6].map((us) => rowAt(series, us)),
    [0, 0, 1, 1, 3, 4],
  );
});
