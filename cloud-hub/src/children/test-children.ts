/** The hub's children for tests: real ones, in a folder that goes with the test. */
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { seededRandom, silentLog, systemClock } from "@millwright/kit";

import { programFolders } from "../settings/environment.ts";
import { natsServer, type NatsServerChild } from "./nats-server.ts";
import { postgres, type PostgresChild } from "./postgres.ts";

export const childContext = { clock: systemClock, random: seededRandom(1), log: silentLog };

/** Of a test database: unlike what PostgreSQL itself would choose. */
export const testConnections = 41;

/** Remember to remove it. */
export function makeDataFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "millwright-hub-"));
  // Run by root, PostgreSQL is another user and has to pass.
  chmodSync(folder, 0o711);
  return folder;
}

export function removeDataFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}

export function testBroker(folder: string, chosenPort?: number): NatsServerChild {
  return natsServer(
    {
      folder: join(folder, "nats"),
      chosenPort,
      program: undefined,
      path: programFolders(),
      storeBytesMax: 2 ** 30,
      gatewayCredentialsFile: join(folder, "gateway.credentials"),
    },
    childContext,
  );
}

export function testDatabase(folder: string, chosenPort?: number): PostgresChild {
  return postgres(
    {
      folder: join(folder, "postgres"),
      chosenPort,
      programs: undefined,
      path: programFolders(),
      user: undefined,
      connectionsMax: testConnections,
    },
    childContext,
  );
}

/** Waits for a condition, never for a duration; two minutes are for a machine that is busy with other tests. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + 120_000;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`waited in vain until ${what}`);
    await systemClock.sleep(20, new AbortController().signal);
  }
}

/** Meanwhile no process of ours can be started, as on a machine that has no room for one more. */
export async function withoutProcesses<T>(work: () => Promise<T>): Promise<T> {
  const { execPath } = process;
  process.execPath = "/no/such/program";
  try {
    return await work();
  } finally {
    process.execPath = execPath;
  }
}
