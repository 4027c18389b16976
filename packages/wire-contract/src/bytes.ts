/**
 * Growing output and bounded input for everything that is encoded by hand. Numbers are Protocol Buffers varints; a
 * number passes 32 bits without becoming a bigint, because times and counters do on every sample.
 */

/** Bytes that do not hold what their format promises. Never leaves this package: the front door answers `Refused`. */
export class Malformed extends Error {
  override readonly name = "Malformed";
}

/** Greatest magnitude whose zigzag code is still exact in a double (2 × 2^52 - 1 < 2^53). */
export const zigzagMax: number = 2 ** 52;

const text = new TextEncoder();

export class ByteWriter {
  bytes: Uint8Array;
  length = 0;
  #view: DataView;

  /** @param capacity first size; doubles when it is passed */
  constructor(capacity = 256) {
    this.bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.bytes.buffer);
  }

  clear(): void {
    this.length = 0;
  }

  /** Makes room for `more` bytes, so that a loop may write to `bytes` itself. */
  reserve(more: number): void {
    const needed = this.length + more;
    if (needed <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.bytes.length * 2));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
    this.#view = new DataView(grown.buffer);
  }

  byte(value: number): void {
    this.reserve(1);
    this.bytes[this.length++] = value;
  }

  /** A whole number in 0 .. 2^53. */
  varint(value: number): void {
    if (this.length + 8 > this.bytes.length) this.reserve(8);
    if (value < 0x80) this.bytes[this.length++] = value;
    else this.length = putVarint(this.bytes, this.length, value);
  }

  /** A whole number in -2^53 .. 2^53. */
  zigzag(value: number): void {
    if (value <= zigzagMax && value >= -zigzagMax) {
      this.varint(toZigzag(value));
      return;
    }
    const big = BigInt(value);
    this.varintBig(big >= 0n ? big * 2n : -big * 2n - 1n);
  }

  /** A bigint in 0 .. 2^64 - 1. */
  varintBig(value: bigint): void {
    let rest = value;
    while (rest >= 0x80n) {
      this.byte(Number(rest & 0x7fn) | 0x80);
      rest >>= 7n;
    }
    this.byte(Number(rest));
  }

  fixed32(value: number): void {
    this.reserve(4);
    this.#view.setUint32(this.length, value, true);
    this.length += 4;
  }

  fixed64(value: bigint): void {
    this.reserve(8);
    this.#view.setBigUint64(this.length, value, true);
    this.length += 8;
  }

  float32(value: number): void {
    this.reserve(4);
    this.#view.setFloat32(this.length, value, true);
    this.length += 4;
  }

  float64(value: number): void {
    this.reserve(8);
    this.#view.setFloat64(this.length, value, true);
    this.length += 8;
  }

  raw(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** Writes once more what stands from `from` up to `end`. */
  repeat(from: number, end: number): void {
    if (end === from) return;
    this.reserve(end - from);
    this.bytes.copyWithin(this.length, from, end);
    this.length += end - from;
  }

  /** UTF-8 behind its length. A lone surrogate becomes U+FFFD; who must keep it writes UTF-16. */
  string(value: string): void {
    this.block(text.encode(value));
  }

  block(bytes: Uint8Array): void {
    this.varint(bytes.length);
    this.raw(bytes);
  }

  /** What was written, still in the writer's own memory. */
  view(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }

  copy(): Uint8Array {
    return this.bytes.slice(0, this.length);
  }
}

