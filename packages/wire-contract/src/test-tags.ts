/** Tags and columns for the tests of this package. */
import type { SampleColumns } from "./frame.ts";
import { isWide, type Scalar, type ValueType } from "./scalar.ts";
import { type DeviceId, isDeviceId, isTagId, type TagDefinition, type TagId } from "./tag.ts";

export const valueTypes: readonly ValueType[] = [
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

export function tagId(text: string): TagId {
  if (!isTagId(text)) throw new Error(`"${text}" is no tag id`);
  return text;
}

export function deviceId(text: string): DeviceId {
  if (!isDeviceId(text)) throw new Error(`"${text}" is no device id`);
  return text;
}

export function makeTag(index: number, fields: Partial<TagDefinition> = {}): TagDefinition {
  return {
    index,
    id: tagId(`line-1/tag-${index}`),
    name: `Tag ${index}`,
    device: deviceId("press-1"),
    type: "float64",
    kind: "measurement",
    unit: "Cel",
    decimals: 2,
    scale: 1,
    offset: 0,
    revision: 1,
    clock: "gateway",
    expectedMs: 1_000,
    low: Number.NaN,
    high: Number.NaN,
    asset: "Press 1",
    texts: new Map(),
    filteredAtSource: "",
    ...fields,
  };
}

export interface Row {
  readonly tag: number;
  readonly us: number;
  readonly value: Scalar;
  readonly status: number;
}

/** Columns as acquire makes them: what a double cannot hold stands in the side table. */
export function toColumns(rows: readonly Row[], typeOf: (tag: number) => ValueType): SampleColumns {
  const wide = new Map<number, Scalar>();
  for (const [row, { tag, value }] of rows.entries()) {
    if (typeof value !== "number" || (isWide(typeOf(tag)) && !Number.isNaN(value))) {
      wide.set(row, value);
    }
  }
  const columns = {
    count: rows.length,
    tag: Int32Array.from(rows, (row) => row.tag),
    measuredUs: Float64Array.from(rows, (row) => row.us),
    value: Float64Array.from(rows, ({ value }, row) =>
      typeof value === "number" && !wide.has(row) ? value : Number.NaN,
    ),
    status: Uint32Array.from(rows, (row) => row.status),
  };
  return wide.size === 0 ? columns : { ...columns, wide };
}

export function toRows(columns: SampleColumns): Row[] {
  return Array.from({ length: columns.count }, (_, row) => ({
    tag: columns.tag[row] ?? -1,
    us: columns.measuredUs[row] ?? Number.NaN,
    value: columns.wide?.get(row) ?? columns.value[row] ?? Number.NaN,
    status: columns.status[row] ?? -1,
  }));
}

/** What a frame keeps: the order within each tag. */
export function sortedByTag(rows: readonly Row[]): Row[] {
  return rows.map((row) => ({ ...row })).sort((a, b) => a.tag - b.tag);
}
