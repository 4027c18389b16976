/** What the schema of grants and interlocks cannot know: which tags there are, what they hold, and who owns them. */
import type { Refused } from "@millwright/kit";
import type { DeviceId, Scalar, TagId, ValueType } from "@millwright/wire-contract";

import type { Condition, Grant, Interlock, ReadBack } from "../decide/commands/command.ts";
import type {
  CommandsFile,
  GrantFile,
  InterlockFile,
  ValueFile,
} from "../decide/commands/settings.ts";
import type { RuleFile } from "../decide/rules/rule-file.ts";
import { deviceTerms, type DeviceTerms } from "../normalise/device-terms.ts";
import type { Problem } from "./problem.ts";

export interface CommandSettings {
  readonly grants: readonly Grant[];
  readonly interlocks: readonly Interlock[];
  readonly watchdogs: readonly { readonly tag: TagId; readonly everyMs: number }[];
  readonly safetyTags: readonly TagId[];
}

/** A tag of a device, as far as writing to it goes. */
export interface WritableTag {
  readonly id: TagId;
  readonly device: DeviceId;
  /** In the device, before scaling. */
  readonly type: ValueType;
  readonly scale: number;
  readonly offset: number;
  /** Why the driver cannot write it; undefined when it can. */
  readonly refuseWrite: () => Refused | undefined;
}

export interface CommandsToCheck {
  readonly grants: readonly GrantFile[];
  readonly interlocks: readonly InterlockFile[];
  readonly commands: CommandsFile;
  /** What rules write. */
  readonly rules: readonly { readonly id: string; readonly writes: readonly string[] }[];
  /** The settings file, as messages name it. */
  readonly shown: string;
  readonly tagOf: (id: string) => WritableTag | undefined;
}

/** What a rule writes, whatever becomes of it. */
export function writesOf({ id, then, afterwards, onUnknown }: RuleFile): {
  readonly id: string;
  readonly writes: readonly string[];
} {
  const actions = [...then, ...afterwards, ...(onUnknown === "hold" ? [] : onUnknown.then)];
  return { id, writes: actions.flatMap((each) => ("write" in each ? each.write : [])) };
}

export const noCommands: CommandsFile = { dryRun: false, watchdogs: [], safetyTags: [] };

/** @param problems what is wrong is added to it; then the answer is not for use */
export function checkCommands(check: CommandsToCheck, problems: Problem[]): CommandSettings {
  const tags = new Tags(check, problems);
  const owners = new Map<string, string>();
  const own = (place: string, tag: string): void => {
    const other = owners.get(tag);
    if (other !== undefined) tags.refuse(place, `"${tag}" is written by ${other} already`);
    else if (check.commands.safetyTags.includes(tag)) {
      tags.refuse(place, `"${tag}" belongs to the safety controller, where it is only read`);
    }
    owners.set(tag, place);
  };
  const grants = check.grants.flatMap((file, index) => {
    const place = `grants[${index}] (${file.tag})`;
    own(place, file.tag);
    return toGrant(file, place, check.commands.dryRun, tags);
  });
  const watchdogs = check.commands.watchdogs.flatMap(({ tag, everyMs }, index) => {
    const place = `commands.watchdogs[${index}] (${tag})`;
    own(place, tag);
    const found = tags.writable(`${place}.tag`, tag);
    if (found === undefined) return [];
    const refused = tags.terms(found).toDevice(1);
    if (isRefused(refused)) tags.refuse(`${place}.tag`, `cannot count: ${refused.reason}`);
    return [{ tag: found.id, everyMs }];
  });
  checkRuleWrites(check, tags);
  return {
    grants,
    interlocks: toInterlocks(check.interlocks, new Set(check.grants.map(({ tag }) => tag)), tags),
    watchdogs,
    safetyTags: check.commands.safetyTags.flatMap(
      (tag, index) => tags.known(`commands.safetyTags[${index}]`, tag)?.id ?? [],
    ),
  };
}

