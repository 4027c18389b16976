/**
 * Adds a device by looking at it: what it offers, decoded live, then the settings file. What was not typed is asked for
 * where somebody sits at a terminal. Nothing is written without a yes, and nothing is saved that was not read, unless a
 * person wants it anyway.
 */
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, isAbsolute, join } from "node:path";

import { Fault, hintOf, messageChain } from "@millwright/kit";
import { severityOf } from "@millwright/wire-contract";
import { parse } from "yaml";

import { exitCodes } from "../../exit-codes.ts";
import type { DriverContext } from "../../acquire/driver.ts";
import { loadDevice, type DeviceSettings } from "../../settings/load-device.ts";
import { loadSettings } from "../../settings/load-settings.ts";
import { SettingsFaulty } from "../../settings/problem.ts";
import { isYes } from "../ask.ts";
import type { Command, CommandContext } from "../command.ts";
import { chooseValues } from "./choose-values.ts";
import { conflictsOf } from "./conflicts.ts";
import { draftDevice, type DeviceDraft } from "./draft.ts";
import { lookAt, type Look } from "./live-look.ts";
import { connectUsage, parseConnectFlags, type ConnectFlags } from "./options.ts";
import { showValue, toTagRow } from "./picked-tag.ts";
import type { PickedPoint } from "./picks.ts";
import { saveDevice } from "./save-device.ts";
import { printTable } from "./text-table.ts";

export const connectCommand: Command = {
  name: "connect",
  usage: connectUsage,
  what: "Adds a device: shows what it offers, decodes live values, and with --save writes the settings.",
  async run(args, context) {
    const flags = parseConnectFlags(args);
    if (typeof flags === "string") return refuse(`${flags}\nusage: millwright ${connectUsage}`);
    const draft = await draftDevice(flags, context.ask);
    if (typeof draft === "string") return refuse(draft);
    const driverContext = toDriverContext(flags.settingsFile, draft.id, context);
    if (draft.template !== undefined) {
      return await showAndSave(
        { flags, draft, device: loadDevice(draft, flags.settingsFile) },
        driverContext,
        context,
      );
    }
    // Everything but the tags is judged before the device is spoken to.
    const bare = loadDevice({ ...draft, tags: [] }, flags.settingsFile);
    const chosen = await chooseValues(bare, flags, driverContext, context);
    if ("end" in chosen) return chosen.end;
    const rows = await rowsOf(chosen.points, draft.id, flags, context);
    const device = loadDevice({ ...draft, tags: rows }, flags.settingsFile);
    return await showAndSave({ flags, draft, device, rows }, driverContext, context);
  },
};

/** What is to be saved, and what the gateway will make of it. */
interface Candidate {
  readonly flags: ConnectFlags;
  readonly draft: DeviceDraft;
  readonly device: DeviceSettings;
  /** Rows of a table of its own; absent where a template brings the tags. */
  readonly rows?: readonly Readonly<Record<string, string>>[];
}

async function rowsOf(
  points: readonly PickedPoint[],
  device: string,
  flags: ConnectFlags,
  { ask }: CommandContext,
): Promise<readonly Readonly<Record<string, string>>[]> {
  // Once a second is what a technician sees as live.
  const everyMs =
    flags.everyMs ?? (await ask?.("Read every so many milliseconds", "1000")) ?? "1000";
  const taken = new Set<string>();
  return points.map((point) => {
    const row = toTagRow(point, device, String(everyMs), taken);
    taken.add(row["id"] ?? "");
    return Object.fromEntries(Object.entries(row).filter(([, cell]) => cell !== ""));
  });
}

async function showAndSave(
  candidate: Candidate,
  driverContext: DriverContext,
  context: CommandContext,
): Promise<number> {
  const { device, flags } = candidate;
  const looks = await look(candidate, driverContext, context.until);
  if (looks === undefined) return exitCodes.refused;
  printTable(
    ["tag", "address", "type", "live value"],
    device.tags.map(({ tag, point }, index) => [
      tag.id,
      point.address,
      point.type,
      wordsOf(looks[index], tag.unit, flags.waitMs),
    ]),
    context.out,
  );
  const unread = [...device.tags]
    .filter((_tag, index) => !isRead(looks[index]))
    .map(({ tag }) => tag.id);
  const warning =
    unread.length === 0
      ? undefined
      : `${unread.length} of ${device.tags.length} values could not be read: ${namesOf(unread)}.`;
  if (warning !== undefined) process.stderr.write(`${warning}\n`);
  switch (await decide(candidate, unread.length, context)) {
    case "no":
      context.out.write("Nothing was written. Add --save when the values are right.\n");
      return exitCodes.done;
    case "unread":
      process.stderr.write(
        "Nothing was written. Correct address, type or device, or add --anyway to save them as they are.\n",
      );
      return exitCodes.refused;
    case "yes":
      return save(candidate, context);
  }
}

