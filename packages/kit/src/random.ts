/** Randomness with a seed: the same seed gives the same numbers, so that a played fault can be played again. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** A whole number in [0, below). */
  int(below: number): number;
  /** Normal with mean 0 and standard deviation 1. */
  normal(): number;
  /** A new independent source, so that one part's use of chance does not shift another's. */
  fork(label: string): Random;
}

/** sfc32 (Chris Doty-Humphrey, PractRand), seeded through a string hash: fast, small, passes PractRand. */
export function seededRandom(seed: number | string): Random {
  const text = String(seed);
  let a = hash(text, 0x9e3779b9);
  let b = hash(text, 0x243f6a88);
  let c = hash(text, 0xb7e15162);
  let counter = 1;
  const next32 = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  };
  // The generator needs a few rounds before its words have mixed (the author uses 12).
  for (let round = 0; round < 12; round++) next32();

  return {
    next: () => next32() / 2 ** 32,
    int: (below) => Math.floor((next32() / 2 ** 32) * below),
    // Box-Muller; 1 - u keeps the logarithm away from 0.
    normal: () =>
      Math.sqrt(-2 * Math.log(1 - next32() / 2 ** 32)) *
      Math.cos((2 * Math.PI * next32()) / 2 ** 32),
    fork: (label) => seededRandom(`${text}/${label}`),
  };
}

/** FNV-1a over the UTF-16 units, started at `basis`. */
function hash(text: string, basis: number): number {
  let value = basis | 0;
  for (let index = 0; index < text.length; index++) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  }
  return value;
}
