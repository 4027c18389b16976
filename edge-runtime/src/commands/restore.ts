import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";

import { exitCodes } from "../exit-codes.ts";
import { isJournalInUse, journalName, whatIsWrongWith } from "../buffer/journal-copy.ts";
import { JournalInUse } from "../buffer/faults.ts";
import { loadSettings } from "../settings/load-settings.ts";
import { privateFolder } from "../settings/private-folder.ts";
import { BackupUnusable } from "./backup-faults.ts";
import {
  checkSums,
  chooseBackup,
  copySynced,
  filesBelow,
  nameOf,
  partEnding,
  syncFolders,
} from "./backup-folder.ts";
import type { Command } from "./command.ts";

export const restoreCommand: Command = {
  name: "restore",
  usage: "restore --from FOLDER [--settings gateway.yaml]",
  what: "Puts a backup in the place of the journal; settings, too, where there are none. What was there is put aside. Then start the gateway.",
  async run(args, { clock, out }) {
    const { values } = parseArgs({
      args: [...args],
      options: {
        settings: { type: "string", default: "gateway.yaml" },
        from: { type: "string" },
      },
    });
    if (values.from === undefined) {
      process.stderr.write(`usage: millwright ${restoreCommand.usage}\n`);
      return exitCodes.refused;
    }
    const backup = chooseBackup(resolve(values.from));
    await checkSums(backup);
    const settingsFile = resolve(values.settings);
    const put = putSettings(backup, settingsFile);
    const { journal, gateway } = loadSettings(settingsFile);
    const wrong = whatIsWrongWith(join(backup, journalName), gateway.id);
    if (wrong !== undefined) throw new BackupUnusable(`${join(backup, journalName)}: ${wrong}`);
    if (isJournalInUse(journal.folder)) {
      throw new JournalInUse(
        `journal in ${journal.folder} is in use`,
        "Stop the gateway, restore, and start it again.",
      );
    }
    const aside = putJournal(backup, journal.folder, clock.nowUs());
    out.write(
      `restored · ${backup}\n` +
        (put
          ? `The settings are in ${dirname(settingsFile)}.\n`
          : "The settings were left as they are.\n") +
        (aside === undefined ? "" : `What was there lies in ${aside} and may be removed.\n`) +
        "Start the gateway: there is nothing else to do.\n",
    );
    return exitCodes.done;
  },
};

/** Only where there are none: who repairs a disk may have changed them since. @returns whether they were */
function putSettings(backup: string, settingsFile: string): boolean {
  if (existsSync(settingsFile)) return false;
  const kept = join(backup, "settings");
  const folder = dirname(settingsFile);
  const files = filesBelow(kept);
  const main = files.find((path) => path === basename(settingsFile));
  if (main === undefined) {
    const names = files.filter((path) => path.endsWith(".yaml")).join(", ");
    throw new BackupUnusable(
      `${kept} has no ${basename(settingsFile)}; name one of these with --settings: ${names}`,
    );
  }
  for (const path of files) {
    if (!existsSync(join(folder, path))) copySynced(join(kept, path), join(folder, path));
  }
  return true;
}

/** Made beside and then renamed: a gateway never starts with half of it. @returns where the data went that were there */
function putJournal(backup: string, folder: string, nowUs: number): string | undefined {
  const part = `${folder}${partEnding}`;
  rmSync(part, { recursive: true, force: true });
  mkdirSync(part, { recursive: true, mode: 0o700 });
  copySynced(join(backup, journalName), join(part, journalName));
  for (const path of filesBelow(join(backup, "data")))
    copySynced(join(backup, "data", path), join(part, path));
  // What no backup holds stays with the box: people go on signing in, and panels go on knowing its certificate.
  const own = privateFolder(folder);
  if (existsSync(own)) {
    for (const path of filesBelow(own))
      copySynced(join(own, path), join(privateFolder(part), path));
  }
  syncFolders(part);
  const aside = existsSync(folder)
    ? `${folder}.before-${nameOf(nowUs).slice("gateway-".length)}`
    : undefined;
  if (aside !== undefined) renameSync(folder, aside);
  renameSync(part, folder);
  return aside;
}
