import { type ByteReader, type ByteWriter, Malformed, putVarint, toZigzag } from "../bytes.ts";

/**
 * Runs of whole numbers as zigzag varints, written and read in bulk. These loops carry nearly all of the codec's time,
 * so the one-byte case, which is nearly all of the numbers, stays free of calls.
 */

/** Bytes that the zigzag varint of a whole number takes. */
export function sizeOf(value: number): number {
  const magnitude = value < 0 ? -value - 0.5 : value;
  if (magnitude < 64) return 1;
  if (magnitude < 8_192) return 2;
  if (magnitude < 1_048_576) return 3;
  if (magnitude < 134_217_728) return 4;
  if (magnitude < 2 ** 34) return 5;
  if (magnitude < 2 ** 41) return 6;
  return magnitude < 2 ** 48 ? 7 : 8;
}

/** Writes the differences between neighbours, less `step`: `count - 1` numbers. */
export function writeDifferences(
  out: ByteWriter,
  numbers: Float64Array,
  count: number,
  step: number,
): void {
  out.reserve(count * 8);
  const bytes = out.bytes;
  let at = out.length;
  let previous = numbers[0] ?? 0;
  for (let index = 1; index < count; index++) {
    const number = numbers[index] ?? 0;
    const difference = number - previous - step;
    previous = number;
    if (difference >= -64 && difference < 64) {
      bytes[at++] = (difference << 1) ^ (difference >> 31);
    } else {
      at = putVarint(bytes, at, toZigzag(difference));
    }
  }
  out.length = at;
}

/**
 * Reads `count - 1` differences and adds them up.
 *
 * @param numbers receives `count` numbers from `from` on, the first of them `first`
 */
export function readDifferences(
  input: ByteReader,
  numbers: Float64Array,
  from: number,
  count: number,
  first: number,
  step: number,
): void {
  const bytes = input.bytes;
  let at = input.at;
  let sum = first;
  numbers[from] = sum;
  for (let index = from + 1; index < from + count; index++) {
    const byte = bytes[at++] ?? 0;
    if (byte < 0x80) {
      sum += ((byte >>> 1) ^ -(byte & 1)) + step;
    } else {
      input.at = at - 1;
      sum += input.zigzag() + step;
      at = input.at;
    }
    numbers[index] = sum;
  }
  if (at > bytes.length) throw new Malformed("it ends too early");
  input.at = at;
}

/** Writes each number less `first + index × step`; the first is not written, because it is 0. */
export function writeGrid(
  out: ByteWriter,
  numbers: Float64Array,
  count: number,
  step: number,
): void {
  out.reserve(count * 8);
  const bytes = out.bytes;
  let at = out.length;
  let expected = numbers[0] ?? 0;
  for (let index = 1; index < count; index++) {
    expected += step;
    const residual = (numbers[index] ?? 0) - expected;
    if (residual >= -64 && residual < 64) {
      bytes[at++] = (residual << 1) ^ (residual >> 31);
    } else {
      at = putVarint(bytes, at, toZigzag(residual));
    }
  }
  out.length = at;
}

export function readGrid(
  input: ByteReader,
  numbers: Float64Array,
  from: number,
  count: number,
  first: number,
  step: number,
): void {
  const bytes = input.bytes;
  let at = input.at;
  let expected = first;
  numbers[from] = first;
  for (let index = from + 1; index < from + count; index++) {
    expected += step;
    const byte = bytes[at++] ?? 0;
    if (byte < 0x80) {
      numbers[index] = expected + ((byte >>> 1) ^ -(byte & 1));
    } else {
      input.at = at - 1;
      numbers[index] = expected + input.zigzag();
      at = input.at;
    }
  }
  if (at > bytes.length) throw new Malformed("it ends too early");
  input.at = at;
}
