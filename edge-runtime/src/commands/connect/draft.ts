/** Which device it is: what was typed, completed by questions or by defaults. Nothing is opened yet. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";

import { isDeviceId } from "@millwright/wire-contract";
import { isMap, isSeq, parse, parseDocument } from "yaml";

import type { ConnectionQuestion } from "../../acquire/driver.ts";
import { drivers } from "../../acquire/registry.ts";
import { templateFile, type TemplateFile } from "../../settings/gateway-file.ts";
import type { Ask } from "../ask.ts";
import { toSetting, type ConnectFlags } from "./options.ts";

/** The device as it will stand in the settings file, still without tags where it has no template. */
export interface DeviceDraft {
  readonly id: string;
  readonly name?: string;
  readonly protocol?: string;
  /** Relative to the settings file. */
  readonly template?: string;
  readonly parameters?: Readonly<Record<string, string>>;
  readonly connection?: Readonly<Record<string, unknown>>;
  readonly everyMs?: number;
}

const protocols = drivers.map(({ protocol }) => protocol).filter((each) => each !== "health");

/** @returns the draft, or in words what is missing or wrong, and with which option it is said */
export async function draftDevice(
  flags: ConnectFlags,
  ask: Ask | undefined,
): Promise<DeviceDraft | string> {
  const taken = deviceIds(flags.settingsFile);
  if (flags.template !== undefined) return await draftOfTemplate(flags, flags.template, taken, ask);
  const protocol =
    flags.protocol ?? (await ask?.(`Protocol (${protocols.join(", ")})`, protocols[0] ?? ""));
  if (protocol === undefined) return `say the protocol: --protocol ${protocols.join(", ")}`;
  const driver = drivers.find((each) => each.protocol === protocol);
  if (driver === undefined || !protocols.includes(protocol)) {
    return `--protocol ${protocol}: is none of ${protocols.join(", ")}`;
  }
  const id = await idOf(flags, freeId(protocol, taken), taken, ask);
  if ("wrong" in id) return id.wrong;
  const connection = await complete(flags.connection, driver.questions ?? [], ask);
  if (typeof connection === "string") return connection;
  return { id: id.id, ...nameOf(flags), protocol, connection };
}

async function draftOfTemplate(
  flags: ConnectFlags,
  typed: string,
  taken: ReadonlySet<string>,
  ask: Ask | undefined,
): Promise<DeviceDraft | string> {
  const template = readTemplate(typed);
  if (typeof template === "string") return `--template ${typed}: ${template}`;
  const stem = /([A-Za-z0-9_-]+)\.[^.]*$/.exec(typed)?.[1] ?? template.protocol;
  const id = await idOf(flags, freeId(stem, taken), taken, ask);
  if ("wrong" in id) return id.wrong;
  const parameters: Record<string, string> = { ...flags.parameters };
  const missing: string[] = [];
  for (const [name, question] of Object.entries(template.parameters)) {
    if (parameters[name] !== undefined) continue;
    const answer = (await ask?.(question, "")) ?? "";
    if (answer === "") missing.push(`--parameter ${name}=… (${question})`);
    else parameters[name] = answer;
  }
  if (missing.length > 0) return `the template needs ${missing.join(", ")}`;
  const folder = dirname(resolve(flags.settingsFile));
  return {
    id: id.id,
    ...nameOf(flags),
    template: relative(folder, resolve(typed)),
    parameters,
    ...(Object.keys(flags.connection).length === 0 ? {} : { connection: flags.connection }),
    ...(flags.everyMs === undefined ? {} : { everyMs: flags.everyMs }),
  };
}

function readTemplate(path: string): TemplateFile | string {
  if (!existsSync(path)) return "does not exist";
  try {
    const parsed = templateFile.safeParse(parse(readFileSync(path, "utf8")));
    if (parsed.success) return parsed.data;
    return parsed.error.issues
      .map(({ path: at, message }) => `${at.join(".")}: ${message}`)
      .join("; ");
  } catch (failure) {
    return failure instanceof Error ? failure.message : String(failure);
  }
}

function nameOf({ name }: ConnectFlags): { readonly name?: string } {
  return name === undefined ? {} : { name };
}

async function idOf(
  flags: ConnectFlags,
  proposed: string,
  taken: ReadonlySet<string>,
  ask: Ask | undefined,
): Promise<{ readonly id: string } | { readonly wrong: string }> {
  const id = flags.device ?? (await ask?.("What the device shall be called", proposed)) ?? proposed;
  if (!isDeviceId(id) || !/^[A-Za-z0-9]/.test(id)) {
    return {
      wrong: `--device ${id}: may hold letters, digits, "-" and "_" only, at most 64, and begins with a letter or digit`,
    };
  }
  if (taken.has(id)) {
    return {
      wrong: `--device ${id}: ${flags.settingsFile} has a device ${id} already; choose another name`,
    };
  }
  return { id };
}

/** Asks the driver's questions; without a person, what has no default is named with the option that says it. */
async function complete(
  given: Readonly<Record<string, unknown>>,
  questions: readonly ConnectionQuestion[],
  ask: Ask | undefined,
): Promise<Readonly<Record<string, unknown>> | string> {
  const connection: Record<string, unknown> = { ...given };
  const missing: string[] = [];
  for (const question of questions) {
    const { key, words, otherwise, when } = question;
    if (connection[key] !== undefined || when?.(connection) === false) continue;
    const answer = ask === undefined ? otherwise : await askUntilUsable(question, ask);
    if (answer === "") missing.push(`--set ${key}=… (${words})`);
    else connection[key] = toSetting(answer);
  }
  return missing.length === 0 ? connection : `say ${missing.join(", ")}`;
}

/** A slip of the finger is asked again; who slips so often wants to look something up first. */
const tries = 3;

/** @returns "" when there was no usable answer */
async function askUntilUsable(question: ConnectionQuestion, ask: Ask): Promise<string> {
  const { words, otherwise, choices } = question;
  for (let attempt = 0; attempt < tries; attempt++) {
    const answer = await ask(words, otherwise);
    if (answer !== "" && (choices === undefined || choices.includes(answer))) return answer;
  }
  return "";
}

/** The names that the settings file has given away; none when it is not there or cannot be read. */
function deviceIds(settingsFile: string): ReadonlySet<string> {
  if (!existsSync(settingsFile)) return new Set();
  const devices = parseDocument(readFileSync(settingsFile, "utf8")).get("devices");
  if (!isSeq(devices)) return new Set();
  return new Set(devices.items.flatMap((each) => (isMap(each) ? [String(each.get("id"))] : [])));
}

function freeId(stem: string, taken: ReadonlySet<string>): string {
  let number = 1;
  while (taken.has(`${stem}-${number}`)) number++;
  return `${stem}-${number}`;
}
