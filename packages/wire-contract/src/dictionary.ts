import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type { Refused } from "@millwright/kit";
import { ByteReader, ByteWriter, Malformed } from "./bytes.ts";
import * as protobuf from "./protobuf.ts";
import { refuseMalformed } from "./refuse.ts";
import type { ValueType } from "./scalar.ts";
import {
  isDeviceId,
  isTagId,
  type TagClock,
  type TagDefinition,
  type TagKind,
  type Telling,
} from "./tag.ts";
import { pack, unpack } from "./zstd.ts";

/** The tags that frames name by index, found both ways. */
export interface Dictionary {
  /** First 8 bytes of SHA-256 over the canonical encoding. Frames carry it. */
  readonly hash: bigint;
  /** In rising order of index. */
  readonly tags: readonly TagDefinition[];
  byIndex(index: number): TagDefinition | undefined;
  byId(id: string): TagDefinition | undefined;
}

/** Numbers under which value types are written. Never reused. */
const typeNumbers: Readonly<Record<ValueType, number>> = {
  bool: 1,
  int8: 2,
  uint8: 3,
  int16: 4,
  uint16: 5,
  int32: 6,
  uint32: 7,
  int64: 8,
  uint64: 9,
  float32: 10,
  float64: 11,
  string: 12,
  bytes: 13,
  time: 14,
  enum: 15,
};
const kindNumbers: Readonly<Record<TagKind, number>> = {
  measurement: 1,
  counter: 2,
  state: 3,
  "event-value": 4,
  setpoint: 5,
  text: 6,
};
const clockNumbers: Readonly<Record<TagClock, number>> = { device: 1, gateway: 2 };
const ruleNumbers: Readonly<Record<Telling["rule"], number>> = {
  full: 1,
  change: 2,
  "dead-band": 3,
  "swinging-door": 4,
};

/** Fails on two tags with one index or id: an index that means two things makes every frame that uses it ambiguous. */
export function makeDictionary(tags: readonly TagDefinition[]): Dictionary {
  const sorted = [...tags].sort((a, b) => a.index - b.index);
  for (const tag of sorted) {
    assert(isTagId(tag.id), `tag id "${tag.id}" cannot be written`);
    assert(
      isDeviceId(tag.device),
      `device id "${tag.device}" of tag "${tag.id}" cannot be written`,
    );
    assert(tag.index >= 0 && tag.index <= indexMax, `index ${tag.index} of tag "${tag.id}"`);
  }
  const repeated = repeatedIn(sorted);
  assert(repeated === undefined, repeated);
  return dictionaryOf(sorted, hashOf(canonical(sorted)));
}

const encodings = new WeakMap<Dictionary, Uint8Array>();

/** Body of a `dictionary` frame. Encoded once: a dictionary never changes. */
export function encodeDictionary(dictionary: Dictionary): Uint8Array {
  const known = encodings.get(dictionary);
  if (known !== undefined) return known;
  const plain = canonical(dictionary.tags);
  const packed = pack(plain);
  let body = plain;
  if (packed !== undefined) {
    const out = new ByteWriter(packed.length + 16);
    protobuf.blockField(out, 2, packed);
    protobuf.uintField(out, 3, plain.length);
    body = out.copy();
  }
  encodings.set(dictionary, body);
  return body;
}

export function decodeDictionary(body: Uint8Array): Dictionary | Refused {
  return refuseMalformed("dictionary", () => {
    const outer = readBody(body);
    const inner =
      outer.packed === undefined ? outer : readBody(unpack(outer.packed, outer.unpackedSize));
    const tags = inner.tags.sort((a, b) => a.index - b.index);
    const repeated = repeatedIn(tags);
    if (repeated !== undefined) throw new Malformed(repeated);
    return dictionaryOf(tags, hashOf(canonical(tags)));
  });
}

/** Fits the Int32 column of samples. */
const indexMax = 2 ** 31 - 1;
/** More tags than any plant has on one gateway, by two orders. */
const tagsMax = 1_000_000;

function dictionaryOf(tags: readonly TagDefinition[], hash: bigint): Dictionary {
  const byIndex = new Map(tags.map((tag) => [tag.index, tag]));
  const byId = new Map<string, TagDefinition>(tags.map((tag) => [tag.id, tag]));
  return {
    hash,
    tags,
    byIndex: (index) => byIndex.get(index),
    byId: (id) => byId.get(id),
  };
}

function repeatedIn(sorted: readonly TagDefinition[]): string | undefined {
  const ids = new Set<string>();
  let previous = -1;
  for (const tag of sorted) {
    if (tag.index === previous) return `index ${tag.index} belongs to two tags`;
    if (ids.has(tag.id)) return `tag id "${tag.id}" is there twice`;
    previous = tag.index;
    ids.add(tag.id);
  }
  return undefined;
}

function hashOf(bytes: Uint8Array): bigint {
  return createHash("sha256").update(bytes).digest().readBigUInt64BE(0);
}

function canonical(tags: readonly TagDefinition[]): Uint8Array {
  const out = new ByteWriter(64 + tags.length * 96);
  const one = new ByteWriter(256);
  const text = new ByteWriter(64);
  for (const tag of tags) {
    one.clear();
    writeTag(one, text, tag);
    protobuf.blockField(out, 1, one.view());
  }
  return out.copy();
}

