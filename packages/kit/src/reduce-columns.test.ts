import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { ColumnReducer, reducePerColumn } from "./reduce-columns.ts";

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

test("no line crosses a gap from a sample within its one edge to a sample within its other", () => {
  const line = reduce(
    [
      [0, 1],
      [100, 2],
      [160, 3],
      [690, 4],
      [800, 5],
    ],
    10,
    [{ fromUs: 150, toUs: 700 }],
  );
  assert.deepEqual(line, [
    [0, 1],
    [100, 2],
    [150, NaN],
    [160, 3],
    [425, NaN],
    [690, 4],
    [800, 5],
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

test("samples that come part by part, however they are cut, make the line of the whole", () => {
  const sample = fc.record({
    us: fc.integer({ min: -20, max: 1_020 }),
    value: fc.oneof({ weight: 8, arbitrary: fc.integer({ max: 9 }) }, fc.constant(NaN)),
    status: fc.oneof({ weight: 8, arbitrary: fc.constant(0) }, fc.constant(bad)),
    cutBefore: fc.boolean(),
  });
  const gap = fc.record({ fromUs: fc.nat(1_000), toUs: fc.nat(1_200) });
  fc.assert(
    fc.property(
      fc.array(sample, { maxLength: 60 }),
      fc.array(gap, { maxLength: 3 }),
      fc.integer({ min: 1, max: 30 }),
      (unsorted, gaps, columns) => {
        const samples = unsorted.toSorted((a, b) => a.us - b.us);
        const reducer = new ColumnReducer({ fromUs: 0, toUs: 1_000, columns, gaps });
        let from = 0;
        for (let end = 1; end <= samples.length; end++) {
          if (end < samples.length && samples[end]?.cutBefore !== true) continue;
          const part = samples.slice(from, end);
          const inOrder = reducer.add(
            Float64Array.from(part, ({ us }) => us),
            Float64Array.from(part, ({ value }) => value),
            Uint32Array.from(part, ({ status }) => status),
          );
          assert.equal(inOrder, true);
          from = end;
        }
        const whole = reducePerColumn(
          Float64Array.from(samples, ({ us }) => us),
          Float64Array.from(samples, ({ value }) => value),
          Uint32Array.from(samples, ({ status }) => status),
          0,
          1_000,
          columns,
          gaps,
        );
        assert.deepEqual(reducer.finish(), whole);
      },
    ),
  );
});

test("a part with a sample before those that came is refused", () => {
  const reducer = new ColumnReducer({ fromUs: 0, toUs: 1_000, columns: 10, gaps: [] });
  const add = (...us: number[]): boolean =>
    reducer.add(Float64Array.from(us), Float64Array.from(us), new Uint32Array(us.length));
  assert.equal(add(10, 20, 20), true);
  assert.equal(add(20, 30), true);
  assert.equal(add(29), false);
});
