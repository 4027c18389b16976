/** A Sparkplug B payload as bytes and as our own types. Nothing of the Protocol Buffers library gets past this file. */
import protobuf from "protobufjs";

import { contract } from "./contract.ts";

/** Times are ms since 1970 UTC. What was not sent is absent. */
export interface SparkplugPayload {
  readonly timestampMs?: number;
  /** As it came; 0 to 255 by the specification. */
  readonly seq?: number;
  readonly metrics: readonly SparkplugMetric[];
}

export interface SparkplugMetric {
  readonly name?: string;
  readonly alias?: bigint;
  readonly timestampMs?: number;
  /** One of `dataTypes`, or a number that is none; data messages leave it to the birth. */
  readonly datatype?: number;
  readonly historical?: boolean;
  readonly isNull?: boolean;
  readonly properties?: ReadonlyMap<string, PropertyValue>;
  readonly value?: MetricValue;
}

/** The field that a value travels in; what the number in it means is said by the data type. */
export type MetricValue =
  /** 0 to 2^32 − 1. */
  | { readonly kind: "int"; readonly value: number }
  /** 0 to 2^64 − 1. */
  | { readonly kind: "long"; readonly value: bigint }
  | { readonly kind: "float" | "double"; readonly value: number }
  | { readonly kind: "boolean"; readonly value: boolean }
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "bytes"; readonly value: Uint8Array }
  /** Data set, template or extension, not looked into. */
  | { readonly kind: "dataset" | "template" | "extension"; readonly value: Uint8Array };

/** Nested property sets are left out: nobody reads them. */
export interface PropertyValue {
  readonly datatype?: number;
  readonly isNull?: boolean;
  readonly value?: Exclude<MetricValue, { kind: "bytes" | "dataset" | "template" | "extension" }>;
}

/** What the library reads and writes: a 64-bit number as two words of 32 bits, a field that was not sent not its own. */
interface Words {
  readonly low: number;
  readonly high: number;
  readonly unsigned: true;
}
type WireValue = Readonly<Record<string, number | Words | boolean | string | Uint8Array>>;
interface WireMetric {
  readonly name?: string;
  readonly alias?: Words;
  readonly timestamp?: Words;
  readonly datatype?: number;
  readonly isHistorical?: boolean;
  readonly isNull?: boolean;
  readonly properties?: WirePropertySet;
}
interface WirePropertySet {
  readonly keys: readonly string[];
  readonly values: readonly WireProperty[];
}
interface WireProperty {
  readonly type?: number;
  readonly isNull?: boolean;
}
interface WirePayload {
  readonly timestamp?: Words;
  readonly seq?: Words;
  readonly metrics: readonly WireMetric[];
}

const type = protobuf.parse(contract).root.lookupType("millwright.sparkplug.Payload");

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** Throws an `Error` that says what is wrong when the bytes are no payload. */
export function decodePayload(bytes: Uint8Array): SparkplugPayload {
  const wire = type.decode(bytes) as unknown as WirePayload;
  const payload: Writable<SparkplugPayload> = { metrics: wire.metrics.map(toMetric) };
  if (has(wire, "timestamp")) payload.timestampMs = toNumber(wire.timestamp);
  if (has(wire, "seq")) payload.seq = toNumber(wire.seq);
  return payload;
}

export function encodePayload(payload: SparkplugPayload): Uint8Array {
  const { timestampMs, seq } = payload;
  const wire: Writable<WirePayload> = { metrics: payload.metrics.map(fromMetric) };
  if (timestampMs !== undefined) wire.timestamp = numberToWords(timestampMs);
  if (seq !== undefined) wire.seq = numberToWords(seq);
  // A copy: the library hands out pieces of a buffer that it goes on using.
  return Uint8Array.from(type.encode(wire as unknown as protobuf.Message).finish());
}

function toMetric(wire: WireMetric): SparkplugMetric {
  const metric: Writable<SparkplugMetric> = {};
  if (has(wire, "name")) metric.name = wire.name;
  if (has(wire, "alias")) metric.alias = toBigInt(wire.alias);
  if (has(wire, "timestamp")) metric.timestampMs = toNumber(wire.timestamp);
  if (has(wire, "datatype")) metric.datatype = wire.datatype;
  if (has(wire, "isHistorical")) metric.historical = wire.isHistorical;
  if (has(wire, "isNull")) metric.isNull = wire.isNull;
  if (has(wire, "properties")) metric.properties = toProperties(wire.properties);
  const value = toValue(wire);
  if (value !== undefined) metric.value = value;
  return metric;
}

