/**
 * Reads the settings file and all it names, once, at the start. Every problem is collected, so that a person mends them
 * in one go; with one problem nothing is started.
 */
import { readFileSync } from "node:fs";
import { dirname, isAbsolute, join, relative, resolve } from "node:path";

import { Fault } from "@millwright/kit";
import {
  isDeviceId,
  isGatewayId,
  isTagId,
  type DeviceId,
  type GatewayId,
  type TagId,
} from "@millwright/wire-contract";
import { LineCounter, parseDocument } from "yaml";
import type { z } from "zod";

import { healthDriver, healthTags } from "../acquire/health/health-driver.ts";
import { drivers, type AnyDriver } from "../acquire/registry.ts";
import type { ArrayCaptureFile, CaptureFolderFile } from "../capture/settings.ts";
import type { AlarmDefinitions } from "../decide/alarms/definition.ts";
import type { RuleFile } from "../decide/rules/rule-file.ts";
import type { AssetFile, DetectionFile } from "../detect/settings.ts";
import type { DeclaredTag } from "../hand-over.ts";
import type { ModelsFile } from "../detect/models/settings.ts";
import type { ClockPolicy } from "../normalise/normaliser.ts";
import { accessProblems } from "./access-settings.ts";
import { checkAlarms } from "./alarm-check.ts";
import { assetProblems } from "./asset-check.ts";
import { checkCommands, noCommands, writesOf, type CommandSettings } from "./command-check.ts";
import { toTagSettings, type TagSettings } from "./declared-tag.ts";
import {
  deviceFile,
  gatewayFile,
  templateFile,
  type DeviceFile,
  type GatewayFile,
} from "./gateway-file.ts";
import { modelProblems } from "./model-check.ts";
import { planLines } from "./plan-lines.ts";
import { reportOf, type Problem } from "./problem.ts";
import { checkRules, trustOf } from "./rule-check.ts";
import { tooManyTags } from "./tag-limit.ts";
import { TagList } from "./tag-list.ts";
import { parseTagTable, type TagRow } from "./tag-table.ts";
import { tellingOf, tellingRules } from "./telling-rule.ts";
import { fill, overlay } from "./template.ts";
import { writableTags } from "./writable-tags.ts";

/** The settings cannot be used. The message is the whole report. */
export class SettingsFaulty extends Fault {
  override readonly name = "SettingsFaulty";
  readonly code = "settings.faulty";
  readonly retry = "never";
  readonly hint = "Mend what the report names and start again.";
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(reportOf(problems));
    this.problems = problems;
  }
}

/** One device, ready to be opened. */
export interface DeviceSettings {
  readonly id: DeviceId;
  readonly name: string;
  readonly driver: AnyDriver;
  /** Checked by the driver's own schema. */
  readonly connection: unknown;
  readonly clockPolicy: ClockPolicy;
  readonly tags: TagList;
  /** With ids that are no tag of any device. */
  readonly captures: readonly (ArrayCaptureFile & { readonly id: TagId })[];
  /** Why nobody else can have said its values, in words; undefined where whoever reaches the wire can. */
  readonly trust: string | undefined;
}

