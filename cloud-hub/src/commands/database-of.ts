/** The database of a hub that may run or not, for a command beside it. */
import { join } from "node:path";

import type { KeptChildContext } from "../children/kept-child.ts";
import { postgres } from "../children/postgres.ts";
import { connectionsOf } from "../database/connections.ts";
import { programFolders } from "../settings/environment.ts";
import type { HubSettings } from "../settings/load-settings.ts";

export interface CommandDatabase {
  readonly url: string;
  /** Ends the database when it was started for this command. */
  close(): Promise<void>;
}

const stopMs = 10_000;

/** The one that the settings name, or the hub's own; that is started when it does not run, and found when it does. */
export async function openDatabaseOf(
  settings: HubSettings,
  context: KeptChildContext,
): Promise<CommandDatabase> {
  if (settings.database.url !== undefined)
    return { url: settings.database.url, close: () => Promise.resolve() };
  const database = postgres(
    {
      folder: join(settings.dataFolder, "postgres"),
      chosenPort: settings.database.port,
      programs: settings.database.programs,
      path: programFolders(),
      user: settings.database.user,
      connectionsMax: connectionsOf(settings),
    },
    context,
  );
  const { child } = database;
  await child.start();
  const { adopted } = child;
  return {
    url: database.url(),
    async close() {
      // One that was there before belongs to a hub.
      if (adopted) child.letGo();
      else await child.stop(AbortSignal.timeout(stopMs));
    },
  };
}