/** What every chosen value says now; absent when the device could not be opened and that forbids saving. */
async function look(
  { device, flags }: Candidate,
  driverContext: DriverContext,
  signal: AbortSignal,
): Promise<readonly (Look | undefined)[] | undefined> {
  const points = device.tags.points();
  const { driver, connection } = device;
  try {
    return await lookAt(driver, connection, points, driverContext, flags.waitMs, signal);
  } catch (failure) {
    if (!(failure instanceof Fault)) throw failure;
    process.stderr.write(`${messageChain(failure)}\n${hintOf(failure) ?? ""}\n`);
    return flags.anyway ? points.map(() => undefined) : undefined;
  }
}

async function decide(
  { flags, device }: Candidate,
  unreadCount: number,
  { ask }: CommandContext,
): Promise<"yes" | "no" | "unread"> {
  if (unreadCount > 0 && !flags.anyway) {
    if (ask === undefined) return flags.save ? "unread" : "no";
    return isYes(await ask("Save all the same", "no")) ? "yes" : "no";
  }
  if (flags.save) return "yes";
  if (ask === undefined) return "no";
  const question = `Write ${device.tags.length} tags of ${device.id} into ${flags.settingsFile}`;
  return isYes(await ask(question, "yes")) ? "yes" : "no";
}

function save({ flags, draft, device, rows }: Candidate, { out }: CommandContext): number {
  // Before anything is written: a gateway that runs would not start again with it.
  const conflicts = conflictsOf(flags.settingsFile, device);
  if (conflicts.length > 0) return refuse(`Nothing was written.\n${conflicts.join("\n")}`);
  const { id, ...entry } = draft;
  const saved = saveDevice(flags.settingsFile, {
    id,
    entry,
    ...(rows === undefined ? {} : { rows }),
  });
  if (typeof saved === "string") return refuse(saved);
  out.write(`Wrote ${saved.join(" and ")}.\n`);
  try {
    loadSettings(flags.settingsFile);
  } catch (failure) {
    if (!(failure instanceof SettingsFaulty)) throw failure;
    return refuse(`${draft.id} was added, and the gateway will not start yet:\n${failure.message}`);
  }
  return exitCodes.done;
}

function isRead(look: Look | undefined): boolean {
  return look !== undefined && severityOf(look.status) !== "bad";
}

function wordsOf(look: Look | undefined, unit: string, waitMs: number): string {
  if (look === undefined) return `said nothing within ${waitMs / 1_000} s`;
  return showValue(look.value, look.status, unit);
}

/** So many names say where to look; a thousand would push the table off the screen. */
function namesOf(tags: readonly string[]): string {
  const named = tags.slice(0, 5).join(", ");
  return tags.length > 5 ? `${named} and ${tags.length - 5} more` : named;
}

function refuse(what: string): number {
  process.stderr.write(`${what}\n`);
  return exitCodes.refused;
}

function toDriverContext(
  settingsFile: string,
  device: string,
  { clock, random, log }: CommandContext,
): DriverContext {
  const stateFolder = stateFolderOf(settingsFile, device);
  mkdirSync(stateFolder, { recursive: true });
  return {
    device,
    clock,
    random,
    log,
    queueMax: 10_000,
    stateFolder,
    due: () => undefined,
    lost: () => undefined,
    proven: () => undefined,
    note: (text) => {
      if (text !== "") process.stderr.write(`note: ${text}\n`);
    },
    badge: (text) => {
      if (text !== "") process.stderr.write(`note: ${text}\n`);
    },
  };
}

/** Where the gateway will keep certificates and the like of this device: trust given here holds there. */
export function stateFolderOf(settingsFile: string, device: string): string {
  const folder = dirname(settingsFile);
  let journal = "journal";
  if (existsSync(settingsFile)) {
    const parsed: unknown = parse(readFileSync(settingsFile, "utf8"));
    const named = (parsed as { readonly journal?: { readonly folder?: unknown } } | null)?.journal
      ?.folder;
    if (typeof named === "string") journal = named;
  }
  return join(isAbsolute(journal) ? journal : join(folder, journal), "devices", device);
}
