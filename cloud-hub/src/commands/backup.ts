/** `backup`: one backup now, beside a hub that runs or not. */
import { parseArgs } from "node:util";
import { resolve } from "node:path";

import { makeBackup } from "../backup/make-backup.ts";
import { backupFilesOf, captureFolderOf, lakeFolderOf } from "../settings/folders.ts";
import { loadSettings, SettingsFaulty } from "../settings/load-settings.ts";
import { applyMigrations } from "../ingest/migrate.ts";
import type { HubCommand } from "./command.ts";
import { openDatabaseOf } from "./database-of.ts";

export const backupCommand: HubCommand = {
  name: "backup",
  usage: "backup --settings hub.yaml [--to FOLDER]",
  what: "Makes a backup, reads it back to prove it, and says where it lies. The hub may run meanwhile.",
  async run(args, { out, until, ...context }) {
    const { values } = parseArgs({
      args: [...args],
      options: {
        settings: { type: "string", short: "s", default: "hub.yaml" },
        to: { type: "string" },
      },
    });
    const settings = loadSettings(values.settings);
    const to = values.to === undefined ? settings.backup?.folder : resolve(values.to);
    if (to === undefined)
      throw new SettingsFaulty('say where the backup is to lie: --to, or "backup.folder"');
    const database = await openDatabaseOf(settings, context);
    try {
      const { path, rows, bytes } = await makeBackup({
        databaseUrl: database.url,
        folder: to,
        lakeFolder: lakeFolderOf(settings),
        captureFolder: captureFolderOf(settings),
        files: backupFilesOf(settings),
        applyMigrations,
        clock: context.clock,
        signal: until,
      });
      out.write(`backup verified · ${path} · ${rows} rows, ${bytes} bytes\n`);
      return 0;
    } finally {
      await database.close();
    }
  },
};
