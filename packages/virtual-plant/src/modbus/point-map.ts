import type { PointType } from "../machine.ts";

/** The four tables of the Modbus data model (application protocol V1.1b3, 4.3). */
export type Table = "coil" | "discrete" | "input" | "holding";

export type ByteOrder = "ABCD" | "CDAB" | "BADC" | "DCBA";

/** How a register value is written beside plain two's complement. */
export type Encoding = "binary" | "bcd" | "sign-magnitude";

/** Where a point stands in a Modbus device, and how it is written there. */
export interface ModbusPoint {
  readonly path: string;
  readonly table: Table;
  /** 0-based, as on the wire. */
  readonly address: number;
  /** The type in the device; `bool` in a register needs `bit`. */
  readonly type: PointType;
  /** Value = scale × register + offset; 1 and 0 when absent. */
  readonly scale?: number;
  readonly offset?: number;
  readonly order?: ByteOrder;
  readonly encoding?: Encoding;
  /** What the register holds when the sensor has failed. */
  readonly sentinel?: number;
  /** Bit of the register, 0 is the lowest. */
  readonly bit?: number;
  /** Registers of a string. */
  readonly length?: number;
  /** The device's unit where it differs from the unit of the point, with its conversion. */
  readonly deviceUnit?: { readonly code: string; readonly from: (value: number) => number };
  /** Points of one set name must be read in one request. */
  readonly together?: string;
}

/** How many registers (or bits) the point takes. */
export function width(point: ModbusPoint): number {
  if (point.table === "coil" || point.table === "discrete") return 1;
  switch (point.type) {
    case "bool":
    case "int16":
    case "uint16":
    case "enum":
      return 1;
    case "int32":
    case "uint32":
    case "float32":
      return 2;
    case "int64":
    case "uint64":
    case "float64":
    case "time":
      return 4;
    case "string":
      return point.length ?? 8;
  }
}
