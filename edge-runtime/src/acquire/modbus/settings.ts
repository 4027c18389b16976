import * as z from "zod";

import type { Shown } from "../../shown-settings.ts";

/** Order of the bytes of one value, named after the way 0xAABBCCDD lies in two registers (field practice 40). */
export type ByteOrder = "ABCD" | "CDAB" | "BADC" | "DCBA";
export const byteOrders = ["ABCD", "CDAB", "BADC", "DCBA"] as const satisfies readonly ByteOrder[];

interface Common {
  /** Unit (slave) id of the device; a point may name another one behind the same gateway. */
  readonly unit: number;
  /** An answer is waited for so long, ms. */
  readonly timeoutMs: number;
  /** Byte order of points that name none. */
  readonly order: ByteOrder;
  /** Most registers that the device bears in one read. */
  readonly registersMax: number;
  /** Most coils or discrete inputs that the device bears in one read. */
  readonly coilsMax: number;
  /** Registers (or coils) that nobody asked for and that a read may pass over to join two others. */
  readonly gapMax: number;
}

/** Modbus TCP. */
export interface TcpSettings extends Common {
  readonly framing: "tcp";
  readonly host: string;
  readonly port: number;
  /** Requests that may be under way at the same time on the one connection. */
  readonly concurrent: number;
  /** Speed of the serial line behind a gateway: only for the load that `plan` counts. Absent where no line is known. */
  readonly baudRate?: number | undefined;
}

/** Modbus RTU through the socket of a serial server in transparent mode. */
export interface RtuOverTcpSettings extends Common {
  readonly framing: "rtu-over-tcp";
  readonly host: string;
  readonly port: number;
  /** Speed of the line behind the server: for the silence between frames and for the load that `plan` prints. */
  readonly baudRate: number;
  /** The line must be quiet for so long, ms, before it is used again after a time-out. */
  readonly turnaroundMs: number;
}

/** Modbus RTU on a serial line. */
export interface RtuSettings extends Common {
  readonly framing: "rtu";
  readonly path: string;
  readonly baudRate: number;
  readonly parity: "none" | "even" | "odd";
  readonly stopBits: 1 | 2;
  readonly turnaroundMs: number;
}

export type ModbusSettings = TcpSettings | RtuOverTcpSettings | RtuSettings;

const common = {
  // Unit 0 is broadcast on a line, and 248-254 are reserved (Modbus over serial line 1.02, 2.2). Devices that speak TCP
  // themselves want 255, or 0 (Modbus messaging on TCP/IP 1.0b, 4.4.2.1).
  unit: z.int().min(0).max(255).default(1),
  // A gateway with a slow line behind it needs most of a second for 125 registers at 9,600 baud.
  timeoutMs: z.int().min(20).max(60_000).default(1_000),
  order: z.enum(byteOrders).default("ABCD"),
  // Modbus application protocol 1.1b3, 6.1 to 6.4: 125 registers and 2,000 bits.
  registersMax: z.int().min(1).max(125).default(125),
  coilsMax: z.int().min(1).max(2_000).default(2_000),
  // Some registers clear on reading and some gaps refuse, so nothing is read that nobody asked for.
  gapMax: z.int().min(0).max(120).default(0),
};
const network = {
  host: z.string().min(1),
  port: z.int().min(1).max(65_535).default(502),
};
const baudRate = z.int().min(300).max(4_000_000);
const serial = {
  // The serial line guide 1.02, 2.4.2 asks for 19,200 as the default, even parity.
  baudRate: baudRate.default(19_200),
  // The guide's turnaround delay is 100 to 200 ms (2.4.1).
  turnaroundMs: z.int().min(1).max(5_000).default(100),
};

/** What the person writes under `connection`. */
export const modbusSettings: z.ZodType<ModbusSettings> = z
  .discriminatedUnion("framing", [
    z.strictObject({
      framing: z.literal("tcp"),
      ...network,
      ...common,
      // Many devices allow one request; 16 is what the messaging guide (4.2.1) suggests a server should bear at most.
      concurrent: z.int().min(1).max(16).default(1),
      baudRate: baudRate.optional(),
    }),
    z.strictObject({
      framing: z.literal("rtu-over-tcp"),
      ...network,
      ...common,
      ...serial,
    }),
    z.strictObject({
      framing: z.literal("rtu"),
      path: z.string().min(1),
      ...common,
      ...serial,
      parity: z.enum(["none", "even", "odd"]).default("even"),
      stopBits: z.union([z.literal(1), z.literal(2)]).default(1),
    }),
  ])
  .refine(
    (settings) => settings.framing === "tcp" || (settings.unit >= 1 && settings.unit <= 247),
    {
      path: ["unit"],
      message: "on a serial line a unit is 1 to 247; 0 is broadcast, which has no answer",
    },
  );

export const modbusShown: Shown<ModbusSettings> = {
  framing: "plain",
  host: "plain",
  port: "plain",
  path: "plain",
  unit: "plain",
  timeoutMs: "plain",
  order: "plain",
  registersMax: "plain",
  coilsMax: "plain",
  gapMax: "plain",
  concurrent: "plain",
  baudRate: "plain",
  turnaroundMs: "plain",
  parity: "plain",
  stopBits: "plain",
};

/** What must not happen at the same time: one conversation per line (field practice 34). */
export function lineOf(settings: ModbusSettings): string {
  return settings.framing === "rtu"
    ? `serial ${settings.path}`
    : `tcp ${settings.host.toLowerCase()}:${settings.port}`;
}

/** What all who share a line must have written alike, in words: there is one port and one queue. */
export function wiringOf(settings: ModbusSettings): string {
  switch (settings.framing) {
    case "tcp":
      return `tcp, ${settings.concurrent} under way`;
    case "rtu-over-tcp":
      return `rtu-over-tcp, ${settings.baudRate} baud`;
    case "rtu":
      return `rtu, ${settings.baudRate} baud, ${settings.parity} parity, ${settings.stopBits} stop`;
  }
}
