/**
 * Bytes of a Sparkplug payload to values. The library's generated Protocol Buffers code is used below its own
 * `decodePayload`, which loses the value of a metric without a data type (Sparkplug 3.0, 6.4.17 asks data messages to
 * leave it out), turns UInt32 above 2^31 negative and leaves 64-bit integers to its own number class.
 */
import type { Refused } from "@millwright/kit";
import { status, type Scalar, type ValueType } from "@millwright/wire-contract";

import { payloadCaps, refuseBySize } from "./json-payload.ts";

export interface SparkplugMetric {
  readonly name: string | undefined;
  readonly alias: string | undefined;
  /** Data type number of Sparkplug 3.0, 6.4.16; 0 when the message leaves it to the birth. */
  readonly datatype: number;
  readonly timestampMs: number | undefined;
  readonly historical: boolean;
  readonly raw: RawMetric;
}

export interface SparkplugPayload {
  readonly timestampMs: number | undefined;
  readonly seq: number | undefined;
  readonly metrics: readonly SparkplugMetric[];
}

/** What the generated code gives for a 64-bit number. */
interface Words {
  readonly low: number;
  readonly high: number;
}
interface RawValue {
  readonly value?: string;
  readonly isNull?: boolean;
  readonly intValue?: number | null;
  readonly longValue?: Words | number | null;
  readonly floatValue?: number | null;
  readonly doubleValue?: number | null;
  readonly booleanValue?: boolean | null;
  readonly stringValue?: string | null;
  readonly bytesValue?: Uint8Array | null;
}
export interface RawMetric extends RawValue {
  readonly name?: string;
  readonly alias?: Words | number;
  readonly timestamp?: Words | number;
  readonly datatype?: number;
  readonly isHistorical?: boolean;
  readonly properties?: {
    readonly keys?: readonly string[];
    readonly values?: readonly RawValue[];
  } | null;
}
interface RawPayload {
  readonly timestamp?: Words | number;
  readonly seq?: Words | number;
  readonly metrics?: readonly RawMetric[];
}

export interface SparkplugCodec {
  decode(bytes: Uint8Array): SparkplugPayload | Refused;
  /** An NCMD that asks a node for its births (Sparkplug 3.0, 6.4.29). */
  rebirthRequest(nowMs: number): Uint8Array;
}

/** Loaded when Sparkplug is used only. */
export async function loadSparkplugCodec(): Promise<SparkplugCodec> {
  const library = (await import("sparkplug-payload/lib/sparkplugPayloadProto.js")) as unknown as {
    readonly default: {
      readonly org: {
        readonly eclipse: {
          readonly tahu: {
            readonly protobuf: {
              readonly Payload: {
                decode(bytes: Uint8Array): RawPayload;
                encode(payload: object): { finish(): Uint8Array };
              };
            };
          };
        };
      };
    };
  };
  const { Payload } = library.default.org.eclipse.tahu.protobuf;
  return {
    decode(bytes) {
      const sized = refuseBySize(bytes, payloadCaps);
      if (sized !== undefined) return sized;
      try {
        return toPayload(Payload.decode(bytes));
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        return { kind: "refused", reason: `it is no Sparkplug payload (${why})` };
      }
    },
    rebirthRequest(nowMs) {
      const metric = {
        name: "Node Control/Rebirth",
        datatype: 11,
        booleanValue: true,
        timestamp: nowMs,
      };
      return Payload.encode({ timestamp: nowMs, metrics: [metric] }).finish();
    },
  };
}

function toPayload(raw: RawPayload): SparkplugPayload | Refused {
  const metrics = raw.metrics ?? [];
  if (metrics.length > payloadCaps.elementsMax) {
    return { kind: "refused", reason: `it holds more than ${payloadCaps.elementsMax} metrics` };
  }
  // Absent fields are found on the prototype, as defaults; only own ones were sent.
  const seq = Object.hasOwn(raw, "seq") ? toNumber(raw.seq) : undefined;
  const timestampMs = Object.hasOwn(raw, "timestamp") ? toNumber(raw.timestamp) : undefined;
  return {
    timestampMs,
    seq: seq !== undefined && Number.isInteger(seq) && seq >= 0 && seq < 256 ? seq : undefined,
    metrics: metrics.map((metric) => ({
      name: Object.hasOwn(metric, "name") ? metric.name : undefined,
      alias: Object.hasOwn(metric, "alias") ? toBigInt(metric.alias ?? 0).toString() : undefined,
      datatype: metric.datatype ?? 0,
      timestampMs: Object.hasOwn(metric, "timestamp") ? toNumber(metric.timestamp) : undefined,
      historical: metric.isHistorical === true,
      raw: metric,
    })),
  };
}

