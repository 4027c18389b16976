import { isTagId, severityOf, statusWords, type Scalar } from "@millwright/wire-contract";

import { isUcum } from "../../normalise/units.ts";
import { ucumOfText } from "../../normalise/unit-names.ts";
import type { PickedPoint } from "./picks.ts";

/**
 * The row of the tag table for something that a device offers. The id comes from the path and stays for ever; the name
 * may be changed later without splitting a curve.
 *
 * @param taken ids that exist already; a number is put behind one that would repeat
 */
export function toTagRow(
  offer: PickedPoint,
  device: string,
  everyMs: string,
  taken: ReadonlySet<string>,
): Readonly<Record<string, string>> {
  const unit = isUcum(offer.unit) ? offer.unit : ucumOfText(offer.unit);
  return {
    id: freeId(`${device}/${slug(offer.path === "" ? offer.address : offer.path)}`, taken),
    name: offer.name,
    address: offer.address,
    type: offer.type,
    unit,
    every_ms: everyMs,
    low: offer.low === undefined ? "" : String(offer.low),
    high: offer.high === undefined ? "" : String(offer.high),
    ...offer.options,
  };
}

/** The last three parts of a path say enough to a person; more would not fit on a screen. */
function slug(path: string): string {
  const parts = path
    .split(/[/]/)
    .map((part) =>
      part
        .trim()
        .replaceAll(/[^A-Za-z0-9]+/g, "-")
        .replaceAll(/^-+|-+$/g, ""),
    )
    .filter((part) => part !== "");
  return parts.slice(-3).join("/").toLowerCase().slice(0, 80) || "tag";
}

function freeId(wanted: string, taken: ReadonlySet<string>): string {
  const base = isTagId(wanted) ? wanted : "tag";
  if (!taken.has(base)) return base;
  let number = 2;
  while (taken.has(`${base}-${number}`)) number++;
  return `${base}-${number}`;
}

/** A live value as one short text: what stands there, or why nothing does. */
export function showValue(value: Scalar | undefined, code: number, unit: string): string {
  if (severityOf(code) === "bad") return `– (${statusWords(code)})`;
  if (value === undefined) return "–";
  const text = value instanceof Uint8Array ? `${value.length} bytes` : String(value);
  const shown = text.length > 40 ? `${text.slice(0, 39)}…` : text;
  return unit === "" ? shown : `${shown} ${unit}`;
}
