import { parseArgs } from "node:util";

/** What a person asked for on the command line. */
export interface ConnectOptions {
  readonly settingsFile: string;
  readonly device: string;
  readonly name: string | undefined;
  readonly protocol: string;
  /** `--set url=…`, and groups by dots: `--set user.kind=password`. */
  readonly connection: Readonly<Record<string, unknown>>;
  /** Only what has this text in its path or address. */
  readonly find: string;
  /** Addresses to take; `all` takes everything that was found. */
  readonly pick: readonly string[] | "all";
  /** Modbus and alike: look at what stands at this address, in every way it can be read. */
  readonly probe: string | undefined;
  readonly everyMs: number;
  readonly max: number;
  readonly save: boolean;
}

export const connectUsage = `connect --protocol P --device ID --set key=value … [--find TEXT] [--probe ADDRESS] [--pick A,B|all] [--save]`;

/** @returns what was asked, or in words what is wrong with it */
export function parseConnectOptions(args: readonly string[]): ConnectOptions | string {
  let values;
  try {
    ({ values } = parseArgs({
      args: [...args],
      options: {
        settings: { type: "string", default: "gateway.yaml" },
        device: { type: "string" },
        name: { type: "string" },
        protocol: { type: "string" },
        set: { type: "string", multiple: true, default: [] },
        find: { type: "string", default: "" },
        pick: { type: "string", default: "" },
        probe: { type: "string" },
        "every-ms": { type: "string", default: "1000" },
        max: { type: "string", default: "500" },
        save: { type: "boolean", default: false },
      },
    }));
  } catch (failure) {
    return failure instanceof Error ? failure.message : String(failure);
  }
  const { protocol, device } = values;
  if (protocol === undefined)
    return "say the protocol: --protocol opcua, modbus, mqtt or sparkplug";
  if (device === undefined) return "say what the device shall be called: --device pump-1";
  const everyMs = Number(values["every-ms"]);
  const max = Number(values.max);
  if (!Number.isInteger(everyMs) || everyMs < 10) return "--every-ms must be at least 10";
  if (!Number.isInteger(max) || max < 1) return "--max must be a whole number above 0";
  const connection = parseSets(values.set);
  if (typeof connection === "string") return connection;
  return {
    settingsFile: values.settings,
    device,
    name: values.name,
    protocol,
    connection,
    find: values.find,
    pick: values.pick === "all" ? "all" : values.pick.split(",").filter((each) => each !== ""),
    probe: values.probe,
    everyMs,
    max,
    save: values.save,
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
    group[keys.at(-1) ?? ""] = toValue(set.slice(at + 1));
  }
  return connection;
}

function toValue(text: string): unknown {
  if (text === "true" || text === "false") return text === "true";
  return text !== "" && Number.isFinite(Number(text)) && String(Number(text)) === text
    ? Number(text)
    : text;
}
