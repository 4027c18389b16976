/**
 * One byte that has changed is found and put back: the sum says which page it was before. Of two contents that differ in
 * one byte the sums differ by what that byte does to a CRC, whatever the rest is, so that each place and each difference is
 * tried without computing a sum (CRC-32 is linear over GF(2)).
 */
import { crc32 } from "node:zlib";

/** What one byte does to the sum when it is the last one; reflected polynomial of ISO 3309, as zlib has it. */
const table = Uint32Array.from({ length: 256 }, (_value, byte) => {
  let sum = byte;
  for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? (sum >>> 1) ^ 0xedb88320 : sum >>> 1;
  return sum >>> 0;
});

/**
 * @param bytes as they were read
 * @param wanted sum of what was written
 * @returns what was written, when it differs by one byte; undefined when no byte explains it, or more than one would
 */
export function mendBytes(bytes: Uint8Array, wanted: number): Uint8Array | undefined {
  const difference = (crc32(bytes) ^ wanted) >>> 0;
  let found: { readonly at: number; readonly flipped: number } | undefined;
  for (let flipped = 1; flipped < 256; flipped++) {
    let effect = table[flipped] ?? 0;
    for (let at = bytes.length - 1; at >= 0; at--) {
      if (effect === difference) {
        if (found !== undefined) return undefined;
        found = { at, flipped };
      }
      effect = ((effect >>> 8) ^ (table[effect & 255] ?? 0)) >>> 0;
    }
  }
  if (found === undefined) return undefined;
  const mended = Uint8Array.from(bytes);
  mended[found.at] = (mended[found.at] ?? 0) ^ found.flipped;
  return mended;
}