/** The value of a metric by its data type; absent for data sets, templates, property sets and arrays. */
export function metricValue(raw: RawMetric, datatype: number): Scalar | undefined {
  const whole = raw.intValue ?? 0;
  switch (datatype) {
    // Some encoders send −1 as 0xFF, some as 0xFFFFFFFF: both are one byte of two's complement.
    case 1:
      return (whole << 24) >> 24;
    case 2:
      return (whole << 16) >> 16;
    case 3:
      return whole | 0;
    case 5:
    case 6:
      return whole >>> 0;
    // The specification has UInt32 in the 32-bit field, Tahu sends it in the 64-bit one.
    case 7:
      return raw.value === "longValue" ? toNumber(raw.longValue) : whole >>> 0;
    case 4:
      return BigInt.asIntN(64, wideOf(raw));
    case 8:
      return BigInt.asUintN(64, wideOf(raw));
    case 9:
      return raw.floatValue ?? undefined;
    case 10:
      return raw.doubleValue ?? undefined;
    case 11:
      return raw.booleanValue ?? undefined;
    case 12:
    case 14:
    case 15:
      return raw.stringValue ?? undefined;
    // Milliseconds on the wire, µs with us.
    case 13:
      return Number(BigInt.asIntN(64, wideOf(raw))) * 1_000;
    case 17:
    case 18:
      return raw.bytesValue == null ? undefined : new Uint8Array(raw.bytesValue);
    default:
      return undefined;
  }
}

const valueTypes: Readonly<Record<number, ValueType>> = {
  1: "int8",
  2: "int16",
  3: "int32",
  4: "int64",
  5: "uint8",
  6: "uint16",
  7: "uint32",
  8: "uint64",
  9: "float32",
  10: "float64",
  11: "bool",
  12: "string",
  13: "time",
  14: "string",
  15: "string",
  17: "bytes",
  18: "bytes",
};

/** Absent for what is no single value. */
export function typeOfMetric(datatype: number): ValueType | undefined {
  return valueTypes[datatype];
}

/** The property `Quality` after OPC DA, which common edge nodes send: 192 good, 500 stale, 0 bad. Good when absent. */
export function metricStatus(raw: RawMetric): number {
  if (raw.isNull === true) return status.bad;
  const quality = propertyOf(raw, "Quality");
  if (quality === undefined) return status.good;
  const code =
    quality.value === "longValue" ? toNumber(quality.longValue) : (quality.intValue ?? 192);
  if (code >= 192 && code <= 255) return status.good;
  if (code === 500) return status.uncertainLastUsable;
  return code >= 64 && code < 192 ? status.uncertain : status.bad;
}

export function textProperty(raw: RawMetric, name: string): string {
  return propertyOf(raw, name)?.stringValue ?? "";
}

function propertyOf(raw: RawMetric, name: string): RawValue | undefined {
  const at = raw.properties?.keys?.indexOf(name) ?? -1;
  return at < 0 ? undefined : raw.properties?.values?.[at];
}

function wideOf(raw: RawMetric): bigint {
  return raw.value === "intValue" ? BigInt(raw.intValue ?? 0) : toBigInt(raw.longValue ?? 0);
}

function toBigInt(value: Words | number): bigint {
  if (typeof value === "number") return BigInt(Math.trunc(value));
  return (BigInt(value.high >>> 0) << 32n) | BigInt(value.low >>> 0);
}

function toNumber(value: Words | number | null | undefined): number {
  return Number(toBigInt(value ?? 0));
}
