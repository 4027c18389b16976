/**
 * Reads the settings file and all it names, once, at the start. Every problem is collected, so that a person mends them
 * in one go; with one problem nothing is started.
 */
import { dirname, relative, resolve } from "node:path";

import { isGatewayId, isTagId, type GatewayId, type TagId } from "@millwright/wire-contract";

import { featureDriver } from "../acquire/features/feature-driver.ts";
import { healthDriver } from "../acquire/health/health-driver.ts";
import type { CaptureFolderFile } from "../capture/settings.ts";
import type { AlarmDefinitions } from "../decide/alarms/definition.ts";
import type { RuleFile } from "../decide/rules/rule-file.ts";
import type { AssetFile, DetectionFile } from "../detect/settings.ts";
import type { DeclaredTag } from "../hand-over.ts";
import type { ModelsFile } from "../detect/models/settings.ts";
import { accessProblems } from "./access-settings.ts";
import { checkAlarms } from "./alarm-check.ts";
import { assetProblems } from "./asset-check.ts";
import { checkCommands, noCommands, writesOf, type CommandSettings } from "./command-check.ts";
import type { TagSettings } from "./declared-tag.ts";
import { featureDevice } from "./feature-device.ts";
import { deviceFile, gatewayFile, type DeviceFile, type GatewayFile } from "./gateway-file.ts";
import { healthDevice, toDevice, type DeviceSettings } from "./load-device.ts";
import { modelProblems } from "./model-check.ts";
import { beside } from "./named-files.ts";
import { notAnId, repeats, type Declared } from "./names.ts";
import { planLines } from "./plan-lines.ts";
import { SettingsFaulty, type Problem } from "./problem.ts";
import { publishProblems, publishSettings, type PublishSettings } from "./publish-check.ts";
import { checked, readContent } from "./read-file.ts";
import { checkRules } from "./rule-check.ts";
import { tooManyTags } from "./tag-limit.ts";
import { TagList } from "./tag-list.ts";
import { tellingOf, tellingRules } from "./telling-rule.ts";
import { writableTags } from "./writable-tags.ts";

export interface Settings {
  readonly file: string;
  readonly gateway: { readonly id: GatewayId; readonly name: string; readonly site: string };
  readonly hub:
    | {
        readonly url: string;
        readonly credentialsFile?: string;
        readonly caFile?: string;
        readonly link: { readonly bytesPerSMax: number; readonly historyShare: number };
      }
    | undefined;
  readonly journal: {
    readonly folder: string;
    readonly commitEveryMs: number;
    readonly keepRawHours: number;
    readonly bytesMax: number;
  };
  readonly telling: { readonly everyMs: number };
  readonly hmi: GatewayFile["hmi"];
  readonly access: GatewayFile["access"];
  readonly captures: {
    readonly bytesMax: number;
    readonly folders: readonly (CaptureFolderFile & { readonly id: TagId })[];
  };
  /** Those that are declared. An asset that tags name without it has no type and no state, and its properties are its tags' ids. */
  readonly assets: readonly AssetFile[];
  readonly detection: DetectionFile;
  /** With the folder made absolute. */
  readonly models: ModelsFile;
  readonly alarms: AlarmDefinitions;
  /** Understood once already: they compile. */
  readonly rules: readonly RuleFile[];
  readonly commands: CommandSettings;
  readonly publish: PublishSettings;
  readonly devices: readonly DeviceSettings[];
}

/** In the order of the settings. */
export function* declaredTags({ devices }: Settings): Generator<DeclaredTag, void, undefined> {
  for (const { tags } of devices) for (const { tag } of tags) yield tag;
}

