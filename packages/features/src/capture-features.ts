import * as z from "zod";
import { bearingLines, type BearingGeometry, type BearingLines } from "./bearing-lines.ts";
import { Fft } from "./fft.ts";
import { Moments } from "./moments.ts";
import { bandRms, Spectrum } from "./spectrum.ts";

/** One capture of a fast signal. */
export interface Waveform {
  /** Counts × `scale` is the value in the unit of the signal. */
  readonly samples: Int16Array | Float32Array | Float64Array;
  readonly scale: number;
  readonly rateHz: number;
  /** As measured while it was taken; absent where nothing measures it. */
  readonly speedRpm?: number | undefined;
}

/** One number of a capture, which becomes a tag. */
export type CaptureFeature =
  | { readonly name: string; readonly kind: "rms" | "peak" | "crest" | "kurtosis" }
  /** Velocity, mm/s RMS from 10 to 1,000 Hz (ISO 20816), of an acceleration in g. */
  | { readonly name: string; readonly kind: "velocity-rms" }
  /** RMS between two frequencies. */
  | {
      readonly name: string;
      readonly kind: "band";
      readonly fromHz: number;
      readonly toHz: number;
    }
  /** Size of the envelope at a frequency of the bearing. */
  | { readonly name: string; readonly kind: "line"; readonly line: keyof BearingLines };

export interface CaptureSpec {
  readonly features: readonly CaptureFeature[];
  /** Needed for lines. */
  readonly envelope?: CaptureEnvelope | undefined;
}

/** Where the housing rings, Hz, and the bearing. */
export interface CaptureEnvelope {
  readonly fromHz: number;
  readonly toHz: number;
  readonly bearing: BearingGeometry;
}

/** By name; what could not be computed stands in `missing` with the reason, and never as a number. */
export interface CaptureValues {
  readonly values: Readonly<Record<string, number>>;
  readonly missing: Readonly<Record<string, string>>;
}

const name = z.string().min(1).max(120);
const hz = z.number().min(0).max(1_000_000);
const positive = z.number().positive();

export const captureFeature: z.ZodType<CaptureFeature> = z.discriminatedUnion("kind", [
  z.strictObject({ name, kind: z.enum(["rms", "peak", "crest", "kurtosis"]) }),
  z.strictObject({ name, kind: z.literal("velocity-rms") }),
  z.strictObject({ name, kind: z.literal("band"), fromHz: hz, toHz: hz }),
  z.strictObject({
    name,
    kind: z.literal("line"),
    line: z.enum(["bpfo", "bpfi", "bsf", "ftf"]),
  }),
]);

export const captureEnvelope: z.ZodType<CaptureEnvelope> = z
  .strictObject({
    fromHz: hz,
    toHz: hz,
    bearing: z.strictObject({
      balls: z.int().min(3).max(200),
      ballDiameter: positive,
      pitchDiameter: positive,
      contactAngleDeg: z.number().min(0).max(90),
    }),
  })
  .refine(({ fromHz, toHz }) => fromHz < toHz, { error: "needs fromHz below toHz" });

export const captureSpec: z.ZodType<CaptureSpec> = z
  .strictObject({
    features: z.array(captureFeature).min(1).max(64),
    envelope: captureEnvelope.optional(),
  })
  .refine(
    ({ features, envelope }) =>
      envelope !== undefined || features.every((one) => one.kind !== "line"),
    { error: "a line needs `envelope`: the band where the housing rings, and the bearing" },
  );

// Below this a shaft gives no lines that could be told from its own movement (min⁻¹).
const speedMin = 30;
// Balls slip, speeds are read coarsely: the line is looked for so far on either side.
const lineTolerance = 0.02;
const gravity = 9.806_65;

/** Computes every feature of one capture. */
export function captureFeatures(capture: Waveform, spec: CaptureSpec): CaptureValues {
  const values: Record<string, number> = {};
  const missing: Record<string, string> = {};
  const signal = Float64Array.from(capture.samples, (count) => count * capture.scale);
  if (signal.length < 16 || !signal.every(Number.isFinite)) {
    const why =
      signal.length < 16
        ? "the capture is shorter than 16 samples"
        : "the capture holds values that are no numbers";
    for (const feature of spec.features) missing[feature.name] = why;
    return { values, missing };
  }
  const moments = momentsOf(signal);
  const power = paddedPower(signal);
  const lines = lineSizes(capture, signal, spec);
  for (const feature of spec.features) {
    const value = measure(feature, capture.rateHz, moments, power, lines);
    if (typeof value === "number") values[feature.name] = value;
    else missing[feature.name] = value;
  }
  return { values, missing };
}

