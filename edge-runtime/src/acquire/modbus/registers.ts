/**
 * Bytes to values and back. Pure: no network, no settings. A register is two bytes, high byte first on the wire (Modbus
 * application protocol 1.1b3, 4.2); how several registers make one value no standard says, hence the orders.
 */
import type { Scalar, ValueType } from "@millwright/wire-contract";

import type { ByteOrder } from "./settings.ts";

/** How a number lies in its bits. */
export type Encoding = "plain" | "bcd" | "sign-magnitude";

/** Types that a register can hold as a number of its own. */
export type NumberType = Exclude<ValueType, "bool" | "string" | "bytes" | "time">;

/** Registers that one value takes; text and bytes say themselves how long they are. */
export function registersOf(type: NumberType): 1 | 2 | 4 {
  switch (type) {
    case "int8":
    case "uint8":
    case "int16":
    case "uint16":
    case "enum":
      return 1;
    case "int32":
    case "uint32":
    case "float32":
      return 2;
    case "int64":
    case "uint64":
    case "float64":
      return 4;
  }
}

/**
 * Where byte `index` of the value (0 = most significant) lies among the bytes on the wire.
 * ABCD: as it is. CDAB: last register first. BADC: bytes of each register swapped. DCBA: both.
 */
export function wireIndex(order: ByteOrder, byteCount: number, index: number): number {
  switch (order) {
    case "ABCD":
      return index;
    case "CDAB":
      return byteCount - 2 - (index & ~1) + (index & 1);
    case "BADC":
      return index ^ 1;
    case "DCBA":
      return byteCount - 1 - index;
  }
}

const scratch = new DataView(new ArrayBuffer(8));

/** The bits of 1, 2 or 4 registers as an unsigned whole number, most significant first. Exact below 2^53. */
export function bitsAt(bytes: Uint8Array, offset: number, count: 1 | 2, order: ByteOrder): number {
  let bits = 0;
  for (let index = 0; index < count * 2; index++) {
    bits = bits * 256 + (bytes[offset + wireIndex(order, count * 2, index)] ?? 0);
  }
  return bits;
}

function load(bytes: Uint8Array, offset: number, byteCount: number, order: ByteOrder): DataView {
  for (let index = 0; index < byteCount; index++) {
    scratch.setUint8(index, bytes[offset + wireIndex(order, byteCount, index)] ?? 0);
  }
  return scratch;
}

/**
 * The number at `offset`, plainly encoded.
 *
 * @returns bigint for 64-bit integers, number otherwise
 */
export function decodeNumber(
  bytes: Uint8Array,
  offset: number,
  type: NumberType,
  order: ByteOrder,
): number | bigint {
  const view = load(bytes, offset, registersOf(type) * 2, order);
  switch (type) {
    // An 8-bit value is the low byte of its register; a device that packs two in one needs a word and bits.
    case "int8":
      return view.getInt8(1);
    case "uint8":
      return view.getUint8(1);
    case "int16":
      return view.getInt16(0);
    case "uint16":
    case "enum":
      return view.getUint16(0);
    case "int32":
      return view.getInt32(0);
    case "uint32":
      return view.getUint32(0);
    case "float32":
      return view.getFloat32(0);
    case "float64":
      return view.getFloat64(0);
    case "int64":
      return view.getBigInt64(0);
    case "uint64":
      return view.getBigUint64(0);
  }
}

/** The value's bits as an unsigned bigint, for sentinels and bits: any type, any order. */
export function rawBits(
  bytes: Uint8Array,
  offset: number,
  registerCount: 1 | 2 | 4,
  order: ByteOrder,
): bigint {
  if (registerCount < 4) return BigInt(bitsAt(bytes, offset, registerCount as 1 | 2, order));
  return load(bytes, offset, 8, order).getBigUint64(0);
}

/** Why a value could not become bytes, in words. */
export class Unencodable extends Error {}

/** The bytes of a number, plainly encoded. Throws `Unencodable` when the type cannot hold it. */
export function encodeNumber(value: Scalar, type: NumberType, order: ByteOrder): Uint8Array {
  const byteCount = registersOf(type) * 2;
  const view = new DataView(new ArrayBuffer(8));
  switch (type) {
    case "float32":
      view.setFloat32(0, toNumber(value));
      break;
    case "float64":
      view.setFloat64(0, toNumber(value));
      break;
    case "int64":
      view.setBigInt64(0, toInteger(value, -(2n ** 63n), 2n ** 63n - 1n));
      break;
    case "uint64":
      view.setBigUint64(0, toInteger(value, 0n, 2n ** 64n - 1n));
      break;
    case "int8":
      // Sign-extended, so that a device that looks at the whole register sees the same number.
      view.setInt16(0, Number(toInteger(value, -128n, 127n)));
      break;
    case "uint8":
      view.setUint16(0, Number(toInteger(value, 0n, 255n)));
      break;
    case "int16":
      view.setInt16(0, Number(toInteger(value, -32_768n, 32_767n)));
      break;
    case "uint16":
    case "enum":
      view.setUint16(0, Number(toInteger(value, 0n, 65_535n)));
      break;
    case "int32":
      view.setInt32(0, Number(toInteger(value, -(2n ** 31n), 2n ** 31n - 1n)));
      break;
    case "uint32":
      view.setUint32(0, Number(toInteger(value, 0n, 2n ** 32n - 1n)));
      break;
  }
  return store(view, byteCount, order);
}