function writeTag(out: ByteWriter, text: ByteWriter, tag: TagDefinition): void {
  protobuf.uintField(out, 1, tag.index);
  protobuf.stringField(out, 2, tag.id);
  protobuf.stringField(out, 3, tag.name);
  protobuf.stringField(out, 4, tag.device);
  protobuf.uintField(out, 5, typeNumbers[tag.type]);
  protobuf.uintField(out, 6, kindNumbers[tag.kind]);
  protobuf.stringField(out, 7, tag.unit);
  protobuf.uintField(out, 8, tag.decimals);
  protobuf.doubleField(out, 9, tag.scale);
  protobuf.doubleField(out, 10, tag.offset);
  protobuf.uintField(out, 11, tag.revision);
  protobuf.uintField(out, 12, clockNumbers[tag.clock]);
  protobuf.doubleField(out, 13, tag.expectedMs);
  if (!Number.isNaN(tag.low)) protobuf.optionalDoubleField(out, 14, tag.low);
  if (!Number.isNaN(tag.high)) protobuf.optionalDoubleField(out, 15, tag.high);
  protobuf.stringField(out, 16, tag.asset);
  for (const [number, label] of [...tag.texts].sort(([a], [b]) => a - b)) {
    text.clear();
    protobuf.sintField(text, 1, number);
    protobuf.stringField(text, 2, label);
    protobuf.blockField(out, 17, text.view());
  }
  protobuf.stringField(out, 18, tag.filteredAtSource);
  if (tag.telling === undefined) return;
  text.clear();
  protobuf.uintField(text, 1, ruleNumbers[tag.telling.rule]);
  protobuf.doubleField(text, 2, tag.telling.error);
  protobuf.doubleField(text, 3, tag.telling.heartbeatMs);
  protobuf.blockField(out, 19, text.view());
}

interface Body {
  readonly tags: TagDefinition[];
  readonly packed?: Uint8Array;
  readonly unpackedSize: number;
}

function readBody(bytes: Uint8Array): Body {
  const tags: TagDefinition[] = [];
  let packed: Uint8Array | undefined;
  let unpackedSize = 0;
  protobuf.readFields(new ByteReader(bytes), (field, value) => {
    if (field === 1) tags.push(readTag(value.block()));
    else if (field === 2) packed = value.block();
    else if (field === 3) unpackedSize = value.uint();
    if (tags.length > tagsMax) throw new Malformed(`it has more than ${tagsMax} tags`);
  });
  return packed === undefined ? { tags, unpackedSize } : { tags, packed, unpackedSize };
}

type Written<T> = { -readonly [Key in keyof T]: T[Key] };

function readTag(bytes: Uint8Array): TagDefinition {
  let id = "";
  let device = "";
  let type = 0;
  let kind = 0;
  let clock = 0;
  let telling: Telling | undefined;
  const texts = new Map<number, string>();
  const tag: Written<Omit<TagDefinition, "id" | "device" | "type" | "kind" | "clock">> = {
    index: 0,
    name: "",
    unit: "",
    decimals: 0,
    scale: 0,
    offset: 0,
    revision: 0,
    expectedMs: 0,
    low: Number.NaN,
    high: Number.NaN,
    asset: "",
    texts,
    filteredAtSource: "",
  };
  protobuf.readFields(new ByteReader(bytes), (field, value) => {
    switch (field) {
      case 1:
        tag.index = value.uint();
        return;
      case 2:
        id = value.string();
        return;
      case 3:
        tag.name = value.string();
        return;
      case 4:
        device = value.string();
        return;
      case 5:
        type = value.uint();
        return;
      case 6:
        kind = value.uint();
        return;
      case 7:
        tag.unit = value.string();
        return;
      case 8:
        tag.decimals = value.uint();
        return;
      case 9:
        tag.scale = value.double();
        return;
      case 10:
        tag.offset = value.double();
        return;
      case 11:
        tag.revision = value.uint();
        return;
      case 12:
        clock = value.uint();
        return;
      case 13:
        tag.expectedMs = value.double();
        return;
      case 14:
        tag.low = value.double();
        return;
      case 15:
        tag.high = value.double();
        return;
      case 16:
        tag.asset = value.string();
        return;
      case 17: {
        const [number, label] = readText(value.block());
        texts.set(number, label);
        return;
      }
      case 18:
        tag.filteredAtSource = value.string();
        return;
      case 19:
        telling = readTelling(value.block());
        return;
    }
  });
  if (!isTagId(id)) throw new Malformed("a tag id is not one");
  if (!isDeviceId(device)) throw new Malformed(`the device id of tag "${id}" is not one`);
  if (tag.index > indexMax) throw new Malformed(`index ${tag.index} is too great`);
  return {
    ...tag,
    id,
    device,
    type: named(typeNumbers, type, "value type"),
    kind: named(kindNumbers, kind, "tag kind"),
    clock: named(clockNumbers, clock, "tag clock"),
    ...(telling === undefined ? {} : { telling }),
  };
}

function readTelling(bytes: Uint8Array): Telling {
  let rule = 0;
  let error = 0;
  let heartbeatMs = 0;
  protobuf.readFields(new ByteReader(bytes), (field, value) => {
    if (field === 1) rule = value.uint();
    else if (field === 2) error = value.double();
    else if (field === 3) heartbeatMs = value.double();
  });
  return { rule: named(ruleNumbers, rule, "telling rule"), error, heartbeatMs };
}

function readText(bytes: Uint8Array): [number, string] {
  let number = 0;
  let label = "";
  protobuf.readFields(new ByteReader(bytes), (field, value) => {
    if (field === 1) number = value.sint();
    else if (field === 2) label = value.string();
  });
  return [number, label];
}

function named<Name extends string>(
  numbers: Readonly<Record<Name, number>>,
  number: number,
  what: string,
): Name {
  for (const name in numbers) if (numbers[name] === number) return name;
  throw new Malformed(`${what} ${number} is not known`);
}
