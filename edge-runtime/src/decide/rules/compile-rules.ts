/** From rules as people write them to rules that can be scanned, with every problem in one report. */
import { operatingStates } from "@millwright/wire-contract/events";
import type { ValueType } from "@millwright/wire-contract";

import { checkCondition, type DeclaredInput } from "./condition/check.ts";
import { compileCondition, type Condition } from "./condition/compile.ts";
import { withDeadBands } from "./condition/dead-band.ts";
import { isProblem, type Typed, type ValueKind } from "./condition/node.ts";
import { parseCondition } from "./condition/parse.ts";
import type { InputSlot, InputSource, Rule, RuleBook, RuleInput } from "./rule.ts";
import { parseDurationMs, type ActionFile, type InputFile, type RuleFile } from "./rule-file.ts";

/** What rules may be about. */
export interface RulePlant {
  /** Undefined for an id that is no tag. */
  tag(id: string): KnownTag | undefined;
  /** Undefined for an asset that is not declared. */
  asset(id: string): { readonly properties: Readonly<Record<string, string>> } | undefined;
  /** Whether others may raise the alarm. Undefined for an id that is no alarm. */
  alarm(id: string): { readonly raised: boolean } | undefined;
  capture(id: string): boolean;
}

export interface KnownTag {
  readonly id: string;
  /** In the dictionary; -1 while there is none yet. */
  readonly index: number;
  readonly type: ValueType;
  readonly freshForUs: number;
  /** In words why nobody else can have said its values: signed, or the gateway's own. Undefined: anybody on the wire can. */
  readonly trust: string | undefined;
}

/** What is wrong with one rule. */
export interface RuleProblem {
  /** Place in the list of rules. */
  readonly index: number;
  /** Within the rule: ["inputs", "temp"]. */
  readonly path: readonly (string | number)[];
  /** Characters from the beginning of the text there; undefined where all of it is meant. */
  readonly at?: number;
  readonly what: string;
}

