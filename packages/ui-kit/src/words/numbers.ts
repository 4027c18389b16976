/**
 * Digits of live values. A tag defines its decimals, and digits never gain or lose decimals while live (ux-guide 3.3).
 */
import type { LiveTag, LiveValue } from "@millwright/wire-contract";

import { sayKit, sayKitCount } from "./english.ts";
import { decimalText, english, groupDigits } from "./language.ts";

/** Four digits of a measurement stay together, as on a meter; four of a count do not. */
const groupValuesFrom = 5;
const groupCountsFrom = 4;

export function numberWords(value: number, decimals: number): string {
  return Number.isNaN(value)
    ? sayKit("value.nan")
    : decimalText(english, value, decimals, groupValuesFrom);
}

/** A count, grouped: `4,120`. 64-bit ones stay exact. */
export function countWords(count: number | bigint): string {
  if (typeof count === "number") return decimalText(english, count, 0, groupCountsFrom);
  const digits = groupDigits(english, String(count < 0n ? -count : count), groupCountsFrom);
  return count < 0n ? `-${digits}` : digits;
}

/** A count that nobody needs to the last one: `1.2 M` from a million on. */
export function roughCountWords(count: number): string {
  return count < 1e6 ? countWords(count) : `${numberWords(count / 1e6, 1)} M`;
}

/** The number behind a value, for pointers and charts; undefined where there is none. */
export function numberOf(value: LiveValue["v"]): number | undefined {
  if (typeof value === "number") return Number.isFinite(value) ? value : undefined;
  if (typeof value === "boolean") return value ? 1 : 0;
  if (value === null || value.trim() === "") return undefined;
  const number = Number(value);
  return Number.isFinite(number) ? number : undefined;
}

/** What stands in place of the digits. Text of an enum or state, where one is known, instead of its number. */
export function valueWords(
  tag: Pick<LiveTag, "type" | "decimals" | "texts">,
  value: LiveValue["v"],
): string {
  if (value === null) return sayKit("value.none");
  const text = tag.texts[String(typeof value === "boolean" ? Number(value) : value)];
  if (text !== undefined) return text;
  if (typeof value === "boolean") return sayKit(value ? "value.true" : "value.false");
  if (typeof value === "number") return numberWords(value, tag.decimals);
  if (value === "NaN") return sayKit("value.nan");
  if (value === "Infinity") return "∞";
  if (value === "-Infinity") return "−∞";
  if (tag.type === "bytes") return sayKitCount("value.bytes", bytesIn(value));
  // A 64-bit integer beyond 2^53 stays exact: it is grouped as text is, without passing through a double.
  if ((tag.type === "int64" || tag.type === "uint64") && /^-?\d+$/.test(value)) {
    return countWords(BigInt(value));
  }
  return value;
}

/** Length of what a base64 text stands for (RFC 4648, 4). */
function bytesIn(base64: string): number {
  const padding = base64.endsWith("==") ? 2 : base64.endsWith("=") ? 1 : 0;
  return Math.max(0, Math.floor((base64.length * 3) / 4) - padding);
}

/**
 * Invisible digits that bring a value in line with those of its column that have more decimals: ".00" behind a whole
 * number, "0" behind one with one decimal less.
 */
export function padding(decimals: number, decimalsMax: number): string {
  if (decimals >= decimalsMax) return "";
  return decimals === 0 ? `.${"0".repeat(decimalsMax)}` : "0".repeat(decimalsMax - decimals);
}
