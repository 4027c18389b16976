import { parseArgs } from "node:util";

/** What a person typed behind `connect`. What is absent is asked for, or has a default. */
export interface ConnectFlags {
  readonly settingsFile: string;
  readonly device: string | undefined;
  readonly name: string | undefined;
  readonly protocol: string | undefined;
  /** Path of a template, as typed. */
  readonly template: string | undefined;
  /** What the template asks for: `--parameter host=10.0.0.5`. */
  readonly parameters: Readonly<Record<string, string>>;
  /** `--set url=…`, and groups by dots: `--set user.kind=password`. */
  readonly connection: Readonly<Record<string, unknown>>;
  /** Only what has this text in its path or address. */
  readonly find: string;
  /** Addresses to take; `all` takes everything that was found. */
  readonly pick: readonly string[];
  /** Modbus and alike: look at what stands at this address, in every way it can be read. */
  readonly probe: string | undefined;
  readonly everyMs: number | undefined;
  readonly max: number;
  /** How long values are waited for before they are shown. */
  readonly waitMs: number;
  readonly save: boolean;
  /** Save also what could not be read. */
  readonly anyway: boolean;
}

export const connectUsage = `connect [--settings gateway.yaml] [--protocol P | --template FILE] [--device ID] [--name TEXT]
      [--set key=value …] [--parameter name=value …] [--find TEXT] [--max COUNT] [--probe ADDRESS]
      [--pick A,B|all] [--every-ms 1000] [--wait 10] [--save] [--anyway]
      On a terminal, what is left out is asked for. Modbus: --pick holding:100=float32/CDAB.`;

/** @returns what was asked, or in words what is wrong with it */
export function parseConnectFlags(args: readonly string[]): ConnectFlags | string {
  let values;
  try {
    ({ values } = parseArgs({
      args: [...args],
      options: {
        settings: { type: "string", default: "gateway.yaml" },
        device: { type: "string" },
        name: { type: "string" },
        protocol: { type: "string" },
        template: { type: "string" },
        parameter: { type: "string", multiple: true, default: [] },
        set: { type: "string", multiple: true, default: [] },
        find: { type: "string", default: "" },
        pick: { type: "string", multiple: true, default: [] },
        probe: { type: "string" },
        "every-ms": { type: "string" },
        max: { type: "string", default: "500" },
        wait: { type: "string", default: "10" },
        save: { type: "boolean", default: false },
        anyway: { type: "boolean", default: false },
      },
    }));
  } catch (failure) {
    return failure instanceof Error ? failure.message : String(failure);
  }
  const { protocol, template } = values;
  if (protocol !== undefined && template !== undefined) {
    return "--template says the protocol; leave --protocol out";
  }
  const everyMs = values["every-ms"] === undefined ? undefined : Number(values["every-ms"]);
  const max = Number(values.max);
  const waitSeconds = Number(values.wait);
  if (everyMs !== undefined && !(Number.isInteger(everyMs) && everyMs >= 10)) {
    return `--every-ms ${values["every-ms"] ?? ""}: must be a whole number, at least 10`;
  }
  if (!Number.isInteger(max) || max < 1) {
    return `--max ${values.max}: must be a whole number above 0`;
  }
  if (!(waitSeconds >= 1 && waitSeconds <= 3_600)) {
    return `--wait ${values.wait}: must be seconds from 1 to 3600`;
  }
  const connection = parseSets(values.set);
  if (typeof connection === "string") return connection;
  const parameters: Record<string, string> = {};
  for (const parameter of values.parameter) {
    const at = parameter.indexOf("=");
    if (at < 1) return `--parameter ${parameter} is not of the form name=value`;
    parameters[parameter.slice(0, at)] = parameter.slice(at + 1);
  }
  return {
    settingsFile: values.settings,
    device: values.device,
    name: values.name,
    protocol,
    template,
    parameters,
    connection,
    find: values.find,
    pick: values.pick,
    probe: values.probe,
    everyMs,
    max,
    waitMs: waitSeconds * 1_000,
    save: values.save,
    anyway: values.anyway,
  };
}

/** Numbers and `true`/`false` are taken as such; everything else is text. */
export function parseSets(sets: readonly string[]): Readonly<Record<string, unknown>> | string {
  const connection: Record<string, unknown> = {};
  for (const set of sets) {
    const at = set.indexOf("=");
    if (at < 1) return `--set ${set} is not of the form key=value`;
    const keys = set.slice(0, at).split(".");
    let group = connection;
    for (const key of keys.slice(0, -1)) {
      const inner: unknown = (group[key] ??= {});
      if (typeof inner !== "object" || inner === null)
        return `--set ${set}: ${key} has a value already`;
      group = inner as Record<string, unknown>;
    }
    group[keys.at(-1) ?? ""] = toSetting(set.slice(at + 1));
  }
  return connection;
}

/** What a person types for a setting: a number, true or false, or text. */
export function toSetting(text: string): string | number | boolean {
  if (text === "true" || text === "false") return text === "true";
  return text !== "" && Number.isFinite(Number(text)) && String(Number(text)) === text
    ? Number(text)
    : text;
}
