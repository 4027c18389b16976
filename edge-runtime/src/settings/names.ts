/** One name for one thing, in the whole gateway. */
import type { Problem } from "./problem.ts";

/** What a device takes names for, whether or not the rest of it can be used. */
export interface Declared {
  readonly id: string;
  readonly tags: readonly string[];
}

/** Devices and tags that are declared more than once. */
export function repeats(devices: readonly Declared[]): readonly Problem[] {
  const problems: Problem[] = [];
  const seenDevices = new Set<string>();
  const seenTags = new Map<string, string>();
  for (const device of devices) {
    if (seenDevices.has(device.id)) {
      problems.push({ where: `device ${device.id}`, what: "is declared twice" });
    }
    seenDevices.add(device.id);
    for (const tag of device.tags) {
      const first = seenTags.get(tag);
      if (first !== undefined) {
        problems.push({
          where: `tag ${tag}`,
          what:
            first === device.id
              ? `is declared twice in device ${device.id}`
              : `is declared in device ${first} and in device ${device.id}`,
        });
      }
      seenTags.set(tag, device.id);
    }
  }
  return problems;
}

export function notAnId(where: string, id: string, problems: Problem[]): readonly never[] {
  problems.push({
    where: `${where}.id`,
    what: `"${id}" may hold letters, digits and "_", ".", "/", "-" only, at most 128`,
  });
  return [];
}
