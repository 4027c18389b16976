/** The front door of the hub: builds it from its settings, as services with their views. */
import { join } from "node:path";

import { openKey } from "@millwright/carrier";
import type { Clock, Log, Random, Service } from "@millwright/kit";

import { BackupKeeper } from "./backup/backup-keeper.ts";
import { openDataFolder } from "./children/data-folder.ts";
import { natsServer, type NatsServerChild } from "./children/nats-server.ts";
import { postgres, type PostgresChild } from "./children/postgres.ts";
import { readCredentials } from "./children/secret-file.ts";
import { CoreViews } from "./core-views.ts";
import { connectionsOf } from "./database/connections.ts";
import { HistoryKeeper } from "./history/keeper.ts";
import { HubCore } from "./hub-core.ts";
import type { HubViews } from "./hub-views.ts";
import { carrierFilesOf, createCarrierDoor } from "./ingest/carrier/carrier-door.ts";
import { lakePlaceOf } from "./lake-place.ts";
import { ConsoleServer } from "./serve/console-server.ts";
import { backupFilesOf, captureFolderOf, lakeFolderOf } from "./settings/folders.ts";
import type { HubSettings } from "./settings/load-settings.ts";

export interface HubContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** The folders of PATH, for the programs of the children. */
  readonly programFolders: readonly string[];
}

/** The hub as services, sinks before sources. */
export interface Hub {
  readonly services: readonly Service[];
  /** Once started. */
  readonly views: HubViews;
  /** Where the console is and which programs run, for the line that says that the hub is ready. */
  status(): { console: string; broker: string; gatewayCredentials: string };
}

/** Builds the hub and starts nothing. Throws a fault when a program is missing or the data folder cannot be used. */
export function buildHub(settings: HubSettings, context: HubContext): Hub {
  openDataFolder(settings.dataFolder);
  const gatewayCredentialsFile = join(settings.dataFolder, "gateway.credentials");
  const broker =
    settings.broker.url === undefined
      ? brokerChild(settings, context, gatewayCredentialsFile)
      : undefined;
  const database =
    settings.database.url === undefined ? databaseChild(settings, context) : undefined;
  // What the core stands on, in the order in which it is started.
  const children = [database?.child, broker?.child].filter((child) => child !== undefined);
  const key = openKey(carrierFilesOf(settings.dataFolder).key);
  const databaseUrl = (): string => settings.database.url ?? database?.url() ?? "";
  const core = new HubCore({
    settings,
    key,
    children,
    brokerUrl: () => settings.broker.url ?? broker?.url() ?? "",
    brokerCredentials: () =>
      broker?.credentials ??
      (settings.broker.credentialsFile === undefined
        ? undefined
        : readCredentials(settings.broker.credentialsFile)),
    systemCredentials: () =>
      broker?.systemCredentials ??
      (settings.broker.systemCredentialsFile === undefined
        ? undefined
        : readCredentials(settings.broker.systemCredentialsFile)),
    databaseUrl,
    ...context,
  });
  const { sorters } = settings.history;
  const shares = Array.from({ length: sorters }, (_, index) => ({ index, of: sorters }));
  const historyKeepers = shares.map(
    (share) =>
      new HistoryKeeper({
        settings: {
          share,
          sortEveryMs: settings.history.sortEveryMin * 60_000,
          hotDays: settings.history.hotDays,
          keep: {
            samples: settings.history.keepSamplesDays,
            minutes: settings.history.keepMinutesDays,
            hours: settings.history.keepHoursDays,
          },
          lake: lakePlaceOf(settings),
          logLevel: settings.logLevel,
        },
        databaseUrl,
        ...context,
      }),
  );
  const backupKeeper = backupKeeperOf(settings, core, databaseUrl, context);
  const carriers = createCarrierDoor({
    dataFolder: settings.dataFolder,
    key,
    parts: () => core.parts,
    clock: context.clock,
    log: context.log,
  });
  const views = new CoreViews({
    settings,
    publicKey: key.publicKey,
    parts: () => core.parts,
    backupFailure: () => backupKeeper?.failure ?? "",
    clock: context.clock,
  });
  const console = new ConsoleServer({
    host: settings.http.host,
    port: settings.http.port,
    views,
    clock: context.clock,
  });
  const keepers = [...historyKeepers, backupKeeper].filter((keeper) => keeper !== undefined);
  return {
    services: [...children, core, ...keepers, carriers, console],
    views,
    status: () => ({
      console: console.url,
      broker: settings.broker.url ?? broker?.url() ?? "",
      gatewayCredentials: broker === undefined ? "" : gatewayCredentialsFile,
    }),
  };
}

function brokerChild(
  settings: HubSettings,
  context: HubContext,
  gatewayCredentialsFile: string,
): NatsServerChild {
  return natsServer(
    {
      folder: join(settings.dataFolder, "nats"),
      chosenPort: settings.broker.port,
      program: settings.broker.program,
      path: context.programFolders,
      // One stream for each of the four lanes.
      storeBytesMax: settings.broker.mebibytesMax * 2 ** 20 * 4,
      gatewayCredentialsFile,
    },
    context,
  );
}

function databaseChild(settings: HubSettings, context: HubContext): PostgresChild {
  return postgres(
    {
      folder: join(settings.dataFolder, "postgres"),
      chosenPort: settings.database.port,
      programs: settings.database.programs,
      path: context.programFolders,
      user: settings.database.user,
      connectionsMax: connectionsOf(settings),
    },
    context,
  );
}

/** None where no backups are asked for. */
function backupKeeperOf(
  settings: HubSettings,
  core: HubCore,
  databaseUrl: () => string,
  context: HubContext,
): BackupKeeper | undefined {
  const { backup } = settings;
  if (backup === undefined) return undefined;
  return new BackupKeeper({
    order: {
      folder: backup.folder,
      keep: backup.keep,
      lakeFolder: lakeFolderOf(settings),
      captureFolder: captureFolderOf(settings),
      files: backupFilesOf(settings),
    },
    everyMs: backup.everyHours * 3_600_000,
    newestUs: () => core.parts.backups.newestUs,
    made: () => core.parts.backups.reload(),
    databaseUrl,
    ...context,
  });
}
