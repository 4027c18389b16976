/** One backup at a time, and nothing is let go of meanwhile that it has yet to read. */
import type pg from "pg";

/** Any number below 2^32 that only we use. */
const lockNumber = 0x6d776270;

/** For as long as the connection lives. False when a backup is being made. */
export async function tryToBackUp(client: pg.ClientBase): Promise<boolean> {
  const lock = await client.query<{ mine: boolean }>("select pg_try_advisory_lock($1) as mine", [
    lockNumber,
  ]);
  return lock.rows[0]?.mine === true;
}

/** A table that goes now, or a file, would be missing in the backup; whoever wants it gone tries again later. */
export async function isBackupUnderWay(client: Pick<pg.ClientBase, "query">): Promise<boolean> {
  const found = await client.query(
    `select from pg_locks where locktype = 'advisory' and granted and classid = 0 and objid = $1
       and database = (select oid from pg_database where datname = current_database())`,
    [lockNumber],
  );
  return found.rows.length > 0;
}
