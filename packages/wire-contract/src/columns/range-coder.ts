import { type ByteReader, type ByteWriter, Malformed } from "../bytes.ts";

/**
 * An adaptive binary range coder (G. N. N. Martin, "Range encoding", 1979; the carry of LZMA's). Each decision has a model
 * that learns how likely it is while it is coded, so that a hundred numbers cost what they hold, without the tables that
 * a Huffman code would have to bring along.
 */

/** One of many decisions: how likely a 0 is, in 2^16, and how often it was asked. */
export interface Bits {
  readonly chance: Uint16Array;
  readonly asked: Uint8Array;
}

export function makeBits(count: number): Bits {
  return { chance: new Uint16Array(count).fill(0x8000), asked: new Uint8Array(count) };
}

/** As they were made: nothing was asked yet. */
export function forget({ chance, asked }: Bits): void {
  chance.fill(0x8000);
  asked.fill(0);
}

/** How fast a model learns, by how often it was asked: quickly at first. */
const learns: readonly number[] = [1, 2, 2, 3, 3, 3, 4, 4, 4, 4, 4, 4, 5];
const askedMax = learns.length - 1;

function learn({ chance, asked }: Bits, at: number, bit: number): void {
  const known = asked[at] ?? 0;
  const shift = learns[known] ?? 5;
  const before = chance[at] ?? 0;
  chance[at] = bit === 0 ? before + ((0x1_0000 - before) >> shift) : before - (before >> shift);
  if (known < askedMax) asked[at] = known + 1;
}

const byteRange = 2 ** 24;
const word = 2 ** 32;

export class RangeWriter {
  readonly #out: ByteWriter;
  #low = 0;
  #range = word - 1;
  /** The byte that a carry may still raise, and how many of 0xff follow it; -1 before the first. */
  #held = -1;
  #heldFull = 0;

  constructor(out: ByteWriter) {
    this.#out = out;
  }

  bit(bits: Bits, at: number, bit: number): void {
    const bound = (this.#range >>> 16) * (bits.chance[at] ?? 0);
    if (bit === 0) {
      this.#range = bound;
    } else {
      this.#low += bound;
      this.#range -= bound;
    }
    learn(bits, at, bit);
    this.#normalise();
  }

  /** A decision that is as likely as not. */
  evenBit(bit: number): void {
    this.#range >>>= 1;
    if (bit !== 0) this.#low += this.#range;
    this.#normalise();
  }

  /** Writes what is needed to tell the last decision; zeros at the end are left out. */
  end(): void {
    // The number with the most zeros at its end among those that lie in the range.
    for (let bits = 31; bits > 0; bits--) {
      const step = 2 ** bits;
      const rounded = Math.ceil(this.#low / step) * step;
      if (rounded >= this.#low + this.#range) continue;
      this.#low = rounded;
      break;
    }
    const from = this.#out.length;
    for (let byte = 0; byte < 5; byte++) this.#shift();
    while (this.#out.length > from && this.#out.bytes[this.#out.length - 1] === 0) {
      this.#out.length--;
    }
  }

  #normalise(): void {
    while (this.#range < byteRange) {
      this.#range = (this.#range << 8) >>> 0;
      this.#shift();
    }
  }

  #shift(): void {
    const top = Math.floor(this.#low / byteRange);
    if (top === 0xff) {
      this.#heldFull++;
    } else {
      const carry = top >>> 8;
      if (this.#held >= 0) this.#out.byte((this.#held + carry) & 0xff);
      for (; this.#heldFull > 0; this.#heldFull--) this.#out.byte((0xff + carry) & 0xff);
      this.#held = top & 0xff;
    }
    this.#low = (this.#low % byteRange) * 256;
  }
}

/** Reads to the end of `input`, and zeros beyond it; never more than its caller asks for. */
export class RangeReader {
  readonly #input: ByteReader;
  #code = 0;
  #range = word - 1;

  constructor(input: ByteReader) {
    this.#input = input;
    for (let byte = 0; byte < 4; byte++) this.#code = this.#code * 256 + this.#byte();
  }

  bit(bits: Bits, at: number): number {
    const bound = (this.#range >>> 16) * (bits.chance[at] ?? 0);
    const bit = this.#code < bound ? 0 : 1;
    if (bit === 0) {
      this.#range = bound;
    } else {
      this.#code -= bound;
      this.#range -= bound;
    }
    learn(bits, at, bit);
    this.#normalise();
    return bit;
  }

  evenBit(): number {
    this.#range >>>= 1;
    const bit = this.#code < this.#range ? 0 : 1;
    if (bit !== 0) this.#code -= this.#range;
    this.#normalise();
    return bit;
  }

  /** Bytes that no decision needed would be bytes that nobody checks. */
  end(): void {
    if (this.#input.left > 0) throw new Malformed("bytes follow its last row");
  }

  #normalise(): void {
    while (this.#range < byteRange) {
      this.#range = (this.#range << 8) >>> 0;
      this.#code = this.#code * 256 + this.#byte();
    }
  }

  #byte(): number {
    return this.#input.left > 0 ? this.#input.byte() : 0;
  }
}
