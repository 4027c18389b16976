/**
 * What a person writes for one point, parsed: `holding:100`, `input:30`, `coil:3`, `discrete:7`, counted from 0 as on
 * the wire (40001 in a manual is `holding:0`), and the options beside it in the tag table.
 */
import type { Refused } from "@millwright/kit";

import type { PointSettings } from "../driver.ts";
import { registersOf, type Encoding, type NumberType } from "./registers.ts";
import { byteOrders, type ByteOrder, type ModbusSettings } from "./settings.ts";

/** The four tables of the data model (Modbus application protocol 1.1b3, 4.3). */
export type Table = "coil" | "discrete" | "holding" | "input";

/** Each text once, for as many points as there are. */
const tables: readonly Table[] = ["coil", "discrete", "holding", "input"];

/** How the bytes of a point become a value. */
export type Decoding =
  | { readonly kind: "coil" }
  | NumberDecoding
  | {
      readonly kind: "text" | "bytes";
      readonly byteCount: number;
      /** The two bytes of each register are exchanged. */
      readonly swapped: boolean;
    };

export interface NumberDecoding {
  readonly kind: "number";
  readonly type: NumberType;
  readonly order: ByteOrder;
  readonly registerCount: 1 | 2 | 4;
  readonly encoding: Encoding;
  /** Only these bits of the word, as an unsigned number; bit 0 is the least significant. */
  readonly bits?: { readonly low: number; readonly width: number };
  /** The tag is a bool: anything but 0 is true. */
  readonly asBool: boolean;
  /** Raw bits that mean "not there". */
  readonly sentinels: readonly bigint[];
  /** µs per count, for a time. */
  readonly timeUs?: number;
}

/** One point, understood. */
export interface ModbusPoint {
  /** Index of the point as handed to `open`. */
  readonly index: number;
  readonly tag: string;
  readonly unit: number;
  readonly table: Table;
  readonly address: number;
  /** Registers, or bits in the tables of bits. */
  readonly count: number;
  readonly decoding: Decoding;
  readonly everyMs: number;
  /** Points of one name are read in one request, so that they belong to one scan of the device. */
  readonly together?: string | undefined;
  /** Register of the same table that holds a power of ten (int16) for this value. */
  readonly scaleRegister?: number | undefined;
}

export function isRefused(value: object): value is Refused {
  return "kind" in value && value.kind === "refused";
}

export function isBitTable(table: Table): table is "coil" | "discrete" {
  return table === "coil" || table === "discrete";
}

const known = new Set([
  "order",
  "bit",
  "length",
  "encoding",
  "sentinel",
  "scale_register",
  "together",
  "unit",
  "swap",
  "time_unit",
]);

/** Understands one point, or refuses it in words for the person who wrote it. */
export function parsePoint(
  settings: ModbusSettings,
  point: PointSettings,
  index: number,
): ModbusPoint | Refused {
  const say = (what: string): Refused => ({ kind: "refused", reason: `${point.tag}: ${what}` });
  const match = /^(coil|discrete|holding|input):(\d{1,5})$/.exec(point.address.trim());
  if (match === null) {
    return say(
      `"${point.address}" is no Modbus address; write coil:N, discrete:N, holding:N or input:N, counted from 0`,
    );
  }
  const table = tables.find((one) => one === match[1]) ?? "holding";
  const address = Number(match[2]);
  for (const option of Object.keys(point.options)) {
    if (!known.has(option)) return say(`Modbus knows no option "${option}"`);
  }
  const unit = parseUnit(settings, point.options["unit"]);
  if (unit === undefined) {
    return say(
      settings.framing === "tcp"
        ? "unit is a number from 0 to 255"
        : "unit is a number from 1 to 247",
    );
  }
  const decoding = parseDecoding(settings, point, table);
  if (typeof decoding === "string") return say(decoding);
  const count = countOf(decoding);
  const max = isBitTable(table) ? settings.coilsMax : settings.registersMax;
  if (count > max)
    return say(`${count} registers are more than the device bears in one read (${max})`);
  if (address + count > 65_536) return say(`${point.address} ends beyond the last address, 65535`);

  const scale = point.options["scale_register"];
  if (scale !== undefined && scale !== "") {
    if (!/^\d{1,5}$/.test(scale) || Number(scale) > 65_535) {
      return say("scale_register is the number of a register of the same table, counted from 0");
    }
    if (decoding.kind !== "number" || decoding.asBool || decoding.bits !== undefined) {
      return say("scale_register goes with whole numbers and fractions only");
    }
    if (decoding.type === "int64" || decoding.type === "uint64" || decoding.timeUs !== undefined) {
      return say("scale_register would round a 64-bit number or a time; scale the tag instead");
    }
  }
  const together = point.options["together"];
  return {
    index,
    tag: point.tag,
    unit,
    table,
    address,
    count,
    decoding,
    everyMs: point.everyMs,
    ...(together === undefined || together === "" ? {} : { together }),
    ...(scale === undefined || scale === "" ? {} : { scaleRegister: Number(scale) }),
  };
}

function parseUnit(settings: ModbusSettings, text: string | undefined): number | undefined {
  if (text === undefined || text === "") return settings.unit;
  if (!/^\d{1,3}$/.test(text)) return undefined;
  const unit = Number(text);
  const valid = settings.framing === "tcp" ? unit <= 255 : unit >= 1 && unit <= 247;
  return valid ? unit : undefined;
}

function countOf(decoding: Decoding): number {
  if (decoding.kind === "coil") return 1;
  if (decoding.kind === "number") return decoding.registerCount;
  return Math.ceil(decoding.byteCount / 2);
}

