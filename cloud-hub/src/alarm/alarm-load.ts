/** How the alarms of gateways, sites and the fleet do, from what their gateways told. */
import { kpisOf, type AlarmMoment } from "@millwright/alarms";

import type { AlarmLoad, AlarmLoadRow } from "../event-views.ts";

export interface LoadRange {
  readonly fromUs: number;
  readonly toUs: number;
}

/**
 * One operator for each gateway: who shares the alarms of several is not known here.
 *
 * @param moments also those before the range that say what stood when it began
 * @param siteOf "" for a gateway that names none
 */
export function alarmLoad(
  moments: readonly AlarmMoment[],
  range: LoadRange,
  gateways: readonly string[],
  siteOf: (gateway: string) => string,
): Pick<AlarmLoad, "fleet" | "sites" | "gateways"> {
  const known = new Set([...gateways, ...moments.map(({ gateway }) => gateway)]);
  const byGateway = Map.groupBy(moments, ({ gateway }) => gateway);
  const rowOf = (name: string, of: readonly string[]): AlarmLoadRow => {
    const some = of.flatMap((gateway) => byGateway.get(gateway) ?? []);
    const operators = Math.max(1, of.length);
    return { name, gateways: of.length, kpis: kpisOf(some, { ...range, operators }) };
  };
  const sites = Map.groupBy(known, siteOf);
  return {
    fleet: rowOf("", [...known]),
    sites: worstFirst([...sites].map(([site, of]) => rowOf(site, of))),
    gateways: worstFirst([...known].map((gateway) => rowOf(gateway, [gateway]))),
  };
}

function worstFirst(rows: readonly AlarmLoadRow[]): readonly AlarmLoadRow[] {
  return rows.toSorted(
    (a, b) =>
      b.kpis.perOperatorPerDay - a.kpis.perOperatorPerDay ||
      b.kpis.standing - a.kpis.standing ||
      (a.name < b.name ? -1 : 1),
  );
}
