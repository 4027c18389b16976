import type { ValueType } from "@millwright/wire-contract";

/**
 * The type in which a tag is stored: a scaled number is a float64, everything else stays what the device has. Text and
 * bytes have no scale; a scaled time is still a time (the scale brings a device's seconds or milliseconds to µs).
 */
export function storedType(deviceType: ValueType, scale: number, offset: number): ValueType {
  if (scale === 1 && offset === 0) return deviceType;
  if (deviceType === "string" || deviceType === "bytes" || deviceType === "time") return deviceType;
  return "float64";
}

/** value × multiply ÷ divide + add */
export interface Scaling {
  readonly multiply: number;
  readonly divide: number;
  readonly add: number;
}

/**
 * A scale such as 0.1 has no exact double, so 3 × 0.1 is 0.30000000000000004. Dividing by 10 instead rounds once and
 * gives 0.3, which screens show and frames pack well; it is done wherever the scale is the double nearest to 1/n.
 */
export function scalingOf(scale: number, offset: number): Scaling {
  const divide = Math.round(1 / scale);
  // Above 2^53 a double no longer names one integer.
  if (Number.isSafeInteger(divide) && Math.abs(divide) > 1 && 1 / divide === scale) {
    return { multiply: 1, divide, add: offset };
  }
  return { multiply: scale, divide: 1, add: offset };
}

/** Least and greatest value of the types whose values a double holds; anything outside is not of the type. */
export const numberRanges: Partial<Record<ValueType, readonly [low: number, high: number]>> = {
  bool: [0, 1],
  int8: [-128, 127],
  uint8: [0, 255],
  int16: [-32_768, 32_767],
  uint16: [0, 65_535],
  int32: [-2_147_483_648, 2_147_483_647],
  uint32: [0, 4_294_967_295],
  // OPC UA enumerations are Int32 (OPC 10000-3, 8.40); Modbus and Sparkplug devices use whole unsigned words too.
  enum: [-2_147_483_648, 4_294_967_295],
};

export const float32Max = 3.4028234663852886e38;

const int64Ranges = {
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
  uint64: [0n, 2n ** 64n - 1n],
} as const;

export function fitsInt64(type: "int64" | "uint64", value: bigint): boolean {
  const [low, high] = int64Ranges[type];
  return value >= low && value <= high;
}
