import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type { Refused } from "@millwright/kit";
import { ByteReader, ByteWriter, Malformed } from "./bytes.ts";
import * as protobuf from "./protobuf.ts";
import { refuseMalformed } from "./refuse.ts";
import { TagBook } from "./tag-book.ts";
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
  /** How many tags there are. */
  readonly size: number;
  /** All of them without an object for each: for those who ask often. */
  readonly book: TagBook;
  /** In rising order of index. Made when asked for, and an object for each as long as somebody holds them. */
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
  return makeDictionaryOf(TagBook.of(tags));
}

/** As `makeDictionary`, without an object for each tag. */
export function makeDictionaryOf(book: TagBook): Dictionary {
  for (const { id, device, index } of book) {
    assert(isTagId(id), `tag id "${id}" cannot be written`);
    assert(isDeviceId(device), `device id "${device}" of tag "${id}" cannot be written`);
    assert(index >= 0 && index <= indexMax, `index ${index} of tag "${id}"`);
  }
  const repeated = repeatedIn(book);
  assert(repeated === undefined, repeated);
  return dictionaryOf(book, hashOf(canonical(book)));
}

const encodings = new WeakMap<Dictionary, Uint8Array>();

/** Body of a `dictionary` frame. Encoded once: a dictionary never changes. */
export function encodeDictionary(dictionary: Dictionary): Uint8Array {
  const known = encodings.get(dictionary);
  if (known !== undefined) return known;
  const plain = canonical(dictionary.book);
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
    const book = TagBook.of(inner.tags);
    const repeated = repeatedIn(book);
    if (repeated !== undefined) throw new Malformed(repeated);
    return dictionaryOf(book, hashOf(canonical(book)));
  });
}

/** Fits the Int32 column of samples. */
const indexMax = 2 ** 31 - 1;
/** More tags than any plant has on one gateway, by two orders. */
const tagsMax = 1_000_000;

function dictionaryOf(book: TagBook, hash: bigint): Dictionary {
  let made: WeakRef<readonly TagDefinition[]> | undefined;
  return {
    hash,
    book,
    size: book.size,
    get tags() {
      const held = made?.deref();
      if (held !== undefined) return held;
      const tags = [...book];
      made = new WeakRef(tags);
      return tags;
    },
    byIndex: (index) => book.byIndex(index),
    byId: (id) => book.byId(id),
  };
}

function repeatedIn(sorted: Iterable<TagDefinition>): string | undefined {
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

function canonical(tags: Iterable<TagDefinition>): Uint8Array {
  const out = new ByteWriter(64);
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
