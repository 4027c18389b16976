/** The diagnostics file without the page: from the gateway that runs, or from its files where none answers. */
import { existsSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";

import { messageChain } from "@millwright/kit";
import { callDoor, DoorClosed } from "@millwright/local-door";

import { exitCodes } from "../exit-codes.ts";
import { diagnosticsName } from "../diagnostics-sections.ts";
import { loadSettings, type Settings } from "../settings/load-settings.ts";
import { beside } from "../settings/named-files.ts";
import { SettingsFaulty, type Problem } from "../settings/problem.ts";
import { readContent } from "../settings/read-file.ts";
import { carrierFiles } from "../sync/carrier/carrier-files.ts";
import type { Command, CommandContext } from "./command.ts";
import { diagnosticsOfFiles } from "./diagnostics-of-files.ts";

export const diagnosticsCommand: Command = {
  name: "diagnostics",
  usage: "diagnostics [--to FOLDER] [--settings gateway.yaml]",
  what: "Writes what helps to find a fault into one JSON file without secrets, whether the gateway runs or not.",
  async run(args, context) {
    const { values } = parseArgs({
      args: [...args],
      options: {
        settings: { type: "string", default: "gateway.yaml" },
        to: { type: "string", default: "." },
      },
    });
    const settings = resolve(values.settings);
    if (!existsSync(settings)) {
      process.stderr.write(`there is no ${settings}; name the gateway's file with --settings\n`);
      return exitCodes.refused;
    }
    const known = lookAtSettings(settings);
    const running = await askRunning(known.folder, context);
    const text =
      running.text ?? (await diagnosticsOfFiles({ ...known, silence: running.why }, context));
    const file = join(resolve(values.to), diagnosticsName(known.gateway, context.clock.nowUs()));
    try {
      // For nobody else, and over nothing that is there.
      writeFileSync(file, text, { mode: 0o600, flag: "wx" });
    } catch (failure) {
      process.stderr.write(`the diagnostics cannot be written: ${messageChain(failure)}\n`);
      return exitCodes.disk;
    }
    const source =
      running.text === undefined
        ? `from files, because ${running.why}`
        : "from the gateway that runs";
    context.out.write(
      `${file}\n${Buffer.byteLength(text)} bytes, ${source}. Passwords and keys were taken out; names of people, devices and addresses were not.\n`,
    );
    return exitCodes.done;
  },
};

/** What can be known of settings, also of those with which nothing starts. */
export interface KnownSettings {
  readonly file: string;
  /** Undefined where they do not hold. */
  readonly settings: Settings | undefined;
  readonly problems: readonly Problem[];
  /** "gateway" where nobody can say. */
  readonly gateway: string;
  /** Of the journal; undefined where nobody can say. */
  readonly folder: string | undefined;
}

function lookAtSettings(file: string): KnownSettings {
  try {
    const settings = loadSettings(file);
    const { gateway, journal } = settings;
    return { file, settings, problems: [], gateway: gateway.id, folder: journal.folder };
  } catch (failure) {
    const problems =
      failure instanceof SettingsFaulty
        ? failure.problems
        : [{ where: file, what: "cannot be understood" }];
    const content = readContent(file, [])?.value;
    const id = textAt(content, "gateway", "id");
    const folder = textAt(content, "journal", "folder");
    return {
      ...{ file, problems, settings: undefined },
      // Part of the name of a file.
      gateway: id !== undefined && /^[A-Za-z0-9_-]{1,64}$/.test(id) ? id : "gateway",
      folder: folder === undefined ? undefined : beside(dirname(file), folder),
    };
  }
}

function textAt(content: unknown, group: string, key: string): string | undefined {
  const inside: unknown =
    typeof content === "object" && content !== null
      ? (content as Readonly<Record<string, unknown>>)[group]
      : undefined;
  const text: unknown =
    typeof inside === "object" && inside !== null
      ? (inside as Readonly<Record<string, unknown>>)[key]
      : undefined;
  return typeof text === "string" && text !== "" ? text : undefined;
}

/** Twice what it takes at most: then its loop turns no more, and its files say more than it does. */
const answerMs = 20_000;

async function askRunning(
  folder: string | undefined,
  { until }: CommandContext,
): Promise<{ readonly text?: string; readonly why: string }> {
  if (folder === undefined) return { why: "the settings do not say where its journal is" };
  const late = AbortSignal.timeout(answerMs);
  try {
    const { door } = carrierFiles(folder);
    const nothing = new Uint8Array(0);
    const signal = AbortSignal.any([until, late]);
    const answer = await callDoor(door, "/diagnostics", nothing, signal);
    if (answer instanceof Uint8Array) return { text: Buffer.from(answer).toString(), why: "" };
    return { why: `the gateway refused: ${answer.reason}` };
  } catch (failure) {
    until.throwIfAborted();
    if (late.aborted) return { why: `the gateway did not answer within ${answerMs / 1_000} s` };
    if (failure instanceof DoorClosed) {
      return { why: "the gateway does not run, or not under this user" };
    }
    throw failure;
  }
}
