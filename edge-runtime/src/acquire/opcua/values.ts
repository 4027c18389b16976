import type { Refused } from "@millwright/kit";
import type { Scalar, ValueType } from "@millwright/wire-contract";

import { follow, type ElementStep } from "./element-path.ts";

/** Numbers of the built-in types (OPC 10000-6, table 1). */
export const builtIn = {
  null: 0,
  boolean: 1,
  sbyte: 2,
  byte: 3,
  int16: 4,
  uint16: 5,
  int32: 6,
  uint32: 7,
  int64: 8,
  uint64: 9,
  float: 10,
  double: 11,
  string: 12,
  dateTime: 13,
  guid: 14,
  byteString: 15,
  xmlElement: 16,
  nodeId: 17,
  expandedNodeId: 18,
  statusCode: 19,
  qualifiedName: 20,
  localizedText: 21,
  extensionObject: 22,
} as const;

/** What we need of the library's Variant; `arrayType` 0 is a scalar. */
export interface DeviceVariant {
  readonly dataType: number;
  readonly arrayType: number;
  readonly value: unknown;
  readonly dimensions?: readonly number[] | null;
}

/** Names of the built-in types, by number. */
const names: readonly string[] = [
  "Null",
  "Boolean",
  "SByte",
  "Byte",
  "Int16",
  "UInt16",
  "Int32",
  "UInt32",
  "Int64",
  "UInt64",
  "Float",
  "Double",
  "String",
  "DateTime",
  "Guid",
  "ByteString",
  "XmlElement",
  "NodeId",
  "ExpandedNodeId",
  "StatusCode",
  "QualifiedName",
  "LocalizedText",
  "Structure",
];

/**
 * The value as the tag declared it, or undefined when the device holds something else there: its program may have been
 * changed since (field practice 25). A type that holds every value of the device's type is good enough.
 */
export function toScalar(
  variant: DeviceVariant,
  declared: ValueType,
  path: readonly ElementStep[],
): Scalar | undefined {
  if (path.length === 0) {
    if (variant.arrayType !== 0) return undefined;
    return fits(variant.dataType, declared) ? convert(variant.value, declared) : undefined;
  }
  const element = follow(variant.value, variant.dimensions, path);
  if (element === undefined) return undefined;
  // Elements of an array have its type; what lies inside a structure is judged by the value itself.
  const inArray = path.length === 1 && variant.dataType !== builtIn.extensionObject;
  if (inArray && !fits(variant.dataType, declared)) return undefined;
  return convert(element, declared);
}

/** For messages: "Double", "array of Int32". */
export function describe(variant: DeviceVariant): string {
  const type = names[variant.dataType] ?? `type ${variant.dataType}`;
  return variant.arrayType === 0 ? type : `array of ${type}`;
}

/** Built-in types whose every value the declared type can hold. */
const accepted: Readonly<Record<ValueType, ReadonlySet<number>>> = {
  bool: new Set([builtIn.boolean]),
  int8: new Set([builtIn.sbyte]),
  uint8: new Set([builtIn.byte]),
  int16: new Set([builtIn.sbyte, builtIn.byte, builtIn.int16]),
  uint16: new Set([builtIn.byte, builtIn.uint16]),
  int32: new Set([builtIn.sbyte, builtIn.byte, builtIn.int16, builtIn.uint16, builtIn.int32]),
  uint32: new Set([builtIn.byte, builtIn.uint16, builtIn.uint32, builtIn.statusCode]),
  int64: new Set([2, 3, 4, 5, 6, 7, builtIn.int64]),
  uint64: new Set([3, 5, 7, builtIn.uint64]),
  float32: new Set([2, 3, 4, 5, builtIn.float]),
  float64: new Set([2, 3, 4, 5, 6, 7, builtIn.float, builtIn.double]),
  string: new Set([
    builtIn.string,
    builtIn.guid,
    builtIn.xmlElement,
    builtIn.nodeId,
    builtIn.expandedNodeId,
    builtIn.qualifiedName,
    builtIn.localizedText,
  ]),
  bytes: new Set([builtIn.byteString]),
  time: new Set([builtIn.dateTime]),
  // Enumerations travel as Int32 (OPC 10000-3, 8.14); controllers also keep states in small integers.
  enum: new Set([2, 3, 4, 5, 6, 7]),
};

function fits(dataType: number, declared: ValueType): boolean {
  return accepted[declared].has(dataType);
}

const ranges: Partial<Record<ValueType, readonly [number, number]>> = {
  int8: [-128, 127],
  uint8: [0, 255],
  int16: [-32_768, 32_767],
  uint16: [0, 65_535],
  int32: [-2_147_483_648, 2_147_483_647],
  uint32: [0, 4_294_967_295],
  enum: [-2_147_483_648, 4_294_967_295],
};

function convert(value: unknown, declared: ValueType): Scalar | undefined {
  switch (declared) {
    case "bool":
      return typeof value === "boolean" ? value : undefined;
    case "float32":
    case "float64":
      return typeof value === "number" ? value : undefined;
    case "int8":
    case "uint8":
    case "int16":
    case "uint16":
    case "int32":
    case "uint32":
    case "enum":
      return toInteger(value, declared);
    case "int64":
      return toBigint(value, true);
    case "uint64":
      return toBigint(value, false);
    case "string":
      return toText(value);
    case "bytes":
      // The library hands out views into its receive buffer; what we keep must not hold that buffer alive.
      return value instanceof Uint8Array ? Uint8Array.from(value) : undefined;
    case "time":
      return value instanceof Date ? toUs(value, picosecondsOf(value)) : undefined;
  }
}

