/** From the settings to definitions: every name that nobody has, and every class without an action, stands in the one report. */
import type { Refused } from "@millwright/kit";
import type { DeviceId, TagDefinition } from "@millwright/wire-contract";
import type { AlarmPriority } from "@millwright/wire-contract/events";

import type {
  AlarmClass,
  AlarmCondition,
  AlarmDefinition,
  AlarmDefinitions,
  NotedFault,
} from "./definition.ts";
import type { FaultText } from "./fault-texts.ts";
import type { MachineAlarmsOf } from "./machine-definition.ts";
import {
  limitNames,
  type AlarmFile,
  type AlarmsFile,
  type FaultTableFile,
  type SuppressionFile,
} from "./settings.ts";

/** What is known of a tag when alarms are defined. */
export type KnownTag = Pick<TagDefinition, "id" | "asset" | "unit" | "type">;

export interface KnownDevice {
  readonly id: DeviceId;
  readonly name: string;
  /** Refuses whose alarms are asked for; absent where its protocol has no alarms of its own. */
  readonly checkNotifier?: ((notifier: string) => Refused | undefined) | undefined;
}

export interface DefineAlarms {
  readonly file: AlarmsFile;
  /** Undefined for a tag that is not there. */
  readonly tagOf: (id: string) => KnownTag | undefined;
  readonly assets: ReadonlySet<string>;
  /** What is known of a device; undefined for one that is not there. */
  readonly deviceOf: (id: string) => KnownDevice | undefined;
  readonly textsOf: (table: FaultTableFile) => readonly FaultText[];
  /** @param path "list[2] (pump-1/hot).tag" */
  readonly refuse: (path: string, what: string) => void;
}

export function defineAlarms(options: DefineAlarms): AlarmDefinitions {
  const { file, refuse } = options;
  const classes = classesOf(file, refuse);
  const alarms = file.list.flatMap((alarm, index) =>
    toAlarms(alarm, `list[${index}] (${alarm.id})`, classes, options),
  );
  const noted: NotedFault[] = [];
  for (const [index, table] of file.faults.entries()) {
    const found = toFaults(table, `faults[${index}] (${table.id})`, classes, options);
    alarms.push(...found.alarms);
    noted.push(...found.noted);
  }
  const ids = new Set<string>();
  for (const { id } of [...alarms, ...noted]) {
    if (ids.has(id)) refuse("", `two alarms have the id "${id}"`);
    ids.add(id);
  }
  for (const { id, suppressedWhen } of alarms) {
    if (suppressedWhen !== undefined) checkSuppression(suppressedWhen, id, ids, options);
  }
  return { alarms, noted, machines: machinesOf(options, classes), shifts: file.shifts };
}

function machinesOf(
  { file, deviceOf, refuse }: DefineAlarms,
  classes: Classes,
): readonly MachineAlarmsOf[] {
  const seen = new Set<string>();
  return file.machines.flatMap((machine, index): MachineAlarmsOf[] => {
    const path = `machines[${index}] (${machine.device})`;
    const device = deviceOf(machine.device);
    if (device === undefined) refuse(`${path}.device`, `"${machine.device}" is no device`);
    else if (device.checkNotifier === undefined) {
      refuse(`${path}.device`, "its protocol has no alarms of its own: use faults");
    }
    const refusal = device?.checkNotifier?.(machine.notifier);
    if (refusal !== undefined) refuse(`${path}.notifier`, refusal.reason);
    if (seen.has(machine.device)) refuse(`${path}.device`, "stands here twice");
    seen.add(machine.device);
    const classNamed = (name: string | undefined, at: string): AlarmClass | undefined =>
      name === undefined ? undefined : classOf(name, `${path}.${at}`, classes, refuse);
    const all = classNamed(machine.class, "class");
    const named = Object.entries(machine.named).map(([name, one]) => {
      const own = classNamed(one.class, `named.${name}.class`) ?? all;
      const found = own === undefined || one.action === "" ? own : { ...own, action: one.action };
      return [name, { class: found, priority: one.priority, message: one.message }] as const;
    });
    if (device === undefined) return [];
    return [
      {
        ...{ device: device.id, deviceName: device.name, notifier: machine.notifier, class: all },
        asset: machine.asset ?? device.name,
        assets: new Map(Object.entries(machine.assets)),
        group: machine.group ?? `${device.id}/own`,
        ...{ urgentFrom: machine.urgentFrom, highFrom: machine.highFrom, named: new Map(named) },
      },
    ];
  });
}

/** Those that are not enabled have their names all the same. */
type Classes = ReadonlyMap<string, { readonly class: AlarmClass; readonly enabled: boolean }>;

function classesOf(file: AlarmsFile, refuse: DefineAlarms["refuse"]): Classes {
  return new Map(
    Object.entries(file.classes).map(([name, one]) => {
      if (one.enabled && one.action.trim() === "") {
        refuse(
          `classes.${name}`,
          "has no action text, so it cannot be enabled: write what a person does first, or enabled: false",
        );
      }
      const { action, consequence, causes, shelveHoursMax, latching, enabled } = one;
      const respondMin = one.respondWithinMin;
      const of = { name, action, consequence, causes, respondMin, shelveHoursMax, latching };
      return [name, { class: of, enabled }];
    }),
  );
}

