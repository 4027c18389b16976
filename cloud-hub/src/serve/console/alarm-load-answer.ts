import type { AlarmKpis } from "@millwright/alarms";

import type { AlarmLoad, AlarmLoadRow } from "../../event-views.ts";

/** As JSON carries it: a number that cannot be said (nothing was acknowledged) comes as null. */
export type Kpis = {
  readonly [Name in keyof AlarmKpis]: AlarmKpis[Name] extends number
    ? number | null
    : AlarmKpis[Name];
};

export interface LoadRow extends Omit<AlarmLoadRow, "kpis"> {
  readonly kpis: Kpis;
}

/** `GET /api/alarms/load`. */
export interface AlarmLoadAnswer extends Omit<AlarmLoad, "fleet" | "sites" | "gateways"> {
  readonly fleet: LoadRow;
  readonly sites: readonly LoadRow[];
  readonly gateways: readonly LoadRow[];
}
