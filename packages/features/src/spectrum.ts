import { Fft } from "./fft.ts";

/** Power of a window over frequency: bin k lies at k × rate / size. */
export class Spectrum {
  readonly #fft: Fft;
  readonly #hann: Float64Array;
  readonly #real: Float64Array;
  readonly #imaginary: Float64Array;
  readonly #power: Float64Array;
  readonly #scale: number;

  constructor(size: number) {
    this.#fft = new Fft(size);
    this.#hann = Float64Array.from(
      { length: size },
      (_unused, index) => 0.5 - 0.5 * Math.cos((2 * Math.PI * index) / size),
    );
    this.#real = new Float64Array(size);
    this.#imaginary = new Float64Array(size);
    this.#power = new Float64Array(size / 2 + 1);
    const weight = this.#hann.reduce((sum, value) => sum + value * value, 0);
    // One-sided: the other half of the spectrum mirrors this one. Σ power is then the mean square (Parseval).
    this.#scale = 2 / (size * weight);
  }

  /** The window to fill before `measure`. */
  get values(): Float64Array {
    return this.#real;
  }

  /** Takes the mean out of `values`, weighs them (Hann) and gives the power of each bin; holds until the next call. */
  measure(): Float64Array {
    const real = this.#real;
    let mean = 0;
    for (const value of real) mean += value;
    mean /= real.length;
    for (let index = 0; index < real.length; index++) {
      real[index] = ((real[index] ?? 0) - mean) * (this.#hann[index] ?? 0);
    }
    this.#imaginary.fill(0);
    this.#fft.forward(real, this.#imaginary);
    for (let bin = 0; bin < this.#power.length; bin++) {
      this.#power[bin] = this.#scale * ((real[bin] ?? 0) ** 2 + (this.#imaginary[bin] ?? 0) ** 2);
    }
    return this.#power;
  }
}

/** RMS of what lies from `fromHz` to below `toHz`. */
export function bandRms(power: Float64Array, rateHz: number, fromHz: number, toHz: number): number {
  const size = 2 * (power.length - 1);
  const from = Math.max(1, Math.ceil((fromHz * size) / rateHz));
  const to = Math.min(power.length - 1, Math.ceil((toHz * size) / rateHz));
  let sum = 0;
  for (let bin = from; bin < to; bin++) sum += power[bin] ?? 0;
  return Math.sqrt(sum);
}
