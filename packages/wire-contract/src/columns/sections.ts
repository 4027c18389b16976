import { type ByteReader, type ByteWriter, Malformed } from "../bytes.ts";
import { pack, unpack, unpackedMax } from "../zstd.ts";

/**
 * Columns of one kind lie together in a section, and each section is packed for itself: zstd makes one code for all
 * bytes of a block, and times, values and directory have little in common.
 */
export function writeSection(out: ByteWriter, section: ByteWriter, packs: boolean): void {
  const plain = section.view();
  const packed = packs ? pack(plain) : undefined;
  if (packed === undefined) {
    out.varint(plain.length * 2);
    out.raw(plain);
    return;
  }
  out.varint(packed.length * 2 + 1);
  out.varint(plain.length);
  out.raw(packed);
}

/**
 * Where sections are unpacked: for nearly all frames and chunks it is enough, and memory of its own for each section was
 * a good part of the work of the collector.
 */
const room = new Uint8Array(65_536);

/**
 * Reads sections; all of one body together unpack to no more than `unpackedMax`. They hold until the sections of the next
 * body are read.
 */
export class SectionReader {
  readonly #input: ByteReader;
  #left: number = unpackedMax;
  #roomTaken = 0;

  constructor(input: ByteReader) {
    this.#input = input;
  }

  next(): Uint8Array {
    const head = this.#input.varint();
    const size = Math.floor(head / 2);
    if (head % 2 === 0) return this.#bytes(size);
    const unpackedSize = this.#input.varint();
    if (unpackedSize > this.#left) {
      throw new Malformed(`it unpacks to more than ${unpackedMax} bytes`);
    }
    this.#left -= unpackedSize;
    const free = room.subarray(this.#roomTaken);
    this.#roomTaken += unpackedSize;
    return unpack(this.#bytes(size), unpackedSize, free);
  }

  /** Nothing may follow the last section: bytes that nobody reads would be bytes that nobody checks. */
  end(): void {
    if (this.#input.left > 0) throw new Malformed("bytes follow its last section");
  }

  #bytes(size: number): Uint8Array {
    const from = this.#input.take(size);
    return this.#input.bytes.subarray(from, from + size);
  }
}
