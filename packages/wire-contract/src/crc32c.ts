/**
 * CRC-32C (Castagnoli; RFC 3720, appendix B.4): polynomial 0x1EDC6F41, reflected, begun and ended with all ones. The
 * check value of "123456789" is 0xE3069283. Node's own `crc32` is the other polynomial.
 */

const tables = makeTables();

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
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
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
