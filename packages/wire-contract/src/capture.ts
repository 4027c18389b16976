/**
 * Captures: waveforms, pictures, files (field practice 54). One is too large for a row and often for a message, so it
 * travels as pieces and, behind them, the record that says what they are. All pieces and the record of one capture have
 * neighbouring numbers in the capture lane; the record alone counts, as one sample of its tag.
 */
import type { Refused } from "@millwright/kit";
import { ByteReader, ByteWriter, Malformed } from "./bytes.ts";
import * as protobuf from "./protobuf.ts";
import { refuseMalformed } from "./refuse.ts";
import { type DeviceId, isDeviceId, isTagId, type TagId } from "./tag.ts";

/** How one number of a waveform is written: little-endian, channel by channel within a row. `none`: not numbers. */
export const sampleTypes = {
  none: 0,
  int16: 1,
  int32: 2,
  float32: 3,
  float64: 4,
} as const;
export type SampleType = keyof typeof sampleTypes;

/** Bytes of one number. */
export const sampleBytes: Readonly<Record<SampleType, number>> = {
  none: 0,
  int16: 2,
  int32: 4,
  float32: 4,
  float64: 8,
};

/** Why it was taken. */
export const captureTriggers = { schedule: 1, limit: 2, file: 3 } as const;
export type CaptureTrigger = keyof typeof captureTriggers;

/** The value of one tag when the capture was taken: speed, load, job. */
export interface CaptureState {
  readonly tag: TagId;
  readonly name: string;
  /** As text with its unit: it is for reading, and any type of value can stand there. */
  readonly value: string;
}

/** What one capture is. Its bytes lie apart, under their SHA-256. */
export interface CaptureRecord {
  /** Of what: permanent, like the id of a tag, and among the same names. */
  readonly tag: TagId;
  readonly name: string;
  /** The device that was asked; absent for files. */
  readonly device?: DeviceId;
  /** The machine, as tags name it. */
  readonly asset: string;
  /** Of its first number; of a file, when it was last changed; µs since 1970 UTC. */
  readonly startUs: number;
  /** Rows a second; 0 where it is no waveform. */
  readonly rateHz: number;
  /** Rows; one number for each channel stands in a row. */
  readonly count: number;
  readonly channels: number;
  readonly sampleType: SampleType;
  /** Value = scale * number. */
  readonly scale: number;
  /** UCUM code of the value. */
  readonly unit: string;
  /** A number at an end of its type: the sensor's range was too small, and the spectrum is not to be trusted. */
  readonly overload: boolean;
  readonly trigger: CaptureTrigger;
  /** The trigger in words: "every 5 min", "Bearing vibration above 4.5 mm/s", the name of the file. */
  readonly why: string;
  readonly state: readonly CaptureState[];
  /** Media type (RFC 6838). */
  readonly mediaType: string;
  /** 64 hexadecimal digits. */
  readonly sha256: string;
  readonly byteCount: number;
}

/** A part of the bytes of a capture. */
export interface CapturePiece {
  readonly sha256: string;
  /** Place of its first byte in the whole. */
  readonly at: number;
  readonly data: Uint8Array;
}

/** `GET …/captures`: a record, and where its bytes are. */
export interface CaptureView extends CaptureRecord {
  /** Of the gateway: the hub has it and has checked its SHA-256. Of the hub: always. */
  readonly atHub: boolean;
}

/** One thing that captures are taken of, for the page that shows them. */
export interface CapturePoint {
  readonly tag: string;
  readonly name: string;
  readonly asset: string;
}

/** Body of a `capture` frame. */
export function encodeCapture(record: CaptureRecord): Uint8Array {
  const out = new ByteWriter(512);
  protobuf.stringField(out, 1, record.tag);
  protobuf.stringField(out, 2, record.name);
  protobuf.stringField(out, 3, record.device ?? "");
  protobuf.stringField(out, 4, record.asset);
  protobuf.sintField(out, 5, Math.round(record.startUs));
  protobuf.doubleField(out, 6, record.rateHz);
  protobuf.uintField(out, 7, record.count);
  protobuf.uintField(out, 8, record.channels);
  protobuf.uintField(out, 9, sampleTypes[record.sampleType]);
  protobuf.doubleField(out, 10, record.scale);
  protobuf.stringField(out, 11, record.unit);
  protobuf.boolField(out, 12, record.overload);
  protobuf.uintField(out, 13, captureTriggers[record.trigger]);
  protobuf.stringField(out, 14, record.why);
  const one = new ByteWriter(64);
  for (const { tag, name, value } of record.state) {
    one.clear();
    protobuf.stringField(one, 1, tag);
    protobuf.stringField(one, 2, name);
    protobuf.stringField(one, 3, value);
    protobuf.blockField(out, 15, one.view());
  }
  protobuf.stringField(out, 16, record.mediaType);
  protobuf.blockField(out, 17, Buffer.from(record.sha256, "hex"));
  protobuf.uintField(out, 18, record.byteCount);
  return out.copy();
}