/** A rule that writes what is not granted to it would be refused each time, and nobody would look. */
function checkRuleWrites({ rules, grants }: CommandsToCheck, tags: Tags): void {
  grants.forEach(({ tag, rule }, index) => {
    if (rule !== undefined && !rules.some(({ id }) => id === rule)) {
      tags.refuse(`grants[${index}] (${tag}).rule`, `"${rule}" is no rule`);
    }
  });
  rules.forEach(({ id, writes }, index) => {
    for (const tag of writes) {
      if (grants.some((grant) => grant.tag === tag && grant.rule === id)) continue;
      tags.refuse(
        `rules[${index}] (${id})`,
        `writes "${tag}", which is not granted to it: grants need { tag: ${tag}, origins: [rule], rule: ${id} }`,
      );
    }
  });
}

function toGrant(
  file: GrantFile,
  place: string,
  dryRun: boolean,
  tags: Tags,
): Grant | readonly never[] {
  const tag = tags.writable(`${place}.tag`, file.tag);
  const { origins, rule, mode, readBack, withinMs, handshake } = file;
  if (origins.includes("rule") !== (rule !== undefined)) {
    tags.refuse(
      `${place}.rule`,
      'is needed with origin "rule", and only then: it names the one rule that owns the tag',
    );
  }
  const modeTag = mode === undefined ? undefined : tags.known(`${place}.mode.tag`, mode.tag);
  const modes = (mode?.is ?? []).flatMap(
    (each, at) => tags.valueOf(`${place}.mode.is[${at}]`, modeTag, each) ?? [],
  );
  const seen = toReadBack(readBack, withinMs, place, tags);
  const cleared =
    handshake === undefined
      ? undefined
      : tags.valueOf(`${place}.handshake.cleared`, tag, handshake.cleared);
  if (tag === undefined || seen === undefined) return [];
  const numbers = isNumber(tag.type);
  const { low, high } = file;
  if (numbers && (low === undefined || high === undefined)) {
    tags.refuse(place, "needs low and high: nothing is granted without a range");
  } else if (numbers && (low ?? 0) >= (high ?? 0)) {
    tags.refuse(`${place}.high`, `${high ?? ""} is not above low, ${low ?? ""}`);
  }
  if (
    !numbers &&
    [low, high, file.stepMax, file.changePerMinuteMax].some((each) => each !== undefined)
  ) {
    tags.refuse(place, `a ${tag.type} has no range, step or rate`);
  }
  return {
    tag: tag.id,
    origins,
    ...(rule === undefined ? {} : { rule }),
    role: file.role,
    low: low ?? -Infinity,
    high: high ?? Infinity,
    stepMax: file.stepMax ?? Infinity,
    changePerMinuteMax: file.changePerMinuteMax ?? Infinity,
    ...(mode === undefined || modeTag === undefined
      ? {}
      : { mode: { tag: modeTag.id, is: modes, words: mode.words } }),
    readBack: seen,
    ...(cleared === undefined ? {} : { handshake: { cleared, withinMs } }),
    dryRun: dryRun || file.dryRun,
  };
}

function toReadBack(
  file: GrantFile["readBack"],
  withinMs: number,
  place: string,
  tags: Tags,
): ReadBack | undefined {
  if (file === "none") return { kind: "none" };
  if (file === "same") return { kind: "same", withinMs };
  const tag = tags.known(`${place}.readBack.tag`, file.tag);
  if (tag === undefined) return undefined;
  if ("tolerance" in file) {
    if (!isNumber(tag.type)) tags.refuse(`${place}.readBack.tag`, `a ${tag.type} has no tolerance`);
    return { kind: "tag", tag: tag.id, tolerance: file.tolerance, withinMs };
  }
  const reaches = tags.valueOf(`${place}.readBack.reaches`, tag, file.reaches);
  return reaches === undefined ? undefined : { kind: "status", tag: tag.id, reaches, withinMs };
}

