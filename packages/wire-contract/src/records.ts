/** The small bodies: ledger, void, starts, clock. Rare, so they are plain Protocol Buffers messages. */
import type { Refused } from "@millwright/kit";
import { ByteReader, ByteWriter, Malformed } from "./bytes.ts";
import { epochBytes, epochOf } from "./epoch-bytes.ts";
import {
  clockCauses,
  type ClockCause,
  type ClockRecord,
  type StartRecord,
  type VoidBody,
} from "./frame.ts";
import {
  type LedgerEntry,
  type LossCount,
  type LossReason,
  type LossScope,
  lossReasons,
} from "./ledger.ts";
import * as protobuf from "./protobuf.ts";
import { refuseMalformed } from "./refuse.ts";
import { isDeviceId, isTagId } from "./tag.ts";

/** Body of a `ledger` frame. */
export function encodeLedger(entries: readonly LedgerEntry[]): Uint8Array {
  return list(entries, writeEntry);
}

export function decodeLedger(body: Uint8Array): readonly LedgerEntry[] | Refused {
  return refuseMalformed("ledger", () => readList(body, readEntry));
}

/** Body of a `void` frame. */
export function encodeVoid(body: VoidBody): Uint8Array {
  const out = new ByteWriter(64);
  protobuf.uintField(out, 1, body.fromSeq);
  protobuf.uintField(out, 2, body.toSeq);
  protobuf.fixed64Field(out, 3, body.chainBefore);
  protobuf.fixed64Field(out, 4, body.chainAt);
  protobuf.uintField(out, 5, body.sampleCount);
  return out.copy();
}

export function decodeVoid(body: Uint8Array): VoidBody | Refused {
  return refuseMalformed("void", () => {
    let fromSeq = 0;
    let toSeq = 0;
    let chainBefore = 0n;
    let chainAt = 0n;
    let sampleCount = 0;
    protobuf.readFields(new ByteReader(body), (field, value) => {
      if (field === 1) fromSeq = value.uint();
      else if (field === 2) toSeq = value.uint();
      else if (field === 3) chainBefore = value.fixed64();
      else if (field === 4) chainAt = value.fixed64();
      else if (field === 5) sampleCount = value.uint();
    });
    if (fromSeq < 1 || toSeq < fromSeq) throw new Malformed(`${fromSeq}..${toSeq} is no range`);
    return { fromSeq, toSeq, chainBefore, chainAt, sampleCount };
  });
}

/** Body of a `start` frame. */
export function encodeStarts(records: readonly StartRecord[]): Uint8Array {
  return list(records, (out, record) => {
    protobuf.blockField(out, 1, epochBytes(record.epoch));
    if (record.parent !== undefined) protobuf.blockField(out, 2, epochBytes(record.parent));
    protobuf.sintField(out, 3, record.lastCommitUs);
    protobuf.sintField(out, 4, record.startedUs);
  });
}

export function decodeStarts(body: Uint8Array): readonly StartRecord[] | Refused {
  return refuseMalformed("list of starts", () =>
    readList(body, (input) => {
      let epoch = new Uint8Array(0);
      let parent = new Uint8Array(0);
      let lastCommitUs = 0;
      let startedUs = 0;
      protobuf.readFields(input, (field, value) => {
        if (field === 1) epoch = Uint8Array.from(value.block());
        else if (field === 2) parent = Uint8Array.from(value.block());
        else if (field === 3) lastCommitUs = value.sint();
        else if (field === 4) startedUs = value.sint();
      });
      const record = { epoch: epochOf(epoch), lastCommitUs, startedUs };
      return parent.length === 0 ? record : { ...record, parent: epochOf(parent) };
    }),
  );
}

/** Body of a `clock` frame. */
export function encodeClock(record: ClockRecord): Uint8Array {
  const out = new ByteWriter(32);
  protobuf.uintField(out, 1, record.segment);
  protobuf.sintField(out, 2, record.offsetUs);
  protobuf.boolField(out, 3, record.disciplined);
  protobuf.sintField(out, 4, record.atUs);
  if (record.cause !== undefined) protobuf.uintField(out, 5, clockCauses[record.cause]);
  protobuf.sintField(out, 6, record.stepUs ?? 0);
  return out.copy();
}

