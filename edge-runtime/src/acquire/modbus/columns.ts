/**
 * From an answer straight into the columns of a batch. A request is compiled once: neighbouring points that are decoded
 * alike become one run with a tight loop, because a gateway decodes millions of registers a second this way and makes no
 * object for any of them. Pure.
 */
import { status } from "@millwright/wire-contract";

import type { BatchBuilder } from "../driver.ts";
import type { ModbusPoint, NumberDecoding, Table } from "./addresses.ts";
import { isBitTable } from "./addresses.ts";
import {
  bitsAt,
  decodeBytes,
  decodeNumber,
  decodeText,
  fromBcd,
  fromSignMagnitude,
  rawBits,
  wireIndex,
} from "./registers.ts";
import type { ReadRequest } from "./requests.ts";

/** Powers of ten read from scale-factor registers; one slot for each register of each unit. */
export class ScaleBook {
  readonly #slots = new Map<string, number>();
  readonly #powers: number[] = [];

  slotOf(unit: number, table: Table, address: number): number {
    const key = `${unit} ${table} ${address}`;
    let slot = this.#slots.get(key);
    if (slot === undefined) {
      slot = this.#powers.push(NaN) - 1;
      this.#slots.set(key, slot);
    }
    return slot;
  }

  /** NaN until it was read, and when the device says that there is none. */
  power(slot: number): number {
    return this.#powers[slot] ?? NaN;
  }

  /** SunSpec's rule, which others follow: int16 from −10 to 10, 0x8000 means "none". */
  set(slot: number, raw: number): void {
    const power = (raw << 16) >> 16;
    this.#powers[slot] = power >= -10 && power <= 10 ? power : NaN;
  }
}

/** Pushes the rows of one answer. `data` begins at the values, behind the byte count. */
export type AnswerDecoder = (data: Uint8Array, into: BatchBuilder) => void;

type Step = (data: Uint8Array, into: BatchBuilder) => void;

export function compileDecoder(request: ReadRequest, scales: ScaleBook): AnswerDecoder {
  return decoderOf(stepsOf(request, scales));
}

/** By itself: a function made where the request is at hand keeps it, and with it some objects for each value. */
function decoderOf(steps: readonly Step[]): AnswerDecoder {
  return (data, into) => {
    for (const step of steps) step(data, into);
  };
}

function stepsOf(request: ReadRequest, scales: ScaleBook): readonly Step[] {
  const steps: Step[] = [];
  // Scale factors first: the values of the same answer use them.
  const factors = new Set(request.atoms.flatMap((atom) => atom.scales));
  for (const address of factors) {
    const slot = scales.slotOf(request.unit, request.table, address);
    const offset = (address - request.address) * 2;
    steps.push((data) => {
      scales.set(slot, bitsAt(data, offset, 1, "ABCD"));
    });
  }
  const points = request.atoms.flatMap((atom) => atom.points);
  let run: ModbusPoint[] = [];
  const endRun = (): void => {
    const [first] = run;
    if (first !== undefined) steps.push(compileRun(request, first, run));
    run = [];
  };
  for (const point of points) {
    const [first] = run;
    if (first !== undefined && !(isPlain(point) && alike(first, point))) endRun();
    if (isPlain(point)) run.push(point);
    else {
      endRun();
      steps.push(compilePoint(request, point, scales));
    }
  }
  endRun();
  return steps;
}

function isPlain(point: ModbusPoint): boolean {
  const { decoding } = point;
  if (decoding.kind === "coil") return true;
  return (
    decoding.kind === "number" &&
    decoding.registerCount <= 2 &&
    decoding.encoding === "plain" &&
    decoding.bits === undefined &&
    !decoding.asBool &&
    decoding.sentinels.length === 0 &&
    decoding.timeUs === undefined &&
    point.scaleRegister === undefined
  );
}

function alike(one: ModbusPoint, other: ModbusPoint): boolean {
  if (one.decoding.kind === "coil") return other.decoding.kind === "coil";
  return (
    one.decoding.kind === "number" &&
    other.decoding.kind === "number" &&
    one.decoding.type === other.decoding.type &&
    one.decoding.order === other.decoding.order
  );
}

const bits32 = new Int32Array(1);
const float32 = new Float32Array(bits32.buffer);

