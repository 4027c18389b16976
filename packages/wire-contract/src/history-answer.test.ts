import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { decodeHistory, encodeHistory, type HistoryLine } from "./history-answer.ts";

function lineOf(times: readonly number[], values: readonly number[]): HistoryLine {
  return {
    tag: "pump/1",
    tier: "minutes",
    coarser: [{ tier: "hours", fromUs: 0, toUs: 9 }],
    error: 0.5,
    gaps: [{ reason: "thinned", fromUs: 1, toUs: 2, count: { kind: "unknown" } }],
    times: Float64Array.from(times),
    values: Float64Array.from(values),
  };
}

const beganUs = 1_800_000_000_000_000;

test("whatever the values, lines come back as they were", () => {
  const value = fc.oneof(
    fc.double(),
    fc.float(),
    fc.integer({ min: -5_000, max: 5_000 }).map((whole) => whole / 100),
    fc.constant(NaN),
  );
  const line = fc
    .array(fc.tuple(fc.integer({ min: 0, max: 2 ** 40 }), value), { maxLength: 60 })
    .map((points) => points.toSorted(([a], [b]) => a - b))
    .map((points) =>
      lineOf(
        points.map(([us]) => beganUs + us),
        points.map(([, one]) => one),
      ),
    );
  fc.assert(
    fc.property(fc.array(line, { maxLength: 4 }), (lines) => {
      const back = decodeHistory(encodeHistory(lines));
      assert.deepEqual(
        back.map((one) => ({ ...one, values: [...one.values].map(String) })),
        // The sign of a zero is not kept: no screen shows it.
        lines.map((one) => ({ ...one, values: [...one.values].map(String) })),
      );
    }),
  );
});

test("a day of measured values takes eight bytes for a point, and its values are exact", () => {
  const points = 2_000;
  const times = Array.from({ length: points }, (_, at) => beganUs + at * 43_200_017 + (at % 7));
  const values = times.map((_, at) => (Math.round(1_000 * Math.sin(at)) || 0) / 100);
  const body = encodeHistory([lineOf(times, values)]);
  assert.ok(body.byteLength < points * 8 + 500, `${body.byteLength} bytes`);
  const [back] = decodeHistory(body);
  assert.deepEqual([...(back?.values ?? [])], values);
  for (const [at, us] of (back?.times ?? []).entries()) {
    assert.ok(Math.abs(us - (times[at] ?? 0)) <= 11, "times are right within a part of a pixel");
  }
});

test("what is no answer is refused in words", () => {
  assert.throws(() => decodeHistory(new ArrayBuffer(2)), /2 bytes/);
  assert.throws(() => decodeHistory(new Uint32Array([999]).buffer), /4 bytes has a head of 999/);
});
