/**
 * CRC-32C (Castagnoli; RFC 3720, appendix B.4): polynomial 0x1EDC6F41, reflected, begun and ended with all ones. The
 * check value of "123456789" is 0xE3069283. Node's own `crc32` is the other polynomial.
 */

const polynomial = 0x82f63b78;
/** Polynomials are reflected: the highest bit is x to the power of 0. */
const one = 0x8000_0000 | 0;
const tables = makeTables();
const squares = makeSquares();

/** @param seed what `crc32c` answered for the bytes before these; 0 when there are none */
export function crc32c(bytes: Uint8Array, seed = 0): number {
  let crc = ~seed;
  let at = 0;
  // Eight bytes in each turn ("slicing by eight"): the tables say what each byte does to the rest.
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
  return ~crc >>> 0;
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
  const made = new Int32Array(8 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
    made[byte] = crc;
  }
  for (let byte = 0; byte < 256; byte++) {
    for (let slice = 1; slice < 8; slice++) {
      const before = made[((slice - 1) << 8) | byte] ?? 0;
      made[(slice << 8) | byte] = (before >>> 8) ^ (made[before & 0xff] ?? 0);
    }
  }
  return made;
}
