/** The log of acts that cannot be undone. Each entry holds the hash of the one before, so that none can be left out. */
import { createHash } from "node:crypto";

import type pg from "pg";

export interface AuditEntry {
  readonly atUs: number;
  /** "policy", or who. */
  readonly actor: string;
  readonly act: string;
  readonly details: Readonly<Record<string, string | number>>;
}

/** Any number that only we use: entries are chained one after the other. */
const lockNumber = 0x6d776175;

/** In the transaction of the act itself: what was rolled back was not done. */
export async function writeAudit(client: pg.ClientBase, entry: AuditEntry): Promise<void> {
  await client.query("select pg_advisory_xact_lock($1)", [lockNumber]);
  const last = await client.query<{ hash: string }>(
    "select hash from audit_log order by no desc limit 1",
  );
  const previous = last.rows[0]?.hash ?? "";
  const details = JSON.stringify(entry.details);
  await client.query(
    `insert into audit_log (at_us, actor, act, details, previous, hash) values ($1, $2, $3, $4, $5, $6)`,
    [
      Math.round(entry.atUs),
      entry.actor,
      entry.act,
      details,
      previous,
      hashOf(previous, Math.round(entry.atUs), entry.actor, entry.act, entry.details),
    ],
  );
}

/** The number of the first entry that does not fit the one before it; undefined when all do. */
export async function brokenAudit(
  client: Pick<pg.ClientBase, "query">,
): Promise<number | undefined> {
  const rows = await client.query<{
    no: bigint;
    at_us: bigint;
    actor: string;
    act: string;
    details: Record<string, string | number>;
    previous: string;
    hash: string;
  }>("select * from audit_log order by no");
  let previous = "";
  for (const row of rows.rows) {
    const hash = hashOf(previous, Number(row.at_us), row.actor, row.act, row.details);
    if (row.previous !== previous || row.hash !== hash) return Number(row.no);
    previous = hash;
  }
  return undefined;
}

function hashOf(
  previous: string,
  atUs: number,
  actor: string,
  act: string,
  details: Readonly<Record<string, string | number>>,
): string {
  // jsonb does not keep the order of keys.
  const sorted = Object.entries(details).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return createHash("sha256")
    .update(JSON.stringify([previous, atUs, actor, act, sorted]))
    .digest("hex");
}
