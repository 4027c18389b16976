/** Events as rows. The database keeps each once, whatever frames bring it, and beside them the newest of each alarm. */
import { createHash } from "node:crypto";

import type { GatewayId } from "@millwright/wire-contract";
import { eventKinds, type EventLine, type EventsBody } from "@millwright/wire-contract/events";
import type pg from "pg";

import type { EventsAsked, HubEvent } from "../hand-over.ts";
import { writeAudit } from "./audit.ts";
import { column } from "./rows.ts";

type Queryable = Pick<pg.ClientBase, "query">;

interface EventRow {
  readonly id?: bigint;
  readonly gateway: GatewayId;
  readonly journal_us: bigint;
  readonly number: bigint;
  readonly kind?: number;
  readonly at_us: bigint;
  readonly asset: string;
  readonly subject: string;
  readonly body: string;
}

/** Told again, they say nothing new. */
export async function insertEvents(
  client: Queryable,
  gateway: GatewayId,
  { journalUs, lines }: EventsBody,
): Promise<void> {
  if (lines.length === 0) return;
  await client.query(
    `insert into events (gateway, journal_us, number, digest, kind, at_us, asset, subject, body)
     select $1, $2, * from unnest($3::bigint[], $4::bigint[], $5::int[], $6::bigint[], $7::text[], $8::text[], $9::text[])
     on conflict do nothing`,
    [
      gateway,
      journalUs,
      column(lines, ({ number }) => number),
      column(lines, digestOf),
      column(lines, ({ kind }) => kind),
      column(lines, ({ atUs }) => atUs),
      column(lines, ({ asset }) => asset),
      column(lines, ({ subject }) => subject),
      column(lines, ({ json }) => json),
    ],
  );
  const newest = newestAlarms(lines);
  if (newest.length === 0) return;
  await client.query(
    `insert into alarms (gateway, journal_us, alarm, number, state, at_us, asset, body)
     select $1, $2, * from unnest($3::text[], $4::bigint[], $5::text[], $6::bigint[], $7::text[], $8::text[])
     on conflict (gateway, alarm) do update set journal_us = excluded.journal_us, number = excluded.number,
       state = excluded.state, at_us = excluded.at_us, asset = excluded.asset, body = excluded.body
     where (excluded.journal_us, excluded.number) > (alarms.journal_us, alarms.number)`,
    [
      gateway,
      journalUs,
      column(newest, ({ line }) => line.subject),
      column(newest, ({ line }) => line.number),
      column(newest, ({ state }) => state),
      column(newest, ({ line }) => line.atUs),
      column(newest, ({ line }) => line.asset),
      column(newest, ({ line }) => line.json),
    ],
  );
}

/** The newest first. */
export async function readEvents(
  client: Queryable,
  asked: EventsAsked,
): Promise<readonly HubEvent[]> {
  const where: string[] = ["true"];
  const values: unknown[] = [];
  const ask = (condition: (at: string) => string, value: unknown): void => {
    if (value === undefined) return;
    values.push(value);
    where.push(condition(`$${values.length}`));
  };
  const { gateways, kind, asset, subject, fromUs, toUs, after, max } = asked;
  ask((at) => `gateway = any(${at}::text[])`, gateways);
  ask((at) => `kind = ${at}`, kind === undefined ? undefined : eventKinds[kind]);
  ask((at) => `asset = ${at}`, asset);
  ask((at) => `subject = ${at}`, subject);
  ask((at) => `at_us >= ${at}`, fromUs === undefined ? undefined : Math.ceil(fromUs));
  ask((at) => `at_us <= ${at}`, toUs === undefined ? undefined : Math.floor(toUs));
  if (after !== undefined) {
    values.push(after.atUs, after.id);
    where.push(`(at_us, id) < ($${values.length - 1}::bigint, $${values.length}::bigint)`);
  }
  values.push(max);
  const found = await client.query<EventRow>(
    `select id, gateway, journal_us, number, kind, at_us, asset, subject, body from events
     where ${where.join(" and ")} order by at_us desc, id desc limit $${values.length}`,
    values,
  );
  return found.rows.map(toEvent);
}

/** The newest event of each alarm that is not normal, in no particular order. */
export async function readAlarms(
  client: Queryable,
  max: number,
  gateway?: string,
): Promise<readonly HubEvent[]> {
  const found = await client.query<EventRow>(
    `select gateway, journal_us, number, at_us, asset, alarm as subject, body from alarms
     where state <> 'normal' ${gateway === undefined ? "" : "and gateway = $2"} order by gateway, alarm limit $1`,
    gateway === undefined ? [max] : [max, gateway],
  );
  return found.rows.map(toEvent);
}

/** Deletes by age: an act of policy, in the audit log. In one transaction. @returns how many went */
export async function expireEvents(
  client: pg.ClientBase,
  beforeUs: number,
  max: number,
  nowUs: number,
): Promise<number> {
  const deleted = await client.query(
    "delete from events where id in (select id from events where at_us < $1 order by at_us, id limit $2)",
    [Math.floor(beforeUs), max],
  );
  const events = deleted.rowCount ?? 0;
  if (events === 0) return 0;
  const before = new Date(beforeUs / 1_000).toISOString();
  await writeAudit(client, {
    atUs: nowUs,
    actor: "policy",
    act: "events expired",
    details: { before, events },
  });
  return events;
}

/** 64 bits of what an event says: of two with one number. */
export function digestOf({ kind, atUs, asset, subject, json }: EventLine): bigint {
  const said = JSON.stringify([kind, atUs, asset, subject, json]);
  return createHash("sha256").update(said).digest().readBigInt64BE();
}

/** @returns of each alarm the line with the highest number, and the state that it says */
export function newestAlarms(
  lines: readonly EventLine[],
): readonly { readonly line: EventLine; readonly state: string }[] {
  const newest = new Map<string, EventLine>();
  for (const line of lines) {
    if (line.kind !== eventKinds.alarm) continue;
    const known = newest.get(line.subject);
    if (known === undefined || line.number > known.number) newest.set(line.subject, line);
  }
  return [...newest.values()].map((line) => ({ line, state: stateIn(line.json) }));
}

/** What says no state counts as normal: it is no alarm that anybody could act on. */
function stateIn(json: string): string {
  const body = JSON.parse(json) as Readonly<Record<string, unknown>>;
  const { state } = body;
  // PostgreSQL takes no NUL in text.
  return typeof state === "string" && !state.includes("\0") ? state : "normal";
}

function toEvent(row: EventRow): HubEvent {
  return {
    id: Number(row.id ?? 0n),
    gateway: row.gateway,
    journalUs: Number(row.journal_us),
    line: {
      number: Number(row.number),
      kind: row.kind ?? eventKinds.alarm,
      atUs: Number(row.at_us),
      asset: row.asset,
      subject: row.subject,
      json: row.body,
    },
  };
}
