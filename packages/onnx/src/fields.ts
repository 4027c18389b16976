import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { Fault } from "@millwright/kit";

/** These bytes are no ONNX model, or one that was cut off. */
export class NotOnnx extends Fault {
  override readonly name = "NotOnnx";
  readonly code = "model.not-onnx";
  readonly retry = "never";
  readonly hint: string = "Export the model again, or copy its file again: this one is cut off.";
}

/** Takes one field that it knows, by its number; answers false to one that it passes over. */
export type FieldReader = (field: number, reader: BinaryReader, wire: WireType) => boolean;

/** Reads a message field by field. What `read` passes over is skipped and named in `unread`, each once. */
export function readFields(
  bytes: Uint8Array,
  name: string,
  unread: Set<string>,
  read: FieldReader,
): void {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [field, wire] = reader.tag();
    if (read(field, reader, wire)) continue;
    unread.add(`${name}.${field}`);
    reader.skip(wire, field);
  }
}

/** A repeated number: packed into one field, or one field each; writers may do either. */
export function readNumbers(
  into: number[],
  reader: BinaryReader,
  wire: WireType,
  next: (reader: BinaryReader) => number,
): true {
  if (wire !== WireType.LengthDelimited) {
    into.push(next(reader));
    return true;
  }
  const packed = new BinaryReader(reader.bytes());
  while (packed.pos < packed.len) into.push(next(packed));
  return true;
}

/** A 64-bit whole number as a double. Exact to 2^53; beyond it a model has no business. */
export function int64Of(reader: BinaryReader): number {
  return Number(reader.int64());
}

/** A StringStringEntryProto. */
export function readPair(bytes: Uint8Array, unread: Set<string>): [key: string, value: string] {
  let key = "";
  let value = "";
  readFields(bytes, "StringStringEntryProto", unread, (field, reader) => {
    if (field === 1) key = reader.string();
    else if (field === 2) value = reader.string();
    else return false;
    return true;
  });
  return [key, value];
}

/** Two of one name would let this reader see one and a runtime use the other. */
export function byName<Value>(
  what: string,
  pairs: readonly [string, Value][],
): Record<string, Value> {
  const names = new Set<string>();
  for (const [name] of pairs) {
    if (names.has(name)) throw new NotOnnx(`${what} "${name}" is there twice`);
    names.add(name);
  }
  return Object.fromEntries(pairs);
}