/** Writes a varint at `at`, which must have room for 8 bytes; returns where it ended. */
export function putVarint(bytes: Uint8Array, at: number, value: number): number {
  let rest = value;
  let end = at;
  while (rest >= 0x8000_0000) {
    bytes[end++] = (rest % 128) | 0x80;
    rest = Math.floor(rest / 128);
  }
  while (rest >= 0x80) {
    bytes[end++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  bytes[end++] = rest;
  return end;
}

/** 0, -1, 1, -2 … to 0, 1, 2, 3 …, as `sint64` of Protocol Buffers. */
export function toZigzag(value: number): number {
  return value >= 0 ? value * 2 : -value * 2 - 1;
}

export function fromZigzag(code: number): number {
  if (code < 2 ** 31) return (code >>> 1) ^ -(code & 1);
  return code % 2 === 0 ? code / 2 : -(code + 1) / 2;
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Reads what a writer wrote; throws `Malformed` rather than reading past the end. */
export class ByteReader {
  readonly bytes: Uint8Array;
  at = 0;
  /** Made when it is wanted: most readers read one field of a frame, and nothing of fixed length. */
  #view: DataView | undefined;

  constructor(bytes: Uint8Array) {
    // Never a Buffer: its `slice` copies nothing.
    this.bytes =
      bytes.constructor === Uint8Array
        ? bytes
        : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get left(): number {
    return this.bytes.length - this.at;
  }

  /** Moves on by `size` bytes and returns where they began. */
  take(size: number): number {
    const from = this.at;
    if (size > this.bytes.length - from) throw new Malformed("it ends too early");
    this.at = from + size;
    return from;
  }

  byte(): number {
    const value = this.bytes[this.at];
    if (value === undefined) throw new Malformed("it ends too early");
    this.at++;
    return value;
  }

  varint(): number {
    const value = this.#upToLong();
    if (value > Number.MAX_SAFE_INTEGER) throw new Malformed("a number is above 2^53");
    return value;
  }

  /** Above 2^53 only near the number that is written. */
  #upToLong(): number {
    // Nearly all numbers have one or two bytes.
    const first = this.bytes[this.at] ?? 0x80;
    if (first < 0x80) {
      this.at++;
      return first;
    }
    const second = this.bytes[this.at + 1] ?? 0x80;
    if (second < 0x80) {
      this.at += 2;
      return (first & 0x7f) | (second << 7);
    }
    return this.#longVarint();
  }

  #longVarint(): number {
    let value = 0;
    let weight = 1;
    for (;;) {
      const part = this.byte();
      value += (part & 0x7f) * weight;
      if (part < 0x80) break;
      weight *= 128;
      // The tenth byte would begin at 2^63.
      if (weight > 2 ** 57) throw new Malformed("a number is longer than 64 bits");
    }
    return value;
  }

  zigzag(): number {
    const from = this.at;
    const code = this.#upToLong();
    if (code <= Number.MAX_SAFE_INTEGER) return fromZigzag(code);
    // The code of a number above 2^52 is no exact double any more.
    this.at = from;
    const big = this.varintBig();
    const value = Number(big % 2n === 0n ? big / 2n : -(big + 1n) / 2n);
    if (Math.abs(value) > 2 ** 53) throw new Malformed("a number is above 2^53");
    return value;
  }

  varintBig(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const part = this.byte();
      value |= BigInt(part & 0x7f) << shift;
      if (part < 0x80) return BigInt.asUintN(64, value);
    }
    throw new Malformed("a number is longer than 64 bits");
  }

  fixed32(): number {
    return this.#fixed.getUint32(this.take(4), true);
  }

  fixed64(): bigint {
    return this.#fixed.getBigUint64(this.take(8), true);
  }

  float32(): number {
    return this.#fixed.getFloat32(this.take(4), true);
  }

  float64(): number {
    return this.#fixed.getFloat64(this.take(8), true);
  }

  get #fixed(): DataView {
    const { buffer, byteOffset, byteLength } = this.bytes;
    return (this.#view ??= new DataView(buffer, byteOffset, byteLength));
  }

  /** Bytes behind their length, not copied. */
  block(): Uint8Array {
    const size = this.varint();
    const from = this.take(size);
    return this.bytes.subarray(from, from + size);
  }

  string(): string {
    const bytes = this.block();
    try {
      return utf8.decode(bytes);
    } catch {
      throw new Malformed("a text is not UTF-8");
    }
  }
}