function store(view: DataView, byteCount: number, order: ByteOrder): Uint8Array {
  const bytes = new Uint8Array(byteCount);
  for (let index = 0; index < byteCount; index++) {
    bytes[wireIndex(order, byteCount, index)] = view.getUint8(index);
  }
  return bytes;
}

function toNumber(value: Scalar): number {
  if (typeof value === "number") return value;
  if (typeof value === "bigint") return Number(value);
  throw new Unencodable("a number is needed");
}

function toInteger(value: Scalar, low: bigint, high: bigint): bigint {
  if (typeof value === "number" && !Number.isInteger(value)) {
    throw new Unencodable(`a whole number is needed, ${value} is none`);
  }
  if (typeof value !== "number" && typeof value !== "bigint") {
    throw new Unencodable("a whole number is needed");
  }
  const whole = BigInt(value);
  if (whole < low || whole > high) throw new Unencodable(`${whole} is not from ${low} to ${high}`);
  return whole;
}

/** Binary coded decimal, one digit in four bits; `undefined` when a digit is above 9. */
export function fromBcd(bits: bigint): bigint | undefined {
  let value = 0n;
  let scale = 1n;
  for (let rest = bits; rest > 0n; rest >>= 4n) {
    const digit = rest & 15n;
    if (digit > 9n) return undefined;
    value += digit * scale;
    scale *= 10n;
  }
  return value;
}

/** Throws `Unencodable` when the digits do not fit. */
export function toBcd(value: Scalar, registerCount: number): bigint {
  const whole = toInteger(value, 0n, 10n ** BigInt(registerCount * 4) - 1n);
  let bits = 0n;
  let shift = 0n;
  for (let rest = whole; rest > 0n; rest /= 10n) {
    bits |= (rest % 10n) << shift;
    shift += 4n;
  }
  return bits;
}

/** The top bit is the sign and the rest the amount; minus nought is nought. */
export function fromSignMagnitude(bits: bigint, registerCount: number): bigint {
  const sign = 1n << BigInt(registerCount * 16 - 1);
  return (bits & sign) === 0n ? bits : -(bits & (sign - 1n));
}

export function toSignMagnitude(value: Scalar, registerCount: number): bigint {
  const sign = 1n << BigInt(registerCount * 16 - 1);
  const whole = toInteger(value, 1n - sign, sign - 1n);
  return whole < 0n ? sign | -whole : whole;
}

/** The bytes of raw bits in the given order. */
export function bitsToBytes(bits: bigint, registerCount: 1 | 2 | 4, order: ByteOrder): Uint8Array {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, bits << BigInt(64 - registerCount * 16));
  return store(view, registerCount * 2, order);
}

/** The bytes of a text or byte string, with the two bytes of each register exchanged when `swapped`. */
export function decodeBytes(
  bytes: Uint8Array,
  offset: number,
  byteCount: number,
  swapped: boolean,
): Uint8Array {
  // Not `slice`: a Buffer's slice is a view, and what lies in the receive buffer must stay as it came.
  const copy = Uint8Array.from(bytes.subarray(offset, offset + byteCount));
  if (!swapped) return copy;
  for (let index = 0; index + 1 < copy.length; index += 2) {
    const high = copy[index] ?? 0;
    copy[index] = copy[index + 1] ?? 0;
    copy[index + 1] = high;
  }
  return copy;
}

const utf8 = new TextDecoder("utf-8", { fatal: true });
const latin1 = new TextDecoder("latin1");

/** Text up to its first zero, without the blanks that pad it; UTF-8 where the bytes are that, else Latin-1. */
export function decodeText(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  const text = end < 0 ? bytes : bytes.subarray(0, end);
  try {
    return utf8.decode(text).trimEnd();
  } catch {
    return latin1.decode(text).trimEnd();
  }
}

/** UTF-8, filled with zeros. Throws `Unencodable` when it does not fit. */
export function encodeText(value: Scalar, byteCount: number, swapped: boolean): Uint8Array {
  const text =
    typeof value === "string"
      ? new TextEncoder().encode(value)
      : value instanceof Uint8Array
        ? value
        : undefined;
  if (text === undefined) throw new Unencodable("a text is needed");
  if (text.length > byteCount) {
    throw new Unencodable(`${text.length} bytes do not fit into ${byteCount}`);
  }
  const filled = new Uint8Array(byteCount);
  filled.set(text);
  return decodeBytes(filled, 0, byteCount, swapped);
}
