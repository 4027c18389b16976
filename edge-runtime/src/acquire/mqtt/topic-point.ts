/** The address of a plain MQTT point: `plant/pump1/state#$.bearing.temperature`, or a topic whose payload is the value. */
import type { Refused } from "@millwright/kit";
import { status, type Scalar, type ValueType } from "@millwright/wire-contract";

import type { PointSettings } from "../driver.ts";
import { isTimeFormat, timeFormats, toTimeUs, type TimeFormat } from "./device-time.ts";
import { parseJsonPath, selectJson, type Json, type JsonPath } from "./json-path.ts";
import { refuseTopic } from "./topic-name.ts";
import { parseTopicWrite, type TopicWrite } from "./topic-write.ts";
import { parseJsonPayload, parseTextPayload, payloadCaps, refuseBySize } from "./json-payload.ts";

export interface TopicPoint {
  readonly topic: string;
  /** Absent: the whole payload is the value, as text or bytes. */
  readonly path?: JsonPath;
  readonly type: ValueType;
  /** Where the payload says when it was measured. */
  readonly timePath?: JsonPath;
  readonly timeFormat?: TimeFormat;
  /** How the value of a tag of type `time` is written. */
  readonly valueFormat?: TimeFormat;
  /** Where and how it is written; absent where it is only read. */
  readonly write?: TopicWrite;
}

const knownOptions: readonly string[] = [
  "time_field",
  "time_format",
  "value_format",
  "write_topic",
  "write_payload",
];

export function parseTopicPoint(settings: PointSettings): TopicPoint | Refused {
  const hash = settings.address.indexOf("#");
  const topic = hash < 0 ? settings.address : settings.address.slice(0, hash);
  const topicProblem = refuseTopic(topic);
  if (topicProblem !== undefined) return topicProblem;
  const path = hash < 0 ? undefined : parseJsonPath(settings.address.slice(hash + 1));
  if (isRefused(path)) return path;

  const options = new Map(Object.entries(settings.options).filter(([, value]) => value !== ""));
  for (const name of options.keys()) {
    if (!knownOptions.includes(name)) {
      return refuse(`MQTT points have no option ${name}; they have ${knownOptions.join(", ")}`);
    }
  }
  const timeField = options.get("time_field");
  const timeFormat = options.get("time_format");
  const valueFormat = options.get("value_format");
  if ((timeField === undefined) !== (timeFormat === undefined)) {
    return refuse(
      "time_field and time_format belong together: where the time stands, and how it is written",
    );
  }
  if (timeField !== undefined && path === undefined) {
    return refuse("time_field needs a JSON payload: write the address as topic#$.path");
  }
  for (const format of [timeFormat, valueFormat]) {
    if (format !== undefined && !isTimeFormat(format)) {
      return refuse(`${format} is no time format; there are ${timeFormats.join(", ")}`);
    }
  }
  if ((settings.type === "time") !== (valueFormat !== undefined)) {
    return refuse("a tag of type time, and only such a tag, needs value_format");
  }
  const write = parseTopicWrite(settings.options);
  if (isRefused(write)) return write;
  if (write !== undefined && settings.type === "time") return refuse("a time is not written");
  const timePath = timeField === undefined ? undefined : parseJsonPath(timeField);
  if (isRefused(timePath)) return timePath;
  return {
    topic,
    type: settings.type,
    ...(path === undefined ? {} : { path }),
    ...(write === undefined ? {} : { write }),
    ...(timePath === undefined ? {} : { timePath }),
    ...(timeFormat !== undefined && isTimeFormat(timeFormat) ? { timeFormat } : {}),
    ...(valueFormat !== undefined && isTimeFormat(valueFormat) ? { valueFormat } : {}),
  };
}

/** One value that a payload held for a point. */
export interface TopicReading {
  readonly at: number;
  readonly measuredUs: number;
  readonly value: Scalar;
  readonly status: number;
}

