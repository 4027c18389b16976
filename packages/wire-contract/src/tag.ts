import type { ValueType } from "./scalar.ts";

declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** Permanent id of a tag. Renaming, moving or rescaling a tag never changes it, so a curve is never split. */
export type TagId = Branded<"TagId">;
/** Id of a device within its gateway. Identity is (gateway, device), never an address (cells repeat addresses). */
export type DeviceId = Branded<"DeviceId">;
/** Id of one edge runtime. */
export type GatewayId = Branded<"GatewayId">;
/** 128 random bits as 32 hexadecimal digits, new at every start of the runtime. */
export type Epoch = Branded<"Epoch">;

// A NATS subject token may hold neither dots nor wildcards nor blanks; ids are used in subjects, file names and addresses.
const idPattern = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;
const tagIdPattern = /^[A-Za-z0-9][A-Za-z0-9_./-]{0,127}$/;

export function isGatewayId(text: string): text is GatewayId {
  return idPattern.test(text);
}
export function isDeviceId(text: string): text is DeviceId {
  return idPattern.test(text);
}
export function isTagId(text: string): text is TagId {
  return tagIdPattern.test(text);
}
export function isEpoch(text: string): text is Epoch {
  return /^[0-9a-f]{32}$/.test(text);
}

/** Decides how a tag is aggregated, alarmed and drawn (field practice 11). */
export type TagKind = "measurement" | "counter" | "state" | "event-value" | "setpoint" | "text";

/** Which clock gives the measured time of a tag. */
export type TagClock = "device" | "gateway";

/**
 * Which samples of a tag the hub is told, and so what is known of those in between:
 * `full`: all are told. `change`: the value told last holds exactly. `dead-band`: it holds within the error.
 * `swinging-door`: a straight line between two told samples passes all others within the error.
 */
export interface Telling {
  readonly rule: "full" | "change" | "dead-band" | "swinging-door";
  /** In the unit of the tag, absolute; 0 for `full` and `change`. */
  readonly error: number;
  /** A sample is told after so long a silence, whatever its value. */
  readonly heartbeatMs: number;
}

/**
 * What a reader needs to understand the samples of one tag, five years later and without any settings. One row of the
 * dictionary. `index` is given by the gateway's journal, is never used again for another tag, and is what frames
 * carry.
 */
export interface TagDefinition {
  readonly index: number;
  readonly id: TagId;
  readonly name: string;
  readonly device: DeviceId;
  readonly type: ValueType;
  readonly kind: TagKind;
  /** UCUM code, "" when the value has no unit; a unit without a UCUM code stays as the device's own text. */
  readonly unit: string;
  /** Digits after the decimal point on screens. */
  readonly decimals: number;
  /** Stored value = scale × device value + offset. What was applied, so that the raw value can be had back. */
  readonly scale: number;
  readonly offset: number;
  /** Rises when unit, scale, offset or type change; charts mark it. */
  readonly revision: number;
  readonly clock: TagClock;
  /** The longest time between two proofs that the value still holds, in health, ms. */
  readonly expectedMs: number;
  /** Normal range, for indicators; NaN where none is stated. */
  readonly low: number;
  readonly high: number;
  /** Where the tag belongs, for example "Pump 1". "" when not said. */
  readonly asset: string;
  /** Texts of an enum or state by number (field practice 9). */
  readonly texts: ReadonlyMap<number, string>;
  /** A filter inside the device that hides changes, in words; "" when there is none (field practice 2). */
  readonly filteredAtSource: string;
  /** Absent: all samples are told. */
  readonly telling?: Telling;
}