export function decodeCapture(body: Uint8Array): CaptureRecord | Refused {
  return refuseMalformed("capture", () => {
    const draft = {
      tag: "",
      name: "",
      device: "",
      asset: "",
      startUs: 0,
      rateHz: 0,
      count: 0,
      channels: 0,
      sampleType: 0,
      scale: 0,
      unit: "",
      overload: false,
      trigger: 0,
      why: "",
      mediaType: "",
      sha256: "",
      byteCount: 0,
    };
    const state: CaptureState[] = [];
    protobuf.readFields(new ByteReader(body), (field, value) => {
      if (field === 1) draft.tag = value.string();
      else if (field === 2) draft.name = value.string();
      else if (field === 3) draft.device = value.string();
      else if (field === 4) draft.asset = value.string();
      else if (field === 5) draft.startUs = value.sint();
      else if (field === 6) draft.rateHz = value.double();
      else if (field === 7) draft.count = value.uint();
      else if (field === 8) draft.channels = value.uint();
      else if (field === 9) draft.sampleType = value.uint();
      else if (field === 10) draft.scale = value.double();
      else if (field === 11) draft.unit = value.string();
      else if (field === 12) draft.overload = value.bool();
      else if (field === 13) draft.trigger = value.uint();
      else if (field === 14) draft.why = value.string();
      else if (field === 15) state.push(readState(value.block()));
      else if (field === 16) draft.mediaType = value.string();
      else if (field === 17) draft.sha256 = readSha256(value.block());
      else if (field === 18) draft.byteCount = value.uint();
    });
    const { tag, device, sampleType, trigger, sha256, ...rest } = draft;
    if (!isTagId(tag)) throw new Malformed("its tag is not one");
    if (device !== "" && !isDeviceId(device)) throw new Malformed("its device is not one");
    if (sha256 === "") throw new Malformed("it has no SHA-256");
    if (!(rest.rateHz >= 0 && rest.rateHz < Infinity) || !Number.isFinite(rest.scale)) {
      throw new Malformed("its rate or its scale is no number");
    }
    return {
      ...rest,
      tag,
      ...(device === "" ? {} : { device }),
      sampleType: nameOf(sampleTypes, sampleType, "sample type"),
      trigger: nameOf(captureTriggers, trigger, "trigger"),
      state,
      sha256,
    };
  });
}

/** Everything of a `piece` body but the data, which are its last bytes: they may lie elsewhere. */
export function encodePieceHead(sha256: string, at: number, dataBytes: number): Uint8Array {
  const out = new ByteWriter(64);
  protobuf.blockField(out, 1, Buffer.from(sha256, "hex"));
  protobuf.uintField(out, 2, at);
  protobuf.blockHead(out, 3, dataBytes);
  return out.copy();
}

/** The data are a view into `body`. */
export function decodePiece(body: Uint8Array): CapturePiece | Refused {
  return refuseMalformed("piece of a capture", () => {
    let sha256 = "";
    let at = 0;
    let data: Uint8Array = new Uint8Array(0);
    protobuf.readFields(new ByteReader(body), (field, value) => {
      if (field === 1) sha256 = readSha256(value.block());
      else if (field === 2) at = value.uint();
      else if (field === 3) data = value.block();
    });
    if (sha256 === "") throw new Malformed("it does not say of which capture");
    return { sha256, at, data };
  });
}

export function isSha256(text: string): boolean {
  return /^[0-9a-f]{64}$/.test(text);
}

function readState(block: Uint8Array): CaptureState {
  let tag = "";
  let name = "";
  let value = "";
  protobuf.readFields(new ByteReader(block), (field, read) => {
    if (field === 1) tag = read.string();
    else if (field === 2) name = read.string();
    else if (field === 3) value = read.string();
  });
  if (!isTagId(tag)) throw new Malformed("a tag of its state is not one");
  return { tag, name, value };
}

function readSha256(block: Uint8Array): string {
  if (block.length !== 32) throw new Malformed("a SHA-256 has 32 bytes");
  return Buffer.from(block.buffer, block.byteOffset, block.length).toString("hex");
}

function nameOf<Name extends string>(
  numbers: Readonly<Record<Name, number>>,
  number: number,
  what: string,
): Name {
  const name = (Object.keys(numbers) as Name[]).find((one) => numbers[one] === number);
  if (name === undefined) throw new Malformed(`${what} ${number} is not known`);
  return name;
}
