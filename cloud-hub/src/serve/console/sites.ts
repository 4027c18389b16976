/** The gateways of the list by the site they stand at, those first that need a person. */
import type { GatewayRow, Presence } from "@millwright/wire-contract";

export interface Site {
  readonly name: string;
  readonly gateways: number;
  readonly presences: Readonly<Record<Presence, number>>;
  readonly waitingSamples: number;
  readonly unexplained: number;
  readonly devices: number;
  /** Known to be: of a gateway that is not heard nobody knows how its devices are. */
  readonly devicesLive: number;
  /** Software versions that run there, the most frequent first. */
  readonly versions: readonly string[];
}

export function countsOf(rows: readonly GatewayRow[]): Readonly<Record<Presence, number>> {
  const counts: Record<Presence, number> = { reporting: 0, behind: 0, silent: 0, sleeping: 0 };
  for (const row of rows) counts[row.presence] += 1;
  return counts;
}

/** Loss before silence before being behind; then by name, so that a healthy list stands still. */
export function sitesOf(rows: readonly GatewayRow[]): readonly Site[] {
  return [...groupsOf(rows, (row) => row.site)]
    .map(([name, members]) => toSite(name, members))
    .sort(
      (one, other) =>
        other.unexplained - one.unexplained ||
        other.presences.silent - one.presences.silent ||
        other.presences.behind - one.presences.behind ||
        one.name.localeCompare(other.name),
    );
}

function toSite(name: string, rows: readonly GatewayRow[]): Site {
  const devices = rows.flatMap((row) => row.devices);
  const heard = rows.filter(isHeard).flatMap((row) => row.devices);
  const versions = [...groupsOf(rows, (row) => row.software)]
    .filter(([version]) => version !== "")
    .sort(([, some], [, others]) => others.length - some.length)
    .map(([version]) => version);
  return {
    name,
    gateways: rows.length,
    presences: countsOf(rows),
    ...waitingOf(rows),
    devices: devices.length,
    devicesLive: heard.filter((device) => device.state === "live").length,
    versions,
  };
}

/** It says how it is. What the others said last is not what is: they may have gathered for days, or stand still. */
export function isHeard({ presence }: Pick<GatewayRow, "presence">): boolean {
  return presence === "reporting" || presence === "behind";
}

/** What is on its way from these gateways as they said last, and what nobody can explain. */
export function waitingOf(rows: readonly GatewayRow[]): {
  readonly waitingSamples: number;
  readonly oldestMs: number;
  readonly unexplained: number;
} {
  return {
    waitingSamples: rows.reduce((sum, row) => sum + row.waitingSamples, 0),
    oldestMs: rows.reduce((oldest, row) => Math.max(oldest, row.behindMs), 0),
    unexplained: rows.reduce((sum, row) => sum + row.unexplained, 0),
  };
}

/** As `Map.groupBy`, which the browsers of old panels do not have. */
function groupsOf(
  rows: readonly GatewayRow[],
  keyOf: (row: GatewayRow) => string,
): ReadonlyMap<string, readonly GatewayRow[]> {
  const groups = new Map<string, GatewayRow[]>();
  for (const row of rows) {
    const key = keyOf(row);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [row]);
    else group.push(row);
  }
  return groups;
}
