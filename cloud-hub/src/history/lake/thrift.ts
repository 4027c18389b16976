/** Structures in the compact protocol of Apache Thrift (thrift-compact-protocol.md), taken apart one level at a time. */

/** Types as a field or a list names them. */
const typeNumbers = {
  true: 1,
  false: 2,
  byte: 3,
  i16: 4,
  i32: 5,
  i64: 6,
  double: 7,
  binary: 8,
  list: 9,
  set: 10,
  map: 11,
  struct: 12,
  uuid: 13,
} as const;

export type ThriftType = keyof typeof typeNumbers;

const typeNames = new Map<number, ThriftType>(
  (Object.keys(typeNumbers) as ThriftType[]).map((name) => [typeNumbers[name], name]),
);

/** A field of a structure, its value as bytes; those of a boolean are in its type. */
export interface Field {
  readonly id: number;
  readonly type: ThriftType;
  readonly bytes: Uint8Array;
}

/** The fields of the structure that begins at `at`, and where it ends. */
export function readFields(
  bytes: Uint8Array,
  at: number,
): { readonly fields: readonly Field[]; readonly end: number } {
  const fields: Field[] = [];
  let id = 0;
  for (let place = at; ;) {
    const head = byteAt(bytes, place++);
    if (head === 0) return { fields, end: place };
    const type = typeOf(head & 15);
    if (head >> 4 === 0) {
      const named = readVarint(bytes, place);
      id = unZigzag(named.value);
      place = named.end;
    } else id += head >> 4;
    const end = skip(bytes, place, type);
    fields.push({ id, type, bytes: bytes.subarray(place, end) });
    place = end;
  }
}

/** Fields by rising numbers. */
export function writeFields(fields: readonly Field[]): Uint8Array {
  const parts: Uint8Array[] = [];
  let before = 0;
  for (const { id, type, bytes } of fields) {
    const step = id - before;
    before = id;
    if (step >= 1 && step <= 15) parts.push(Uint8Array.of((step << 4) | typeNumbers[type]));
    else parts.push(Uint8Array.of(typeNumbers[type]), writeInteger(id));
    parts.push(bytes);
  }
  parts.push(Uint8Array.of(0));
  return concat(parts);
}

/** The elements of a list, each as its bytes. */
export function readList(bytes: Uint8Array): readonly Uint8Array[] {
  const { type, count, begin } = listHead(bytes, 0);
  const elements: Uint8Array[] = [];
  for (let at = begin; elements.length < count;) {
    const end = skipElement(bytes, at, type);
    elements.push(bytes.subarray(at, end));
    at = end;
  }
  return elements;
}

export function writeList(type: ThriftType, elements: readonly Uint8Array[]): Uint8Array {
  const short = elements.length < 15;
  const head = ((short ? elements.length : 15) << 4) | typeNumbers[type];
  const count = short ? new Uint8Array(0) : writeVarint(elements.length);
  return concat([Uint8Array.of(head), count, ...elements]);
}

export function toInteger(bytes: Uint8Array): number {
  return unZigzag(readVarint(bytes, 0).value);
}

/** Whole numbers that a double holds: places in a file, numbers of rows. */
export function writeInteger(value: number): Uint8Array {
  return writeVarint(value < 0 ? -2 * value - 1 : 2 * value);
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(parts);
}

function skip(bytes: Uint8Array, at: number, type: ThriftType): number {
  return type === "true" || type === "false" ? at : skipElement(bytes, at, type);
}

/** In a list a boolean takes a byte. */
function skipElement(bytes: Uint8Array, at: number, type: ThriftType): number {
  switch (type) {
    case "true":
    case "false":
    case "byte":
      return at + 1;
    case "i16":
    case "i32":
    case "i64":
      return readVarint(bytes, at).end;
    case "double":
      return at + 8;
    case "uuid":
      return at + 16;
    case "binary": {
      const { value, end } = readVarint(bytes, at);
      return end + value;
    }
    case "list":
    case "set": {
      const { type: of, count, begin } = listHead(bytes, at);
      let end = begin;
      for (let element = 0; element < count; element++) end = skipElement(bytes, end, of);
      return end;
    }
    case "map":
      return skipMap(bytes, at);
    case "struct":
      return readFields(bytes, at).end;
  }
}

function skipMap(bytes: Uint8Array, at: number): number {
  const { value: count, end: begin } = readVarint(bytes, at);
  if (count === 0) return begin;
  const types = byteAt(bytes, begin);
  let end = begin + 1;
  for (let entry = 0; entry < count; entry++) {
    end = skipElement(bytes, end, typeOf(types >> 4));
    end = skipElement(bytes, end, typeOf(types & 15));
  }
  return end;
}

function listHead(
  bytes: Uint8Array,
  at: number,
): { readonly type: ThriftType; readonly count: number; readonly begin: number } {
  const head = byteAt(bytes, at);
  const type = typeOf(head & 15);
  if (head >> 4 < 15) return { type, count: head >> 4, begin: at + 1 };
  const { value, end } = readVarint(bytes, at + 1);
  return { type, count: value, begin: end };
}

function typeOf(number: number): ThriftType {
  const type = typeNames.get(number);
  if (type === undefined) throw new Error(`${number} is no type of the compact protocol`);
  return type;
}

/** Not with shifts of bits: they hold 32 of them. What is beyond a double's whole numbers is not asked for its value. */
function readVarint(
  bytes: Uint8Array,
  at: number,
): { readonly value: number; readonly end: number } {
  let value = 0;
  let scale = 1;
  for (let place = at; ;) {
    const byte = byteAt(bytes, place++);
    value += (byte & 127) * scale;
    if (byte < 128) return { value, end: place };
    scale *= 128;
  }
}

function writeVarint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 128) {
    bytes.push((rest % 128) | 128);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return Uint8Array.from(bytes);
}

function unZigzag(value: number): number {
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}

function byteAt(bytes: Uint8Array, at: number): number {
  const byte = bytes[at];
  if (byte === undefined) throw new Error("a structure ends before it is whole");
  return byte;
}