export function decodeClock(body: Uint8Array): ClockRecord | Refused {
  return refuseMalformed("clock record", () => {
    let segment = 0;
    let offsetUs = 0;
    let disciplined = false;
    let atUs = 0;
    let cause: ClockCause | undefined;
    let stepUs = 0;
    protobuf.readFields(new ByteReader(body), (field, value) => {
      if (field === 1) segment = value.uint();
      else if (field === 2) offsetUs = value.sint();
      else if (field === 3) disciplined = value.bool();
      else if (field === 4) atUs = value.sint();
      // A cause of a later version is one that this reader cannot name; the correction holds all the same.
      else if (field === 5) cause = causes.get(value.uint());
      else if (field === 6) stepUs = value.sint();
    });
    const record = { segment, offsetUs, disciplined, atUs };
    return {
      ...record,
      ...(cause === undefined ? {} : { cause }),
      ...(stepUs === 0 ? {} : { stepUs }),
    };
  });
}

const causes = new Map<number, ClockCause>(
  (Object.keys(clockCauses) as ClockCause[]).map((cause) => [clockCauses[cause], cause]),
);

const countKinds = { unknown: 0, exact: 1, scheduled: 2 } as const;
const reasons = new Map<number, LossReason>(
  (Object.keys(lossReasons) as LossReason[]).map((reason) => [lossReasons[reason], reason]),
);

function writeEntry(out: ByteWriter, entry: LedgerEntry): void {
  protobuf.uintField(out, 1, entry.number);
  protobuf.uintField(out, 2, lossReasons[entry.reason]);
  if (entry.scope.kind === "device") protobuf.stringField(out, 3, entry.scope.device);
  if (entry.scope.kind === "tag") protobuf.stringField(out, 4, entry.scope.tag);
  protobuf.sintField(out, 5, entry.fromUs);
  protobuf.sintField(out, 6, entry.toUs - entry.fromUs);
  protobuf.uintField(out, 7, countKinds[entry.count.kind]);
  if (entry.count.kind !== "unknown") protobuf.uintField(out, 8, entry.count.samples);
}

function readEntry(input: ByteReader): LedgerEntry {
  let number = 0;
  let reasonNumber = 0;
  let device = "";
  let tag = "";
  let fromUs = 0;
  let spanUs = 0;
  let countKind = 0;
  let samples = 0;
  protobuf.readFields(input, (field, value) => {
    if (field === 1) number = value.uint();
    else if (field === 2) reasonNumber = value.uint();
    else if (field === 3) device = value.string();
    else if (field === 4) tag = value.string();
    else if (field === 5) fromUs = value.sint();
    else if (field === 6) spanUs = value.sint();
    else if (field === 7) countKind = value.uint();
    else if (field === 8) samples = value.uint();
  });
  const reason = reasons.get(reasonNumber);
  if (reason === undefined) throw new Malformed(`loss reason ${reasonNumber} is not known`);
  const scope = scopeOf(device, tag);
  const count = countOf(countKind, samples);
  return { number, reason, scope, fromUs, toUs: fromUs + spanUs, count };
}

function scopeOf(device: string, tag: string): LossScope {
  if (device !== "") {
    if (!isDeviceId(device)) throw new Malformed("a device id is not one");
    return { kind: "device", device };
  }
  if (tag !== "") {
    if (!isTagId(tag)) throw new Malformed("a tag id is not one");
    return { kind: "tag", tag };
  }
  return { kind: "gateway" };
}

function countOf(kind: number, samples: number): LossCount {
  if (kind === countKinds.unknown) return { kind: "unknown" };
  if (kind === countKinds.exact) return { kind: "exact", samples };
  if (kind === countKinds.scheduled) return { kind: "scheduled", samples };
  throw new Malformed(`a count of kind ${kind} is not known`);
}

/** A message that is nothing but a list: each element a block under field 1. */
function list<T>(elements: readonly T[], write: (out: ByteWriter, element: T) => void): Uint8Array {
  const out = new ByteWriter(256);
  const one = new ByteWriter(256);
  for (const element of elements) {
    one.clear();
    write(one, element);
    protobuf.blockField(out, 1, one.view());
  }
  return out.copy();
}

function readList<T>(body: Uint8Array, read: (input: ByteReader) => T): readonly T[] {
  const elements: T[] = [];
  protobuf.readFields(new ByteReader(body), (field, value) => {
    if (field === 1) elements.push(read(new ByteReader(value.block())));
  });
  return elements;
}
