/** Sparkplug B messages of one edge node with one device, after "Eclipse Sparkplug 3.0.0". Pure: values in, bytes out. */
import sparkplug from "sparkplug-payload";
import type { PlantValue, PointType } from "../machine.ts";
import type { ProcessImage } from "../process-image.ts";

const codec = sparkplug.get("spBv1.0");
if (codec === null) throw new Error("sparkplug-payload does not know spBv1.0");
const { encodePayload, decodePayload } = codec;

/** A 64-bit number as the two words that the codec writes. */
interface Words {
  readonly low: number;
  readonly high: number;
  readonly unsigned: boolean;
}

type MetricValue = number | Words | boolean | string | null;

interface Metric {
  readonly name?: string;
  readonly alias?: number;
  readonly timestamp?: number;
  readonly type: string;
  readonly value: MetricValue;
  readonly isNull?: boolean;
  readonly properties?: Readonly<
    Record<string, { readonly type: "String"; readonly value: string }>
  >;
}

/** The codec's own types name a class of a package that it does not bring; ours say what it takes. */
function encode(payload: {
  readonly timestamp: number;
  readonly seq?: number;
  readonly metrics: readonly Metric[];
}): Uint8Array {
  return encodePayload(payload as unknown as Parameters<typeof encodePayload>[0]);
}

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
} as const satisfies Record<PointType, string>;

export const rebirthMetric = "Node Control/Rebirth";

/** `Bearing.Temperature` is the metric `Bearing/Temperature`. */
export function metricName(path: string): string {
  return path.replaceAll(".", "/");
}

/** NDEATH: the running number of the birth that it ends (6.4.20). */
export function deathPayload(bdSeq: number, nowMs: number): Uint8Array {
  return encode({ timestamp: nowMs, metrics: [bdSeqMetric(bdSeq)] });
}

/** NBIRTH: always `seq` 0, with bdSeq and the rebirth control (6.4.19). */
export function nodeBirth(bdSeq: number, nowMs: number): Uint8Array {
  return encode({
    timestamp: nowMs,
    seq: 0,
    metrics: [
      bdSeqMetric(bdSeq),
      { name: rebirthMetric, type: "Boolean", value: false, timestamp: nowMs },
    ],
  });
}

/** DBIRTH: every metric with name, alias, type, present value and unit (6.4.22). Aliases begin at 1. */
export function deviceBirth(image: ProcessImage, seq: number, nowMs: number): Uint8Array {
  const metrics = image.points.map((point, index) => ({
    ...metricOf(image, index, nowMs),
    name: metricName(point.path),
    ...(point.unit === ""
      ? {}
      : { properties: { engUnit: { type: "String" as const, value: point.unit } } }),
  }));
  return encode({ timestamp: nowMs, seq, metrics });
}

/** DDATA: what changed, by alias alone (6.4.23). */
export function deviceData(
  image: ProcessImage,
  points: readonly number[],
  seq: number,
  nowMs: number,
): Uint8Array {
  const metrics = points.map((index) => metricOf(image, index, nowMs));
  return encode({ timestamp: nowMs, seq, metrics });
}

/** DDEATH (6.4.24). */
export function deviceDeath(seq: number, nowMs: number): Uint8Array {
  return encode({ timestamp: nowMs, seq, metrics: [] });
}

/** True when an NCMD asks for births (6.4.29). */
export function asksRebirth(payload: Uint8Array): boolean {
  const { metrics } = decodePayload(payload);
  return (metrics ?? []).some(({ name, value }) => name === rebirthMetric && value === true);
}

function bdSeqMetric(bdSeq: number): Metric {
  return { name: "bdSeq", type: "UInt64", value: bdSeq };
}

function metricOf(image: ProcessImage, index: number, nowMs: number): Metric {
  const type = image.points[index]?.type ?? "float64";
  const good = image.status[index] === 0;
  return {
    alias: index + 1,
    timestamp: nowMs,
    type: types[type],
    ...(good
      ? { value: metricValue(type, image.values[index] ?? 0) }
      : { value: null, isNull: true }),
  };
}

function metricValue(type: PointType, value: PlantValue): MetricValue {
  if (type === "time") return Math.round(Number(value) / 1_000);
  if (typeof value !== "bigint") return value;
  const bits = BigInt.asUintN(64, value);
  return { low: Number(bits & 0xffff_ffffn) | 0, high: Number(bits >> 32n) | 0, unsigned: true };
}
