/** The messages of an edge node, after Eclipse Sparkplug 3.0.0, chapter 6. Pure: values in, bytes out. */
import {
  dataTypes,
  decodePayload,
  encodePayload,
  toMetricValue,
  type DataType,
  type MetricValue,
  type PropertyValue,
  type SparkplugMetric,
} from "@millwright/sparkplug-b";
import { severityOf, type Scalar, type ValueType } from "@millwright/wire-contract";

import type { PublishedTag } from "./published-tags.ts";

/** What is known of a tag at one time. `value` is undefined before the first. */
export interface TagReading {
  readonly value: Scalar | undefined;
  /** OPC UA status code. */
  readonly status: number;
  readonly measuredUs: number;
  /** Nothing proves any more that it still holds. */
  readonly stale?: boolean;
}

export interface TagSample extends TagReading {
  readonly tag: PublishedTag;
}

const types = {
  bool: "Boolean",
  int8: "Int8",
  uint8: "UInt8",
  int16: "Int16",
  uint16: "UInt16",
  int32: "Int32",
  uint32: "UInt32",
  int64: "Int64",
  uint64: "UInt64",
  float32: "Float",
  float64: "Double",
  string: "String",
  bytes: "Bytes",
  time: "DateTime",
  enum: "Int32",
} as const satisfies Record<ValueType, DataType>;

/** Values of the property `Quality` (6.4.15). */
const quality = { bad: 0, stale: 500 } as const;

const rebirthMetric = "Node Control/Rebirth";

/** NDEATH: the number of the birth that it ends, and nothing else (6.4.20). */
export function nodeDeath(bdSeq: number, nowMs: number): Uint8Array {
  return encodePayload({ timestampMs: nowMs, metrics: [bdSeqMetric(bdSeq)] });
}

/** NBIRTH: always `seq` 0, with bdSeq and the rebirth control (6.4.19). */
export function nodeBirth(bdSeq: number, nowMs: number): Uint8Array {
  const rebirth: SparkplugMetric = {
    name: rebirthMetric,
    datatype: dataTypes.Boolean,
    timestampMs: nowMs,
    value: { kind: "boolean", value: false },
  };
  return encodePayload({ timestampMs: nowMs, seq: 0, metrics: [bdSeqMetric(bdSeq), rebirth] });
}

/** DBIRTH: every metric with name, alias, type, present value and unit (6.4.22). */
export function deviceBirth(samples: readonly TagSample[], seq: number, nowMs: number): Uint8Array {
  const metrics = samples.map((sample): SparkplugMetric => {
    const { tag } = sample;
    const made = metricOf(sample, nowMs);
    const unit: PropertyValue = {
      datatype: dataTypes.String,
      value: { kind: "string", value: tag.unit },
    };
    return {
      ...made,
      name: tag.metric,
      alias: tag.alias,
      datatype: dataTypes[types[tag.type]],
      ...(tag.unit === ""
        ? {}
        : { properties: new Map([["engUnit", unit], ...(made.properties ?? [])]) }),
    };
  });
  return encodePayload({ timestampMs: nowMs, seq, metrics });
}

/**
 * DDATA (6.4.23): present values by alias. What comes late is marked, and goes by name: an alias belongs to one birth
 * (field practice 49), and who stores what he cannot show at once may read it after the next.
 */
export function deviceData(
  samples: readonly TagSample[],
  historical: boolean,
  seq: number,
  nowMs: number,
): Uint8Array {
  const metrics = samples.map((sample): SparkplugMetric => {
    const { alias, metric } = sample.tag;
    const made = metricOf(sample, nowMs);
    return historical ? { ...made, name: metric, historical: true } : { ...made, alias };
  });
  return encodePayload({ timestampMs: nowMs, seq, metrics });
}

/** DDEATH (6.4.24). */
export function deviceDeath(seq: number, nowMs: number): Uint8Array {
  return encodePayload({ timestampMs: nowMs, seq, metrics: [] });
}

/** What a command asks of the node. Everything but a rebirth is a write, which is refused. */
export interface AskedOfNode {
  readonly rebirth: boolean;
  /** Names of the metrics that somebody wants to write; "?" for one without a name. */
  readonly writes: readonly string[];
}

/** A command has a few metrics of some bytes. */
const commandBytesMax = 65_536;

/** Undefined when it is no command that can be understood. */
export function parseCommand(bytes: Uint8Array): AskedOfNode | undefined {
  if (bytes.length > commandBytesMax) return undefined;
  try {
    const { metrics } = decodePayload(bytes);
    const isRebirth = ({ name, value }: SparkplugMetric): boolean =>
      name === rebirthMetric && value?.kind === "boolean";
    return {
      rebirth: metrics.some((metric) => isRebirth(metric) && metric.value?.value === true),
      writes: metrics.filter((metric) => !isRebirth(metric)).map(({ name }) => name ?? "?"),
    };
  } catch {
    return undefined;
  }
}

function bdSeqMetric(bdSeq: number): SparkplugMetric {
  return { name: "bdSeq", datatype: dataTypes.UInt64, value: toMetricValue("UInt64", bdSeq) };
}

/** Value, time and quality; who sends it adds how it is called. The status code goes with what is not plainly good. */
function metricOf(
  { tag, value, status, measuredUs, stale }: TagSample,
  nowMs: number,
): SparkplugMetric {
  const severity = severityOf(status);
  const known = severity === "bad" ? undefined : valueOf(tag.type, value);
  const mark =
    severity === "bad" || (known === undefined && value !== undefined)
      ? quality.bad
      : severity === "uncertain" || stale === true || known === undefined
        ? quality.stale
        : undefined;
  return {
    // Milliseconds on the wire, µs with us.
    timestampMs: measuredUs > 0 ? Math.floor(measuredUs / 1_000) : nowMs,
    ...(known === undefined ? { isNull: true } : { value: known }),
    ...(mark === undefined
      ? {}
      : {
          properties: new Map<string, PropertyValue>([
            ["Quality", numberProperty("Int32", mark)],
            ["StatusCode", numberProperty("UInt32", status)],
          ]),
        }),
  };
}

function numberProperty(type: "Int32" | "UInt32", value: number): PropertyValue {
  return { datatype: dataTypes[type], value: { kind: "int", value } };
}

/** Undefined for what the type does not hold, such as a whole number that is none: nothing is made up. */
function valueOf(type: ValueType, value: Scalar | undefined): MetricValue | undefined {
  if (value === undefined) return undefined;
  switch (type) {
    case "bool":
      return toMetricValue("Boolean", value === true || value === 1);
    case "float32":
    case "float64":
      return typeof value === "number" && !Number.isNaN(value)
        ? toMetricValue(types[type], value)
        : undefined;
    case "string":
      return typeof value === "string" ? toMetricValue("String", value) : undefined;
    case "bytes":
      return value instanceof Uint8Array ? toMetricValue("Bytes", value) : undefined;
    case "time":
      return Number.isFinite(Number(value))
        ? toMetricValue("DateTime", Math.floor(Number(value) / 1_000))
        : undefined;
    case "int8":
    case "uint8":
    case "int16":
    case "uint16":
    case "int32":
    case "uint32":
    case "int64":
    case "uint64":
    case "enum":
      return typeof value === "bigint" || Number.isSafeInteger(value)
        ? toMetricValue(types[type], value)
        : undefined;
  }
}
