/** Values to registers and back, in every order and encoding of the point map. Pure. */
import type { PlantValue } from "../machine.ts";
import { width, type ByteOrder, type ModbusPoint } from "./point-map.ts";

const noValue = undefined;

/**
 * The registers of a value; a missing one becomes the sentinel of the point (NaN for floats, else zero).
 *
 * @param before what the register holds: bits beside the point's own are kept
 */
export function toRegisters(
  point: ModbusPoint,
  value: PlantValue | undefined,
  before: number,
): Uint16Array {
  if (point.bit !== undefined) {
    const mask = 1 << point.bit;
    return Uint16Array.of(value === true ? before | mask : before & ~mask);
  }
  const bytes = new Uint8Array(2 * width(point));
  const view = new DataView(bytes.buffer);
  if (point.type === "string") {
    // A controller's string has a fixed place and an 8-bit character set (ISO 8859-1 here).
    bytes.set(Buffer.from(String(value ?? ""), "latin1").subarray(0, bytes.length));
  } else {
    writeNumber(view, point, rawOf(point, value));
  }
  return fromBytes(bytes, point.order ?? "ABCD");
}

/** The value that the registers stand for; undefined when they are no valid value of the point. */
export function toValue(point: ModbusPoint, registers: Uint16Array): PlantValue | undefined {
  if (point.bit !== undefined) return (((registers[0] ?? 0) >> point.bit) & 1) === 1;
  const bytes = toBytes(registers, point.order ?? "ABCD");
  if (point.type === "string") return Buffer.from(bytes).toString("latin1").replace(/\0+$/, "");
  const raw = readNumber(new DataView(bytes.buffer), point);
  if (raw === noValue) return noValue;
  if (typeof raw === "bigint") return raw;
  if (point.scale === undefined && point.offset === undefined) return raw;
  return raw * (point.scale ?? 1) + (point.offset ?? 0);
}

/** Value in the device's own unit and scale. */
function rawOf(point: ModbusPoint, value: PlantValue | undefined): number | bigint {
  if (value === undefined || typeof value === "string") {
    if (point.sentinel !== undefined) return point.sentinel;
    return point.type.startsWith("float") ? NaN : 0;
  }
  if (typeof value === "bigint") return value;
  const number = Number(value);
  const inDevice = point.deviceUnit === undefined ? number : point.deviceUnit.from(number);
  const raw = (inDevice - (point.offset ?? 0)) / (point.scale ?? 1);
  return point.type.startsWith("float") ? raw : Math.round(raw);
}

function writeNumber(view: DataView, point: ModbusPoint, raw: number | bigint): void {
  const number = Number(raw);
  switch (point.type) {
    case "float32":
      view.setFloat32(0, number);
      return;
    case "float64":
      view.setFloat64(0, number);
      return;
    case "int64":
    case "uint64":
    case "time":
      view.setBigUint64(0, BigInt.asUintN(64, typeof raw === "bigint" ? raw : BigInt(raw)));
      return;
    case "int32":
    case "uint32":
      view.setUint32(0, number >>> 0);
      return;
    case "bool":
    case "int16":
    case "uint16":
    case "enum":
      view.setUint16(0, encodeWord(point, number));
      return;
    case "string":
      return;
  }
}

function encodeWord(point: ModbusPoint, number: number): number {
  if (number === point.sentinel) return number & 0xffff;
  switch (point.encoding ?? "binary") {
    case "bcd":
      return Number.parseInt(String(Math.max(0, Math.min(9_999, number))), 16);
    case "sign-magnitude":
      return (number < 0 ? 0x8000 : 0) | Math.min(0x7fff, Math.abs(number));
    case "binary": {
      const [low, high] = point.type === "int16" ? [-32_768, 32_767] : [0, 65_535];
      return Math.max(low, Math.min(high, number)) & 0xffff;
    }
  }
}

function readNumber(view: DataView, point: ModbusPoint): number | bigint | undefined {
  switch (point.type) {
    case "float32":
      return view.getFloat32(0);
    case "float64":
      return view.getFloat64(0);
    case "int64":
      return view.getBigInt64(0);
    case "uint64":
    case "time":
      return view.getBigUint64(0);
    case "int32":
      return view.getInt32(0);
    case "uint32":
      return view.getUint32(0);
    case "bool":
    case "int16":
    case "uint16":
    case "enum":
      return decodeWord(point, view.getUint16(0));
    case "string":
      return noValue;
  }
}

function decodeWord(point: ModbusPoint, word: number): number | undefined {
  switch (point.encoding ?? "binary") {
    case "bcd": {
      const digits = word.toString(16);
      return /^\d+$/.test(digits) ? Number(digits) : noValue;
    }
    case "sign-magnitude":
      return (word & 0x8000) === 0 ? word : -(word & 0x7fff);
    case "binary":
      return point.type === "int16" ? (word << 16) >> 16 : word;
  }
}

function fromBytes(bytes: Uint8Array, order: ByteOrder): Uint16Array {
  const registers = new Uint16Array(bytes.length / 2);
  for (let index = 0; index < registers.length; index++) {
    const high = bytes[2 * index] ?? 0;
    const low = bytes[2 * index + 1] ?? 0;
    registers[index] = swapsBytes(order) ? (low << 8) | high : (high << 8) | low;
  }
  return swapsWords(order) ? registers.reverse() : registers;
}

function toBytes(registers: Uint16Array, order: ByteOrder): Uint8Array<ArrayBuffer> {
  const ordered = swapsWords(order) ? registers.toReversed() : registers;
  const bytes = new Uint8Array(2 * ordered.length);
  ordered.forEach((register, index) => {
    bytes[2 * index] = swapsBytes(order) ? register & 0xff : register >> 8;
    bytes[2 * index + 1] = swapsBytes(order) ? register >> 8 : register & 0xff;
  });
  return bytes;
}

function swapsWords(order: ByteOrder): boolean {
  return order === "CDAB" || order === "DCBA";
}

function swapsBytes(order: ByteOrder): boolean {
  return order === "BADC" || order === "DCBA";
}
