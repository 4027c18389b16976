/** The numbers of a capture, as its record says that they are written. Pure. */
import type { CaptureRecord } from "@millwright/wire-contract";

type Form = Pick<CaptureRecord, "sampleType" | "channels" | "scale">;

/** One channel, scaled. Bytes that do not make a whole row are left out. */
export function waveformOf(bytes: ArrayBuffer, form: Form, channel = 0): Float64Array {
  const { sampleType, channels, scale } = form;
  if (sampleType === "none" || channels < 1) return new Float64Array(0);
  const size = { int16: 2, int32: 4, float32: 4, float64: 8 }[sampleType];
  const view = new DataView(bytes);
  const rows = Math.floor(bytes.byteLength / (size * channels));
  return Float64Array.from({ length: rows }, (_unused, row) => {
    const at = (row * channels + channel) * size;
    if (sampleType === "int16") return scale * view.getInt16(at, true);
    if (sampleType === "int32") return scale * view.getInt32(at, true);
    return (
      scale * (sampleType === "float32" ? view.getFloat32(at, true) : view.getFloat64(at, true))
    );
  });
}

/** Lowest and highest of each of so many columns: what a screen can show of 25,600 numbers. */
export function envelopeOf(
  values: Float64Array,
  columns: number,
): readonly (readonly [number, number])[] {
  return Array.from({ length: Math.min(columns, values.length) }, (_unused, column) => {
    const width = values.length / Math.min(columns, values.length);
    let low = Infinity;
    let high = -Infinity;
    const end = Math.max(Math.floor(column * width) + 1, Math.floor((column + 1) * width));
    for (let at = Math.floor(column * width); at < end; at++) {
      const value = values[at] ?? NaN;
      if (value < low) low = value;
      if (value > high) high = value;
    }
    return [low, high] as const;
  });
}
