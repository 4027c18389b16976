import { Malformed } from "../bytes.ts";
import { forget, makeBits, type Bits, type RangeReader, type RangeWriter } from "./range-coder.ts";

/** Whole numbers of one kind, by their length in bits: the length and the bit below the first are learned. */
export interface NumberModel {
  /** Nodes of a tree of six decisions: the length, 0 to 53. */
  readonly length: Bits;
  /** By length. */
  readonly second: Bits;
  readonly sign: Bits;
}

/** No number is longer: 2^53 is the last that a double counts to. */
const lengthMax = 54;
const treeBits = 6;

export function makeNumberModel(): NumberModel {
  return {
    length: makeBits(2 ** treeBits),
    second: makeBits(lengthMax + 1),
    sign: makeBits(lengthMax + 1),
  };
}

export function forgetNumbers({ length, second, sign }: NumberModel): void {
  for (const bits of [length, second, sign]) forget(bits);
}

export function writeTree(out: RangeWriter, bits: Bits, size: number, number: number): void {
  let node = 1;
  for (let at = size - 1; at >= 0; at--) {
    const bit = (number >>> at) & 1;
    out.bit(bits, node, bit);
    node = node * 2 + bit;
  }
}

export function readTree(input: RangeReader, bits: Bits, size: number): number {
  let node = 1;
  for (let at = 0; at < size; at++) node = node * 2 + input.bit(bits, node);
  return node - 2 ** size;
}

/** @param number whole, 0 to 2^53 */
export function writeNumber(out: RangeWriter, model: NumberModel, number: number): void {
  const length = lengthOf(number);
  writeTree(out, model.length, treeBits, length);
  writeRest(out, model, number, length);
}

export function readNumber(input: RangeReader, model: NumberModel): number {
  return readRest(input, model, readLength(input, model));
}

/** @param number whole, -2^53 to 2^53 */
export function writeSigned(out: RangeWriter, model: NumberModel, number: number): void {
  const size = Math.abs(number);
  const length = lengthOf(size);
  writeTree(out, model.length, treeBits, length);
  if (length === 0) return;
  out.bit(model.sign, length, number < 0 ? 1 : 0);
  writeRest(out, model, size, length);
}

export function readSigned(input: RangeReader, model: NumberModel): number {
  const length = readLength(input, model);
  if (length === 0) return 0;
  const negative = input.bit(model.sign, length) === 1;
  const size = readRest(input, model, length);
  return negative ? -size : size;
}

function lengthOf(number: number): number {
  if (number < 2 ** 32) return 32 - Math.clz32(number);
  return 32 + lengthOf(Math.floor(number / 2 ** 32));
}

function readLength(input: RangeReader, model: NumberModel): number {
  const length = readTree(input, model.length, treeBits);
  if (length > lengthMax) throw new Malformed("a number is above 2^53");
  return length;
}

function writeRest(out: RangeWriter, model: NumberModel, number: number, length: number): void {
  for (let at = length - 2; at >= 0; at--) {
    const bit = Math.floor(number / 2 ** at) % 2;
    if (at === length - 2) out.bit(model.second, length, bit);
    else out.evenBit(bit);
  }
}

function readRest(input: RangeReader, model: NumberModel, length: number): number {
  let number = length === 0 ? 0 : 1;
  for (let at = length - 2; at >= 0; at--) {
    const bit = at === length - 2 ? input.bit(model.second, length) : input.evenBit();
    number = number * 2 + bit;
  }
  if (number > Number.MAX_SAFE_INTEGER + 1) throw new Malformed("a number is above 2^53");
  return number;
}