/** Undefined when there is none, or when it is not enabled. */
function classOf(
  name: string,
  path: string,
  classes: Classes,
  refuse: DefineAlarms["refuse"],
): AlarmClass | undefined {
  const found = classes.get(name);
  if (found === undefined) refuse(path, `"${name}" is no class of alarms.classes`);
  return found?.enabled === true ? found.class : undefined;
}

function toAlarms(
  file: AlarmFile,
  path: string,
  classes: Classes,
  options: DefineAlarms,
): AlarmDefinition[] {
  const { refuse } = options;
  const tag = file.tag === undefined ? undefined : options.tagOf(file.tag);
  if (file.tag !== undefined && tag === undefined) {
    refuse(`${path}.tag`, `"${file.tag}" is no tag`);
    return [];
  }
  const asset = file.asset ?? tag?.asset ?? "";
  if (file.states !== undefined && !options.assets.has(asset)) {
    refuse(
      `${path}.states`,
      `nothing tells the state of "${asset}": declare it under assets, or leave states out`,
    );
  }
  const common = {
    asset,
    group: file.group,
    tag: tag?.id,
    unit: tag?.unit ?? "",
    onDelayMs: file.onDelayS * 1_000,
    offDelayMs: file.offDelayS * 1_000,
    states: file.states,
    suppressedWhen: file.suppressedWhen,
  };
  return conditionsOf(file).flatMap(({ id, condition, ...own }): AlarmDefinition[] => {
    const found = classOf(own.class ?? file.class, `${path}.class`, classes, refuse);
    if (found === undefined || !file.enabled) return [];
    const priority = own.priority ?? file.priority;
    return [
      { ...common, id, message: own.message ?? file.message, priority, class: found, condition },
    ];
  });
}

interface Conditioned {
  readonly id: string;
  readonly condition: AlarmCondition;
  readonly class?: string | undefined;
  readonly priority?: AlarmPriority | undefined;
  readonly message?: string | undefined;
}

function conditionsOf(file: AlarmFile): readonly Conditioned[] {
  const { id, limits, rate, equals, bad, deadBand } = file;
  if (limits !== undefined) {
    return limitNames.flatMap((name) => {
      const limit = limits[name];
      if (limit === undefined) return [];
      const side = name.startsWith("H") ? "above" : "below";
      const { at, ...own } = limit;
      const condition = { kind: "limit", side, limit: at, deadBand } as const;
      return [{ ...own, id: `${id}/${name}`, condition }];
    });
  }
  if (rate !== undefined) {
    const { perMinute, direction, overS } = rate;
    return [{ id, condition: { kind: "rate", perMinute, direction, overMs: overS * 1_000 } }];
  }
  if (equals !== undefined) return [{ id, condition: { kind: "equals", values: equals } }];
  return [{ id, condition: { kind: bad === true ? "bad" : "told" } }];
}

function toFaults(
  table: FaultTableFile,
  path: string,
  classes: Classes,
  options: DefineAlarms,
): { readonly alarms: readonly AlarmDefinition[]; readonly noted: readonly NotedFault[] } {
  const { refuse } = options;
  const tag = options.tagOf(table.tag);
  if (tag === undefined) {
    refuse(`${path}.tag`, `"${table.tag}" is no tag`);
    return { alarms: [], noted: [] };
  }
  const alarms: AlarmDefinition[] = [];
  const noted: NotedFault[] = [];
  for (const text of options.textsOf(table)) {
    const id = `${table.id}/${text.fault}`;
    const condition: AlarmCondition =
      table.kind === "bits"
        ? { kind: "bit", bit: text.fault }
        : { kind: "equals", values: [text.fault] };
    if (text.class === "") {
      noted.push({ id, asset: tag.asset, message: text.message, tag: tag.id, condition });
      continue;
    }
    const found = classOf(text.class, `${path}: fault ${text.fault}`, classes, refuse);
    if (found === undefined) continue;
    alarms.push({
      id,
      asset: tag.asset,
      message: text.message,
      priority: text.priority,
      class: text.action === "" ? found : { ...found, action: text.action },
      group: table.id,
      tag: tag.id,
      unit: "",
      condition,
      onDelayMs: table.onDelayS * 1_000,
      offDelayMs: table.offDelayS * 1_000,
      states: undefined,
      suppressedWhen: undefined,
      source: "machine",
    });
  }
  return { alarms, noted };
}

function checkSuppression(
  when: SuppressionFile,
  alarm: string,
  ids: ReadonlySet<string>,
  options: DefineAlarms,
): void {
  const refuse = (what: string): void => {
    options.refuse(`list (${alarm}).suppressedWhen`, what);
  };
  if ("any" in when || "all" in when) {
    for (const one of "any" in when ? when.any : when.all) {
      checkSuppression(one, alarm, ids, options);
    }
  } else if ("not" in when) checkSuppression(when.not, alarm, ids, options);
  else if ("alarm" in when) {
    if (when.alarm === alarm) refuse("an alarm cannot suppress itself");
    else if (!ids.has(when.alarm)) refuse(`"${when.alarm}" is no alarm`);
  } else if ("asset" in when) {
    if (!options.assets.has(when.asset)) {
      refuse(`nothing tells the state of "${when.asset}": declare it under assets`);
    }
  } else if (options.tagOf(when.tag) === undefined) refuse(`"${when.tag}" is no tag`);
}