/** Nothing can be scanned unless `problems` is empty. */
export function compileRules(
  files: readonly RuleFile[],
  plant: RulePlant,
): { readonly book: RuleBook; readonly problems: readonly RuleProblem[] } {
  const table = new SlotTable();
  const problems: RuleProblem[] = [];
  const rules: Rule[] = [];
  const seen = new Set<string>();
  for (const [index, file] of files.entries()) {
    const refuse = (path: RuleProblem["path"], what: string, at?: number): void => {
      problems.push({ index, path, what, ...(at === undefined ? {} : { at }) });
    };
    if (seen.has(file.id)) refuse(["id"], `rule ${file.id} is declared twice`);
    seen.add(file.id);
    const rule = compileRule(file, plant, table, refuse);
    if (rule !== undefined) rules.push(rule);
  }
  // By code units, not by the language of the machine: the order of a scan is the same everywhere.
  const order = rules.toSorted((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
  return { book: { rules: order, slots: table.slots }, problems };
}

type Refuse = (path: RuleProblem["path"], what: string, at?: number) => void;

function compileRule(
  file: RuleFile,
  plant: RulePlant,
  table: SlotTable,
  refuse: Refuse,
): Rule | undefined {
  const inputs: RuleInput[] = [];
  const declared = new Map<string, DeclaredInput>();
  const untrusted: string[] = [];
  for (const [name, input] of Object.entries(file.inputs)) {
    const found = inputOf(input, plant, (what) => {
      refuse(["inputs", name], what);
    });
    if (found === undefined) continue;
    if (found.trust === undefined) untrusted.push(name);
    const slot = table.slotOf(found.slot);
    inputs.push({ name, slot });
    declared.set(name, { slot, type: found.slot.type });
  }
  // Names that could not be found would each be reported a second time by the condition.
  if (inputs.length < Object.keys(file.inputs).length) return undefined;

  const when = conditionOf(file.when, "when", declared, refuse);
  const until =
    file.until === undefined ? undefined : conditionOf(file.until, "until", declared, refuse);
  const hold = when === undefined ? undefined : holdOf(file, when, refuse);
  const states = statesOf(file, plant, table, refuse);
  const actions = [
    ...file.then.map((action, at) => ({ action, path: ["then", at] as const })),
    ...file.afterwards.map((action, at) => ({ action, path: ["afterwards", at] as const })),
    ...(file.onUnknown === "hold" ? [] : file.onUnknown.then).map((action, at) => ({
      action,
      path: ["onUnknown", "then", at] as const,
    })),
  ];
  const written: number[] = [];
  for (const { action, path } of actions) {
    const slot = checkAction(action, plant, table, (what) => {
      refuse(path, what);
    });
    if (slot !== undefined) written.push(slot);
  }
  if (written.length > 0 && untrusted.length > 0 && file.trusting === undefined) {
    const [are, them] = untrusted.length === 1 ? ["is", "it"] : ["are", "them"];
    refuse(
      ["inputs"],
      `${untrusted.join(", ")} ${are} not signed on the way, so whoever reaches the wire could make this rule write. Take signed inputs, or say under "trusting" why ${them} can be trusted, for example "the cable stays inside the cabinet"`,
    );
  }
  if (file.asset !== undefined && plant.asset(file.asset) === undefined) {
    refuse(["asset"], `"${file.asset}" is no asset`);
  }
  if (when === undefined) return undefined;
  return {
    id: file.id,
    version: file.version,
    title: file.title,
    asset: file.asset ?? "",
    text: file.when,
    inputs,
    when: compileCondition(when),
    hold,
    until: until === undefined ? undefined : compileCondition(until),
    forUs: durationUs(file.for),
    atMostEveryUs: durationUs(file.atMostEvery),
    latch: file.latch,
    states,
    onUnknown:
      file.onUnknown === "hold"
        ? undefined
        : { afterUs: durationUs(file.onUnknown.after), then: file.onUnknown.then },
    pausedBy: file.pausedBy,
    then: file.then,
    afterwards: file.afterwards,
    written: [...new Set(written)],
    trusting: file.trusting,
  };
}

/** Each input once, whatever rules call it. */
class SlotTable {
  readonly slots: InputSlot[] = [];
  readonly #places = new Map<string, number>();

  slotOf(slot: InputSlot): number {
    const key = JSON.stringify(slot.source);
    const known = this.#places.get(key);
    if (known !== undefined) return known;
    const place = this.slots.push(slot) - 1;
    this.#places.set(key, place);
    return place;
  }
}

interface FoundInput {
  readonly slot: InputSlot;
  readonly trust: string | undefined;
}

const ours = "made by this gateway";

function inputOf(
  input: InputFile,
  plant: RulePlant,
  refuse: (what: string) => void,
): FoundInput | undefined {
  if (typeof input === "string") return tagInput(input, plant, refuse);
  if ("property" in input) {
    const asset = plant.asset(input.asset);
    const tag = asset?.properties[input.property];
    if (asset === undefined) refuse(`"${input.asset}" is no asset`);
    else if (tag === undefined) {
      const known = Object.keys(asset.properties).join(", ");
      refuse(`"${input.property}" is no property of ${input.asset} (${known})`);
    } else return tagInput(tag, plant, refuse);
    return undefined;
  }
  if ("alarm" in input) {
    if (plant.alarm(input.alarm) !== undefined) {
      return told({ kind: "alarm", alarm: input.alarm }, "bool");
    }
    refuse(`"${input.alarm}" is no alarm`);
    return undefined;
  }
  const [kind, asset, type] =
    "state" in input
      ? (["state", input.state, "string"] as const)
      : "episode" in input
        ? (["episode", input.episode, "bool"] as const)
        : (["severity", input.severity, "double"] as const);
  if (plant.asset(asset) !== undefined) return told({ kind, asset }, type);
  refuse(`"${asset}" is no asset; declare it under assets`);
  return undefined;
}

function told(source: InputSource, type: ValueKind): FoundInput {
  return { slot: { source, type, freshForUs: Infinity }, trust: ours };
}

function tagInput(
  id: string,
  plant: RulePlant,
  refuse: (what: string) => void,
): FoundInput | undefined {
  const tag = plant.tag(id);
  if (tag === undefined) {
    refuse(`"${id}" is no tag`);
    return undefined;
  }
  const type = kindOf(tag.type);
  if (type === undefined) {
    refuse(`"${id}" is of type ${tag.type}, which a condition cannot judge`);
    return undefined;
  }
  const { index, freshForUs, trust } = tag;
  return { slot: { source: { kind: "tag", tag: id, index }, type, freshForUs }, trust };
}

/** As CEL sees a tag: all integers, and enums by their number, are `int`. */
export function kindOf(type: ValueType): ValueKind | undefined {
  switch (type) {
    case "bool":
      return "bool";
    case "int8":
    case "uint8":
    case "int16":
    case "uint16":
    case "int32":
    case "uint32":
    case "int64":
    case "uint64":
    case "enum":
      return "int";
    case "float32":
    case "float64":
    case "time":
      return "double";
    case "string":
      return "string";
    case "bytes":
      return undefined;
  }
}

function conditionOf(
  text: string,
  field: string,
  inputs: ReadonlyMap<string, DeclaredInput>,
  refuse: Refuse,
): Typed | undefined {
  const node = parseCondition(text);
  const checked = isProblem(node) ? node : checkCondition(node, inputs);
  if (isProblem(checked)) refuse([field], checked.what, checked.at);
  else if (checked.type === "bool") return checked;
  else refuse([field], `gives a ${checked.type} and has to give true or false`, 0);
  return undefined;
}

function holdOf(file: RuleFile, when: Typed, refuse: Refuse): Condition | undefined {
  if (file.deadBand === undefined) return undefined;
  if (file.until !== undefined) {
    refuse(["deadBand"], 'is one way to clear, "until" is another; write one of them');
    return undefined;
  }
  const widened = withDeadBands(when, new Map(Object.entries(file.deadBand)));
  if (!isProblem(widened)) return compileCondition(widened);
  refuse(["deadBand"], widened.what);
  return undefined;
}

function statesOf(
  file: RuleFile,
  plant: RulePlant,
  table: SlotTable,
  refuse: Refuse,
): Rule["states"] {
  if (file.states === undefined) {
    if (file.settle !== undefined)
      refuse(["settle"], "settles after a change of state; name states");
    return undefined;
  }
  for (const [at, state] of file.states.entries()) {
    if (operatingStates.some((known) => known === state)) continue;
    refuse(["states", at], `"${state}" is none of ${operatingStates.join(", ")}`);
  }
  if (file.asset === undefined) {
    refuse(["states"], "are those of an asset; name it under asset");
    return undefined;
  }
  if (plant.asset(file.asset) === undefined) return undefined;
  const source = { kind: "state", asset: file.asset } as const;
  return {
    slot: table.slotOf({ source, type: "string", freshForUs: Infinity }),
    among: new Set(file.states),
    settleUs: durationUs(file.settle),
  };
}

/** @returns the place of a tag that is written */
function checkAction(
  action: ActionFile,
  plant: RulePlant,
  table: SlotTable,
  refuse: (what: string) => void,
): number | undefined {
  if ("write" in action) {
    const found = tagInput(action.write, plant, refuse);
    if (found === undefined) return undefined;
    const given = typeof action.value;
    const fits =
      given ===
      (found.slot.type === "bool" ? "boolean" : found.slot.type === "string" ? "string" : "number");
    if (!fits)
      refuse(
        `${JSON.stringify(action.value)} is no value of ${action.write}, which is ${found.slot.type}`,
      );
    return table.slotOf(found.slot);
  }
  if ("raise" in action) {
    const alarm = plant.alarm(action.raise);
    if (alarm === undefined) refuse(`"${action.raise}" is no alarm`);
    else if (!alarm.raised) {
      refuse(
        `alarm ${action.raise} has a condition of its own; only one that rules raise can be named`,
      );
    }
  } else if ("capture" in action && !plant.capture(action.capture)) {
    refuse(`"${action.capture}" is no capture of a device`);
  }
  return undefined;
}

function durationUs(text: string | undefined): number {
  return text === undefined ? 0 : (parseDurationMs(text) ?? 0) * 1_000;
}
