/** Body of an `events` frame: what happened, an event after the other. Their own bodies are JSON, so that a kind can grow. */
import type { Refused } from "@millwright/kit";
import { ByteReader, ByteWriter, Malformed } from "../bytes.ts";
import * as protobuf from "../protobuf.ts";
import { refuseMalformed } from "../refuse.ts";
import { eventKinds, type EventKind, type EventRecord, type NewEvent } from "./event.ts";

/** What one event may say, in bytes of its JSON: a message carries dozens, and nobody reads more on a screen. */
export const eventJsonBytesMax: number = 16 * 1_024;
/** Of an asset's or a subject's name: more than tags may have, less than anything that is no name. */
const nameCharsMax = 1_024;

/** Objects within objects: what is nested by the thousand parses and then breaks whoever writes it again. */
const depthMax = 32;

/** An event as it is written: its body is text, and its kind may be one that the reader does not know. */
export interface EventLine {
  readonly number: number;
  /** A number of `eventKinds`. */
  readonly kind: number;
  readonly atUs: number;
  readonly asset: string;
  readonly subject: string;
  /** A JSON object. */
  readonly json: string;
}

/** What an `events` frame holds. */
export interface EventsBody {
  /** When the journal was begun that numbers them, µs: a journal that was lost is followed by one that begins at 1 again. */
  readonly journalUs: number;
  readonly lines: readonly EventLine[];
}

export function toEventLine(event: NewEvent, number: number): EventLine {
  const { kind, atUs, asset, subject, body } = event;
  return {
    number,
    kind: eventKinds[kind],
    atUs: Math.round(atUs),
    asset,
    subject,
    json: JSON.stringify(body),
  };
}

/** Undefined when the kind is one of a later version. The line was read, or written, by this program. */
export function toEventRecord(line: EventLine): EventRecord | undefined {
  const { number, atUs, asset, subject, json } = line;
  const kind = kindNames.get(line.kind);
  if (kind === undefined) return undefined;
  // The body is what a gateway wrote for this kind; a reader passes over what it does not know in it.
  return { number, kind, atUs, asset, subject, body: JSON.parse(json) as never };
}

/** Body of an `events` frame. */
export function encodeEvents({ journalUs, lines }: EventsBody): Uint8Array {
  const out = new ByteWriter(1_024);
  const one = new ByteWriter(1_024);
  for (const line of lines) {
    one.clear();
    protobuf.uintField(one, 1, line.number);
    protobuf.uintField(one, 2, line.kind);
    protobuf.sintField(one, 3, line.atUs);
    protobuf.stringField(one, 4, line.asset);
    protobuf.stringField(one, 5, line.subject);
    protobuf.stringField(one, 6, line.json);
    protobuf.blockField(out, 1, one.view());
  }
  protobuf.sintField(out, 2, Math.round(journalUs));
  return out.copy();
}

/** Events of kinds that this program does not know are among the lines; `toEventRecord` passes over them. */
export function decodeEvents(body: Uint8Array): EventsBody | Refused {
  return refuseMalformed("list of events", () => {
    const lines: EventLine[] = [];
    let journalUs = 0;
    protobuf.readFields(new ByteReader(body), (field, value) => {
      if (field === 1) lines.push(readLine(new ByteReader(value.block())));
      else if (field === 2) journalUs = value.sint();
    });
    return { journalUs, lines };
  });
}

const kindNames = new Map<number, EventKind>(
  (Object.keys(eventKinds) as EventKind[]).map((kind) => [eventKinds[kind], kind]),
);

function readLine(input: ByteReader): EventLine {
  const line = { number: 0, kind: 0, atUs: 0, asset: "", subject: "", json: "" };
  protobuf.readFields(input, (field, value) => {
    if (field === 1) line.number = value.uint();
    else if (field === 2) line.kind = value.uint();
    else if (field === 3) line.atUs = value.sint();
    else if (field === 4) line.asset = readName(value.string());
    else if (field === 5) line.subject = readName(value.string());
    else if (field === 6) line.json = readJson(value.block());
  });
  if (line.number === 0) throw new Malformed("an event has no number");
  if (line.kind === 0) throw new Malformed("an event has no kind");
  if (line.json === "") throw new Malformed("an event says nothing");
  return line;
}

function readName(name: string): string {
  // PostgreSQL takes no NUL in text, and no name has one.
  if (name.length > nameCharsMax || name.includes("\0")) throw new Malformed("a name is not one");
  return name;
}

function readJson(block: Uint8Array): string {
  if (block.length > eventJsonBytesMax) throw new Malformed("an event says too much");
  const json = readText(block);
  const body = parseJson(json);
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    throw new Malformed("the body of an event is no object");
  }
  if (!isShallow(body, depthMax)) throw new Malformed("the body of an event is nested too deep");
  return json;
}

function isShallow(value: unknown, depth: number): boolean {
  if (typeof value !== "object" || value === null) return true;
  return depth > 0 && Object.values(value).every((inner) => isShallow(inner, depth - 1));
}

function readText(block: Uint8Array): string {
  try {
    return utf8.decode(block);
  } catch {
    throw new Malformed("the body of an event is not UTF-8");
  }
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw new Malformed("the body of an event is no JSON");
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
