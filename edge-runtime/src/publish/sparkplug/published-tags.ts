/** Which tags the node publishes, and what they are called there. Pure. */
import type { TagTraits } from "@millwright/wire-contract";

/** One metric of a device of the node. */
export interface PublishedTag {
  /** Dictionary index. */
  readonly index: number;
  /** Permanent at the node: how data by alias name it until the next birth. */
  readonly alias: bigint;
  /** Unique within its device. */
  readonly metric: string;
  readonly device: string;
  readonly type: TagTraits["type"];
  readonly unit: string;
}

export interface Wanted {
  readonly devices?: readonly string[] | undefined;
  readonly tags?: readonly string[] | undefined;
}

/** Says of each tag whether it is published. */
export function publishes({ devices, tags }: Wanted): (device: string, tag: string) => boolean {
  const wantedDevices = devices === undefined ? undefined : new Set(devices);
  const exact = new Set(tags?.filter((tag) => !tag.includes("*")));
  const patterns = (tags ?? []).filter((tag) => tag.includes("*")).map(patternOf);
  return (device, tag) =>
    (wantedDevices?.has(device) ?? true) &&
    (tags === undefined || exact.has(tag) || patterns.some((pattern) => pattern.test(tag)));
}

/** `*` stands for any text, also none. */
export function patternOf(text: string): RegExp {
  const parts = text.split("*").map((part) => part.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`);
}

/**
 * What a tag is called below its device: its id, without the name of the device before it. A tag that would then be
 * called as another one is keeps its whole id.
 */
export function metricNameOf(device: string, tag: string, isTag: (id: string) => boolean): string {
  const rest = tag.startsWith(`${device}/`) ? tag.slice(device.length + 1) : "";
  return rest === "" || isTag(rest) ? tag : rest;
}
