/** The tags that captures become: one device of the gateway's own, with a tag for each feature of each capture. */
import { isTagId, type DeviceId } from "@millwright/wire-contract";

import { FeatureFeed, featureDriver } from "../acquire/features/feature-driver.ts";
import type { AnyDriver } from "../acquire/registry.ts";
import type { ArrayCaptureFile } from "../capture/settings.ts";
import type { TagSettings } from "./declared-tag.ts";
import type { Problem } from "./problem.ts";
import { TagList } from "./tag-list.ts";

/** A capture that only a limit triggers has no rhythm: once a day it is looked at whether it is there. */
const withoutRhythmMs = 86_400_000;
/** UCUM codes of what a shaft turns at, and how many turns a minute one of them is. */
const perMinute: ReadonlyMap<string, number> = new Map([
  ...["/min", "1/min", "{rev}/min", "{rpm}", "r/min"].map((unit) => [unit, 1] as const),
  ...["/s", "1/s", "{rev}/s", "Hz"].map((unit) => [unit, 60] as const),
]);

/** What is needed of a device whose captures have features. */
interface Source {
  readonly id: DeviceId;
  readonly captures: readonly ArrayCaptureFile[];
  readonly tags: TagList;
  readonly trust: string | undefined;
}

/** A device as the settings have it. */
interface FeatureDevice {
  readonly id: DeviceId;
  readonly name: string;
  readonly driver: AnyDriver;
  readonly connection: FeatureFeed;
  readonly clockPolicy: "trust";
  readonly tags: TagList;
  readonly captures: readonly [];
  readonly trust: string | undefined;
}

/** As a tag names it: "pump-1/bearing-acceleration.rms". */
export function featureTagId(capture: string, feature: string): string {
  return `${capture}.${feature}`;
}

/** Turns a minute of one unit of a speed; undefined for what is no speed of a shaft. */
export function turnsPerMinute(unit: string): number | undefined {
  return perMinute.get(unit);
}

/** Undefined where no capture has features. */
export function featureDevice(
  devices: readonly Source[],
  problems: Problem[],
): FeatureDevice | undefined {
  const tags: TagSettings[] = [];
  const trusts: (string | undefined)[] = [];
  for (const device of devices) {
    for (const capture of device.captures) {
      if (capture.features === undefined) continue;
      const where = `device ${device.id}: capture ${capture.id}`;
      tags.push(...tagsOf(capture, where, problems));
      checkSpeed(capture, devices, where, problems);
      trusts.push(device.trust);
    }
  }
  if (tags.length === 0) return undefined;
  return {
    id: "captures" as DeviceId,
    name: "Features of captures",
    driver: featureDriver as AnyDriver,
    connection: new FeatureFeed(),
    // Their time is the capture's, which has the device's stamp or ours already.
    clockPolicy: "trust",
    tags: new TagList(tags),
    captures: [],
    trust: trusts.every((trust) => trust !== undefined)
      ? "computed by this gateway of what trusted devices measured"
      : undefined,
  };
}

function tagsOf(
  { id, name, asset, unit, everyMin, features }: ArrayCaptureFile,
  where: string,
  problems: Problem[],
): readonly TagSettings[] {
  const everyMs = everyMin === undefined ? withoutRhythmMs : everyMin * 60_000;
  return (features?.list ?? []).flatMap((feature): readonly TagSettings[] => {
    const tagId = featureTagId(id, feature.name);
    if (!isTagId(tagId)) {
      const what = `"${tagId}" is no id of a tag: a feature's name may hold letters, digits, ".", "-" and "_", and the id at most 128 characters`;
      problems.push({ where: `${where}: feature ${feature.name}`, what });
      return [];
    }
    const own =
      feature.kind === "crest" || feature.kind === "kurtosis"
        ? ""
        : feature.kind === "velocity-rms"
          ? "mm/s"
          : unit;
    return [
      {
        point: { tag: tagId, address: tagId, type: "float64", everyMs, options: {} },
        tag: {
          id: tagId,
          name: `${name}, ${feature.name}`,
          device: "captures" as DeviceId,
          type: "float64",
          kind: "measurement",
          unit: own,
          decimals: 3,
          scale: 1,
          offset: 0,
          clock: "device",
          expectedMs: everyMs,
          low: NaN,
          high: NaN,
          asset,
          texts: new Map(),
          filteredAtSource: "",
        },
      },
    ];
  });
}

/** Lines lie where the shaft turns: without its speed in turns there are none (field practice 56). */
function checkSpeed(
  { features }: ArrayCaptureFile,
  devices: readonly Source[],
  where: string,
  problems: Problem[],
): void {
  if (features?.speed === undefined) return;
  const { speed } = features;
  const found = devices
    .flatMap(({ tags }) => [...tags])
    .find(({ tag }) => (tag.id as string) === speed);
  if (found === undefined) problems.push({ where, what: `speed: "${speed}" is no tag` });
  else if (turnsPerMinute(found.tag.unit) === undefined) {
    problems.push({
      where,
      what: `speed: "${speed}" comes in "${found.tag.unit}"; give the tag one of ${[...perMinute.keys()].join(", ")}`,
    });
  }
}
