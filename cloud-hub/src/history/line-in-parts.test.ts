import assert from "node:assert/strict";
import { test } from "node:test";

import { LineInParts } from "./line-in-parts.ts";

function lineOf(...sources: readonly (readonly number[])[]): readonly number[] | undefined {
  const line = new LineInParts({ fromUs: 0, toUs: 1_000, columns: 1_000, gaps: [] });
  for (const seconds of sources) {
    line.beginSource(seconds[0] ?? Infinity);
    line.add(
      Float64Array.from(seconds),
      Float64Array.from(seconds),
      new Uint32Array(seconds.length),
    );
  }
  const reduced = line.finish();
  return reduced && [...reduced.times];
}

test("sources that follow each other make a line", () => {
  assert.deepEqual(lineOf([1, 2], [], [3, 4], [5]), [1, 2, 3, 4, 5]);
});

test("sources that may hold the same sample, or lie over each other, make none", () => {
  assert.equal(lineOf([1, 2], [2, 3]), undefined);
  assert.equal(lineOf([1, 5], [3]), undefined);
  assert.equal(lineOf([5, 1]), undefined);
});