function compileRun(request: ReadRequest, first: ModbusPoint, run: readonly ModbusPoint[]): Step {
  const points = Int32Array.from(run, (point) => point.index);
  const count = points.length;
  const { decoding } = first;
  // The functions below keep what any of them names: the request must not be among it.
  const { address } = request;
  if (isBitTable(request.table) || decoding.kind !== "number") {
    const bits = Int32Array.from(run, (point) => point.address - address);
    return (data, into) => {
      const from = addGood(into, points);
      const values = into.columns.value;
      for (let row = 0; row < count; row++) {
        const bit = bits[row] ?? 0;
        values[from + row] = ((data[bit >> 3] ?? 0) >> (bit & 7)) & 1;
      }
    };
  }
  const offsets = Int32Array.from(run, (point) => (point.address - address) * 2);
  const { order, type, registerCount } = decoding;
  const at = (index: number): number => wireIndex(order, registerCount * 2, index);
  const [b0, b1, b2, b3] = [at(0), at(1), at(2), at(3)];
  const word = (data: Uint8Array, offset: number): number =>
    ((data[offset + b0] ?? 0) << 8) | (data[offset + b1] ?? 0);
  const long = (data: Uint8Array, offset: number): number =>
    ((data[offset + b0] ?? 0) << 24) |
    ((data[offset + b1] ?? 0) << 16) |
    ((data[offset + b2] ?? 0) << 8) |
    (data[offset + b3] ?? 0);
  const loop =
    (value: (data: Uint8Array, offset: number) => number): Step =>
    (data, into) => {
      const from = addGood(into, points);
      const values = into.columns.value;
      for (let row = 0; row < count; row++) values[from + row] = value(data, offsets[row] ?? 0);
    };
  /** Neighbours, high byte first: what nearly every request is. */
  const words = (): Step => {
    const start = offsets[0] ?? 0;
    return (data, into) => {
      const from = addGood(into, points);
      const values = into.columns.value;
      for (let row = 0, offset = start; row < count; row++, offset += 2) {
        values[from + row] = ((data[offset] ?? 0) << 8) | (data[offset + 1] ?? 0);
      }
    };
  };
  const neighbours =
    b0 === 0 && offsets.every((offset, row) => offset === (offsets[0] ?? 0) + row * 2);
  switch (type) {
    case "uint16":
    case "enum":
      return neighbours ? words() : loop(word);
    case "int16":
      return loop((data, offset) => (word(data, offset) << 16) >> 16);
    case "uint8":
      return loop((data, offset) => word(data, offset) & 0xff);
    case "int8":
      return loop((data, offset) => (word(data, offset) << 24) >> 24);
    case "int32":
      return loop(long);
    case "uint32":
      return loop((data, offset) => long(data, offset) >>> 0);
    case "float32":
      return (data, into) => {
        const from = addGood(into, points);
        const columns = into.columns;
        for (let row = 0; row < count; row++) {
          bits32[0] = long(data, offsets[row] ?? 0);
          const value = float32[0] ?? NaN;
          columns.value[from + row] = value;
          // Not a number is how a device says that there is nothing to measure.
          if (Number.isNaN(value)) columns.status[from + row] = status.badSensorFailure;
        }
      };
    case "float64":
    case "int64":
    case "uint64":
      throw new RangeError(`${type} takes four registers and has no run`);
  }
}

/** Adds a good row for each point, its value still to be written; answers the first row. */
function addGood(into: BatchBuilder, points: Int32Array): number {
  const from = into.extend(points.length);
  const { point, measuredUs, status: codes } = into.columns;
  point.set(points, from);
  measuredUs.fill(NaN, from, from + points.length);
  codes.fill(status.good, from, from + points.length);
  return from;
}

/** One point by itself: everything that is not a plain number of one or two registers. */
function compilePoint(request: ReadRequest, point: ModbusPoint, scales: ScaleBook): Step {
  const { decoding, index } = point;
  const offset = (point.address - request.address) * 2;
  switch (decoding.kind) {
    case "coil":
      throw new RangeError("coils are decoded in runs");
    case "text":
      return (data, into) => {
        const bytes = decodeBytes(data, offset, decoding.byteCount, decoding.swapped);
        into.push(index, NaN, decodeText(bytes), status.good);
      };
    case "bytes":
      return (data, into) => {
        const bytes = decodeBytes(data, offset, decoding.byteCount, decoding.swapped);
        into.push(index, NaN, bytes, status.good);
      };
    case "number": {
      const slot =
        point.scaleRegister === undefined
          ? undefined
          : scales.slotOf(point.unit, point.table, point.scaleRegister);
      return (data, into) => {
        const value = numberOf(data, offset, decoding);
        if (typeof value === "string") into.push(index, NaN, NaN, reasons[value]);
        else if (slot === undefined) into.push(index, NaN, value, status.good);
        else {
          const power = scales.power(slot);
          const known = !Number.isNaN(power);
          into.push(
            index,
            NaN,
            known ? scaled(Number(value), power) : NaN,
            known ? status.good : status.badWaitingForInitialData,
          );
        }
      };
    }
  }
}

/** Why a number has no value. */
const reasons = {
  /** A sentinel, or not a number: the device says that there is nothing to measure. */
  "not there": status.badSensorFailure,
  /** Bits that the encoding does not allow. */
  "no number": status.badDecoding,
} as const;

/** The value of one number, with all that may be declared of it. A bool is 0 or 1. */
export function numberOf(
  data: Uint8Array,
  offset: number,
  decoding: NumberDecoding,
): number | bigint | keyof typeof reasons {
  const { type, order, registerCount, encoding, bits, sentinels } = decoding;
  if (sentinels.length > 0 && sentinels.includes(rawBits(data, offset, registerCount, order))) {
    return "not there";
  }
  if (bits !== undefined) {
    const raw = rawBits(data, offset, registerCount, order);
    const value = Number((raw >> BigInt(bits.low)) & ((1n << BigInt(bits.width)) - 1n));
    return decoding.asBool ? Number(value !== 0) : value;
  }
  if (encoding !== "plain") {
    const raw = rawBits(data, offset, registerCount, order);
    const value = encoding === "bcd" ? fromBcd(raw) : fromSignMagnitude(raw, registerCount);
    if (value === undefined) return "no number";
    return type === "int64" || type === "uint64" ? value : Number(value);
  }
  const value = decodeNumber(data, offset, type, order);
  if (typeof value === "number" && Number.isNaN(value)) return "not there";
  if (decoding.asBool) return Number(value !== 0);
  // µs since 1970 stay below 2^53 until the year 2255.
  if (decoding.timeUs !== undefined) return Number(value) * decoding.timeUs;
  return value;
}

/** Divided for negative powers: 231 / 10 is 23.1, 231 × 0.1 is not. */
export function scaled(value: number, power: number): number {
  return power < 0 ? value / 10 ** -power : value * 10 ** power;
}
