/**
 * From one row of a tag table to what the driver reads and what the rest of the gateway calls it. Pure: nothing is
 * opened, so every cell of 10,000 rows can be judged before anything is started.
 */
import type { DeviceId, TagKind, ValueType } from "@millwright/wire-contract";
import { isTagId, isWide } from "@millwright/wire-contract";

import type { PointSettings } from "../acquire/driver.ts";
import type { DeclaredTag } from "../hand-over.ts";
import { storedType } from "../normalise/normaliser.ts";
import { unitConversion } from "../normalise/units.ts";
import type { Problem } from "./problem.ts";
import type { TagRow } from "./tag-table.ts";
import { parseTellingRule, type TellingRule } from "./telling-rule.ts";

/** One tag of one device: the two sides of the same row. */
export interface TagSettings {
  readonly point: PointSettings;
  readonly tag: DeclaredTag;
  /** Place on the overview, 1 first; absent when it is not on it. */
  readonly overview?: number;
  /** What is told of it, where its own row says so. */
  readonly telling?: TellingRule;
}

const valueTypes: readonly ValueType[] = [
  "bool",
  "int8",
  "uint8",
  "int16",
  "uint16",
  "int32",
  "uint32",
  "int64",
  "uint64",
  "float32",
  "float64",
  "string",
  "bytes",
  "time",
  "enum",
];
const tagKinds: readonly TagKind[] = [
  "measurement",
  "counter",
  "state",
  "event-value",
  "setpoint",
  "text",
];

/** The columns that every protocol has. All others belong to the driver. */
export const commonColumns: readonly string[] = [
  "id",
  "name",
  "address",
  "type",
  "kind",
  "unit",
  "device_unit",
  "every_ms",
  "scale",
  "offset",
  "low",
  "high",
  "decimals",
  "asset",
  "texts",
  "clock",
  "overview",
  "tell",
];

/** @param everyMs the period of the device, for rows that have none of their own */
export function toTagSettings(
  row: TagRow,
  device: DeviceId,
  deviceName: string,
  everyMs: number,
): TagSettings | readonly Problem[] {
  const problems: Problem[] = [];
  const refuse = (column: string, what: string): void => {
    problems.push({ where: `${row.where}, column ${column}`, what });
  };
  const cell = (column: string): string | undefined => row.cells[column];
  const required = (column: string): string => {
    const text = cell(column);
    if (text === undefined) refuse(column, "is empty");
    return text ?? "";
  };
  const number = (column: string, otherwise: number, min = -Infinity, max = Infinity): number => {
    const text = cell(column);
    if (text === undefined) return otherwise;
    // A decimal comma is what a spreadsheet writes where the separator is ";".
    const value = Number(text.replace(",", "."));
    if (!Number.isFinite(value)) refuse(column, `"${text}" is not a number`);
    else if (value < min || value > max)
      refuse(column, `${value} is not between ${min} and ${max}`);
    return value;
  };
  const oneOf = <T extends string>(column: string, choices: readonly T[], otherwise: T): T => {
    const text = cell(column);
    const choice = choices.find((each) => each === text);
    if (text !== undefined && choice === undefined) {
      refuse(column, `"${text}" is none of ${choices.join(", ")}`);
    }
    return choice ?? otherwise;
  };

  const id = required("id");
  if (id !== "" && !isTagId(id)) {
    refuse("id", `"${id}" may hold letters, digits, ".", "-", "_" and "/" only, at most 128`);
  }
  const address = required("address");
  const type = oneOf("type", valueTypes, "float64");
  const kind = oneOf("kind", tagKinds, kindOf(type));
  const scale = number("scale", 1);
  const offset = number("offset", 0);
  if (scale === 0) refuse("scale", "0 would make every value the same");
  if ((scale !== 1 || offset !== 0) && (type === "string" || type === "bytes" || type === "bool")) {
    refuse("scale", `a ${type} has no scale`);
  }

  const unit = cell("unit") ?? "";
  const deviceUnit = cell("device_unit") ?? unit;
  let full = { scale, offset };
  if (deviceUnit !== unit) {
    const conversion = unitConversion(deviceUnit, unit);
    if ("kind" in conversion) refuse("device_unit", conversion.reason);
    else {
      full = {
        scale: scale * conversion.scale,
        offset: offset * conversion.scale + conversion.offset,
      };
    }
  }

  const low = number("low", NaN);
  const high = number("high", NaN);
  if (low >= high) refuse("high", `${high} is not above low, ${low}`);
  const period = number("every_ms", everyMs, 10, 86_400_000);
  const texts = parseTexts(cell("texts"), (what) => {
    refuse("texts", what);
  });
  const stored = storedType(type, full.scale, full.offset);
  const decimals = number("decimals", stored === "float32" || stored === "float64" ? 1 : 0, 0, 9);
  const clock = oneOf("clock", ["device", "gateway"], "device");
  const overview = number("overview", NaN, 1, 10_000);

  const tell = cell("tell");
  const rule = tell === undefined ? undefined : parseTellingRule(tell);
  if (rule !== undefined && "kind" in rule) refuse("tell", rule.reason);
  else if (rule?.percent === true && Number.isNaN(high - low)) {
    refuse(
      "tell",
      `"${tell ?? ""}" is a part of the range: give low and high, or an error without %`,
    );
  }

  if (!isTagId(id) || problems.length > 0) return problems;
  const options = Object.fromEntries(
    Object.entries(row.cells).filter(([column]) => !commonColumns.includes(column)),
  );
  return {
    point: { tag: id, address, type, everyMs: period, options },
    tag: {
      id,
      name: cell("name") ?? id,
      device,
      type: stored,
      kind: isWide(stored) && kind === "measurement" ? kindOf(stored) : kind,
      unit,
      decimals,
      scale: full.scale,
      offset: full.offset,
      clock,
      expectedMs: period,
      low,
      high,
      asset: cell("asset") ?? deviceName,
      texts,
      filteredAtSource: filterOf(options),
    },
    ...(Number.isNaN(overview) ? {} : { overview }),
    ...(rule === undefined || "kind" in rule ? {} : { telling: rule }),
  };
}

/** What a value most likely is, when nobody says. */
function kindOf(type: ValueType): TagKind {
  if (type === "string" || type === "bytes") return "text";
  if (type === "bool" || type === "enum") return "state";
  return type === "uint64" || type === "int64" ? "counter" : "measurement";
}

/** A dead-band that runs inside the device hides changes; the reader of a chart is told (field practice 2). */
function filterOf(options: Readonly<Record<string, string>>): string {
  const band = options["deadband"];
  if (band === undefined) return "";
  return `dead-band ${band} ${options["deadband_type"] ?? "absolute"} in the device`;
}

/** Of nearly all tags, and so one for all of them. */
const noTexts: ReadonlyMap<number, string> = new Map();

/** `0=Off|1=Starting|7=Fault`. */
function parseTexts(
  text: string | undefined,
  refuse: (what: string) => void,
): ReadonlyMap<number, string> {
  if (text === undefined) return noTexts;
  const texts = new Map<number, string>();
  for (const pair of text.split("|")) {
    const at = pair.indexOf("=");
    const key = Number(pair.slice(0, at));
    if (at < 1 || !Number.isInteger(key)) {
      refuse(`"${pair}" is not of the form 1=Running`);
      continue;
    }
    if (texts.has(key)) refuse(`gives ${key} two texts`);
    texts.set(key, pair.slice(at + 1).trim());
  }
  return texts;
}
