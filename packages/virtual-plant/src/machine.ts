/**
 * What a machine is to the rest of the plant: a physical state that is stepped, and a list of measured points that
 * read from it. Protocols never see the physics, and the physics never see a protocol.
 */
import type { Resolution } from "./resolution.ts";

/** The type of a point in the machine. Protocols may carry it narrower (a scaled 16-bit register, for example). */
export type PointType =
  | "bool"
  | "int16"
  | "uint16"
  | "int32"
  | "uint32"
  | "int64"
  | "uint64"
  | "float32"
  | "float64"
  | "string"
  | "time"
  | "enum";

/** 64-bit integers are bigint; a time is µs since 1970 UTC; an enum is its number. */
export type PlantValue = number | bigint | boolean | string;

/** Decides how a tag is aggregated and drawn at the other end. */
export type PointKind = "measurement" | "counter" | "state" | "event-value" | "setpoint" | "text";

/** One measured point of a machine. */
export interface PointSpec {
  /** Where it stands in the machine, parts joined by dots: `Bearing.Temperature`. */
  readonly path: string;
  /** For people. */
  readonly name: string;
  readonly type: PointType;
  readonly kind: PointKind;
  /** UCUM code, "" when it has none. */
  readonly unit: string;
  /** How often the machine's controller samples it, ms; a multiple of `tickMs`. */
  readonly everyMs: number;
  /** Normal range, for indicators. */
  readonly low?: number;
  readonly high?: number;
  /** Digits after the decimal point on screens. */
  readonly decimals?: number;
  /** How finely its instrument reports it; absent where it is a whole number or a register says how fine it is. */
  readonly resolution?: Resolution;
  /** Texts of an enum by number. */
  readonly texts?: Readonly<Record<number, string>>;
  /** Place on an overview of the machine, from 1. */
  readonly overview?: number;
  read(): PlantValue;
  /** Present when the point may be written; says no (false) to a value outside its range. */
  write?(value: PlantValue): boolean;
}

/** The kinds of machine that have a physical model. */
export type MachineKind = "pump" | "spindle" | "press" | "oven";

export interface Machine {
  /** `pump-1`: also the name of its device at the gateway. */
  readonly id: string;
  readonly kind: MachineKind | "replay" | "bulk";
  readonly points: readonly PointSpec[];
  /** Where its controller makes alarms of its own. */
  readonly faults?: readonly MachineFault[];
  /** Lets `dtS` seconds pass in the machine. */
  step(dtS: number): void;
  /** Takes bearing wear (0 new, 1 at the end of its life) where the machine has a bearing; false where it has none. */
  setWear?(wear: number): void;
  /** One second of acceleration at the bearing, where the machine has one. */
  capture?(): Capture;
  /** Everything volatile is lost, as by a power cut: speeds and pressures fall, volatile counters begin anew. */
  powerCycle?(): void;
}

/** A fault that the controller finds by itself, and of which it makes an alarm of its own where its protocol has alarms. */
export interface MachineFault {
  /** What the controller calls the alarm. */
  readonly name: string;
  readonly message: string;
  /** 1 to 1,000, as OPC UA has it (OPC 10000-5, 6.4.2). */
  readonly severity: number;
  /** The word in which it stands, and its bit there. */
  readonly point: string;
  readonly bit: number;
  /** Its panel lets people shelve it for so long at most, hours, and take it out of service; absent: it does not. */
  readonly shelveHoursMax?: number;
}

/** A waveform: counts × `scale` is the acceleration in g. */
export interface Capture {
  readonly rateHz: number;
  readonly scale: number;
  readonly unit: string;
  /** Shaft speed while it was taken, revolutions a minute: envelope lines need it. */
  readonly speedRpm: number;
  readonly samples: Int16Array;
}

/** The heartbeat of every controller here: no point is sampled faster, and every period is a multiple of it. */
export const tickMs = 100;