function toInterlocks(
  files: readonly InterlockFile[],
  granted: ReadonlySet<string>,
  tags: Tags,
): readonly Interlock[] {
  const behind = new Map<string, readonly string[]>();
  const interlocks = files.map(({ id, name, blocks, conditions }, index): Interlock => {
    const place = `interlocks[${index}] (${id})`;
    if (behind.has(id)) tags.refuse(place, "is declared twice");
    behind.set(
      id,
      conditions.flatMap((each) => ("interlock" in each ? each.interlock : [])),
    );
    for (const tag of blocks) {
      if (!granted.has(tag)) {
        tags.refuse(`${place}.blocks`, `"${tag}" is not granted, so nothing of it can be blocked`);
      }
    }
    return {
      id,
      name,
      blocks: blocks.map((tag) => tag as TagId),
      conditions: conditions.flatMap((each, at): Condition | readonly never[] => {
        const where = `${place}.conditions[${at}]`;
        if ("interlock" in each) return { kind: "interlock", ...each };
        const tag = tags.known(`${where}.tag`, each.tag);
        if (tag === undefined) return [];
        const { words } = each;
        if ("is" in each) {
          const value = tags.valueOf(`${where}.is`, tag, each.is);
          if (value === undefined) return [];
          return { kind: "tag", tag: tag.id, required: { kind: "is", value }, words };
        }
        if (!isNumber(tag.type)) tags.refuse(`${where}.tag`, `a ${tag.type} has no low and high`);
        const required = {
          kind: "range",
          low: each.low ?? -Infinity,
          high: each.high ?? Infinity,
        } as const;
        return { kind: "tag", tag: tag.id, required, words };
      }),
    };
  });
  files.forEach(({ id }, index) => {
    const place = `interlocks[${index}] (${id})`;
    for (const other of behind.get(id) ?? []) {
      if (!behind.has(other)) tags.refuse(place, `"${other}" is no interlock`);
    }
    if (reaches(behind, id, id)) tags.refuse(place, "needs itself, by the interlocks behind it");
  });
  return interlocks;
}

function reaches(
  behind: ReadonlyMap<string, readonly string[]>,
  from: string,
  to: string,
  seen: ReadonlySet<string> = new Set(),
): boolean {
  if (seen.has(from)) return false;
  const next = behind.get(from) ?? [];
  const been = new Set([...seen, from]);
  return next.some((each) => each === to || reaches(behind, each, to, been));
}

/** The tags that settings name, each looked up once. */
class Tags {
  readonly #check: CommandsToCheck;
  readonly #problems: Problem[];

  constructor(check: CommandsToCheck, problems: Problem[]) {
    this.#check = check;
    this.#problems = problems;
  }

  refuse(place: string, what: string): void {
    this.#problems.push({ where: `${this.#check.shown}: ${place}`, what });
  }

  known(place: string, id: string): WritableTag | undefined {
    const tag = this.#check.tagOf(id);
    if (tag === undefined) this.refuse(place, `"${id}" is no tag`);
    return tag;
  }

  writable(place: string, id: string): WritableTag | undefined {
    const tag = this.known(place, id);
    const refused = tag?.refuseWrite();
    if (refused !== undefined) this.refuse(place, `cannot be written: ${refused.reason}`);
    return tag;
  }

  terms({ type, scale, offset }: WritableTag): DeviceTerms {
    return deviceTerms(type, scale, offset);
  }

  valueOf(place: string, tag: WritableTag | undefined, value: ValueFile): Scalar | undefined {
    if (tag === undefined) return undefined;
    const scalar = isWideInteger(tag.type) ? toWide(value) : value;
    const device = this.terms(tag).toDevice(scalar);
    if (!isRefused(device)) return scalar;
    this.refuse(place, `${String(value)} is no value of ${tag.id}: ${device.reason}`);
    return undefined;
  }
}

function toWide(value: ValueFile): Scalar {
  return typeof value === "string" && /^-?\d{1,20}$/.test(value) ? BigInt(value) : value;
}

function isWideInteger(type: ValueType): boolean {
  return type === "int64" || type === "uint64";
}

function isNumber(type: ValueType): boolean {
  return type !== "bool" && type !== "string" && type !== "bytes";
}

function isRefused(value: Scalar | Refused): value is Refused {
  return typeof value === "object" && "kind" in value;
}
