import assert from "node:assert/strict";
import { test } from "node:test";

import type { CaptureSpec } from "@millwright/features";

import { featuresOf } from "./waveform-features.ts";

const rateHz = 2_048;
const spec: CaptureSpec = {
  features: [
    { name: "rms", kind: "rms" },
    { name: "crest", kind: "crest" },
    { name: "low", kind: "band", fromHz: 90, toHz: 110 },
    { name: "outer", kind: "line", line: "bpfo" },
  ],
  envelope: {
    fromHz: 200,
    toHz: 900,
    bearing: { balls: 9, ballDiameter: 8, pitchDiameter: 40, contactAngleDeg: 0 },
  },
};

/** A sine of 100 Hz and 3 in size, as counts of a thousandth. */
const counts = Array.from({ length: rateHz }, (_unused, row) =>
  Math.round(3_000 * Math.sin((2 * Math.PI * 100 * row) / rateHz)),
);

test("numbers of every type that a device gives have the same features", () => {
  const formats = {
    int16: Int16Array,
    int32: Int32Array,
    float32: Float32Array,
    float64: Float64Array,
  } as const;
  for (const [sampleType, made] of Object.entries(formats)) {
    const bytes = new Uint8Array(made.from(counts).buffer);
    const record = {
      sampleType: sampleType as keyof typeof formats,
      ...{ count: rateHz, scale: 0.001, rateHz, overload: false },
    };
    const { values, missing } = featuresOf(record, bytes, spec, 1_500);
    assert.deepEqual(missing, []);
    const of = (name: string): number => values.find((each) => each.name === name)?.value ?? NaN;
    assert.ok(Math.abs(of("rms") - 3 / Math.SQRT2) < 1e-3, `${sampleType}: ${of("rms")}`);
    assert.ok(Math.abs(of("crest") - Math.SQRT2) < 1e-3);
    assert.ok(Math.abs(of("low") - 3 / Math.SQRT2) < 0.05, String(of("low")));
    assert.ok(values.every(({ status }) => status === 0));
  }
});

test("without a speed there are no lines, and an overload makes every number uncertain", () => {
  const bytes = new Uint8Array(Int16Array.from(counts).buffer);
  const record = { sampleType: "int16", count: rateHz, scale: 1, rateHz, overload: true } as const;
  const { values, missing } = featuresOf(record, bytes, spec, NaN);
  assert.deepEqual(
    values.map(({ name, value, status }) => [name, Number.isNaN(value), status >>> 30]),
    [
      ["rms", false, 1],
      ["crest", false, 1],
      ["low", false, 1],
      ["outer", true, 2],
    ],
  );
  assert.deepEqual(missing, ["outer: no speed was measured with the capture"]);
});
