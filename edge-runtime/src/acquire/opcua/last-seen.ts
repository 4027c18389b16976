import type { DeviceValue } from "./intake.ts";
import { toUs } from "./values.ts";

/**
 * The last value of each item in 20 bytes: enough to know it again when a server repeats it after a break, so that it
 * is not counted twice (field practice 15).
 */
export interface LastSeen {
  /** Source time, µs; NaN before the first value. */
  readonly us: Float64Array;
  readonly value: Float64Array;
  readonly status: Uint32Array;
}

export function emptyLastSeen(count: number): LastSeen {
  return {
    us: new Float64Array(count).fill(NaN),
    value: new Float64Array(count).fill(NaN),
    status: new Uint32Array(count),
  };
}

export function noteLastSeen(seen: LastSeen, item: number, value: DeviceValue): void {
  seen.us[item] = toUs(value.sourceTimestamp, value.sourcePicoseconds);
  seen.value[item] = markOf(value.value?.value);
  seen.status[item] = value.statusCode.value;
}

/** False when in doubt: a value that comes twice is better than one that does not come. */
export function isLastSeen(seen: LastSeen, item: number, value: DeviceValue): boolean {
  return (
    seen.us[item] === toUs(value.sourceTimestamp, value.sourcePicoseconds) &&
    seen.status[item] === value.statusCode.value &&
    seen.value[item] === markOf(value.value?.value)
  );
}

/** A number that tells a value from the one before it; NaN, which equals nothing, for structures and arrays. */
function markOf(value: unknown): number {
  if (typeof value === "number") return value;
  if (typeof value === "boolean") return value ? 1 : 0;
  if (typeof value === "string") return hash(value);
  if (value instanceof Date) return value.getTime();
  // 64-bit integers come as two words.
  if (Array.isArray(value) && value.length === 2) {
    const [high, low] = value as readonly unknown[];
    if (typeof high === "number" && typeof low === "number") return hash(`${high}/${low}`);
  }
  return NaN;
}

/** FNV-1a over the UTF-16 units. */
function hash(text: string): number {
  let value = 0x811c_9dc5;
  for (let index = 0; index < text.length; index++) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x0100_0193);
  }
  return value;
}
