/** What the metrics of a Sparkplug payload mean: their values by data type, their quality, their texts. */
import type { Refused } from "@millwright/kit";
import type {
  DataType,
  MetricValue,
  SparkplugMetric,
  SparkplugPayload,
} from "@millwright/sparkplug-b";
import { status, type Scalar, type ValueType } from "@millwright/wire-contract";

import { payloadCaps, refuseBySize } from "./json-payload.ts";

export interface SparkplugCodec {
  decode(bytes: Uint8Array): SparkplugPayload | Refused;
  /** An NCMD that asks a node for its births (Sparkplug 3.0, 6.4.29). */
  rebirthRequest(nowMs: number): Uint8Array;
  /** A command that sets one metric. Refuses a value that its data type does not hold. */
  command(
    name: string,
    datatype: number,
    value: Scalar,
    nowMs: number,
  ): { readonly bytes: Uint8Array } | Refused;
}

/** Loaded when Sparkplug is used only. */
export async function loadSparkplugCodec(): Promise<SparkplugCodec> {
  const { dataTypes, decodePayload, encodePayload, toMetricValue } =
    await import("@millwright/sparkplug-b");
  const nameOf = new Map(
    Object.entries(dataTypes).map(([name, type]) => [type as number, name as DataType]),
  );
  return {
    decode(bytes) {
      const sized = refuseBySize(bytes, payloadCaps);
      if (sized !== undefined) return sized;
      try {
        return checked(decodePayload(bytes));
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        return { kind: "refused", reason: `it is no Sparkplug payload (${why})` };
      }
    },
    rebirthRequest(nowMs) {
      const metric: SparkplugMetric = {
        name: "Node Control/Rebirth",
        datatype: dataTypes.Boolean,
        timestampMs: nowMs,
        value: { kind: "boolean", value: true },
      };
      return encodePayload({ timestampMs: nowMs, metrics: [metric] });
    },
    command(name, datatype, value, nowMs) {
      const type = nameOf.get(datatype);
      if (type === undefined || typeOfMetric(datatype) === undefined) {
        return { kind: "refused", reason: `${name} is no single value` };
      }
      // Milliseconds on the wire, µs with us.
      const sent = type === "DateTime" ? Math.round(Number(value) / 1_000) : value;
      const metric = { name, datatype, timestampMs: nowMs, value: toMetricValue(type, sent) };
      const read = metricValue(metric, datatype);
      const held = type === "Float" ? Math.fround(Number(value)) : value;
      if (!(value instanceof Uint8Array) && read !== held) {
        return { kind: "refused", reason: `${String(value)} is no value of ${name}, a ${type}` };
      }
      return { bytes: encodePayload({ timestampMs: nowMs, metrics: [metric] }) };
    },
  };
}

function checked(payload: SparkplugPayload): SparkplugPayload | Refused {
  if (payload.metrics.length > payloadCaps.elementsMax) {
    return { kind: "refused", reason: `it holds more than ${payloadCaps.elementsMax} metrics` };
  }
  return payload;
}

/**
 * The value of a metric by its data type. Absent for data sets, templates and arrays, and for a value that came in a
 * field its type does not travel in: nothing is made up.
 */
export function metricValue({ value }: SparkplugMetric, datatype: number): Scalar | undefined {
  if (value === undefined) return undefined;
  switch (datatype) {
    case 4:
    case 8:
    case 13:
      return wideValue(wideOf(value), datatype);
    case 9:
      return value.kind === "float" ? value.value : undefined;
    case 10:
      return value.kind === "double" ? value.value : undefined;
    case 11:
      return value.kind === "boolean" ? value.value : undefined;
    case 12:
    case 14:
    case 15:
      return value.kind === "string" ? value.value : undefined;
    case 17:
    case 18:
      return value.kind === "bytes" ? value.value : undefined;
    default:
      return wordValue(wordOf(value), datatype);
  }
}

function wordValue(word: number | undefined, datatype: number): number | undefined {
  if (word === undefined) return undefined;
  switch (datatype) {
    // Some encoders send −1 as 0xFF, some as 0xFFFFFFFF: both are one byte of two's complement.
    case 1:
      return (word << 24) >> 24;
    case 2:
      return (word << 16) >> 16;
    case 3:
      return word | 0;
    case 5:
    case 6:
    case 7:
      return word >>> 0;
    default:
      return undefined;
  }
}

function wideValue(wide: bigint | undefined, datatype: 4 | 8 | 13): bigint | number | undefined {
  if (wide === undefined || datatype === 8) return wide;
  const signed = BigInt.asIntN(64, wide);
  // Milliseconds on the wire, µs with us.
  return datatype === 4 ? signed : Number(signed) * 1_000;
}

/** The specification has UInt32 in the 32-bit field, Tahu sends it in the 64-bit one. */
function wordOf(value: MetricValue): number | undefined {
  if (value.kind === "int") return value.value;
  return value.kind === "long" ? Number(value.value & 0xffff_ffffn) : undefined;
}

function wideOf(value: MetricValue): bigint | undefined {
  if (value.kind === "long") return value.value;
  return value.kind === "int" ? BigInt(value.value) : undefined;
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
export function metricStatus(metric: SparkplugMetric): number {
  if (metric.isNull === true) return status.bad;
  const quality = metric.properties?.get("Quality")?.value;
  if (quality === undefined) return status.good;
  const code = wordOf(quality) ?? 0;
  if (code >= 192 && code <= 255) return status.good;
  if (code === 500) return status.uncertainLastUsable;
  return code >= 64 && code < 192 ? status.uncertain : status.bad;
}

/** Empty when the metric has no such text. */
export function textProperty(metric: SparkplugMetric, name: string): string {
  const value = metric.properties?.get(name)?.value;
  return value?.kind === "string" ? value.value : "";
}
