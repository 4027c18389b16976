/**
 * CRC-32C (Castagnoli; RFC 3720, appendix B.4): polynomial 0x1EDC6F41, reflected, begun and ended with all ones. The
 * check value of "123456789" is 0xE3069283. Node's own `crc32` is the other polynomial.
 */

const polynomial = 0x82f63b78;
/** Polynomials are reflected: the highest bit is x to the power of 0. */
const one = 0x8000_0000 | 0;
/** What each of so many bytes does to the bytes after them. */
const slices = 16;
const tables = makeTables();
const squares = makeSquares();

/** @param seed what `crc32c` answered for the bytes before these; 0 when there are none */
export function crc32c(bytes: Uint8Array, seed = 0): number {
  const crc = bytes.length < wordsFromBytes ? byEights(bytes, ~seed, 0) : byWords(bytes, ~seed);
  return ~crc >>> 0;
}

/** From about so many on, a view of whole words costs less than it saves. */
const wordsFromBytes = 256;

/**
 * Sixteen bytes in each turn ("slicing": the tables say what each byte does to the rest), read as four words: half of the
 * time of `byEights`. The machine is little-endian, as in all of a frame (`columns/planes.ts`).
 */
function byWords(bytes: Uint8Array, seed: number): number {
  // Words lie at multiples of four.
  const lead = -bytes.byteOffset & 3;
  let crc = byEights(bytes.subarray(0, lead), seed, 0);
  const words = new Int32Array(bytes.buffer, bytes.byteOffset + lead, (bytes.length - lead) >> 2);
  const wordCount = words.length & ~3;
  for (let at = 0; at < wordCount; at += 4) {
    const a = crc ^ (words[at] ?? 0);
    const b = words[at + 1] ?? 0;
    const c = words[at + 2] ?? 0;
    const d = words[at + 3] ?? 0;
    crc =
      table(15, a & 0xff) ^
      table(14, (a >>> 8) & 0xff) ^
      table(13, (a >>> 16) & 0xff) ^
      table(12, a >>> 24) ^
      table(11, b & 0xff) ^
      table(10, (b >>> 8) & 0xff) ^
      table(9, (b >>> 16) & 0xff) ^
      table(8, b >>> 24) ^
      table(7, c & 0xff) ^
      table(6, (c >>> 8) & 0xff) ^
      table(5, (c >>> 16) & 0xff) ^
      table(4, c >>> 24) ^
      table(3, d & 0xff) ^
      table(2, (d >>> 8) & 0xff) ^
      table(1, (d >>> 16) & 0xff) ^
      table(0, d >>> 24);
  }
  return byEights(bytes, crc, lead + 4 * wordCount);
}

/** Eight bytes in each turn, one by one from where they are: for heads, and for what words leave at both ends. */
function byEights(bytes: Uint8Array, seed: number, from: number): number {
  let crc = seed;
  let at = from;
  for (const end = bytes.length - 7; at < end; at += 8) {
    const low = crc ^ word(bytes, at);
    const high = word(bytes, at + 4);
    crc =
      table(7, low & 0xff) ^
      table(6, (low >>> 8) & 0xff) ^
      table(5, (low >>> 16) & 0xff) ^
      table(4, low >>> 24) ^
      table(3, high & 0xff) ^
      table(2, (high >>> 8) & 0xff) ^
      table(1, (high >>> 16) & 0xff) ^
      table(0, high >>> 24);
  }
  for (; at < bytes.length; at++) crc = (crc >>> 8) ^ table(0, (crc ^ at8(bytes, at)) & 0xff);
  return crc;
}

/**
 * The CRC of bytes that follow each other, from the CRC of each part: 2 µs however long they are. The first is multiplied
 * by x to the power of the bits that follow, modulo the polynomial, by squares of x (M. Adler, `crc32_combine` of zlib).
 *
 * @param secondBytes length of the second part
 */
export function joinCrc32c(first: number, second: number, secondBytes: number): number {
  let shift = one;
  for (let left = secondBytes, power = 3; left > 0; left = Math.floor(left / 2), power++) {
    if (left % 2 === 1) shift = timesModulo(squares[power % squares.length] ?? 0, shift);
  }
  return (timesModulo(shift, first) ^ second) >>> 0;
}

/** x to the power of 1, 2, 4, 8 and so on. */
function makeSquares(): Int32Array {
  const made = new Int32Array(32);
  made[0] = 0x4000_0000;
  for (let at = 1; at < made.length; at++) {
    const before = made[at - 1] ?? 0;
    made[at] = timesModulo(before, before);
  }
  return made;
}

function timesModulo(a: number, b: number): number {
  let product = 0;
  let factor = b;
  for (let bit = one; bit !== 0; bit >>>= 1) {
    if ((a & bit) !== 0) product ^= factor;
    factor = (factor & 1) === 1 ? (factor >>> 1) ^ polynomial : factor >>> 1;
  }
  return product;
}

function table(slice: number, byte: number): number {
  return tables[(slice << 8) | byte] ?? 0;
}

function at8(bytes: Uint8Array, at: number): number {
  return bytes[at] ?? 0;
}

function word(bytes: Uint8Array, at: number): number {
  return (
    at8(bytes, at) |
    (at8(bytes, at + 1) << 8) |
    (at8(bytes, at + 2) << 16) |
    (at8(bytes, at + 3) << 24)
  );
}

function makeTables(): Int32Array {
  const made = new Int32Array(slices * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
    made[byte] = crc;
  }
  for (let byte = 0; byte < 256; byte++) {
    for (let slice = 1; slice < slices; slice++) {
      const before = made[((slice - 1) << 8) | byte] ?? 0;
      made[(slice << 8) | byte] = (before >>> 8) ^ (made[before & 0xff] ?? 0);
    }
  }
  return made;
}
