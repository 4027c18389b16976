import type { Refused } from "@millwright/kit";
import type { Scalar } from "@millwright/wire-contract";
import {
  ByteReader,
  ByteWriter,
  Malformed,
  pack,
  refuseMalformed,
  ScalarReader,
  ScalarWriter,
  unpack,
} from "@millwright/wire-contract/codec";

import type { Buckets } from "../buckets.ts";
import type { Carry, HeldSample } from "../carry.ts";
import { isSame } from "../exact.ts";
import { widths, type WidthUs } from "../width.ts";
import { readBuckets, writeBuckets } from "./buckets-codec.ts";
import type { DeviceScale } from "./forms.ts";

/**
 * All buckets of one tag in one hour. The bucket of the hour and the carry can be read without the finer ones, so that
 * years of hours are read in a moment. Decodes alone: no dictionary is needed.
 */
export interface HourRollup {
  /** At most one row. */
  readonly hour: Buckets;
  readonly minutes: Buckets;
  /** Of fast tags only. */
  readonly seconds?: Buckets;
  /** At the end of the hour. */
  readonly after: Carry;
}

/**
 * The two parts one after the other.
 *
 * @param device scale and offset of the tag: values that are whole registers then take a byte or two
 */
export function encodeHour(rollup: HourRollup, device?: DeviceScale): Uint8Array {
  const head = encodeHourHead(rollup, device);
  const finer = encodeFiner(rollup, device);
  const bytes = new Uint8Array(head.length + finer.length);
  bytes.set(head);
  bytes.set(finer, head.length);
  return bytes;
}

/** The bucket of the hour and the carry. */
export function encodeHourHead(
  { hour, after }: Pick<HourRollup, "hour" | "after">,
  device?: DeviceScale,
): Uint8Array {
  out.clear();
  out.byte(version);
  writeBuckets(out, hour, device);
  writeCarry(out, after, hour);
  return out.copy();
}

/** The finer buckets, for a place of their own: who asks for hours does not read them. */
export function encodeFiner(
  { minutes, seconds }: Pick<HourRollup, "minutes" | "seconds">,
  device?: DeviceScale,
): Uint8Array {
  body.clear();
  writeBuckets(body, minutes, device);
  if (seconds !== undefined) writeBuckets(body, seconds, device);
  const plain = body.view();
  const packed = pack(plain);
  out.clear();
  out.varint(packed === undefined ? 0 : plain.length);
  out.block(packed ?? plain);
  return out.copy();
}

export function decodeHour(bytes: Uint8Array): HourRollup | Refused {
  return refuseMalformed("rollup", () => {
    const input = new ByteReader(bytes);
    return { ...readHead(input), ...readFiner(input) };
  });
}

/** Of the first part, or of the whole. */
export function decodeHourHead(bytes: Uint8Array): Pick<HourRollup, "hour" | "after"> | Refused {
  return refuseMalformed("rollup", () => readHead(new ByteReader(bytes)));
}

export function decodeFiner(bytes: Uint8Array): Pick<HourRollup, "minutes" | "seconds"> | Refused {
  return refuseMalformed("rollup", () => readFiner(new ByteReader(bytes)));
}

const version = 1;
const out = new ByteWriter(4_096);
const body = new ByteWriter(4_096);

function readHead(input: ByteReader): Pick<HourRollup, "hour" | "after"> {
  const stated = input.byte();
  if (stated !== version) throw new Malformed(`version ${stated} is not known`);
  const hour = expectWidth(readBuckets(input), widths.hour);
  return { hour, after: readCarry(input, hour) };
}

function readFiner(input: ByteReader): Pick<HourRollup, "minutes" | "seconds"> {
  const unpackedSize = input.varint();
  const block = input.block();
  if (input.left > 0) throw new Malformed("it is longer than it says");
  const inner = new ByteReader(unpackedSize === 0 ? block : unpack(block, unpackedSize));
  const minutes = expectWidth(readBuckets(inner), widths.minute);
  if (inner.left === 0) return { minutes };
  return { minutes, seconds: expectWidth(readBuckets(inner), widths.second) };
}

function expectWidth(buckets: Buckets, widthUs: WidthUs): Buckets {
  if (buckets.widthUs === widthUs) return buckets;
  throw new Malformed(`its buckets are ${buckets.widthUs} µs wide, not ${widthUs}`);
}

/** A sample of the carry mostly is one that is known already, and takes one byte. */
const carryKinds = { none: 0, known: 1, number: 2, scalar: 3 } as const;

function writeCarry(writer: ByteWriter, { held, good }: Carry, hour: Buckets): void {
  writeSample(writer, good, lastOf(hour));
  writeSample(writer, held, good);
}

function readCarry(input: ByteReader, hour: Buckets): Carry {
  const good = readSample(input, lastOf(hour));
  const held = readSample(input, good);
  return {
    ...(held === undefined ? {} : { held }),
    ...(good === undefined ? {} : { good }),
  };
}

/** The last good sample of the hour, as it is when its status is the plainest. */
function lastOf({ count, lastUs, last, good, exact }: Buckets): HeldSample | undefined {
  if (count !== 1 || good[0] === 0) return undefined;
  const scalar = exact?.get(0)?.last;
  return {
    us: lastUs[0] ?? NaN,
    value: last[0] ?? NaN,
    status: 0,
    ...(scalar === undefined ? {} : { scalar }),
  };
}

function writeSample(
  writer: ByteWriter,
  sample: HeldSample | undefined,
  known: HeldSample | undefined,
): void {
  if (sample === undefined) {
    writer.byte(carryKinds.none);
  } else if (known !== undefined && isSameSample(sample, known)) {
    writer.byte(carryKinds.known);
  } else {
    writer.byte(sample.scalar === undefined ? carryKinds.number : carryKinds.scalar);
    writer.float64(sample.us);
    writer.float64(sample.value);
    writer.varint(sample.status);
    if (sample.scalar !== undefined) new ScalarWriter(writer).write(sample.scalar);
  }
}

function readSample(input: ByteReader, known: HeldSample | undefined): HeldSample | undefined {
  const kind = input.byte();
  if (kind === carryKinds.none) return undefined;
  if (kind === carryKinds.known) {
    if (known === undefined) throw new Malformed("its carry names a sample that is not there");
    return known;
  }
  if (kind > carryKinds.scalar) throw new Malformed(`carry ${kind} is not known`);
  const sample = { us: input.float64(), value: input.float64(), status: input.varint() };
  if (kind === carryKinds.number) return sample;
  return { ...sample, scalar: new ScalarReader(input).read() };
}

function isSameSample(a: HeldSample, b: HeldSample): boolean {
  return (
    a.us === b.us &&
    Object.is(a.value, b.value) &&
    a.status === b.status &&
    isSameScalar(a.scalar, b.scalar)
  );
}

function isSameScalar(a: Scalar | undefined, b: Scalar | undefined): boolean {
  return a === undefined || b === undefined ? a === b : isSame(a, b);
}
