/** Tags grouped as people know them: by machine, in the order of the settings, never by value. */
import { shownDecimals } from "@millwright/ui-kit";
import type { DeviceStatus, GatewayPage, LiveTag } from "@millwright/wire-contract";

import { say } from "./messages.ts";

export interface Machine {
  readonly name: string;
  /** At most twelve, chosen by the settings. */
  readonly indicators: readonly LiveTag[];
  /** The rest. */
  readonly others: readonly LiveTag[];
}

export function machinesOf(page: GatewayPage): readonly Machine[] {
  const byId = new Map(page.tags.map((tag) => [tag.id, tag]));
  const chosen = new Set(page.overview);
  const names: string[] = [];
  const groups = new Map<string, { indicators: LiveTag[]; others: LiveTag[] }>();
  const groupOf = (tag: LiveTag): { indicators: LiveTag[]; others: LiveTag[] } => {
    const name = tag.asset === "" ? say("asset.none") : tag.asset;
    let group = groups.get(name);
    if (group === undefined) {
      group = { indicators: [], others: [] };
      groups.set(name, group);
      names.push(name);
    }
    return group;
  };
  for (const id of page.overview) {
    const tag = byId.get(id);
    if (tag !== undefined) groupOf(tag).indicators.push(tag);
  }
  for (const tag of page.tags) if (!chosen.has(tag.id)) groupOf(tag).others.push(tag);
  return names.map((name) => ({ name, ...(groups.get(name) ?? { indicators: [], others: [] }) }));
}

/** Three of a machine's values say how it is; the rest is one tap away (ux-guide 8, H1). */
const keyIndicators = 3;

/** What stands on the tile of a machine: of a machine without chosen values, its first. */
export function tileTagsOf(machine: Machine): readonly LiveTag[] {
  return (machine.indicators.length > 0 ? machine.indicators : machine.others).slice(
    0,
    keyIndicators,
  );
}

/** The device that is the gateway itself; undefined where it has been told not to measure itself. */
export function ownDeviceOf(devices: readonly DeviceStatus[]): string | undefined {
  return devices.find((device) => device.protocol === "health")?.device;
}

/** What the gateway measures of itself. */
export function ownTagsOf(page: GatewayPage, own: string | undefined): readonly LiveTag[] {
  return own === undefined ? [] : page.tags.filter((tag) => tag.device === own);
}

/** The first of a machine's values that have a course, the chosen ones before the others. */
export function measuredOf(machine: Machine, max: number): readonly LiveTag[] {
  return [...machine.indicators, ...machine.others]
    .filter(({ kind, type }) => kind === "measurement" && type !== "bytes")
    .slice(0, max);
}

/** Most decimals in a column. */
export function decimalsMaxOf(tags: readonly LiveTag[]): number {
  return tags.reduce((most, tag) => Math.max(most, shownDecimals(tag)), 0);
}
