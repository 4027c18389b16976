/** Sparkplug B messages of one edge node with one device, after "Eclipse Sparkplug 3.0.0". Pure: values in, bytes out. */
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

import type { PlantValue, PointType } from "../machine.ts";
import type { ProcessImage } from "../process-image.ts";

const types = {
  bool: "Boolean",
  int16: "Int16",
  uint16: "UInt16",
  int32: "Int32",
  uint32: "UInt32",
  int64: "Int64",
  uint64: "UInt64",
  float32: "Float",
  float64: "Double",
  string: "String",
  time: "DateTime",
  enum: "Int32",
} as const satisfies Record<PointType, DataType>;

export const rebirthMetric = "Node Control/Rebirth";

/** `Bearing.Temperature` is the metric `Bearing/Temperature`. */
export function metricName(path: string): string {
  return path.replaceAll(".", "/");
}

/** NDEATH: the running number of the birth that it ends (6.4.20). */
export function deathPayload(bdSeq: number, nowMs: number): Uint8Array {
  return encodePayload({ timestampMs: nowMs, metrics: [bdSeqMetric(bdSeq)] });
}

/** NBIRTH: always `seq` 0, with bdSeq and the rebirth control (6.4.19). */
export function nodeBirth(bdSeq: number, nowMs: number): Uint8Array {
  return encodePayload({
    timestampMs: nowMs,
    seq: 0,
    metrics: [
      bdSeqMetric(bdSeq),
      {
        name: rebirthMetric,
        datatype: dataTypes.Boolean,
        value: { kind: "boolean", value: false },
        timestampMs: nowMs,
      },
    ],
  });
}

/** DBIRTH: every metric with name, alias, type, present value and unit (6.4.22). Aliases begin at 1. */
export function deviceBirth(image: ProcessImage, seq: number, nowMs: number): Uint8Array {
  const metrics = image.points.map((point, index) => ({
    ...metricOf(image, index, nowMs),
    name: metricName(point.path),
    ...(point.unit === "" ? {} : { properties: new Map([["engUnit", textProperty(point.unit)]]) }),
  }));
  return encodePayload({ timestampMs: nowMs, seq, metrics });
}

/** DDATA: what changed, by alias alone (6.4.23). */
export function deviceData(
  image: ProcessImage,
  points: readonly number[],
  seq: number,
  nowMs: number,
): Uint8Array {
  const metrics = points.map((index) => metricOf(image, index, nowMs));
  return encodePayload({ timestampMs: nowMs, seq, metrics });
}

/** DDEATH (6.4.24). */
export function deviceDeath(seq: number, nowMs: number): Uint8Array {
  return encodePayload({ timestampMs: nowMs, seq, metrics: [] });
}

/** True when an NCMD asks for births (6.4.29). */
export function asksRebirth(payload: Uint8Array): boolean {
  return decodePayload(payload).metrics.some(
    ({ name, value }) => name === rebirthMetric && value?.value === true,
  );
}

/** Plain values that a DCMD asks for, by the paths of their points. */
export function wantedValues(payload: Uint8Array): readonly (readonly [string, PlantValue])[] {
  return decodePayload(payload).metrics.flatMap(({ name = "", value }) => {
    const plain = value?.kind === "double" || value?.kind === "float" || value?.kind === "boolean";
    return plain ? [[name.replaceAll("/", "."), value.value] as const] : [];
  });
}

function bdSeqMetric(bdSeq: number): SparkplugMetric {
  return { name: "bdSeq", datatype: dataTypes.UInt64, value: toMetricValue("UInt64", bdSeq) };
}

function textProperty(text: string): PropertyValue {
  return { datatype: dataTypes.String, value: { kind: "string", value: text } };
}

function metricOf(image: ProcessImage, index: number, nowMs: number): SparkplugMetric {
  const type = image.points[index]?.type ?? "float64";
  const good = image.status[index] === 0;
  return {
    alias: BigInt(index + 1),
    timestampMs: nowMs,
    datatype: dataTypes[types[type]],
    ...(good ? { value: metricValue(type, image.values[index] ?? 0) } : { isNull: true }),
  };
}

function metricValue(type: PointType, value: PlantValue): MetricValue {
  return toMetricValue(types[type], type === "time" ? Math.round(Number(value) / 1_000) : value);
}