function toInteger(value: unknown, declared: ValueType): number | undefined {
  const number = isStatus(value) ? value.value : value;
  const range = ranges[declared];
  if (typeof number !== "number" || !Number.isInteger(number) || range === undefined)
    return undefined;
  return number >= range[0] && number <= range[1] ? number : undefined;
}

/** The library delivers 64-bit integers as `[high, low]`, both unsigned words. */
function toBigint(value: unknown, signed: boolean): bigint | undefined {
  if (typeof value === "bigint") return value;
  if (typeof value === "number") {
    return Number.isSafeInteger(value) && (signed || value >= 0) ? BigInt(value) : undefined;
  }
  if (!isList(value) || value.length !== 2) return undefined;
  const [high, low] = [value[0], value[1]];
  if (typeof high !== "number" || typeof low !== "number") return undefined;
  return (BigInt(signed ? high | 0 : high >>> 0) << 32n) | BigInt(low >>> 0);
}

function toText(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  if (value === null) return "";
  if (typeof value !== "object") return undefined;
  // LocalizedText and QualifiedName; what they add (locale, namespace) is not part of the value for a reader.
  if ("text" in value) return typeof value.text === "string" ? value.text : "";
  if ("namespaceIndex" in value && "name" in value && typeof value.name === "string")
    return value.name;
  if ("identifierType" in value) return (value as { toString(): string }).toString();
  return undefined;
}

function isStatus(value: unknown): value is { readonly value: number } {
  return typeof value === "object" && value !== null && "value" in value && "description" in value;
}

function isList(value: unknown): value is ArrayLike<unknown> {
  return Array.isArray(value) || value instanceof Uint32Array || value instanceof Int32Array;
}

function picosecondsOf(date: Date): number {
  const { picoseconds } = date as { readonly picoseconds?: unknown };
  return typeof picoseconds === "number" ? picoseconds : 0;
}

/** The library's form of "no time" and of 1601, which servers send for it (OPC 10000-6, 5.2.2.5). */
const firstTimeMs = Date.UTC(1601, 0, 2);

/** µs since 1970 UTC; NaN for an absent time. `picoseconds` is what the milliseconds of the Date leave over. */
export function toUs(date: Date | null | undefined, picoseconds: number): number {
  if (date === null || date === undefined) return NaN;
  const ms = date.getTime();
  if (!(ms > firstTimeMs)) return NaN;
  return ms * 1_000 + Math.floor(picoseconds / 1_000_000);
}

const integerRanges = new Map<number, readonly [bigint, bigint]>([
  [builtIn.sbyte, [-128n, 127n]],
  [builtIn.byte, [0n, 255n]],
  [builtIn.int16, [-32_768n, 32_767n]],
  [builtIn.uint16, [0n, 65_535n]],
  [builtIn.int32, [-(2n ** 31n), 2n ** 31n - 1n]],
  [builtIn.uint32, [0n, 2n ** 32n - 1n]],
  [builtIn.int64, [-(2n ** 63n), 2n ** 63n - 1n]],
  [builtIn.uint64, [0n, 2n ** 64n - 1n]],
]);

/** What the library writes for a value, in the type that the node has. Refuses what the node could not hold. */
export function toVariant(
  value: Scalar,
  dataType: number,
): { readonly dataType: number; readonly value: unknown } | Refused {
  const refuse = (): Refused => ({
    kind: "refused",
    reason: `${String(value)} cannot be written to a node of type ${describe({ dataType, arrayType: 0, value: null })}`,
  });
  const range = integerRanges.get(dataType);
  if (range !== undefined) {
    const whole = typeof value === "number" && Number.isInteger(value) ? BigInt(value) : value;
    if (typeof whole !== "bigint" || whole < range[0] || whole > range[1]) return refuse();
    const wide = dataType === builtIn.int64 || dataType === builtIn.uint64;
    return { dataType, value: wide ? toWords(whole) : Number(whole) };
  }
  switch (dataType) {
    case builtIn.boolean:
      return typeof value === "boolean" ? { dataType, value } : refuse();
    case builtIn.float:
    case builtIn.double: {
      const number = typeof value === "bigint" ? Number(value) : value;
      return typeof number === "number" ? { dataType, value: number } : refuse();
    }
    case builtIn.string:
      return typeof value === "string" ? { dataType, value } : refuse();
    case builtIn.localizedText:
      return typeof value === "string" ? { dataType, value: { text: value } } : refuse();
    case builtIn.byteString:
      return value instanceof Uint8Array ? { dataType, value: Buffer.from(value) } : refuse();
    case builtIn.dateTime:
      return typeof value === "number" ? { dataType, value: new Date(value / 1_000) } : refuse();
    default:
      return refuse();
  }
}

/** `[high, low]`, both unsigned. */
export function toWords(value: bigint): [number, number] {
  return [Number(BigInt.asUintN(32, value >> 32n)), Number(BigInt.asUintN(32, value))];
}
