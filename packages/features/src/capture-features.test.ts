import { seededRandom } from "@millwright/kit";
import assert from "node:assert/strict";
import { test } from "node:test";
import { bearingLines } from "./bearing-lines.ts";
import {
  captureFeatures,
  captureSpec,
  type CaptureSpec,
  type Waveform,
} from "./capture-features.ts";
import { Fft } from "./fft.ts";

// SKF 6309, from its data sheet.
const bearing = { balls: 8, ballDiameter: 17.46, pitchDiameter: 72.5, contactAngleDeg: 0 };
const spec: CaptureSpec = captureSpec.parse({
  features: [
    { name: "rms", kind: "rms" },
    { name: "peak", kind: "peak" },
    { name: "crest", kind: "crest" },
    { name: "kurtosis", kind: "kurtosis" },
    { name: "velocity", kind: "velocity-rms" },
    { name: "low", kind: "band", fromHz: 50, toHz: 150 },
    { name: "high", kind: "band", fromHz: 1_000, toHz: 2_000 },
    { name: "outer", kind: "line", line: "bpfo" },
    { name: "inner", kind: "line", line: "bpfi" },
  ],
  envelope: { fromHz: 2_000, toHz: 5_000, bearing },
});

function capture(at: (s: number) => number, more: Partial<Waveform> = {}): Waveform {
  const rateHz = 25_600;
  const samples = Float64Array.from({ length: rateHz }, (_unused, index) => at(index / rateHz));
  return { samples, scale: 1, rateHz, speedRpm: 2_900, ...more };
}

function near(got: number | undefined, wanted: number, share: number): void {
  assert.ok(
    Math.abs((got ?? NaN) - wanted) <= share * Math.abs(wanted),
    `${got}, wanted ${wanted}`,
  );
}

test("an FFT finds the frequencies that are there, and comes back from them", () => {
  const fft = new Fft(64);
  const real = Float64Array.from({ length: 64 }, (_u, n) => Math.cos((2 * Math.PI * 5 * n) / 64));
  const before = [...real];
  const imaginary = new Float64Array(64);
  fft.forward(real, imaginary);
  real.forEach((value, bin) => {
    near(value + 1, bin === 5 || bin === 59 ? 33 : 1, 1e-9);
  });
  fft.inverse(real, imaginary);
  before.forEach((value, index) => {
    assert.ok(Math.abs((real[index] ?? NaN) / 64 - value) < 1e-12);
  });
  assert.throws(() => new Fft(12), /power of two/);
});

test("a sine of 100 Hz has the RMS, crest, kurtosis, velocity and band that a sine has", () => {
  const { values, missing } = captureFeatures(
    capture((s) => 2 + Math.SQRT2 * Math.sin(2 * Math.PI * 100 * s)),
    spec,
  );
  assert.deepEqual(missing, {});
  near(values["rms"], 1, 1e-3);
  near(values["crest"], Math.SQRT2, 1e-3);
  near(values["kurtosis"], 1.5, 1e-3);
  // 1 g RMS at 100 Hz is 9.80665 m/s² / (2π · 100 Hz) = 15.6 mm/s.
  near(values["velocity"], 15.61, 0.01);
  near(values["low"], 1, 0.01);
  assert.ok((values["high"] ?? 1) < 1e-3);
});

test("blows at the outer ring's frequency stand in the envelope at its line and not at the inner ring's", () => {
  const { bpfo } = bearingLines(bearing, 2_900);
  const random = seededRandom("blows");
  const rings = (s: number): number => {
    const since = s % (1 / bpfo);
    return (
      Math.exp(-since / 0.0008) * Math.sin(2 * Math.PI * 3_200 * since) + 0.05 * random.normal()
    );
  };
  const { values } = captureFeatures(capture(rings), spec);
  assert.ok((values["outer"] ?? 0) > 8 * (values["inner"] ?? Infinity), JSON.stringify(values));
});

test("without a speed there are no lines, and the reason is told; the rest is there", () => {
  const still = (rpm: number | undefined): ReturnType<typeof captureFeatures> =>
    captureFeatures(
      capture((s) => Math.sin(900 * s), { speedRpm: rpm }),
      spec,
    );
  assert.match(still(undefined).missing["outer"] ?? "", /no speed/);
  assert.match(still(5).missing["outer"] ?? "", /slower than/);
  assert.ok((still(undefined).values["rms"] ?? 0) > 0.5);
});

test("a capture with a hole gives no number at all", () => {
  const { values, missing } = captureFeatures(
    capture((s) => (s === 0.5 ? NaN : 1)),
    spec,
  );
  assert.deepEqual(values, {});
  assert.match(missing["rms"] ?? "", /no numbers/);
});

test("a resting signal has crest 1 and the kurtosis of noise, not NaN", () => {
  const { values } = captureFeatures(
    capture(() => 0),
    spec,
  );
  assert.equal(values["crest"], 1);
  assert.equal(values["kurtosis"], 3);
});
