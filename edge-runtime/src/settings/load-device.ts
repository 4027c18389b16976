/** One device of the settings: its template, its driver's own settings, its tags and captures. */
import { dirname, relative, resolve } from "node:path";

import { isDeviceId, isTagId, type DeviceId, type TagId } from "@millwright/wire-contract";

import { healthDriver, healthTags } from "../acquire/health/health-driver.ts";
import { drivers, type AnyDriver } from "../acquire/registry.ts";
import type { ArrayCaptureFile } from "../capture/settings.ts";
import type { ClockPolicy } from "../normalise/normaliser.ts";
import { toTagSettings, type TagSettings } from "./declared-tag.ts";
import { deviceFile, templateFile, type DeviceFile } from "./gateway-file.ts";
import { beside, resolveFiles } from "./named-files.ts";
import { notAnId, repeats, type Declared } from "./names.ts";
import { SettingsFaulty, type Problem } from "./problem.ts";
import { issues, readText, readYaml } from "./read-file.ts";
import { trustOf } from "./rule-check.ts";
import { TagList } from "./tag-list.ts";
import { parseTagTable, type TagRow } from "./tag-table.ts";
import { fill, overlay } from "./template.ts";

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

export function toDevice(
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

/** Every gateway watches itself without anybody typing its tags; a device of protocol `health` replaces this one. */
export function healthDevice(): DeviceSettings {
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
