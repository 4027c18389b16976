/** What an alarm is, once the settings are understood: nothing in it is optional that somebody needs. */
import type { LimitSide, ShiftPlan } from "@millwright/alarms";
import type { TagId } from "@millwright/wire-contract";
import type { AlarmPriority, OperatingState } from "@millwright/wire-contract/events";

import type { MachineAlarmsOf } from "./machine-definition.ts";
import type { SuppressionFile } from "./settings.ts";

export type AlarmCondition =
  | {
      readonly kind: "limit";
      readonly side: LimitSide;
      readonly limit: number;
      readonly deadBand: number;
    }
  | {
      readonly kind: "rate";
      readonly perMinute: number;
      readonly direction: "rising" | "falling" | "either";
      readonly overMs: number;
    }
  | { readonly kind: "equals"; readonly values: readonly number[] }
  | { readonly kind: "bad" }
  | { readonly kind: "bit"; readonly bit: number }
  /** A rule or detection says when. */
  | { readonly kind: "told" }
  /** The machine says when; the alarm is its own (`machine-alarms.ts`). */
  | { readonly kind: "machine" };

export interface AlarmClass {
  readonly name: string;
  readonly action: string;
  readonly consequence: string;
  readonly causes: readonly string[];
  readonly respondMin: number;
  readonly shelveHoursMax: number;
  readonly latching: boolean;
}

export interface AlarmDefinition {
  readonly id: string;
  readonly asset: string;
  readonly message: string;
  readonly priority: AlarmPriority;
  readonly class: AlarmClass;
  readonly group: string;
  readonly tag: TagId | undefined;
  readonly unit: string;
  readonly condition: AlarmCondition;
  readonly onDelayMs: number;
  readonly offDelayMs: number;
  /** Undefined: in all of them. */
  readonly states: readonly OperatingState[] | undefined;
  readonly suppressedWhen: SuppressionFile | undefined;
  /** The machine found it, and not the gateway. */
  readonly source?: "machine";
}

/** What a machine says and nobody has to act on: it is kept as an event. */
export interface NotedFault {
  readonly id: string;
  readonly asset: string;
  readonly message: string;
  readonly tag: TagId;
  readonly condition: AlarmCondition;
}

export interface AlarmDefinitions {
  readonly alarms: readonly AlarmDefinition[];
  readonly noted: readonly NotedFault[];
  /** Whose own alarms come in; none when it is left out. */
  readonly machines?: readonly MachineAlarmsOf[];
  /** Alarms may be shelved to the end of a shift. */
  readonly shifts?: ShiftPlan | undefined;
}