export interface Settings {
  readonly file: string;
  readonly gateway: { readonly id: GatewayId; readonly name: string; readonly site: string };
  readonly hub:
    | {
        readonly url: string;
        readonly credentialsFile?: string;
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
  readonly devices: readonly DeviceSettings[];
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
  const folders = (parsed?.captures.folders ?? []).flatMap((each, index) => {
    const where = `${relative(".", file) || file}: captures.folders[${index}]`;
    return isTagId(each.id) ? { ...each, id: each.id } : notAnId(where, each.id, problems);
  });
  const typed = devices.filter(({ driver }) => driver.protocol !== healthDriver.protocol);
  const tooMany = tooManyTags(relative(".", file) || file, typed);
  if (tooMany !== undefined) problems.push(tooMany);
  const capturing = devices.some(({ captures }) => captures.length > 0);
  const assets = parsed?.assets ?? [];
  const known = new Set(
    capturing || assets.length > 0
      ? devices.flatMap(({ tags }) => tags.map(({ tag }) => tag.id as string))
      : [],
  );
  for (const { id, captures } of devices) {
    for (const { trigger, state, ...capture } of captures) {
      const unknown = [...(trigger === undefined ? [] : [trigger.tag]), ...state].filter(
        (tag) => !known.has(tag),
      );
      for (const tag of unknown) {
        problems.push({ where: `device ${id}: capture ${capture.id}`, what: `"${tag}" is no tag` });
      }
    }
  }
  problems.push(...assetProblems(assets, relative(".", file) || file, known));
  if (parsed !== undefined) {
    problems.push(...modelProblems(parsed.models, assets, relative(".", file) || file));
  }
  const tagOf = tagsById(devices);
  const alarms = checkAlarms(
    {
      file: parsed?.alarms ?? { classes: {}, list: [], faults: [] },
      shown: relative(".", file) || file,
      folder,
      tagOf,
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
    devices: devices.map((device) => ({
      ...device,
      tags: new TagList(told(device.tags, rules, telling.heartbeatMs)),
    })),
  };
}

/**
 * One device by itself, as `connect` is about to write it. Throws `SettingsFaulty` with all that is wrong with it.
 *
 * @param settingsFile where it will stand: files are named relative to its folder
 */
export function loadDevice(device: unknown, settingsFile: string): DeviceSettings {
  const problems: Problem[] = [];
  const declared: Declared[] = [];
  const parsed = deviceFile.safeParse(device);
  if (!parsed.success) throw new SettingsFaulty(issues("the device", parsed.error));
  const { id } = parsed.data;
  const made = toDevice(parsed.data, dirname(resolve(settingsFile)), id, declared, problems);
  problems.push(...repeats(declared));
  if (made === undefined || problems.length > 0) throw new SettingsFaulty(problems);
  return made;
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

/** Every gateway watches itself without anybody typing its tags; a device of protocol `health` replaces this one. */
function healthDevice(): DeviceSettings {
  const id = "gateway" as DeviceId;
  return {
    id,
    name: "This gateway",
    driver: healthDriver as AnyDriver,
    connection: healthDriver.settings.parse({}),
    clockPolicy: "auto",
    tags: new TagList(healthTags(id)),
    captures: [],
    trust: trustOf(healthDriver.protocol, {}, undefined),
  };
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

/** What a device takes names for, whether or not the rest of it can be used. */
interface Declared {
  readonly id: string;
  readonly tags: readonly string[];
}

function toDevice(
  device: DeviceFile,
  folder: string,
  place: string,
  declared: Declared[],
  problems: Problem[],
): DeviceSettings | undefined {
  const before = problems.length;
  const parameters = new Map<string, string>([
    ["device", device.id],
    // What is written stands there only when it is written (column write_payload).
    ["value", "{value}"],
  ]);
  for (const [name, value] of Object.entries(device.parameters))
    parameters.set(name, String(value));

  let { protocol, connection } = device;
  let tags = device.tags;
  let captureFiles = device.captures;
  let tagFolder = folder;
  if (device.template !== undefined) {
    const templatePath = beside(folder, device.template);
    const template = readYaml(templatePath, templateFile, problems);
    if (template === undefined) return undefined;
    for (const [name, question] of Object.entries(template.parameters)) {
      if (!parameters.has(name)) {
        problems.push({ where: `${place}.parameters`, what: `lacks "${name}": ${question}` });
      }
    }
    protocol ??= template.protocol;
    connection = overlay(template.connection, connection);
    captureFiles ??= template.captures;
    if (tags === undefined) {
      tags = template.tags;
      tagFolder = dirname(templatePath);
    }
  }

  const missing = new Set<string>();
  connection = fill(connection, parameters, (name) => missing.add(name));
  if (protocol === undefined) {
    problems.push({ where: place, what: "needs a protocol or a template" });
    return undefined;
  }
  const driver = drivers.find((each) => each.protocol === protocol);
  if (driver === undefined) {
    const known = drivers.map((each) => each.protocol).join(", ");
    problems.push({ where: `${place}.protocol`, what: `"${protocol}" is none of ${known}` });
    return undefined;
  }
  const connected = driver.settings.safeParse(resolveFiles(connection, folder));
  if (!connected.success) problems.push(...issues(`${place}.connection`, connected.error));

  const names: string[] = [];
  const faulty: Problem[] = [];
  // One row after the other: a table may have 100,000 of them, and none is needed once it has become settings.
  const understood = function* (id: DeviceId): Generator<TagSettings, void, undefined> {
    for (const { where, cells } of readRows(tags, tagFolder, place, problems)) {
      const row = { where, cells: fill(cells, parameters, (name) => missing.add(name)) };
      const tag = toTagSettings(row, id, device.name ?? id, device.everyMs);
      if (!("point" in tag)) {
        faulty.push(...tag);
        continue;
      }
      names.push(tag.tag.id);
      // Without a connection that holds, addresses cannot be judged; everything else of the row was.
      const refused = connected.success ? driver.checkPoint(connected.data, tag.point) : undefined;
      if (refused !== undefined) {
        faulty.push({ where: `${where}, column address`, what: refused.reason });
        continue;
      }
      const proofEveryMs = connected.success ? (driver.proofEveryMs?.(connected.data) ?? 0) : 0;
      yield provenEvery(tag, proofEveryMs);
    }
  };
  const id = isDeviceId(device.id) ? device.id : undefined;
  const settings = new TagList(id === undefined ? [] : understood(id));
  captureFiles = fill(captureFiles ?? [], parameters, (name) => missing.add(name));
  for (const name of missing) {
    problems.push({
      where: `${place}.parameters`,
      what: `lacks "${name}", which is used as {${name}}`,
    });
  }
  if (id === undefined) return undefined;
  const name = device.name ?? id;
  declared.push({ id, tags: names });
  problems.push(...faulty);
  const captures = captureFiles.flatMap((each, index) => {
    const where = `${place}.captures[${index}]`;
    names.push(each.id);
    const refused =
      driver.checkArray === undefined
        ? `${driver.protocol} has no arrays`
        : driver.checkArray(each)?.reason;
    if (refused !== undefined) problems.push({ where, what: refused });
    return isTagId(each.id) ? { ...each, id: each.id } : notAnId(where, each.id, problems);
  });
  if (!connected.success) return undefined;
  for (const line of driver.plan(connected.data, settings.points())) {
    if (line.severity === "refused") problems.push({ where: place, what: line.text });
  }
  if (problems.length > before) return undefined;
  return {
    id,
    name,
    driver,
    connection: connected.data,
    clockPolicy: device.clock,
    tags: settings,
    captures,
    trust: trustOf(driver.protocol, connection, device.trust),
  };
}

function notAnId(where: string, id: string, problems: Problem[]): readonly never[] {
  problems.push({
    where: `${where}.id`,
    what: `"${id}" may hold letters, digits and "_", ".", "/", "-" only, at most 128`,
  });
  return [];
}

/** A value counts as stale by the rhythm in which it can be proven, which may be slower than that in which it is read. */
function provenEvery(settings: TagSettings, proofEveryMs: number): TagSettings {
  const { tag } = settings;
  if (tag.expectedMs >= proofEveryMs) return settings;
  return { ...settings, tag: { ...tag, expectedMs: proofEveryMs } };
}

function readRows(
  tags: DeviceFile["tags"],
  folder: string,
  place: string,
  problems: Problem[],
): readonly TagRow[] {
  if (tags === undefined) {
    problems.push({ where: place, what: "has no tags" });
    return [];
  }
  if (typeof tags !== "string") {
    return tags.map((cells, index) => ({
      where: `${place}.tags[${index}]`,
      cells: Object.fromEntries(Object.entries(cells).map(([key, cell]) => [key, String(cell)])),
    }));
  }
  const path = beside(folder, tags);
  const text = readText(path, problems);
  if (text === undefined) return [];
  const table = parseTagTable(relative(".", path) || path, text);
  problems.push(...table.problems);
  return table.rows;
}

/** One name for one thing, in the whole gateway. */
function repeats(devices: readonly Declared[]): readonly Problem[] {
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

function readYaml<T>(path: string, schema: z.ZodType<T>, problems: Problem[]): T | undefined {
  const content = readContent(path, problems);
  return content === undefined ? undefined : checked(content.value, schema, path, problems);
}

/**
 * While it is read, YAML takes 80 times its own size, and the gateway has 96 MB for all that it does. Half a megabyte is
 * 2,500 devices with tables, or 4,000 tags written out; nobody types either (field practice 62).
 */
const yamlCharactersMax = 500_000;

/** The file as plain data; undefined when it is not there or is no YAML. */
function readContent(path: string, problems: Problem[]): { readonly value: unknown } | undefined {
  const shown = relative(".", path) || path;
  const text = readText(path, problems);
  if (text === undefined) return undefined;
  if (text.length > yamlCharactersMax) {
    problems.push({
      where: shown,
      what: `holds ${text.length} characters, and may hold ${yamlCharactersMax}. Put the tags of each device into a table beside it, as in "tags: press-1.csv"`,
    });
    return undefined;
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  for (const error of document.errors) {
    const { line, col } = lines.linePos(error.pos[0]);
    problems.push({
      where: `${shown}: line ${line}, column ${col}`,
      what: firstLine(error.message),
    });
  }
  if (document.errors.length > 0) return undefined;
  return { value: document.toJS({ maxAliasCount: 100 }) as unknown };
}

function checked<T>(
  content: unknown,
  schema: z.ZodType<T>,
  path: string,
  problems: Problem[],
): T | undefined {
  const result = schema.safeParse(content);
  if (result.success) return result.data;
  problems.push(...issues(relative(".", path) || path, result.error, ": "));
  return undefined;
}

function issues(place: string, error: z.ZodError, join = "."): readonly Problem[] {
  return error.issues.map((issue) => {
    const path = issue.path
      .map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`))
      .join("")
      .replace(/^\./, "");
    const unknown = issue.code === "unrecognized_keys" ? unknownKeys(issue.keys) : issue.message;
    return { where: path === "" ? place : `${place}${join}${path}`, what: unknown };
  });
}

function unknownKeys(keys: readonly string[]): string {
  const names = keys.map((key) => `"${key}"`).join(", ");
  return `does not know ${names}; look for a typing mistake or an older name`;
}

function readText(path: string, problems: Problem[]): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (failure) {
    const code = failure instanceof Error && "code" in failure ? String(failure.code) : "";
    const what = code === "ENOENT" ? "does not exist" : `cannot be read (${code})`;
    problems.push({ where: relative(".", path) || path, what });
    return undefined;
  }
}

/** Files are named relative to the file that names them. */
function beside(folder: string, path: string): string {
  return isAbsolute(path) ? path : join(folder, path);
}

/** Settings that end in `File` are paths, in every protocol and in groups of settings as well. */
function resolveFiles(
  connection: Readonly<Record<string, unknown>>,
  folder: string,
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(connection).map(([key, value]) => {
      if (typeof value === "string" && key.endsWith("File")) return [key, beside(folder, value)];
      return [key, isGroup(value) ? resolveFiles(value, folder) : value];
    }),
  );
}

function isGroup(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function firstLine(message: string): string {
  return message.split("\n")[0]?.replace(/ at line \d+, column \d+:?$/, "") ?? message;
}
