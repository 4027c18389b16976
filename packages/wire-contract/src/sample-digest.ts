import { createHash } from "node:crypto";

import type { SampleColumns } from "./frame.ts";
import type { Scalar } from "./scalar.ts";

/** Samples of one tag, in any order. */
type Rows = Pick<SampleColumns, "count" | "measuredUs" | "value" | "status" | "wide">;

/**
 * One hash for the samples of a tag and a range, the same wherever it is made: SHA-256 over the samples that differ from
 * one another, in order of their bytes as `writeRow` makes them within each time. So it does not matter by which lane, in
 * which frame or how often a sample came, and both sides of a repair can be compared without sending them again.
 *
 * A range may be handed in in pieces, one after the other in time, wherever they are cut.
 */
export class SampleDigest {
  readonly #hash = createHash("sha256");
  #samples = 0;
  #fromUs = 0;

  /** Samples that differ from one another. */
  get samples(): number {
    return this.#samples;
  }

  /** Time of the first one, µs; 0 when there is none. */
  get fromUs(): number {
    return this.#fromUs;
  }

  /** Rows of a piece of time that lies behind all handed in before. Rows without a time are left out. */
  add(rows: Rows): void {
    const order = inOrder(rows);
    const writer = new RowWriter(rows);
    for (let at = 0; at < order.length;) {
      const us = timeOf(rows, order[at] ?? 0);
      let end = at + 1;
      while (end < order.length && timeOf(rows, order[end] ?? 0) === us) end++;
      if (this.#samples === 0) this.#fromUs = us;
      if (end === at + 1) {
        writer.write(order[at] ?? 0);
        this.#samples++;
      } else {
        this.#samples += writer.writeDistinct(order.subarray(at, end));
      }
      if (writer.full) this.#hash.update(writer.take());
      at = end;
    }
    this.#hash.update(writer.take());
  }

  /** 64 hexadecimal digits. Ends the digest. */
  finish(): string {
    return this.#hash.digest("hex");
  }
}

const scalarKinds = { none: 0, integer: 1, text: 2, bytes: 3 } as const;
/** Handed to the hash in pieces of about this size: a call for each row would take ten times as long. */
const pieceBytes = 64 * 2 ** 10;
/** Time, value, status, kind of scalar. */
const rowBytes = 21;

/**
 * A row: time in µs, rounded, and value as doubles, status as 32 bits, all little endian; one byte for the kind of a value
 * that no double holds, and then its length in bytes as 32 bits, and its bytes: a 64-bit integer as decimal digits, text as
 * UTF-16 little endian. A bool is the double 0 or 1, as some stores have it.
 */
class RowWriter {
  readonly #rows: Rows;
  #bytes = Buffer.alloc(pieceBytes * 2);
  #length = 0;

  constructor(rows: Rows) {
    this.#rows = rows;
  }

  get full(): boolean {
    return this.#length >= pieceBytes;
  }

  write(row: number): void {
    const { value, status, wide } = this.#rows;
    const scalar = wide?.get(row);
    const isNumber = typeof scalar === "boolean" || typeof scalar === "number";
    const tail = scalar === undefined || isNumber ? undefined : bytesOf(scalar);
    this.#need(rowBytes + (tail === undefined ? 0 : 4 + tail.bytes.length));
    const number = isNumber ? Number(scalar) : (value[row] ?? NaN);
    let at = this.#bytes.writeDoubleLE(timeOf(this.#rows, row), this.#length);
    // There are many bit patterns that are not a number, and only one meaning.
    at = this.#bytes.writeDoubleLE(Number.isNaN(number) ? NaN : number, at);
    at = this.#bytes.writeUInt32LE(status[row] ?? 0, at);
    at = this.#bytes.writeUInt8(tail?.kind ?? scalarKinds.none, at);
    if (tail !== undefined) {
      at = this.#bytes.writeUInt32LE(tail.bytes.length, at);
      at += tail.bytes.copy(this.#bytes, at);
    }
    this.#length = at;
  }

  /** Rows of one time. @returns how many differ from one another */
  writeDistinct(rows: Uint32Array): number {
    const before = this.#length;
    const written = Array.from(rows, (row) => {
      const from = this.#length;
      this.write(row);
      return Buffer.from(this.#bytes.subarray(from, this.#length));
    }).toSorted((a, b) => Buffer.compare(a, b));
    this.#length = before;
    let count = 0;
    let last: Buffer | undefined;
    for (const bytes of written) {
      if (last?.equals(bytes) === true) continue;
      last = bytes;
      count++;
      this.#need(bytes.length);
      this.#length += bytes.copy(this.#bytes, this.#length);
    }
    return count;
  }

  /** What was written since the last time; a view that the next `write` changes. */
  take(): Uint8Array {
    const taken = this.#bytes.subarray(0, this.#length);
    this.#length = 0;
    return taken;
  }

  #need(bytes: number): void {
    if (this.#length + bytes <= this.#bytes.length) return;
    const longer = Buffer.alloc(Math.max(this.#bytes.length * 2, this.#length + bytes));
    this.#bytes.copy(longer, 0, 0, this.#length);
    this.#bytes = longer;
  }
}

function timeOf({ measuredUs }: Rows, row: number): number {
  return Math.round(measuredUs[row] ?? NaN);
}

/** Numbers of the rows that have a time, by time. */
function inOrder(rows: Rows): Uint32Array {
  const order = new Uint32Array(rows.count);
  let taken = 0;
  let rising = true;
  let last = -Infinity;
  for (let row = 0; row < rows.count; row++) {
    const us = timeOf(rows, row);
    if (!Number.isFinite(us)) continue;
    if (us < last) rising = false;
    last = us;
    order[taken++] = row;
  }
  const some = order.subarray(0, taken);
  return rising ? some : some.sort((a, b) => timeOf(rows, a) - timeOf(rows, b));
}

function bytesOf(scalar: Exclude<Scalar, boolean | number>): {
  readonly kind: number;
  readonly bytes: Buffer;
} {
  if (typeof scalar === "bigint") {
    return { kind: scalarKinds.integer, bytes: Buffer.from(scalar.toString(), "ascii") };
  }
  if (typeof scalar === "string") {
    return { kind: scalarKinds.text, bytes: Buffer.from(scalar, "utf16le") };
  }
  return { kind: scalarKinds.bytes, bytes: Buffer.from(scalar) };
}
