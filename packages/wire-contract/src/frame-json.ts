/**
 * A frame as JSON, for people, stored cases and programs in other languages. 64-bit numbers are text; what JSON has no
 * number for is an object that says what it is.
 */
import { decodeAggregates } from "./aggregates.ts";
import { decodeCapture, decodePiece } from "./capture.ts";
import { decodeClock, decodeLedger, decodeStarts, decodeVoid } from "./records.ts";
import { decodeDictionary, type Dictionary } from "./dictionary.ts";
import { decodeEvents } from "./events/event-codec.ts";
import { parseFrame } from "./frame-codec.ts";
import type { FrameContent, FrameHead, SampleColumns } from "./frame.ts";
import { decodeSamples } from "./samples.ts";
import type { Scalar } from "./scalar.ts";
import type { TagDefinition } from "./tag.ts";

export function frameJson(bytes: Uint8Array, dictionary: Dictionary): unknown {
  const parsed = parseFrame(bytes);
  if (parsed.kind !== "frame") return parsed;
  return {
    head: headJson(parsed.head),
    contentCrc: hex(BigInt(parsed.contentCrc), 8),
    body: bodyJson(parsed.head.content, parsed.body, dictionary),
  };
}

function headJson(head: FrameHead): unknown {
  return { ...head, chain: hex(head.chain, 16), dictionary: hex(head.dictionary, 16) };
}

function bodyJson(content: FrameContent, body: Uint8Array, dictionary: Dictionary): unknown {
  switch (content) {
    case "samples": {
      const columns = decodeSamples(body, dictionary);
      return "kind" in columns ? columns : samplesJson(columns, dictionary);
    }
    case "dictionary": {
      const read = decodeDictionary(body);
      if ("kind" in read) return read;
      return { hash: hex(read.hash, 16), tags: read.tags.map(tagJson) };
    }
    case "ledger":
      return decodeLedger(body);
    case "void": {
      const read = decodeVoid(body);
      if ("kind" in read) return read;
      return { ...read, chainBefore: hex(read.chainBefore, 16), chainAt: hex(read.chainAt, 16) };
    }
    case "start":
      return decodeStarts(body);
    case "clock":
      return decodeClock(body);
    case "capture":
      return decodeCapture(body);
    case "piece": {
      const read = decodePiece(body);
      return "kind" in read ? read : { ...read, data: Buffer.from(read.data).toString("hex") };
    }
    case "aggregates": {
      const read = decodeAggregates(body);
      return "kind" in read
        ? read
        : { ...read, minutes: Buffer.from(read.minutes).toString("hex") };
    }
    case "events":
      return decodeEvents(body);
    case "unknown":
      return null;
  }
}

function samplesJson(columns: SampleColumns, dictionary: Dictionary): unknown {
  return Array.from({ length: columns.count }, (_, row) => ({
    tag: dictionary.byIndex(columns.tag[row] ?? -1)?.id,
    measuredUs: numberJson(columns.measuredUs[row] ?? 0),
    value: scalarJson(columns.wide?.get(row) ?? columns.value[row] ?? 0),
    status: columns.status[row],
  }));
}

function tagJson(tag: TagDefinition): unknown {
  return {
    ...tag,
    scale: numberJson(tag.scale),
    offset: numberJson(tag.offset),
    expectedMs: numberJson(tag.expectedMs),
    low: numberJson(tag.low),
    high: numberJson(tag.high),
    texts: [...tag.texts],
  };
}

function scalarJson(value: Scalar): unknown {
  if (typeof value === "number") return numberJson(value);
  if (typeof value === "bigint") return { integer: value.toString() };
  if (typeof value === "boolean") return { bool: value };
  if (typeof value !== "string") return { bytes: Buffer.from(value).toString("hex") };
  if (value.isWellFormed()) return { text: value };
  return { utf16: Buffer.from(value, "utf16le").toString("hex") };
}

function numberJson(value: number): unknown {
  if (Object.is(value, -0)) return { double: "-0" };
  return Number.isFinite(value) ? value : { double: String(value) };
}

function hex(value: bigint, digits: number): string {
  return value.toString(16).padStart(digits, "0");
}
