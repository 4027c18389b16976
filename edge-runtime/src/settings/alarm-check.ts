/** What the schema of alarms cannot know: tags, assets, classes, and what stands in the tables of fault texts. */
import { readFileSync } from "node:fs";
import { isAbsolute, join, relative } from "node:path";

import type { AlarmDefinitions } from "../decide/alarms/definition.ts";
import { defineAlarms, type KnownTag } from "../decide/alarms/define-alarms.ts";
import { toFaultTexts, type FaultText } from "../decide/alarms/fault-texts.ts";
import type { AlarmsFile, FaultTableFile } from "../decide/alarms/settings.ts";
import type { DeviceSettings } from "./load-device.ts";
import type { Problem } from "./problem.ts";
import { parseTagTable } from "./tag-table.ts";

export interface AlarmsToCheck {
  readonly file: AlarmsFile;
  /** The settings file, as messages name it, and its folder. */
  readonly shown: string;
  readonly folder: string;
  readonly tagOf: (id: string) => KnownTag | undefined;
  readonly assets: ReadonlySet<string>;
  readonly devices: readonly DeviceSettings[];
}

/** @param problems what is wrong is added to it */
export function checkAlarms(
  { file, shown, folder, tagOf, assets, devices }: AlarmsToCheck,
  problems: Problem[],
): AlarmDefinitions {
  return defineAlarms({
    file,
    tagOf,
    assets,
    deviceOf(id) {
      const device = devices.find((one) => one.id === id);
      if (device === undefined) return undefined;
      const { name, driver } = device;
      return { id: device.id, name, checkNotifier: driver.checkNotifier?.bind(driver) };
    },
    textsOf: (table) => readTexts(table, folder, problems),
    refuse: (path, what) => {
      problems.push({ where: `${shown}: alarms${path === "" ? "" : `.${path}`}`, what });
    },
  });
}

function readTexts(
  table: FaultTableFile,
  folder: string,
  problems: Problem[],
): readonly FaultText[] {
  const path = isAbsolute(table.textsFile) ? table.textsFile : join(folder, table.textsFile);
  const shown = relative(".", path) || path;
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (failure) {
    const code = failure instanceof Error && "code" in failure ? String(failure.code) : "";
    const what = code === "ENOENT" ? "does not exist" : `cannot be read (${code})`;
    problems.push({ where: shown, what });
    return [];
  }
  const { rows, problems: faulty } = parseTagTable(shown, text);
  problems.push(...faulty);
  return toFaultTexts(rows, table.kind, table.language, (where, what) => {
    problems.push({ where, what });
  });
}
