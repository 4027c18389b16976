import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { reducePerColumn } from "./reduce-columns.ts";

const bad = 0x8000_0000;

function reduce(
  samples: readonly (readonly [us: number, value: number, status?: number])[],
  columns: number,
  gaps: readonly { fromUs: number; toUs: number }[] = [],
) {
  const line = reducePerColumn(
    Float64Array.from(samples, ([us]) => us),
    Float64Array.from(samples, ([, value]) => value),
    Uint32Array.from(samples, ([, , status]) => status ?? 0),
    0,
    1_000,
    columns,
    gaps,
  );
  return [...line.times].map((us, at): [number, number] => [us, line.values[at] ?? 0]);
}

test("few samples come back as they are", () => {
  assert.deepEqual(
    reduce(
      [
        [0, 1],
        [500, 2],
        [1_000, 3],
      ],
      100,
    ),
    [
      [0, 1],
      [500, 2],
      [1_000, 3],
    ],
  );
});

test("a column keeps its first, least, greatest and last sample, in the order of time", () => {
  assert.deepEqual(
    reduce(
      [
        [0, 5],
        [1, 9],
        [2, 6],
        [3, 1],
        [4, 6],
        [5, 4],
      ],
      1,
    ),
    [
      [0, 5],
      [1, 9],
      [3, 1],
      [5, 4],
    ],
  );
});

test("a bad sample breaks the line once, and its value is not drawn", () => {
  const line = reduce(
    [
      [0, 1],
      [100, 7, bad],
      [200, 7, bad],
      [300, 2],
    ],
    10,
  );
  assert.deepEqual(line, [
    [0, 1],
    [100, NaN],
    [300, 2],
  ]);
});

test("a known gap breaks the line between the samples around it", () => {
  const line = reduce(
    [
      [0, 1],
      [100, 2],
      [800, 3],
    ],
    10,
    [{ fromUs: 150, toUs: 700 }],
  );
  assert.deepEqual(line, [
    [0, 1],
    [100, 2],
    [150, NaN],
    [800, 3],
  ]);
});

test("a gap at the end ends the line", () => {
  const line = reduce(
    [
      [0, 1],
      [100, 2],
    ],
    10,
    [{ fromUs: 150, toUs: 1_000 }],
  );
  assert.deepEqual(line, [
    [0, 1],
    [100, 2],
    [150, NaN],
  ]);
});

test("samples that came out of order are drawn in the order of time", () => {
  assert.deepEqual(
    reduce(
      [
        [300, 3],
        [100, 1],
        [200, 2],
      ],
      100,
    ),
    [
      [100, 1],
      [200, 2],
      [300, 3],
    ],
  );
});

test("whatever the samples, extremes survive, times rise, and the size is bounded", () => {
  const sample = fc.tuple(fc.integer({ min: 0, max: 1_000 }), fc.integer({ min: -50, max: 50 }));
  fc.assert(
    fc.property(
      fc.array(sample, { minLength: 1, maxLength: 300 }),
      fc.integer({ min: 1, max: 20 }),
      (samples, columns) => {
        const line = reduce(samples, columns);
        const values = samples.map(([, value]) => value);
        const drawn = line.map(([, value]) => value);
        assert.equal(Math.max(...drawn), Math.max(...values));
        assert.equal(Math.min(...drawn), Math.min(...values));
        assert.ok(line.length <= columns * 4);
        for (let at = 1; at < line.length; at++) {
          assert.ok((line[at]?.[0] ?? 0) >= (line[at - 1]?.[0] ?? 0));
        }
      },
    ),
  );
});
