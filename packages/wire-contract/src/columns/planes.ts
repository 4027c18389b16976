import { Malformed } from "../bytes.ts";
import type { ByteReader, ByteWriter } from "../bytes.ts";

/**
 * Floating point numbers as they are: each is combined by XOR with the one before (Gorilla, VLDB 2015, 4.1.2), and the
 * bytes are laid in planes, all most significant bytes first. What neighbours share becomes runs of zero in the upper
 * planes, which zstd takes away.
 */
const scratch = { bytes: new Uint8Array(0) };

/** @param size 8 for doubles, 4 for numbers that a single holds exactly */
export function writePlanes(
  out: ByteWriter,
  numbers: Float64Array,
  from: number,
  count: number,
  size: 4 | 8,
): void {
  const bytes = bytesOf(numbers, from, count, size);
  out.reserve(count * size);
  const target = out.bytes;
  let at = out.length;
  // The machine is little-endian (asserted below), so the most significant byte is the last.
  for (let plane = size - 1; plane >= 0; plane--) {
    let previous = 0;
    for (let index = 0, source = plane; index < count; index++, source += size) {
      const byte = bytes[source] ?? 0;
      target[at++] = byte ^ previous;
      previous = byte;
    }
  }
  out.length = at;
}

export function readPlanes(
  input: ByteReader,
  numbers: Float64Array,
  from: number,
  count: number,
  size: 4 | 8,
): void {
  const source = input.take(count * size);
  const bytes = input.bytes;
  const target = new Uint8Array(count * size);
  let at = source;
  for (let plane = size - 1; plane >= 0; plane--) {
    let previous = 0;
    for (let index = 0, place = plane; index < count; index++, place += size) {
      previous ^= bytes[at++] ?? 0;
      target[place] = previous;
    }
  }
  const read = size === 8 ? new Float64Array(target.buffer) : new Float32Array(target.buffer);
  if (from + read.length > numbers.length) throw new Malformed("it has more rows than it says");
  numbers.set(read, from);
}

function bytesOf(numbers: Float64Array, from: number, count: number, size: 4 | 8): Uint8Array {
  if (size === 8) return new Uint8Array(numbers.buffer, numbers.byteOffset + from * 8, count * 8);
  if (scratch.bytes.length < count * 4) scratch.bytes = new Uint8Array(count * 4);
  const singles = new Float32Array(scratch.bytes.buffer, 0, count);
  for (let index = 0; index < count; index++) singles[index] = numbers[from + index] ?? 0;
  return scratch.bytes;
}

if (new Uint8Array(Float64Array.of(1).buffer)[7] !== 0x3f) {
  throw new Error("frames are written on little-endian machines only");
}