function fromMetric(metric: SparkplugMetric): WireMetric {
  const { alias, timestampMs, properties, value } = metric;
  const wire: Writable<WireMetric> = value === undefined ? {} : fromValue(value);
  if (metric.name !== undefined) wire.name = metric.name;
  if (alias !== undefined) wire.alias = toWords(alias);
  if (timestampMs !== undefined) wire.timestamp = numberToWords(timestampMs);
  if (metric.datatype !== undefined) wire.datatype = metric.datatype;
  if (metric.historical !== undefined) wire.isHistorical = metric.historical;
  if (metric.isNull !== undefined) wire.isNull = metric.isNull;
  if (properties !== undefined) {
    wire.properties = {
      keys: [...properties.keys()],
      values: [...properties.values()].map(fromProperty),
    };
  }
  return wire;
}

function toProperties(wire: WirePropertySet): Map<string, PropertyValue> {
  const properties = new Map<string, PropertyValue>();
  for (const [index, key] of wire.keys.entries()) {
    const from = wire.values[index];
    if (from === undefined) break;
    const property: Writable<PropertyValue> = {};
    if (has(from, "type")) property.datatype = from.type;
    if (has(from, "isNull")) property.isNull = from.isNull;
    const value = toValue(from);
    if (value !== undefined && isPlain(value)) property.value = value;
    properties.set(key, property);
  }
  return properties;
}

function fromProperty(property: PropertyValue): WireProperty {
  const { datatype, isNull, value } = property;
  const wire: Writable<WireProperty> = value === undefined ? {} : fromValue(value);
  if (datatype !== undefined) wire.type = datatype;
  if (isNull !== undefined) wire.isNull = isNull;
  return wire;
}

function isPlain(value: MetricValue): value is NonNullable<PropertyValue["value"]> {
  return !(value.value instanceof Uint8Array);
}

const kinds = [
  "int",
  "long",
  "float",
  "double",
  "boolean",
  "string",
  "bytes",
  "dataset",
  "template",
  "extension",
] as const satisfies readonly MetricValue["kind"][];

function toValue(wire: WireMetric | WireProperty): MetricValue | undefined {
  for (const kind of kinds) {
    const field = `${kind}Value`;
    if (!Object.hasOwn(wire, field)) continue;
    const value = (wire as unknown as WireValue)[field];
    switch (kind) {
      case "long":
        return { kind, value: toBigInt(value as Words) };
      case "int":
      case "float":
      case "double":
        return { kind, value: value as number };
      case "boolean":
        return { kind, value: value === true };
      case "string":
        return { kind, value: value as string };
      // A copy: what the library gives looks into the bytes of the message, whose buffer is used again.
      case "bytes":
      case "dataset":
      case "template":
      case "extension":
        return { kind, value: Uint8Array.from(value as Uint8Array) };
    }
  }
  return undefined;
}

function fromValue(value: MetricValue): WireValue {
  return { [`${value.kind}Value`]: value.kind === "long" ? toWords(value.value) : value.value };
}

/** A field that was not sent stands on the prototype with its default. */
function has<T extends object, K extends keyof T>(
  message: T,
  field: K,
): message is T & Required<Pick<T, K>> {
  return Object.hasOwn(message, field);
}

function toBigInt(words: Words): bigint {
  return (BigInt(words.high >>> 0) << 32n) | BigInt(words.low >>> 0);
}

function toNumber(words: Words): number {
  return (words.high >>> 0) * 2 ** 32 + (words.low >>> 0);
}

function toWords(value: bigint): Words {
  return {
    low: Number(value & 0xffff_ffffn) | 0,
    high: Number((value >> 32n) & 0xffff_ffffn) | 0,
    unsigned: true,
  };
}

function numberToWords(value: number): Words {
  return toWords(BigInt(Math.trunc(value)));
}
