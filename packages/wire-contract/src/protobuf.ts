import { type ByteReader, type ByteWriter, Malformed } from "./bytes.ts";

/**
 * The wire types of Protocol Buffers that `frame.proto` uses, written by hand: a generic encoder takes three times as
 * long. A field that holds its default is not written, as proto3 has it.
 */
const wireTypes = { varint: 0, fixed64: 1, block: 2, fixed32: 5 } as const;

export function uintField(out: ByteWriter, field: number, value: number): void {
  if (value === 0) return;
  out.varint(field * 8 + wireTypes.varint);
  out.varint(value);
}

export function sintField(out: ByteWriter, field: number, value: number): void {
  if (value === 0) return;
  out.varint(field * 8 + wireTypes.varint);
  out.zigzag(value);
}

export function boolField(out: ByteWriter, field: number, value: boolean): void {
  uintField(out, field, value ? 1 : 0);
}

export function fixed64Field(out: ByteWriter, field: number, value: bigint): void {
  if (value === 0n) return;
  out.varint(field * 8 + wireTypes.fixed64);
  out.fixed64(value);
}

/** Unlike the others it is always written: a CRC of 0 is as good as any. */
export function fixed32Field(out: ByteWriter, field: number, value: number): void {
  out.varint(field * 8 + wireTypes.fixed32);
  out.fixed32(value);
}

/** Negative zero is not the default. */
export function doubleField(out: ByteWriter, field: number, value: number): void {
  if (Object.is(value, 0)) return;
  optionalDoubleField(out, field, value);
}

/** For `optional double`: present whatever it holds. */
export function optionalDoubleField(out: ByteWriter, field: number, value: number): void {
  out.varint(field * 8 + wireTypes.fixed64);
  out.float64(value);
}

export function stringField(out: ByteWriter, field: number, value: string): void {
  if (value === "") return;
  out.varint(field * 8 + wireTypes.block);
  out.string(value);
}

export function blockField(out: ByteWriter, field: number, value: Uint8Array): void {
  blockHead(out, field, value.length);
  out.raw(value);
}

/** Key and length of a block whose bytes follow. Written when empty too: an element of a list may be empty. */
export function blockHead(out: ByteWriter, field: number, size: number): void {
  out.varint(field * 8 + wireTypes.block);
  out.varint(size);
}

/** What a field is read with. A field that arrives with another wire type is malformed. */
export interface FieldValue {
  uint(): number;
  sint(): number;
  bool(): boolean;
  fixed32(): number;
  fixed64(): bigint;
  double(): number;
  string(): string;
  block(): Uint8Array;
}

/** Reads all fields of a message, in their order; those that `take` does not read are passed over. */
export function readFields(
  input: ByteReader,
  take: (field: number, value: FieldValue, from: number) => void,
): void {
  const value = new Field(input);
  while (input.left > 0) {
    const from = input.at;
    const key = input.varint();
    const field = Math.floor(key / 8);
    if (field === 0) throw new Malformed("field number 0 does not exist");
    value.begin(key % 8);
    take(field, value, from);
    value.end();
  }
}

class Field implements FieldValue {
  readonly #input: ByteReader;
  #wireType = 0;
  #taken = false;

  constructor(input: ByteReader) {
    this.#input = input;
  }

  begin(wireType: number): void {
    this.#wireType = wireType;
    this.#taken = false;
  }

  /** Passes over the value when nobody took it. */
  end(): void {
    if (!this.#taken) this.#skip();
  }

  uint(): number {
    this.#expect(wireTypes.varint);
    return this.#input.varint();
  }

  sint(): number {
    this.#expect(wireTypes.varint);
    return this.#input.zigzag();
  }

  bool(): boolean {
    return this.uint() !== 0;
  }

  fixed32(): number {
    this.#expect(wireTypes.fixed32);
    return this.#input.fixed32();
  }

  fixed64(): bigint {
    this.#expect(wireTypes.fixed64);
    return this.#input.fixed64();
  }

  double(): number {
    this.#expect(wireTypes.fixed64);
    return this.#input.float64();
  }

  string(): string {
    this.#expect(wireTypes.block);
    return this.#input.string();
  }

  block(): Uint8Array {
    this.#expect(wireTypes.block);
    return this.#input.block();
  }

  #skip(): void {
    switch (this.#wireType) {
      case wireTypes.varint:
        this.#input.varintBig();
        return;
      case wireTypes.fixed64:
        this.#input.take(8);
        return;
      case wireTypes.block:
        this.#input.block();
        return;
      case wireTypes.fixed32:
        this.#input.take(4);
        return;
      default:
        throw new Malformed(`wire type ${this.#wireType} does not exist`);
    }
  }

  #expect(wireType: number): void {
    if (this.#wireType !== wireType) {
      throw new Malformed(`a field has wire type ${this.#wireType} where ${wireType} belongs`);
    }
    this.#taken = true;
  }
}
