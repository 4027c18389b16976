import type pg from "pg";

/** Any number that only we use: whoever changes what is sorted works alone, of all hubs that share the database. */
const lockNumber = 0x6d777372;

/** Until the end of the transaction. False when another one works. */
export async function tryToSort(client: pg.ClientBase): Promise<boolean> {
  const lock = await client.query<{ mine: boolean }>(
    "select pg_try_advisory_xact_lock($1) as mine",
    [lockNumber],
  );
  return lock.rows[0]?.mine === true;
}

/** Waits for the pass that is at work, and keeps others out until the end of the transaction. */
export async function keepSortersOut(client: pg.ClientBase): Promise<void> {
  await client.query("select pg_advisory_xact_lock($1)", [lockNumber]);
}
