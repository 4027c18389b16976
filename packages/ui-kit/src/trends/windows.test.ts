import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";

import type { TimeMark } from "@millwright/wire-contract/events";

import { windowsBeyond, windowsOfMarks, type TimeWindow } from "./windows.ts";

const above = (limit: number, leastUs = 0): Parameters<typeof windowsBeyond>[1] => ({
  ...{ kind: "above", limit, leastUs },
});

function lineOf(
  ...points: readonly (readonly [number, number])[]
): Parameters<typeof windowsBeyond>[0] {
  return {
    times: Float64Array.from(points, ([us]) => us),
    values: Float64Array.from(points, ([, value]) => value),
  };
}

test("a value is above a limit from the first one above it until the first one that is not", () => {
  const line = lineOf([0, 1], [10, 5], [20, 6], [30, 2], [40, 7], [50, 1], [60, 9], [70, 9]);
  assert.deepEqual(windowsBeyond(line, above(4)), [
    { fromUs: 10, toUs: 30 },
    { fromUs: 40, toUs: 50 },
    { fromUs: 60 },
  ]);
  assert.deepEqual(windowsBeyond(line, above(4, 15)), [{ fromUs: 10, toUs: 30 }]);
  const below = { kind: "below", limit: 2, leastUs: 0 } as const;
  assert.deepEqual(windowsBeyond(line, below), [{ fromUs: 50, toUs: 60 }]);
});

test("what is above already when the line begins, or after a hole, has no beginning", () => {
  assert.deepEqual(windowsBeyond(lineOf([0, 9], [10, 9], [20, 1]), above(4)), []);
  assert.deepEqual(windowsBeyond(lineOf([0, 1], [10, NaN], [20, 9], [30, 1]), above(4)), []);
});

test("a hole ends it: nothing is known of it from there on", () => {
  const line = lineOf([0, 1], [10, 9], [30, NaN], [40, 9], [50, 1]);
  assert.deepEqual(windowsBeyond(line, above(4)), [{ fromUs: 10, toUs: 30 }]);
});

test("each time that is found is above all the way, long enough, and stands between values that are not", () => {
  const step = fc.tuple(fc.integer({ min: 1, max: 5 }), fc.constantFrom(1, 3, 5, 9, NaN));
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 40 }),
      fc.integer({ min: 0, max: 12 }),
      (steps, least) => {
        let us = 0;
        const points = steps.map(([wait, value]) => [(us += wait), value] as const);
        /** What holds at each moment, by walking along: undefined where nothing is known. */
        const endUs = points.at(-1)?.[0] ?? 0;
        const held = Array.from(
          { length: endUs + 1 },
          (_, at) => points.findLast(([time]) => time <= at)?.[1],
        );
        const wanted: TimeWindow[] = [];
        for (let at = 1; at <= endUs; at++) {
          const [before, now] = [held[at - 1] ?? NaN, held[at] ?? NaN];
          if (!(now > 4) || Number.isNaN(before) || before > 4) continue;
          let end = at;
          while (end <= endUs && (held[end] ?? NaN) > 4) end++;
          const lasts = end > endUs;
          const lengthUs = (lasts ? endUs : end) - at;
          if (lengthUs >= least) wanted.push(lasts ? { fromUs: at } : { fromUs: at, toUs: end });
        }
        assert.deepEqual(windowsBeyond(lineOf(...points), above(4, least)), wanted);
      },
    ),
  );
});

test("of the marks of a time those count that began in it, of one alarm or of one class of episodes", () => {
  const alarm = (id: string, fromUs: number): TimeMark => ({
    ...{ kind: "alarm", id, asset: "Pump 1", fromUs, toUs: fromUs + 5 },
    ...{ priority: 2, message: "Hot" },
  });
  const episode = (name: "drift" | "spike", fromUs: number): TimeMark => ({
    ...{ kind: "episode", id: `e${fromUs}`, asset: "Pump 1", fromUs, class: name },
  });
  const marks = [
    ...[alarm("hot", 5), alarm("hot", 10), alarm("low", 11), episode("drift", 12)],
    ...[episode("spike", 13), alarm("hot", 20), alarm("hot", 31)],
  ];
  const range = { fromUs: 10, toUs: 30 };
  const begins = (rule: Parameters<typeof windowsOfMarks>[1]): readonly number[] =>
    windowsOfMarks(marks, rule, range).map(({ fromUs }) => fromUs);
  assert.deepEqual(begins({ kind: "alarm", id: "hot" }), [10, 20]);
  assert.deepEqual(begins({ kind: "episode", class: "drift" }), [12]);
  assert.deepEqual(begins({ kind: "alarm", id: "no" }), []);
});
