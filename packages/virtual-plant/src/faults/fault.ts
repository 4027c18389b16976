/**
 * What can go wrong in the plant, as data. The interfaces are what people read; the schema is checked against them.
 * Times are seconds since the start of the plant.
 */
import * as z from "zod";

interface Timed {
  /** When it begins, s since the plant started; at once when injected while the plant runs. */
  readonly atS: number;
  /** How long it lasts, s. */
  readonly forS: number;
  /** Begins again so many seconds after it last began. */
  readonly repeatEveryS?: number | undefined;
  /** How often it happens in all; for ever when it repeats and nothing is said. */
  readonly times?: number | undefined;
  /** `pump-1`, `press-1`, …; a machine is one device. `broker` can be power-cycled and cut. */
  readonly machine: string;
}

/** The bearing wears evenly from `from` to `to` (0 new, 1 at its end) and stays worn. */
export interface BearingWear extends Timed {
  readonly kind: "bearing-wear";
  readonly from: number;
  readonly to: number;
}
/** One point keeps the value it had; its times go on. */
export interface Stuck extends Timed {
  readonly kind: "stuck";
  readonly point: string;
}
/** One point goes away from the truth by `perHour` of its units each hour. */
export interface Drift extends Timed {
  readonly kind: "drift";
  readonly point: string;
  readonly perHour: number;
}
/** One point has no value: bad status in OPC UA, a sentinel in Modbus, null in MQTT. */
export interface SensorFailed extends Timed {
  readonly kind: "sensor-failed";
  readonly point: string;
}
/** The controller finds a fault of its own: the bit stands in its fault word, and the alarm that belongs to it is raised. */
export interface FaultBit extends Timed {
  readonly kind: "fault-bit";
  readonly bit: number;
}
/** The device is without power: its server is gone, then starts anew with sessions and volatile counters lost. */
export interface PowerCycle extends Timed {
  readonly kind: "power-cycle";
}
/** `reset`: connections break and new ones are refused. `half-open`: they stay and nobody answers. */
export interface LinkCut extends Timed {
  readonly kind: "link-cut";
  readonly mode: "reset" | "half-open";
}
/** Every request is answered with this Modbus exception. */
export interface Exceptions extends Timed {
  readonly kind: "exceptions";
  readonly code: number;
}
/** Each answer takes `delayMs` longer: slow, still in time for a patient client. */
export interface Slow extends Timed {
  readonly kind: "slow";
  readonly delayMs: number;
}
/** Each `every`th answer comes `delayMs` late, meant to be past the client's time-out. */
export interface Late extends Timed {
  readonly kind: "late";
  readonly delayMs: number;
  readonly every: number;
}
/** Answers that a client must refuse: of another transaction, unit or function, of a false length, with a false CRC. */
export interface Wrong extends Timed {
  readonly kind: "wrong";
  readonly what: "transaction" | "unit" | "function" | "length" | "crc";
}
/** Writes are accepted, and the machine does not do them: a controller in local mode that says nothing. */
export interface WritesIgnored extends Timed {
  readonly kind: "writes-ignored";
}
/** No room for one more: sessions (OPC UA) or connections (Modbus TCP) are refused; those open stay. */
export interface Full extends Timed {
  readonly kind: "full";
}
/**
 * `unset`: counts from 1970 on. `hour-off`: one hour ahead. `daylight-saving`: jumps an hour ahead, and back at half of
 * its time. `offset`: off by `byS`.
 */
export interface WrongClock extends Timed {
  readonly kind: "clock";
  readonly mode: "unset" | "hour-off" | "daylight-saving" | "offset";
  readonly byS: number;
}

export type PlantFault =
  | BearingWear
  | Stuck
  | Drift
  | SensorFailed
  | FaultBit
  | PowerCycle
  | LinkCut
  | Exceptions
  | Slow
  | Late
  | Wrong
  | WritesIgnored
  | Full
  | WrongClock;

// A year: longer schedules are mistakes of unit.
const seconds = z.number().min(0).max(31_536_000);
const timed = {
  atS: seconds.default(0),
  forS: seconds.default(10),
  repeatEveryS: seconds.min(0.1).optional(),
  times: z.int().min(1).max(1_000_000).optional(),
  machine: z.string().min(1),
};
const point = z.string().min(1);
// Longer than any sensible time-out of a client.
const delayMs = z.number().min(1).max(120_000);

export const plantFault: z.ZodType<PlantFault> = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("bearing-wear"),
    ...timed,
    from: z.number().min(0).max(1).default(0.02),
    to: z.number().min(0).max(1).default(0.9),
  }),
  z.strictObject({ kind: z.literal("stuck"), ...timed, point }),
  z.strictObject({ kind: z.literal("drift"), ...timed, point, perHour: z.number() }),
  z.strictObject({ kind: z.literal("sensor-failed"), ...timed, point }),
  // Fault words here have 16 bits.
  z.strictObject({ kind: z.literal("fault-bit"), ...timed, bit: z.int().min(0).max(15) }),
  z.strictObject({ kind: z.literal("power-cycle"), ...timed }),
  z.strictObject({
    kind: z.literal("link-cut"),
    ...timed,
    mode: z.enum(["reset", "half-open"]).default("reset"),
  }),
  // 1 to 11 are the codes of the Modbus application protocol V1.1b3, 7.
  z.strictObject({
    kind: z.literal("exceptions"),
    ...timed,
    code: z.int().min(1).max(11).default(6),
  }),
  z.strictObject({ kind: z.literal("slow"), ...timed, delayMs: delayMs.default(500) }),
  z.strictObject({
    kind: z.literal("late"),
    ...timed,
    delayMs: delayMs.default(3_000),
    every: z.int().min(1).max(1_000).default(1),
  }),
  z.strictObject({
    kind: z.literal("wrong"),
    ...timed,
    what: z.enum(["transaction", "unit", "function", "length", "crc"]),
  }),
  z.strictObject({ kind: z.literal("writes-ignored"), ...timed }),
  z.strictObject({ kind: z.literal("full"), ...timed }),
  z.strictObject({
    kind: z.literal("clock"),
    ...timed,
    mode: z.enum(["unset", "hour-off", "daylight-saving", "offset"]),
    byS: z.number().min(-3_153_600_000).max(3_153_600_000).default(0),
  }),
]);
