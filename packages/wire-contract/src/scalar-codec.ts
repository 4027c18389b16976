/**
 * Values that a double cannot hold. Text is UTF-8; text with a lone surrogate has no UTF-8 and is kept exactly as its
 * UTF-16 units, because what a device sent is not ours to mend.
 */
import assert from "node:assert/strict";
import { type ByteReader, type ByteWriter, Malformed } from "./bytes.ts";
import type { Scalar } from "./scalar.ts";

const kinds = {
  /** zigzag varint of the difference to the bigint before in the same section, modulo 2^64 */
  integer: 0,
  text: 1,
  textUtf16: 2,
  bytes: 3,
  false: 4,
  true: 5,
  double: 6,
  /** as `integer`, of a value in 2^63 .. 2^64 - 1 */
  unsigned: 7,
} as const;

const topBit = 1n << 63n;

/** Writes scalars one after the other; a 64-bit integer as its difference to the one before. */
export class ScalarWriter {
  readonly #out: ByteWriter;
  #previous = 0n;

  constructor(out: ByteWriter) {
    this.#out = out;
  }

  write(value: Scalar): void {
    const out = this.#out;
    if (typeof value === "bigint") {
      assert(value >= -topBit && value < 2n * topBit, `${value.toString()} has more than 64 bits`);
      out.byte(value >= topBit ? kinds.unsigned : kinds.integer);
      const difference = BigInt.asIntN(64, value - this.#previous);
      out.varintBig(BigInt.asUintN(64, (difference << 1n) ^ (difference >> 63n)));
      this.#previous = value;
    } else if (typeof value === "string") {
      if (value.isWellFormed()) {
        out.byte(kinds.text);
        out.string(value);
      } else {
        out.byte(kinds.textUtf16);
        out.block(Buffer.from(value, "utf16le"));
      }
    } else if (typeof value === "boolean") {
      out.byte(value ? kinds.true : kinds.false);
    } else if (typeof value === "number") {
      out.byte(kinds.double);
      out.float64(value);
    } else {
      out.byte(kinds.bytes);
      out.block(value);
    }
  }
}

export class ScalarReader {
  readonly #input: ByteReader;
  #previous = 0n;

  constructor(input: ByteReader) {
    this.#input = input;
  }

  read(): Scalar {
    const input = this.#input;
    const kind = input.byte();
    switch (kind) {
      case kinds.integer:
        return (this.#previous = BigInt.asIntN(64, this.#previous + this.#difference()));
      case kinds.unsigned:
        return (this.#previous = BigInt.asUintN(64, this.#previous + this.#difference()));
      case kinds.text:
        return input.string();
      case kinds.textUtf16: {
        const units = input.block();
        if (units.length % 2 !== 0) throw new Malformed("a UTF-16 text has half a unit");
        return Buffer.from(units).toString("utf16le");
      }
      case kinds.bytes:
        return input.block().slice();
      case kinds.true:
        return true;
      case kinds.false:
        return false;
      case kinds.double:
        return input.float64();
      default:
        throw new Malformed(`a value of kind ${kind} is not known`);
    }
  }

  #difference(): bigint {
    const code = this.#input.varintBig();
    return (code >> 1n) ^ -(code & 1n);
  }
}
