import type { Json } from "./json-path.ts";

/** How a payload writes a time. Configured, never guessed from a value (field practice 46). */
export type TimeFormat = "s" | "ms" | "us" | "ns" | "iso";

export const timeFormats: readonly TimeFormat[] = ["s", "ms", "us", "ns", "iso"];

export function isTimeFormat(text: string): text is TimeFormat {
  return (timeFormats as readonly string[]).includes(text);
}

const perMicrosecond = { s: 1e6, ms: 1e3, us: 1, ns: 1e-3 } as const;
const isoPattern = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,](\d+))?(Z|[+-]\d\d:?\d\d)$/;

/** µs since 1970 UTC; NaN when the value is not a time in that format. A text without a zone is not one. */
export function toTimeUs(value: Json, format: TimeFormat): number {
  if (format === "iso") return typeof value === "string" ? isoUs(value) : NaN;
  if (typeof value === "bigint") {
    // 19 digits of nanoseconds pass 2^53: divide before they become a double.
    if (format === "ns") return Number(value / 1_000n);
    return Number(value) * perMicrosecond[format];
  }
  if (typeof value === "string") {
    if (/^-?\d{1,20}$/.test(value)) return toTimeUs(BigInt(value), format);
    if (!/^-?\d{1,20}\.\d{1,12}$/.test(value)) return NaN;
    return Math.round(Number(value) * perMicrosecond[format]);
  }
  return typeof value === "number" ? Math.round(value * perMicrosecond[format]) : NaN;
}

function isoUs(text: string): number {
  const match = isoPattern.exec(text);
  if (match === null) return NaN;
  const [, date = "", time = "", fraction = "", zone = ""] = match;
  const offset = zone === "Z" || zone.includes(":") ? zone : `${zone.slice(0, 3)}:${zone.slice(3)}`;
  // Date.parse keeps milliseconds only; machines write up to nine digits.
  const micros = Number(fraction.slice(0, 6).padEnd(6, "0"));
  return Date.parse(`${date}T${time}${offset}`) * 1_000 + micros;
}
