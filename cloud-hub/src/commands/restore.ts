/** `restore`: a hub's data out of a backup. What was there is put aside and not removed. */
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";

import { Fault } from "@millwright/kit";

import { nameOf } from "../backup/manifest.ts";
import { chooseBackup, restoreBackup } from "../backup/restore-backup.ts";
import { isServerOf } from "../children/postgres-remains.ts";
import { isRunning } from "../children/process-table.ts";
import { applyMigrations } from "../ingest/migrate.ts";
import { captureFolderOf, lakeFolderOf } from "../settings/folders.ts";
import { loadSettings, type HubSettings } from "../settings/load-settings.ts";
import type { HubCommand } from "./command.ts";
import { openDatabaseOf } from "./database-of.ts";

/** Two programs on one database would destroy what the other writes. */
export class HubRuns extends Fault {
  override readonly name = "HubRuns";
  readonly code = "settings.hub-runs";
  readonly retry = "never";
  readonly hint = "Stop the hub, restore, and start it again.";

  constructor(folder: string) {
    super(`the database in ${folder} runs`);
  }
}

export const restoreCommand: HubCommand = {
  name: "restore",
  usage: "restore --settings hub.yaml --from FOLDER",
  what: "Puts a backup in the place of the hub's data. The hub must not run; what was there is put aside.",
  async run(args, { out, until, ...context }) {
    const { values } = parseArgs({
      args: [...args],
      options: {
        settings: { type: "string", short: "s", default: "hub.yaml" },
        from: { type: "string" },
      },
    });
    const settings = loadSettings(values.settings);
    const from = values.from === undefined ? settings.backup?.folder : resolve(values.from);
    const folder = chooseBackup(from ?? ".");
    const nowUs = context.clock.nowUs();
    const aside = settings.database.url === undefined ? putAside(settings, nowUs) : undefined;
    try {
      restoreFiles(folder, settings);
      const database = await openDatabaseOf(settings, context);
      try {
        const { madeUs } = await restoreBackup({
          databaseUrl: database.url,
          folder,
          lakeFolder: lakeFolderOf(settings),
          captureFolder: captureFolderOf(settings),
          applyMigrations,
          nowUs,
          signal: until,
        });
        const at = new Date(madeUs / 1_000).toISOString();
        out.write(
          `restored · ${folder} · as of ${at}\n` +
            "Start the hub: gateways send what this backup does not hold.\n" +
            (aside === undefined ? "" : `What was there lies in ${aside} and may be removed.\n`),
        );
        return 0;
      } finally {
        await database.close();
      }
    } catch (failure) {
      if (aside !== undefined) putBack(settings, aside);
      throw failure;
    }
  },
};

/** @returns where the data went that were there */
function putAside({ dataFolder }: HubSettings, nowUs: number): string | undefined {
  const cluster = join(dataFolder, "postgres/cluster");
  if (!existsSync(cluster)) return undefined;
  // PostgreSQL removes the file when it ends; after a kill it stays, and names a process that is gone or another's.
  const pid = Number.parseInt(textOf(join(cluster, "postmaster.pid")), 10);
  if (pid > 0 && isRunning(pid) && isServerOf(cluster, pid)) throw new HubRuns(cluster);
  const aside = `${cluster}.before-${nameOf(nowUs).slice("hub-".length)}`;
  renameSync(cluster, aside);
  return aside;
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** Nothing was restored: everything is as it was. */
function putBack({ dataFolder }: HubSettings, aside: string): void {
  const cluster = join(dataFolder, "postgres/cluster");
  rmSync(cluster, { recursive: true, force: true });
  renameSync(aside, cluster);
}

/** On new hardware gateways come with the password that they know. What is there stays. */
function restoreFiles(folder: string, { dataFolder }: HubSettings): void {
  const kept = join(folder, "files/gateway.credentials");
  const target = join(dataFolder, "gateway.credentials");
  if (!existsSync(kept) || existsSync(target)) return;
  mkdirSync(dataFolder, { recursive: true });
  copyFileSync(kept, target);
  chmodSync(target, 0o600);
}
