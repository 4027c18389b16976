/** What an alarm that a machine owns is at the gateway: its class, priority and asset come from the settings, the rest from the machine. */
import { createHash } from "node:crypto";

import type { DeviceId } from "@millwright/wire-contract";
import type { AlarmPriority } from "@millwright/wire-contract/events";

import type { AlarmClass, AlarmDefinition } from "./definition.ts";

/** Whose own alarms come in, once the settings are understood. */
export interface MachineAlarmsOf {
  readonly device: DeviceId;
  /** For people. */
  readonly deviceName: string;
  /** An address of the device; "" for all that it has. */
  readonly notifier: string;
  /** Undefined: what has no class of its own is kept as an event. */
  readonly class: AlarmClass | undefined;
  readonly asset: string;
  /** By what the machine calls the source of the alarm. */
  readonly assets: ReadonlyMap<string, string>;
  readonly group: string;
  /** From these severities on, priority 1 and 2. */
  readonly urgentFrom: number;
  readonly highFrom: number;
  /** By what the machine calls the alarm. */
  readonly named: ReadonlyMap<string, NamedMachineAlarm>;
}

export interface NamedMachineAlarm {
  readonly class: AlarmClass | undefined;
  readonly priority: AlarmPriority | undefined;
  readonly message: string;
}

/** What is known of one alarm of a machine without asking it; kept over restarts. */
export type MachineOrigin = {
  readonly device: string;
  readonly condition: string;
  readonly branch: string;
  readonly name: string;
  readonly source: string;
  /** Of its newest raising. */
  readonly severity: number;
};

/** @returns undefined for what nobody has to act on */
export function defineMachineAlarm(
  of: MachineAlarmsOf,
  origin: MachineOrigin,
): AlarmDefinition | undefined {
  const named = of.named.get(origin.name);
  const found = named?.class ?? of.class;
  if (found === undefined) return undefined;
  return {
    id: machineAlarmId(origin),
    asset: machineAsset(of, origin),
    message: named === undefined || named.message === "" ? origin.name : named.message,
    priority: named?.priority ?? priorityOf(of, origin.severity),
    // Whether it waits for a reset is the machine's to say.
    class: { ...found, latching: false },
    group: of.group,
    tag: undefined,
    unit: "",
    condition: { kind: "machine" },
    onDelayMs: 0,
    offDelayMs: 0,
    states: undefined,
    suppressedWhen: undefined,
    source: "machine",
  };
}

export function machineAsset(of: MachineAlarmsOf, { source }: { readonly source: string }): string {
  return of.assets.get(source) ?? of.asset;
}

/** As long as a person reads; what tells two apart comes after it. */
const nameCharsMax = 60;

/** Permanent, the same at the hub: of the ids in the machine, which are permanent there. */
export function machineAlarmId({ device, condition, branch, name }: MachineOrigin): string {
  const words = name.replaceAll(/[^A-Za-z0-9]+/g, "-").replaceAll(/^-+|-+$/g, "");
  const mark = createHash("sha256").update(`${condition}\n${branch}`).digest("hex").slice(0, 8);
  return `${device}/own/${words.slice(0, nameCharsMax)}${words === "" ? "" : "-"}${mark}`;
}

function priorityOf({ urgentFrom, highFrom }: MachineAlarmsOf, severity: number): AlarmPriority {
  return severity >= urgentFrom ? 1 : severity >= highFrom ? 2 : 3;
}
