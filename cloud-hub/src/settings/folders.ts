import { join } from "node:path";

import type { HubSettings } from "./load-settings.ts";

/** Where Parquet files of days that are over lie. */
export function lakeFolderOf({ dataFolder, history }: HubSettings): string {
  return history.lakeFolder ?? join(dataFolder, "lake");
}

/** Where the bytes of captures lie. */
export function captureFolderOf({ dataFolder, captures }: HubSettings): string {
  return captures.folder ?? join(dataFolder, "captures");
}

/** What a hub on new hardware needs besides its database: a backup keeps it. */
export function backupFilesOf(settings: HubSettings): readonly string[] {
  const { file, dataFolder, broker, history } = settings;
  return [
    file,
    join(dataFolder, "gateway.credentials"),
    // Gateways take marks from a stick only under this key.
    join(dataFolder, "hub-key.pem"),
    broker.credentialsFile,
    broker.systemCredentialsFile,
    history.bucket?.credentialsFile,
  ].filter((path) => path !== undefined);
}
