/** Fast Fourier transform of a fixed size, a power of two (Cooley and Tukey 1965, radix 2, in place). */
export class Fft {
  readonly size: number;
  readonly #cos: Float64Array;
  readonly #sin: Float64Array;

  constructor(size: number) {
    if (size < 2 || !Number.isInteger(Math.log2(size))) {
      throw new RangeError(`an FFT needs a power of two, not ${size}`);
    }
    this.size = size;
    this.#cos = Float64Array.from({ length: size / 2 }, (_u, k) =>
      Math.cos((2 * Math.PI * k) / size),
    );
    this.#sin = Float64Array.from({ length: size / 2 }, (_u, k) =>
      Math.sin((2 * Math.PI * k) / size),
    );
  }

  /** Replaces the numbers by their spectrum: Σ x·e^(−2πi·kn/N), not scaled. */
  forward(real: Float64Array, imaginary: Float64Array): void {
    this.#transform(real, imaginary, -1);
  }

  /** Back from the spectrum, not scaled: divide by `size`. */
  inverse(real: Float64Array, imaginary: Float64Array): void {
    this.#transform(real, imaginary, 1);
  }

  #transform(real: Float64Array, imaginary: Float64Array, sign: 1 | -1): void {
    const size = this.size;
    reorder(real, imaginary, size);
    for (let half = 1; half < size; half *= 2) {
      const stride = size / (2 * half);
      for (let start = 0; start < size; start += 2 * half) {
        for (let k = 0; k < half; k++) {
          const cos = this.#cos[k * stride] ?? 0;
          const sin = sign * (this.#sin[k * stride] ?? 0);
          const even = start + k;
          const odd = even + half;
          const re = real[odd] ?? 0;
          const im = imaginary[odd] ?? 0;
          const turnedRe = re * cos - im * sin;
          const turnedIm = re * sin + im * cos;
          const evenRe = real[even] ?? 0;
          const evenIm = imaginary[even] ?? 0;
          real[even] = evenRe + turnedRe;
          imaginary[even] = evenIm + turnedIm;
          real[odd] = evenRe - turnedRe;
          imaginary[odd] = evenIm - turnedIm;
        }
      }
    }
  }
}

/** Bit-reversed order. */
function reorder(real: Float64Array, imaginary: Float64Array, size: number): void {
  let reversed = 0;
  for (let index = 1; index < size; index++) {
    let bit = size >> 1;
    while ((reversed & bit) !== 0) {
      reversed ^= bit;
      bit >>= 1;
    }
    reversed |= bit;
    if (index < reversed) {
      swap(real, index, reversed);
      swap(imaginary, index, reversed);
    }
  }
}

function swap(values: Float64Array, a: number, b: number): void {
  const kept = values[a] ?? 0;
  values[a] = values[b] ?? 0;
  values[b] = kept;
}
