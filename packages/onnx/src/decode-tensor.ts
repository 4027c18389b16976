import type { BinaryReader } from "@bufbuild/protobuf/wire";
import { byName, int64Of, readFields, readNumbers, readPair } from "./fields.ts";
import type { Dimension, Tensor, TensorValue } from "./model.ts";

/** A TensorProto: its values as raw bytes, or as numbers, or in another file. */
export function readTensor(bytes: Uint8Array, unread: Set<string>): Tensor {
  const dims: number[] = [];
  const values: number[] = [];
  const external: [key: string, value: string][] = [];
  let isExternal = false as boolean;
  let elementType = 0;
  let name = "";
  let raw: Uint8Array = new Uint8Array();
  readFields(bytes, "TensorProto", unread, (field, reader, wire) => {
    switch (field) {
      case 1:
        return readNumbers(dims, reader, wire, int64Of);
      case 2:
        elementType = reader.int32();
        return true;
      case 4:
        return readNumbers(values, reader, wire, (each) => each.float());
      case 5:
        return readNumbers(values, reader, wire, (each) => each.int32());
      case 7:
        return readNumbers(values, reader, wire, int64Of);
      case 10:
        return readNumbers(values, reader, wire, (each) => each.double());
      case 11:
        return readNumbers(values, reader, wire, (each: BinaryReader) => Number(each.uint64()));
      case 8:
        name = reader.string();
        return true;
      case 9:
        raw = reader.bytes();
        return true;
      case 12:
        reader.string();
        return true;
      case 13:
        external.push(readPair(reader.bytes(), unread));
        isExternal = true;
        return true;
      case 14:
        isExternal = reader.int32() === 1 || isExternal;
        return true;
      default:
        return false;
    }
  });
  return {
    name,
    elementType,
    dims,
    raw,
    ...(values.length > 0 ? { values } : {}),
    ...(isExternal ? { external: byName("external data", external) } : {}),
  };
}

/** A ValueInfoProto: a name with element type and shape, where it is a tensor. */
export function readValue(bytes: Uint8Array, unread: Set<string>): TensorValue {
  let name = "";
  let elementType = 0;
  const shape: Dimension[] = [];
  readFields(bytes, "ValueInfoProto", unread, (field, reader) => {
    if (field === 1) name = reader.string();
    else if (field === 3) reader.string();
    else if (field === 2) {
      readFields(reader.bytes(), "TypeProto", unread, (kind, type) => {
        if (kind === 6) {
          type.string();
          return true;
        }
        if (kind !== 1) return false;
        readFields(type.bytes(), "TypeProto.Tensor", unread, (part, tensor) => {
          if (part === 1) elementType = tensor.int32();
          else if (part === 2) shape.push(...readShape(tensor.bytes(), unread));
          else return false;
          return true;
        });
        return true;
      });
    } else return false;
    return true;
  });
  return { name, elementType, shape };
}

function readShape(bytes: Uint8Array, unread: Set<string>): readonly Dimension[] {
  const shape: Dimension[] = [];
  readFields(bytes, "TensorShapeProto", unread, (field, reader) => {
    if (field !== 1) return false;
    let dimension: Dimension = "";
    readFields(reader.bytes(), "Dimension", unread, (part, each) => {
      if (part === 1) dimension = int64Of(each);
      else if (part === 2) dimension = each.string();
      else if (part === 3) each.string();
      else return false;
      return true;
    });
    shape.push(dimension);
    return true;
  });
  return shape;
}
