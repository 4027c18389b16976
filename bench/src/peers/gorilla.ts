/**
 * Gorilla (Pelkonen et al., VLDB 2015, 4.1): delta of delta times and XOR values as a stream of bits, a chunk of one
 * series each. As in the paper, but times in ms need a first value of 64 bits, and the status is a bit "as before" or
 * 1 and 32 bits, because the paper has no status. The encoder alone is here, because its size is what is compared; its
 * test reads the stream back.
 */
export class BitWriter {
  bytes: Uint8Array;
  #bit = 0;

  constructor(capacity: number) {
    this.bytes = new Uint8Array(capacity);
  }

  clear(): void {
    this.bytes.fill(0, 0, this.size);
    this.#bit = 0;
  }

  get size(): number {
    return (this.#bit + 7) >>> 3;
  }

  /** The lowest `count` bits of `value`, most significant first; at most 32. */
  write(value: number, count: number): void {
    let left = count;
    while (left > 0) {
      const free = 8 - (this.#bit & 7);
      const taken = Math.min(free, left);
      const part = (value >>> (left - taken)) & ((1 << taken) - 1);
      const at = this.#bit >>> 3;
      this.bytes[at] = (this.bytes[at] ?? 0) | (part << (free - taken));
      this.#bit += taken;
      left -= taken;
    }
  }
}

const words = new Uint32Array(2);
const double = new Float64Array(words.buffer);

/** Appends one chunk. Times in ms. */
export function writeGorilla(
  out: BitWriter,
  timesMs: Float64Array,
  values: Float64Array,
  status: Uint32Array,
  from: number,
  count: number,
): void {
  writeTimes(out, timesMs, from, count);
  writeValues(out, values, from, count);
  let before = 0;
  for (let row = from; row < from + count; row++) {
    const one = status[row] ?? 0;
    out.write(one === before ? 0 : 1, 1);
    if (one !== before) out.write(one, 32);
    before = one;
  }
}

function writeTimes(out: BitWriter, timesMs: Float64Array, from: number, count: number): void {
  let previous = timesMs[from] ?? 0;
  let previousDelta = 0;
  out.write(Math.floor(previous / 2 ** 32), 32);
  out.write((previous % 2 ** 32) >>> 0, 32);
  for (let row = from + 1; row < from + count; row++) {
    const time = timesMs[row] ?? 0;
    const delta = time - previous;
    const second = delta - previousDelta;
    if (second === 0) {
      out.write(0, 1);
    } else if (second >= -63 && second <= 64) {
      out.write(0b10, 2);
      out.write(second + 63, 7);
    } else if (second >= -255 && second <= 256) {
      out.write(0b110, 3);
      out.write(second + 255, 9);
    } else if (second >= -2_047 && second <= 2_048) {
      out.write(0b1110, 4);
      out.write(second + 2_047, 12);
    } else {
      out.write(0b1111, 4);
      out.write(second | 0, 32);
    }
    previous = time;
    previousDelta = delta;
  }
}

function writeValues(out: BitWriter, values: Float64Array, from: number, count: number): void {
  double[0] = values[from] ?? 0;
  let previousLow = words[0] ?? 0;
  let previousHigh = words[1] ?? 0;
  out.write(previousHigh, 32);
  out.write(previousLow, 32);
  let leading = 99;
  let meaningful = 0;
  for (let row = from + 1; row < from + count; row++) {
    double[0] = values[row] ?? 0;
    const low = ((words[0] ?? 0) ^ previousLow) >>> 0;
    const high = ((words[1] ?? 0) ^ previousHigh) >>> 0;
    previousLow = words[0] ?? 0;
    previousHigh = words[1] ?? 0;
    if (low === 0 && high === 0) {
      out.write(0, 1);
      continue;
    }
    // The number of leading zeros has 5 bits.
    const zeros = Math.min(31, high === 0 ? 32 + Math.clz32(low) : Math.clz32(high));
    const trailing = low === 0 ? 32 + trailingZeros(high) : trailingZeros(low);
    if (leading <= zeros && 64 - leading - meaningful <= trailing) {
      out.write(0b10, 2);
    } else {
      leading = zeros;
      meaningful = 64 - zeros - trailing;
      out.write(0b11, 2);
      out.write(leading, 5);
      out.write(meaningful & 63, 6);
    }
    writeMiddle(out, high, low, 64 - leading - meaningful, meaningful);
  }
}

/** `count` bits of a 64-bit word, `below` bits above its end. */
function writeMiddle(
  out: BitWriter,
  high: number,
  low: number,
  below: number,
  count: number,
): void {
  if (below >= 32) {
    out.write(high >>> (below - 32), count);
    return;
  }
  const shifted = below === 0 ? low : ((low >>> below) | (high << (32 - below))) >>> 0;
  if (count <= 32) {
    out.write(shifted, count);
    return;
  }
  out.write(high >>> below, count - 32);
  out.write(shifted, 32);
}

function trailingZeros(word: number): number {
  return 31 - Math.clz32(word & -word);
}
