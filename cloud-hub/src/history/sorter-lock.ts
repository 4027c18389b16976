/** Who may change what is sorted, of all hubs that share the database. */
import type pg from "pg";

import { bucketsOf, type SorterShare } from "./sorter-share.ts";

/** Any number that only we use: what is behind it is a bucket of gateways. */
const lockNumber = 0x6d777372;

/**
 * Until the end of the transaction, of which it is the begin. False when another one sorts any of these gateways. Waits for
 * those who keep sorters out.
 */
export async function tryToSort(client: pg.ClientBase, share: SorterShare): Promise<boolean> {
  // A lock of a table, because it is taken before the transaction has decided which moment of the database it sees: what
  // was changed by the one it waited for, it sees.
  await client.query("lock table sorted_lanes in row exclusive mode");
  const lock = await client.query<{ ours: boolean }>(
    "select bool_and(pg_try_advisory_xact_lock($1, bucket)) as ours from unnest($2::int[]) bucket",
    [lockNumber, bucketsOf(share)],
  );
  return lock.rows[0]?.ours === true;
}

/** Waits for the passes that are at work, and keeps others out until the end of the transaction. */
export async function keepSortersOut(client: pg.ClientBase): Promise<void> {
  await client.query("lock table sorted_lanes in share row exclusive mode");
}