export interface TopicPayload {
  readonly readings: readonly TopicReading[];
  /** What could not be used, with the reason; `readings` that were due and did not come of it are `rejected`. */
  readonly problem?: string;
  readonly rejected: number;
}

/** Reads the values of all points of one topic out of one payload. Points whose path is absent did not speak. */
export function readTopicPayload(
  points: readonly (readonly [at: number, point: TopicPoint])[],
  bytes: Uint8Array,
): TopicPayload {
  const readings: TopicReading[] = [];
  let rejected = 0;
  let problem: string | undefined;
  const reject = (why: string): void => {
    rejected++;
    problem ??= why;
  };

  let parsed: ReturnType<typeof parseJsonPayload> | undefined;
  for (const [at, point] of points) {
    if (point.path === undefined) {
      const value = wholePayload(bytes, point);
      if (isRefused(value)) reject(value.reason);
      else readings.push({ at, measuredUs: NaN, value, status: status.good });
      continue;
    }
    parsed ??= parseJsonPayload(bytes, payloadCaps);
    if ("kind" in parsed) {
      reject(parsed.reason);
      continue;
    }
    const { json } = parsed;
    const found = selectJson(json, point.path);
    if (found === undefined) continue;
    let measuredUs = NaN;
    if (point.timePath !== undefined && point.timeFormat !== undefined) {
      const time = selectJson(json, point.timePath);
      measuredUs = time === undefined ? NaN : toTimeUs(time, point.timeFormat);
      if (Number.isNaN(measuredUs)) problem ??= `its time is not in the format ${point.timeFormat}`;
    }
    if (found === null) {
      // The device says that it has no value now. It is a reading like any other, and a bad one.
      readings.push({ at, measuredUs, value: NaN, status: status.bad });
      continue;
    }
    const value = toScalar(found, point);
    if (value === undefined)
      reject(`a list or an object stands where a ${point.type} was expected`);
    else readings.push({ at, measuredUs, value, status: status.good });
  }
  return { readings, rejected, ...(problem === undefined ? {} : { problem }) };
}

/**
 * A value as near to the declared type as it can be had without guessing. What does not fit is handed on as it is:
 * normalise marks it bad and keeps it whole.
 */
function toScalar(value: Exclude<Json, null>, point: TopicPoint): Scalar | undefined {
  if (typeof value === "object") return undefined;
  if (point.type === "time" && point.valueFormat !== undefined)
    return toTimeUs(value, point.valueFormat);
  if (point.type === "string") return typeof value === "string" ? value : String(value);
  if (point.type === "bytes") {
    if (typeof value !== "string" || !/^[A-Za-z0-9+/]*={0,2}$/.test(value)) return value;
    return new Uint8Array(Buffer.from(value, "base64"));
  }
  if (typeof value !== "string") return value;
  if (point.type === "bool") return toBool(value) ?? value;
  return toNumber(value) ?? value;
}

function wholePayload(bytes: Uint8Array, point: TopicPoint): Scalar | Refused {
  if (point.type === "bytes") return refuseBySize(bytes, payloadCaps) ?? new Uint8Array(bytes);
  const text = parseTextPayload(bytes, payloadCaps);
  return isRefused(text) ? text : (toScalar(text, point) ?? text);
}

function toBool(text: string): boolean | undefined {
  switch (text.trim().toLowerCase()) {
    case "true":
    case "on":
    case "1":
      return true;
    case "false":
    case "off":
    case "0":
      return false;
    default:
      return undefined;
  }
}

/** Many devices send numbers as text. Whole numbers that a double would change stay exact. */
function toNumber(text: string): number | bigint | undefined {
  const trimmed = text.trim();
  if (/^[+-]?\d{1,20}$/.test(trimmed)) {
    const number = Number(trimmed);
    return Number.isSafeInteger(number) ? number : BigInt(trimmed.replace(/^\+/, ""));
  }
  return /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?$/.test(trimmed) ? Number(trimmed) : undefined;
}

export function isRefused(value: unknown): value is Refused {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "refused";
}

function refuse(reason: string): Refused {
  return { kind: "refused", reason };
}
