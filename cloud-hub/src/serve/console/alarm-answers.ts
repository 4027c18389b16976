/** What the hub answers about events and alarms, as JSON. */
import type { AlarmKpis } from "@millwright/alarms";
import type { AlarmEvent, EventRecord } from "@millwright/wire-contract/events";

export type EventShown = EventRecord & { readonly gateway: string; readonly journalUs: number };

/** `GET /api/events`. */
export interface EventPage {
  readonly events: readonly EventShown[];
  readonly next?: string;
}

export interface AlarmNow {
  readonly gateway: string;
  readonly alarm: string;
  readonly asset: string;
  readonly atUs: number;
  readonly event: AlarmEvent;
}

/** `GET /api/alarms`. */
export interface AlarmsNow {
  readonly alarms: readonly AlarmNow[];
  readonly more: boolean;
}

/** A number that cannot be said (nothing was acknowledged) comes as null. */
export type Kpis = {
  readonly [Name in keyof AlarmKpis]: AlarmKpis[Name] extends number
    ? number | null
    : AlarmKpis[Name];
};

export interface LoadRow {
  readonly name: string;
  readonly gateways: number;
  readonly kpis: Kpis;
}

/** `GET /api/alarms/load`. */
export interface AlarmLoad {
  readonly fromUs: number;
  readonly toUs: number;
  readonly shortened: boolean;
  readonly fleet: LoadRow;
  readonly sites: readonly LoadRow[];
  readonly gateways: readonly LoadRow[];
}