/** The decoding, or what is wrong. */
function parseDecoding(
  settings: ModbusSettings,
  point: PointSettings,
  table: Table,
): Decoding | string {
  const { options, type } = point;
  if (isBitTable(table)) {
    if (type !== "bool") return `${table}s are of type bool, not ${type}`;
    const odd = ["order", "bit", "length", "encoding", "sentinel", "scale_register", "swap"].find(
      (option) => (options[option] ?? "") !== "",
    );
    return odd === undefined ? { kind: "coil" } : `"${odd}" has no meaning for a ${table}`;
  }
  if (type === "string" || type === "bytes") return parseBytes(options, type);
  return parseNumber(settings, point);
}

function parseBytes(
  options: PointSettings["options"],
  type: "string" | "bytes",
): Decoding | string {
  const length = options["length"] ?? "";
  // 125 registers in one read, and a value is never split.
  if (!/^\d{1,3}$/.test(length) || Number(length) < 1 || Number(length) > 250) {
    return `a ${type} needs "length", its bytes, from 1 to 250`;
  }
  const swap = options["swap"] ?? "";
  if (!["", "yes", "no", "true", "false"].includes(swap)) return `"swap" is yes or no`;
  return {
    kind: type === "string" ? "text" : "bytes",
    byteCount: Number(length),
    swapped: swap === "yes" || swap === "true",
  };
}

function parseNumber(settings: ModbusSettings, point: PointSettings): Decoding | string {
  const { options } = point;
  const order = orderOf(options["order"], settings.order);
  if (order === undefined) return `"order" is one of ${byteOrders.join(", ")}`;
  const time = point.type === "time" ? parseTime(options["time_unit"]) : undefined;
  if (typeof time === "string") return time;
  if (time === undefined && (options["time_unit"] ?? "") !== "") {
    return `"time_unit" goes with type time only`;
  }
  const type: NumberType =
    time?.type ?? (point.type === "bool" ? "uint16" : (point.type as NumberType));
  const registerCount = registersOf(type);

  const encoding = options["encoding"] ?? "plain";
  if (
    encoding !== "" &&
    encoding !== "plain" &&
    encoding !== "bcd" &&
    encoding !== "sign-magnitude"
  ) {
    return `"encoding" is plain, bcd or sign-magnitude`;
  }
  const isFloat = type === "float32" || type === "float64";
  if (isFloat && encoding !== "plain" && encoding !== "") {
    return `${encoding} goes with whole numbers only`;
  }
  const bits = parseBits(options["bit"], registerCount);
  if (typeof bits === "string") return bits;
  if (bits !== undefined && (isFloat || (encoding !== "plain" && encoding !== ""))) {
    return `"bit" goes with plain whole numbers only`;
  }
  if (bits !== undefined && bits.width > 1 && point.type === "bool") {
    return `a bool takes one bit; write the tag as uint16 for a range of bits`;
  }
  const sentinels = parseSentinels(options["sentinel"], registerCount, isFloat);
  if (typeof sentinels === "string") return sentinels;
  return {
    kind: "number",
    type,
    order,
    registerCount,
    encoding: encoding === "" ? "plain" : encoding,
    ...(bits === undefined ? {} : { bits }),
    asBool: point.type === "bool",
    sentinels,
    ...(time === undefined ? {} : { timeUs: time.us }),
  };
}

function orderOf(text: string | undefined, fallback: ByteOrder): ByteOrder | undefined {
  if (text === undefined || text === "") return fallback;
  return byteOrders.find((order) => order === text.toUpperCase());
}

/** Devices count a time in seconds (32 bits) or in ms or µs (64 bits) since 1970. */
function parseTime(text = "s"): { type: NumberType; us: number } | string {
  switch (text) {
    case "s":
    case "":
      return { type: "uint32", us: 1_000_000 };
    case "ms":
      return { type: "uint64", us: 1_000 };
    case "us":
      return { type: "uint64", us: 1 };
    default:
      return `"time_unit" is s (two registers), ms or us (four registers)`;
  }
}

function parseBits(
  text: string | undefined,
  registerCount: number,
): { low: number; width: number } | undefined | string {
  if (text === undefined || text === "") return undefined;
  const match = /^(\d{1,2})(?:-(\d{1,2}))?$/.exec(text);
  const low = Number(match?.[1]);
  const high = Number(match?.[2] ?? match?.[1]);
  if (match === null || high < low || high >= Math.min(registerCount * 16, 32)) {
    return `"bit" is a bit such as 3, or a range such as 4-7, counted from the least significant, 0`;
  }
  return { low, width: high - low + 1 };
}

/** Raw bits as 0x8000 or as a decimal number (-32768), several with blanks between; "nan" for fractions. */
function parseSentinels(
  text: string | undefined,
  registerCount: number,
  isFloat: boolean,
): readonly bigint[] | string {
  const sentinels: bigint[] = [];
  const modulus = 1n << BigInt(registerCount * 16);
  for (const word of (text ?? "").split(/[\s;,|]+/)) {
    if (word === "") continue;
    // NaN is "not there" by its own meaning, declared or not.
    if (isFloat && word.toLowerCase() === "nan") continue;
    if (!/^(0x[0-9a-f]{1,16}|-?\d{1,20})$/i.test(word)) {
      return `"sentinel" holds raw values such as 0x8000 or -32768, not "${word}"`;
    }
    const value = word.startsWith("-") ? modulus - BigInt(word.slice(1)) : BigInt(word);
    if (value < 0n || value >= modulus) return `sentinel ${word} does not fit into the value`;
    sentinels.push(value);
  }
  return sentinels;
}
