/** The spectrum of a waveform: which frequencies it is made of, and how much of each. Pure. */

export interface Spectrum {
  /** Amplitude (peak) of each line, from 0 Hz, in the unit of the values. */
  readonly amplitudes: Float64Array;
  /** Distance of two lines, Hz: the resolution. */
  readonly stepHz: number;
}

/** A second at 25.6 kHz has 12,801 lines; more numbers than this are cut at the end. */
const countMax = 2 ** 18;

/**
 * One-sided amplitude spectrum with a Hann window over all rows, its mean removed. Amplitudes are corrected for the
 * window's coherent gain of 1/2, so that a sine between its neighbours reads as its peak (within 1.4 dB, Hann's scallop
 * loss; ISO 18431-2).
 */
export function spectrumOf(values: Float64Array, rateHz: number): Spectrum {
  const count = Math.min(values.length, countMax);
  if (count < 2) return { amplitudes: new Float64Array(0), stepHz: 0 };
  let mean = 0;
  for (let at = 0; at < count; at++) mean += (values[at] ?? 0) / count;
  // Zeros up to a power of two add lines in between and no resolution; the step says where lines stand.
  const size = 2 ** Math.ceil(Math.log2(count));
  const real = new Float64Array(size);
  const imaginary = new Float64Array(size);
  for (let at = 0; at < count; at++) {
    const hann = 0.5 - 0.5 * Math.cos((2 * Math.PI * at) / count);
    real[at] = ((values[at] ?? 0) - mean) * hann;
  }
  transform(real, imaginary);
  const amplitudes = new Float64Array(size / 2 + 1);
  for (let line = 0; line < amplitudes.length; line++) {
    const ends = line === 0 || line === size / 2 ? 1 : 2;
    const power = Math.hypot(real[line] ?? 0, imaginary[line] ?? 0);
    amplitudes[line] = (ends * power) / (count / 2);
  }
  return { amplitudes, stepHz: rateHz / size };
}

/** In place, radix 2 (Cooley and Tukey 1965). The length is a power of two. */
function transform(real: Float64Array, imaginary: Float64Array): void {
  const size = real.length;
  for (let at = 1, other = 0; at < size; at++) {
    let bit = size >> 1;
    for (; (other & bit) !== 0; bit >>= 1) other ^= bit;
    other ^= bit;
    if (at >= other) continue;
    [real[at], real[other]] = [real[other] ?? 0, real[at] ?? 0];
  }
  for (let span = 2; span <= size; span *= 2) {
    const half = span / 2;
    for (let turn = 0; turn < half; turn++) {
      const angle = (-2 * Math.PI * turn) / span;
      const cos = Math.cos(angle);
      const sin = Math.sin(angle);
      for (let at = turn; at < size; at += span) {
        const far = at + half;
        const re = (real[far] ?? 0) * cos - (imaginary[far] ?? 0) * sin;
        const im = (real[far] ?? 0) * sin + (imaginary[far] ?? 0) * cos;
        real[far] = (real[at] ?? 0) - re;
        imaginary[far] = (imaginary[at] ?? 0) - im;
        real[at] = (real[at] ?? 0) + re;
        imaginary[at] = (imaginary[at] ?? 0) + im;
      }
    }
  }
}
