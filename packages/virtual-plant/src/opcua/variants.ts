import { DataType, Variant, VariantArrayType } from "node-opcua";
import type { PlantValue, PointType } from "../machine.ts";

const dataTypes = {
  bool: DataType.Boolean,
  int16: DataType.Int16,
  uint16: DataType.UInt16,
  int32: DataType.Int32,
  uint32: DataType.UInt32,
  int64: DataType.Int64,
  uint64: DataType.UInt64,
  float32: DataType.Float,
  float64: DataType.Double,
  string: DataType.String,
  time: DataType.DateTime,
  // MultiStateDiscrete holds an unsigned integer (OPC 10000-8, 5.3.3.4).
  enum: DataType.UInt32,
} as const satisfies Record<PointType, DataType>;

export function dataTypeOf(type: PointType): DataType {
  return dataTypes[type];
}

/** A value as the library wants it: 64-bit integers as [high, low] words, times as Date. */
export function toVariant(type: PointType, value: PlantValue): Variant {
  const dataType = dataTypes[type];
  if (type === "int64" || type === "uint64") {
    const bits = BigInt.asUintN(64, BigInt(value));
    const words = [Number(bits >> 32n), Number(bits & 0xffff_ffffn)];
    return new Variant({ dataType, arrayType: VariantArrayType.Scalar, value: words });
  }
  if (type === "time") return new Variant({ dataType, value: new Date(Number(value) / 1_000) });
  return new Variant({ dataType, value });
}

/** What a client wrote, as our own value; undefined when it is of a type that the point cannot take. */
export function fromVariant(
  type: PointType,
  { value }: { readonly value: unknown },
): PlantValue | undefined {
  switch (type) {
    case "bool":
      return typeof value === "boolean" ? value : undefined;
    case "string":
      return typeof value === "string" ? value : undefined;
    case "int64":
    case "uint64":
    case "time":
      return undefined;
    case "int16":
    case "uint16":
    case "int32":
    case "uint32":
    case "float32":
    case "float64":
    case "enum":
      return typeof value === "number" ? value : undefined;
  }
}
