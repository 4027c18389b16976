/**
 * What a reading can hold. 64-bit integers are bigint, because a double is exact only up to 2^53 and energy counters,
 * serial numbers and bit masks pass that; a time is a `number` of µs since 1970 UTC; an enum is its `number`.
 */
export type Scalar = number | bigint | boolean | string | Uint8Array;

/** The type that a tag declares; it decides how a value is encoded, compared and shown. */
export type ValueType =
  | "bool"
  | "int8"
  | "uint8"
  | "int16"
  | "uint16"
  | "int32"
  | "uint32"
  | "int64"
  | "uint64"
  | "float32"
  | "float64"
  | "string"
  | "bytes"
  | "time"
  | "enum";

/** True for types whose values travel in the side table of a batch, because a double cannot hold them. */
export function isWide(type: ValueType): boolean {
  return type === "int64" || type === "uint64" || type === "string" || type === "bytes";
}
