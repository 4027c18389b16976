/** What keeps a device from standing beside those that the settings have already: a shared line, a tag of the same name. */
import { existsSync } from "node:fs";

import type { DeviceSettings } from "../../settings/load-device.ts";
import { loadSettings } from "../../settings/load-settings.ts";
import { SettingsFaulty } from "../../settings/problem.ts";
import { planLines } from "../../settings/plan-lines.ts";

/** In words, one for each conflict. Settings that are faulty without the device are told when they are loaded. */
export function conflictsOf(settingsFile: string, device: DeviceSettings): readonly string[] {
  if (!existsSync(settingsFile)) return [];
  let others: readonly DeviceSettings[];
  try {
    others = loadSettings(settingsFile).devices;
  } catch (failure) {
    if (failure instanceof SettingsFaulty) return [];
    throw failure;
  }
  const owners = new Map(
    others.flatMap(({ id, tags }) => tags.map(({ tag }) => [tag.id, id] as const)),
  );
  const doubled = [...device.tags].flatMap(({ tag }) => {
    const owner = owners.get(tag.id);
    return owner === undefined ? [] : [`tag ${tag.id}: device ${owner} has it already`];
  });
  const lines = planLines([...others, device])
    .filter(({ devices }) => devices.includes(device.id))
    .flatMap(({ line, devices, says }) =>
      says
        .filter(({ severity }) => severity === "refused")
        .map(({ text }) => `${line} (${devices.join(", ")}): ${text}`),
    );
  return [...doubled, ...lines];
}
