/**
 * The way back: from a value as screens show it to the one that a device holds, with all that its type rounds away. Two
 * values are the same when the device could not tell them apart (field practice 70). Pure.
 */
import type { Refused } from "@millwright/kit";
import type { Scalar, ValueType } from "@millwright/wire-contract";

import { fitsInt64, float32Max, numberRanges, scalingOf } from "./scaling.ts";

export interface DeviceTerms {
  /** What the device would hold: whole steps of its scale, float 32, exact 64-bit integers. */
  toDevice(shown: Scalar): Scalar | Refused;
  /** As normalise makes it of what the device says. */
  toShown(device: Scalar): Scalar;
  /** Whether both are one value in the device; never true of a value that the device cannot hold. */
  same(one: Scalar, other: Scalar): boolean;
  /** The least difference of two values in the device, in the unit of the tag; 0 where it has no fixed step. */
  readonly resolution: number;
}

/** @param type the type in the device, before scaling. Shown value = scale × device value + offset. */
export function deviceTerms(type: ValueType, scale: number, offset: number): DeviceTerms {
  const scaled = scale !== 1 || offset !== 0;
  const { multiply, divide, add } = scalingOf(scale, offset);
  const toDevice = (shown: Scalar): Scalar | Refused => {
    switch (type) {
      case "bool":
        return toBit(shown);
      case "string":
        return typeof shown === "string" ? shown : refuse("text is needed");
      case "bytes":
        return shown instanceof Uint8Array ? shown : refuse("bytes are needed");
      case "int64":
      case "uint64":
        return toWide(shown, type);
      case "float32":
      case "float64":
      case "time":
        return toFloat(shown, type);
      case "int8":
      case "uint8":
      case "int16":
      case "uint16":
      case "int32":
      case "uint32":
      case "enum":
        return toWhole(shown, type);
    }
  };
  const unscaled = (shown: Scalar): number => {
    const number = toNumber(shown);
    return scaled ? ((number - add) * divide) / multiply : number;
  };
  const toWide = (shown: Scalar, as: "int64" | "uint64"): bigint | Refused => {
    let exact: bigint;
    if (typeof shown === "bigint" && !scaled) exact = shown;
    else {
      const number = Math.round(unscaled(shown));
      // Beyond 2^53 a double names several integers, and which of them was meant nobody knows.
      if (!Number.isSafeInteger(number)) return refuse("a whole number is needed, in full");
      exact = BigInt(number);
    }
    return fitsInt64(as, exact) ? exact : refuse(`${exact} does not fit the device's ${as}`);
  };
  const toFloat = (shown: Scalar, as: "float32" | "float64" | "time"): number | Refused => {
    const number = unscaled(shown);
    if (!Number.isFinite(number)) return refuse("a number is needed");
    if (as !== "float32") return number;
    if (Math.abs(number) > float32Max) return refuse(`${number} does not fit the device's float32`);
    return Math.fround(number);
  };
  const toWhole = (shown: Scalar, as: ValueType): number | Refused => {
    // Zero has one sign in an integer.
    const number = Math.round(unscaled(shown)) + 0;
    if (!Number.isFinite(number)) return refuse("a number is needed");
    const [low, high] = numberRanges[as] ?? [-Infinity, Infinity];
    if (number >= low && number <= high) return number;
    return refuse(`${number} does not fit the device's ${as}`);
  };

  return {
    toDevice,
    toShown(device) {
      if (!scaled || typeof device === "string" || device instanceof Uint8Array) return device;
      return (toNumber(device) * multiply) / divide + add;
    },
    same(one, other) {
      const [a, b] = [toDevice(one), toDevice(other)];
      if (isRefused(a) || isRefused(b)) return false;
      if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b) === 0;
      if (typeof a !== "number" || typeof b !== "number" || !scaled) return a === b;
      // Scaling there and back rounds twice; that is no difference of the device.
      return a === b || Math.abs(a - b) <= roundingOf(type) * Math.max(Math.abs(a), Math.abs(b));
    },
    resolution: isWhole(type) ? Math.abs(scale) : 0,
  };
}

/** What one rounding of the type may be, as a part of the value. */
function roundingOf(type: ValueType): number {
  if (type === "float32") return 2 ** -23;
  return type === "float64" || type === "time" ? 2 ** -50 : 0;
}

function isWhole(type: ValueType): boolean {
  return type === "enum" || type.startsWith("int") || type.startsWith("uint");
}

function toBit(shown: Scalar): boolean | Refused {
  if (shown === true || shown === 1 || shown === 1n) return true;
  if (shown === false || shown === 0 || shown === 0n) return false;
  return refuse("true or false is needed");
}

function toNumber(shown: Scalar): number {
  if (typeof shown === "number") return shown;
  if (typeof shown === "boolean" || typeof shown === "bigint") return Number(shown);
  return NaN;
}

function isRefused(value: Scalar | Refused): value is Refused {
  return typeof value === "object" && "kind" in value;
}

function refuse(reason: string): Refused {
  return { kind: "refused", reason };
}