function measure(
  feature: CaptureFeature,
  rateHz: number,
  moments: Moments,
  power: Float64Array,
  lines: BearingLines | string,
): number | string {
  const { count, mean, second, low, high } = moments;
  // Alternating part: a sensor's resting voltage is no vibration.
  const rms = Math.sqrt(second / count);
  const peak = Math.max(high - mean, mean - low);
  switch (feature.kind) {
    case "rms":
      return rms;
    case "peak":
      return peak;
    case "crest":
      return rms === 0 ? 1 : peak / rms;
    case "kurtosis":
      return second === 0 ? 3 : (count * moments.fourth) / (second * second);
    case "velocity-rms":
      return rateHz < 2_000 ? "velocity needs a rate of 2 kHz or more" : velocityRms(power, rateHz);
    case "band":
      return feature.toHz > rateHz / 2
        ? `the band ends above half the rate of the capture (${rateHz / 2} Hz)`
        : bandRms(power, rateHz, feature.fromHz, feature.toHz);
    case "line":
      return typeof lines === "string" ? lines : lines[feature.line];
  }
}

function momentsOf(signal: Float64Array): Moments {
  const all = new Moments();
  const one = new Moments();
  for (const value of signal) {
    one.setOne(value);
    all.join(all, one);
  }
  return all;
}

/** Power spectrum of the signal's first power-of-two part: padding with zeros would smear the Hann window's edge. */
function paddedPower(signal: Float64Array): Float64Array {
  const spectrum = new Spectrum(2 ** Math.floor(Math.log2(signal.length)));
  spectrum.values.set(signal.subarray(0, spectrum.values.length));
  return spectrum.measure();
}

/** A sine of acceleration a at f is a velocity of a / (2πf). */
function velocityRms(power: Float64Array, rateHz: number): number {
  const size = 2 * (power.length - 1);
  let sum = 0;
  for (let bin = 1; bin < power.length; bin++) {
    const hz = (bin * rateHz) / size;
    if (hz >= 10 && hz <= 1_000) sum += (power[bin] ?? 0) / (2 * Math.PI * hz) ** 2;
  }
  return 1_000 * gravity * Math.sqrt(sum);
}

/** Sizes of the bearing's lines in the envelope, or why there are none. */
function lineSizes(
  capture: Waveform,
  signal: Float64Array,
  spec: CaptureSpec,
): BearingLines | string {
  if (spec.envelope === undefined) return "lines need the bearing's geometry";
  // No speed, no line features (field practice 56).
  if (capture.speedRpm === undefined) return "no speed was measured with the capture";
  if (!(capture.speedRpm >= speedMin)) return `the shaft turned slower than ${speedMin} /min`;
  if (spec.envelope.toHz > capture.rateHz / 2) {
    return `the envelope's band ends above half the rate of the capture (${capture.rateHz / 2} Hz)`;
  }
  const power = paddedPower(envelopeOf(signal, capture.rateHz, spec.envelope));
  const lines = bearingLines(spec.envelope.bearing, capture.speedRpm);
  const size = (hz: number): number => {
    const bins = 2 * (power.length - 1);
    const from = Math.max(1, Math.floor((hz * (1 - lineTolerance) * bins) / capture.rateHz));
    const to = Math.min(
      power.length - 1,
      Math.ceil((hz * (1 + lineTolerance) * bins) / capture.rateHz),
    );
    let sum = 0;
    for (let bin = from; bin <= to; bin++) sum += power[bin] ?? 0;
    return Math.sqrt(sum);
  };
  return {
    bpfo: size(lines.bpfo),
    bpfi: size(lines.bpfi),
    bsf: size(lines.bsf),
    ftf: size(lines.ftf),
  };
}

/** Size of the analytic signal of a band: both the band and the other half of the spectrum are cut out (Hilbert). */
function envelopeOf(
  signal: Float64Array,
  rateHz: number,
  band: { readonly fromHz: number; readonly toHz: number },
): Float64Array {
  const size = 2 ** Math.ceil(Math.log2(signal.length));
  const fft = new Fft(size);
  const real = new Float64Array(size);
  const imaginary = new Float64Array(size);
  real.set(signal);
  fft.forward(real, imaginary);
  for (let bin = 0; bin < size; bin++) {
    const hz = (bin * rateHz) / size;
    const gain = bin <= size / 2 && hz >= band.fromHz && hz < band.toHz ? 2 / size : 0;
    real[bin] = (real[bin] ?? 0) * gain;
    imaginary[bin] = (imaginary[bin] ?? 0) * gain;
  }
  fft.inverse(real, imaginary);
  return Float64Array.from({ length: signal.length }, (_unused, index) =>
    Math.hypot(real[index] ?? 0, imaginary[index] ?? 0),
  );
}
