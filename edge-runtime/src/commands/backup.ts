import { chmodSync, existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, isAbsolute, join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";

import { exitCodes } from "../exit-codes.ts";
import {
  asideBegins,
  journalCompanions,
  journalName,
  whatIsWrongWith,
} from "../buffer/journal-copy.ts";
import { reserveName } from "../buffer/reserve.ts";
import { loadSettings, type Settings } from "../settings/load-settings.ts";
import { privateFolderName } from "../settings/private-folder.ts";
import { settingsFiles } from "../settings/settings-files.ts";
import { carrierFiles } from "../sync/carrier/carrier-files.ts";
import { BackupFailed } from "./backup-faults.ts";
import {
  copySynced,
  filesBelow,
  nameOf,
  partEnding,
  syncFile,
  syncFolders,
  writeSums,
} from "./backup-folder.ts";
import type { Command } from "./command.ts";
import { copyJournal } from "./copy-journal.ts";

export const backupCommand: Command = {
  name: "backup",
  usage: "backup --to FOLDER [--settings gateway.yaml]",
  what: "Copies journal, keys and settings into a folder and checks the copy, whether the gateway runs or not.",
  async run(args, { clock, out, until }) {
    const { values } = parseArgs({
      args: [...args],
      options: {
        settings: { type: "string", default: "gateway.yaml" },
        to: { type: "string" },
      },
    });
    if (values.to === undefined) {
      process.stderr.write(`usage: millwright ${backupCommand.usage}\n`);
      return exitCodes.refused;
    }
    const settings = loadSettings(values.settings);
    const path = await makeBackup(settings, resolve(values.to), clock.nowUs(), until);
    out.write(`backup verified · ${path}\n`);
    return exitCodes.done;
  },
};

async function makeBackup(
  settings: Settings,
  to: string,
  nowUs: number,
  signal: AbortSignal,
): Promise<string> {
  const path = join(to, nameOf(nowUs));
  const part = `${path}${partEnding}`;
  try {
    mkdirSync(part, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new BackupFailed(
      `cannot write to ${to}`,
      "Give the user who runs the gateway the right to write there, or name another folder.",
      { cause },
    );
  }
  try {
    const copy = join(part, journalName);
    await copyJournal(settings.journal.folder, copy, signal);
    chmodSync(copy, 0o600);
    // After the journal: bytes that go meanwhile are at the hub, and the copy may do without them.
    copyData(settings.journal.folder, join(part, "data"));
    copySettings(settings.file, join(part, "settings"));
    const wrong = whatIsWrongWith(copy, settings.gateway.id);
    if (wrong !== undefined) {
      throw new BackupFailed(
        `the copy of the journal is damaged: ${wrong}`,
        "Check the disks of the gateway and of the backup, and make another one.",
      );
    }
    syncFile(copy);
    await writeSums(part);
    syncFolders(part);
    renameSync(part, path);
    syncFile(to);
    return path;
  } catch (failure) {
    rmSync(part, { recursive: true, force: true });
    throw failure;
  }
}

/** Keys, certificates, captures: all that lies beside the journal and is whole, but for what is this box's alone. */
function copyData(folder: string, to: string): void {
  const journal = [journalName, ...journalCompanions.map((ending) => `${journalName}${ending}`)];
  const own = new Set([...journal, reserveName, basename(carrierFiles(folder).door)]);
  mkdirSync(to, { mode: 0o700 });
  for (const path of filesBelow(folder)) {
    if (own.has(path) || path.endsWith(partEnding) || path.startsWith(asideBegins)) continue;
    if (dirname(path) === privateFolderName) continue;
    // A capture that the hub has by now is gone.
    if (existsSync(join(folder, path))) copySynced(join(folder, path), join(to, path));
  }
}

/** With the paths that the settings file knows them by; those from elsewhere by their names alone, in `elsewhere`. */
function copySettings(file: string, to: string): void {
  const folder = dirname(file);
  for (const path of settingsFiles(file)) {
    const below = relative(folder, path);
    const inside = !below.startsWith("..") && !isAbsolute(below);
    copySynced(path, join(to, inside ? below : join("elsewhere", basename(path))));
  }
}