/** Throws `SettingsFaulty` with every problem of the file, its templates and its tag tables. */
export function loadSettings(path: string): Settings {
  const file = resolve(path);
  const folder = dirname(file);
  const problems: Problem[] = [];
  const content = readContent(file, problems);
  if (content === undefined) throw new SettingsFaulty(problems);
  const parsed = checked(content.value, gatewayFile, file, problems);

  const declared: Declared[] = [];
  const listed =
    parsed === undefined
      ? devicesIn(content.value)
      : parsed.devices.map((device, index) => ({ index, device }));
  const devices = listed.flatMap(({ index, device }) => {
    const place = `${relative(".", file) || file}: devices[${index}] (${device.id})`;
    return toDevice(device, folder, place, declared, problems) ?? [];
  });
  if (!devices.some((device) => device.driver.protocol === "health")) {
    const health = healthDevice();
    devices.push(health);
    declared.push({ id: health.id, tags: health.tags.map(({ tag }) => tag.id) });
  }
  const features = featureDevice(devices, problems);
  if (features !== undefined) {
    devices.push(features);
    declared.push({ id: features.id, tags: features.tags.map(({ tag }) => tag.id) });
  }
  const folders = (parsed?.captures.folders ?? []).flatMap((each, index) => {
    const where = `${relative(".", file) || file}: captures.folders[${index}]`;
    return isTagId(each.id) ? { ...each, id: each.id } : notAnId(where, each.id, problems);
  });
  const own = [healthDriver.protocol, featureDriver.protocol];
  const typed = devices.filter(({ driver }) => !own.includes(driver.protocol));
  const tooMany = tooManyTags(relative(".", file) || file, typed);
  if (tooMany !== undefined) problems.push(tooMany);
  const capturing = devices.some(({ captures }) => captures.length > 0);
  const assets = parsed?.assets ?? [];
  const known = new Set(
    capturing || assets.length > 0
      ? devices.flatMap(({ tags }) => tags.map(({ tag }) => tag.id as string))
      : [],
  );
  problems.push(...captureProblems(devices, known));
  problems.push(...assetProblems(assets, relative(".", file) || file, known));
  if (parsed !== undefined) {
    problems.push(...modelProblems(parsed.models, assets, relative(".", file) || file));
  }
  const tagOf = tagsById(devices);
  const alarms = checkAlarms(
    {
      file: parsed?.alarms ?? { classes: {}, list: [], faults: [], machines: [] },
      shown: relative(".", file) || file,
      ...{ folder, tagOf, devices },
      assets: new Set(assets.map(({ id }) => id)),
    },
    problems,
  );
  checkRules(
    {
      rules: parsed?.rules ?? [],
      ...{ file, shown: relative(".", file) || file, assets, alarms, devices },
      tagOf,
    },
    problems,
  );
  const commands = checkCommands(
    {
      grants: parsed?.grants ?? [],
      interlocks: parsed?.interlocks ?? [],
      commands: parsed?.commands ?? noCommands,
      rules: (parsed?.rules ?? []).map(writesOf),
      shown: relative(".", file) || file,
      tagOf: writableTags(devices),
    },
    problems,
  );
  declared.push({ id: "captures.folders", tags: folders.map(({ id }) => id) });
  problems.push(...repeats(declared));
  for (const { line, devices: users, says } of planLines(devices)) {
    const where = `${relative(".", file) || file}: ${line} (${users.join(", ")})`;
    for (const { severity, text } of says) {
      if (severity === "refused") problems.push({ where, what: text });
    }
  }
  problems.push(...accessProblems(parsed, relative(".", file) || file));
  problems.push(...publishProblems(parsed, devices, relative(".", file) || file));
  const rules = tellingRules(parsed?.telling, (key, what) => {
    problems.push({ where: `${relative(".", file) || file}: telling.${key}`, what });
  });
  if (parsed === undefined || problems.length > 0) throw new SettingsFaulty(problems);

  const { gateway, hub, journal, hmi, telling } = parsed;
  if (!isGatewayId(gateway.id)) throw new SettingsFaulty(problems);
  return {
    file,
    gateway: { id: gateway.id, name: gateway.name, site: gateway.site },
    hub:
      hub === undefined
        ? undefined
        : {
            url: hub.url,
            link: {
              bytesPerSMax: ((hub.kilobitsPerSecondMax ?? Infinity) * 1_000) / 8,
              historyShare: hub.historyShare,
            },
            ...(hub.credentialsFile === undefined
              ? {}
              : { credentialsFile: beside(folder, hub.credentialsFile) }),
            ...(hub.caFile === undefined ? {} : { caFile: beside(folder, hub.caFile) }),
          },
    journal: {
      folder: beside(folder, journal.folder),
      commitEveryMs: journal.commitEveryMs,
      keepRawHours: journal.keepRawHours,
      bytesMax: journal.mebibytesMax * 2 ** 20,
    },
    telling: { everyMs: telling.everyMs },
    captures: {
      bytesMax: parsed.captures.mebibytesMax * 2 ** 20,
      folders: folders.map((each) => ({ ...each, folder: beside(folder, each.folder) })),
    },
    hmi,
    access: parsed.access,
    assets,
    detection: parsed.detection,
    models: { ...parsed.models, folder: beside(folder, parsed.models.folder) },
    alarms,
    rules: parsed.rules,
    commands,
    publish: publishSettings(parsed, folder),
    devices: devices.map((device) => ({
      ...device,
      tags: new TagList(told(device.tags, rules, telling.heartbeatMs)),
    })),
  };
}

/** Captures that are begun by, or kept with, what no device has. */
function captureProblems(
  devices: readonly DeviceSettings[],
  known: ReadonlySet<string>,
): readonly Problem[] {
  return devices.flatMap(({ id, captures }) =>
    captures.flatMap(({ trigger, state, ...capture }) =>
      [...(trigger === undefined ? [] : [trigger.tag]), ...state]
        .filter((tag) => !known.has(tag))
        .map((tag) => ({
          where: `device ${id}: capture ${capture.id}`,
          what: `"${tag}" is no tag`,
        })),
    ),
  );
}

/** Made when a tag is asked for first: most gateways of 100,000 tags have a few alarms, and many have none. */
function tagsById(devices: readonly DeviceSettings[]): (id: string) => DeclaredTag | undefined {
  let byId: ReadonlyMap<string, DeclaredTag> | undefined;
  return (id) => {
    byId ??= new Map(devices.flatMap(({ tags }) => tags.map(({ tag }) => [tag.id, tag] as const)));
    return byId.get(id);
  };
}

/** Each with what is told of it. */
function* told(
  tags: TagList,
  rules: Parameters<typeof tellingOf>[1],
  heartbeatMs: number,
): Generator<TagSettings, void, undefined> {
  for (const each of tags) {
    yield { ...each, tag: { ...each.tag, ...tellingOf(each, rules, heartbeatMs) } };
  }
}

/** The devices that hold for themselves, also in a file that does not: what is wrong with them belongs in the report. */
function devicesIn(content: unknown): readonly { index: number; device: DeviceFile }[] {
  const listed: unknown =
    typeof content === "object" && content !== null && "devices" in content ? content.devices : [];
  if (!Array.isArray(listed)) return [];
  return listed.flatMap((each: unknown, index) => {
    const device = deviceFile.safeParse(each);
    return device.success ? [{ index, device: device.data }] : [];
  });
}
