import type { DataType } from "./data-type.ts";
import type { MetricValue } from "./payload.ts";

/**
 * The field that a value of this type travels in (Sparkplug 3.0.0, 6.4.16): up to 32 bits in `int`, as two's
 * complement; 64 bits and times in `long`.
 *
 * @param value a time in ms since 1970 UTC; a 64-bit integer as number or bigint. Throws when it is of another kind.
 */
export function toMetricValue(
  type: DataType,
  value: number | bigint | boolean | string | Uint8Array,
): MetricValue {
  switch (type) {
    case "Int8":
    case "Int16":
    case "Int32":
    case "UInt8":
    case "UInt16":
    case "UInt32":
      return { kind: "int", value: Number(value) >>> 0 };
    case "Int64":
    case "UInt64":
    case "DateTime":
      return { kind: "long", value: BigInt.asUintN(64, BigInt(value as number | bigint)) };
    case "Float":
      return { kind: "float", value: Number(value) };
    case "Double":
      return { kind: "double", value: Number(value) };
    case "Boolean":
      return { kind: "boolean", value: value === true };
    case "String":
    case "Text":
    case "UUID":
      return { kind: "string", value: String(value) };
    case "Bytes":
    case "File":
      if (value instanceof Uint8Array) return { kind: "bytes", value };
      throw new TypeError(`a metric of type ${type} holds bytes`);
    case "DataSet":
    case "Template":
      throw new TypeError(`a ${type} is no single value`);
  }
}
