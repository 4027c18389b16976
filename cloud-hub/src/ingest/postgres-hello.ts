/** A hello in PostgreSQL: what is known of the gateway's life, what the hello means for it, and what is kept of that. */
import {
  laneNumbers,
  type Complete,
  type Epoch,
  type GatewayId,
  type Hello,
  type LaneMark,
} from "@millwright/wire-contract";
import type pg from "pg";

import { toColumn } from "../database/rows.ts";
import type { AskedHead } from "./answer-marks.ts";
import type { ClockStep } from "./clock-steps.ts";
import { advance } from "./completeness.ts";
import type { ClockHeard, KnownEpoch, Meeting } from "./meet-gateway.ts";
import { insertEntries } from "./postgres-intake.ts";

type Queryable = Pick<pg.ClientBase, "query">;

/**
 * All epochs of the gateway, with their completeness as the marks are now.
 *
 * @param putBack what was heard of the clock is read of these and of those that have not ended: of what may be lost
 */
export async function readEpochs(
  client: Queryable,
  gateway: GatewayId,
  marks: readonly LaneMark[],
  putBack: ReadonlySet<Epoch>,
): Promise<readonly KnownEpoch[]> {
  const found = await client.query<{
    no: number;
    epoch: Epoch;
    rank: number | null;
    parent: Epoch | null;
    started_us: bigint;
    complete_us: bigint | null;
    complete_seq: bigint;
    complete_waiting: readonly Complete[];
    ended: boolean;
    fenced: boolean;
    said_us: bigint | null;
    at_us: bigint | null;
  }>(
    `select no, epoch, rank, parent, started_us, complete_us, complete_seq, complete_waiting, ended, fenced, said_us, at_us
     from epochs e left join lateral (
       select newest.* from marks m cross join lateral (
         select sealed_us as said_us, received_us as at_us from frames f
         where f.epoch_no = m.epoch_no and f.lane = m.lane order by seq desc limit 1) newest
       where m.epoch_no = e.no and (not e.ended or e.epoch = any($2::text[]))
       order by newest.at_us desc limit 1) heard on true
     where gateway = $1`,
    [gateway, [...putBack]],
  );
  // A gateway in a crash loop says hello with each of thousands of starts.
  const byEpoch = Map.groupBy(marks, ({ epoch }) => epoch);
  const complete = found.rows.map((row) => {
    const own = byEpoch.get(row.epoch) ?? [];
    const { no, complete_us: upToUs, complete_seq: seq, complete_waiting: waiting } = row;
    const mayBeLost = !row.ended || putBack.has(row.epoch);
    const known = { no, mayBeLost, criticalSeq: Number(seq), upToUs: undefined };
    // One that no hello has named is complete up to nothing.
    if (upToUs === null) return known;
    return { ...known, ...advance({ ...known, upToUs: Number(upToUs), waiting }, [], own) };
  });
  const steps = await readSteps(
    client,
    complete.filter(({ mayBeLost }) => mayBeLost),
  );
  return found.rows.map((row, at): KnownEpoch => {
    const completeUs = complete[at]?.upToUs;
    const { epoch, ended, fenced } = row;
    const [rank, parent] = [row.rank ?? undefined, row.parent ?? undefined];
    const heard = heardIn(row.said_us, row.at_us);
    const startedUs = Number(row.started_us);
    const own = steps.get(row.no) ?? [];
    return { epoch, rank, parent, startedUs, completeUs, ended, fenced, heard, steps: own };
  });
}

/** Moves of the clock that were told since the epochs were complete. */
async function readSteps(
  client: Queryable,
  complete: readonly { readonly no: number; readonly criticalSeq: number }[],
): Promise<ReadonlyMap<number, readonly ClockStep[]>> {
  const found = await client.query<{ epoch_no: number; at_us: bigint; step_us: bigint }>(
    `select r.epoch_no, r.at_us, r.step_us from unnest($1::int[], $2::bigint[]) k (no, seq)
     join clock_records r on r.epoch_no = k.no and r.seq > k.seq where r.step_us <> 0`,
    [complete.map(({ no }) => no), complete.map(({ criticalSeq }) => criticalSeq)],
  );
  const steps = new Map<number, ClockStep[]>();
  for (const { epoch_no, at_us, step_us } of found.rows) {
    const step = { beforeUs: Number(at_us - step_us), afterUs: Number(at_us) };
    steps.set(epoch_no, [...(steps.get(epoch_no) ?? []), step]);
  }
  return steps;
}

function heardIn(saidUs: bigint | null, atUs: bigint | null): ClockHeard | undefined {
  if (saidUs === null || atUs === null) return undefined;
  return { saidUs: Number(saidUs), atUs: Number(atUs) };
}

/** Those of the asked heads that lie in the prefix. A frame whose day was released cannot be compared any more. */
export async function headsInPrefix(
  client: Queryable,
  gateway: GatewayId,
  asked: readonly AskedHead[],
): Promise<readonly AskedHead[]> {
  if (asked.length === 0) return [];
  const found = await client.query<{ at: number }>(
    `select k.at from unnest($2::int[], $3::text[], $4::smallint[], $5::bigint[], $6::bigint[])
       k (at, epoch, lane, seq, chain)
     join epochs e on e.gateway = $1 and e.epoch = k.epoch
     where k.seq = 0
       or exists (select from frames f
         where f.epoch_no = e.no and f.lane = k.lane and f.seq = k.seq and f.chain = k.chain)
       or exists (select from voids v
         where v.epoch_no = e.no and v.lane = k.lane and v.to_seq = k.seq and v.chain_at = k.chain)`,
    [
      gateway,
      asked.map((_, at) => at),
      asked.map(({ epoch }) => epoch),
      asked.map(({ lane }) => laneNumbers[lane]),
      asked.map(({ seq }) => seq),
      asked.map(({ chain }) => toColumn(chain)),
    ],
  );
  const has = new Set(found.rows.map(({ at }) => at));
  return asked.filter((_, at) => has.has(at));
}

/** Inside the transaction that has locked the row of the gateway. */
export async function keepMeeting(
  client: pg.ClientBase,
  hello: Hello,
  met: Meeting,
  nowUs: number,
): Promise<void> {
  const { gateway } = hello;
  for (const [epoch, upToUs] of met.covered) {
    await client.query(
      `update epochs set complete_us = $3, complete_seq = coalesce(
         (select seq from marks where epoch_no = no and lane = $4), 0)
       where gateway = $1 and epoch = $2`,
      [gateway, epoch, Math.round(upToUs), laneNumbers.critical],
    );
  }
  for (const { epoch, parent, startedUs } of hello.epochs) {
    const [rank, beginUs] = [met.ranks.get(epoch), met.begins.get(epoch)];
    if (rank === undefined && beginUs === undefined) continue;
    await client.query(
      `insert into epochs (gateway, epoch, rank, parent, started_us, complete_us)
       values ($1, $2, $3, $4, $5, $6)
       on conflict (gateway, epoch) do update set rank = coalesce(epochs.rank, excluded.rank),
       parent = excluded.parent, started_us = excluded.started_us,
       complete_us = coalesce(epochs.complete_us, excluded.complete_us)`,
      [
        gateway,
        epoch,
        rank ?? null,
        parent ?? null,
        Math.round(startedUs),
        beginUs === undefined ? null : Math.round(beginUs),
      ],
    );
  }
  const own = hello.epochs.at(-1)?.epoch ?? null;
  await client.query(
    `update epochs set ended = ended or epoch = any($2::text[]), fenced = fenced or (epoch = $3 and $4),
       end_before = case when epoch = $3 then coalesce($5, end_before) else end_before end
     where gateway = $1 and (epoch = any($2::text[]) or epoch = $3)`,
    [gateway, met.ended, own, met.fenced, hello.before ?? null],
  );
  await keepClaims(client, hello, met);
  // What the copy says of itself does not stand in the place of what the gateway has said.
  await client.query(
    met.fenced
      ? "update gateways set copy_us = $2 where gateway = $1"
      : "update gateways set hello_us = $2, hello = $3, running = $4 where gateway = $1",
    met.fenced ? [gateway, nowUs] : [gateway, nowUs, JSON.stringify(hello), met.running ?? null],
  );
}

async function keepClaims(client: pg.ClientBase, hello: Hello, met: Meeting): Promise<void> {
  const birth = hello.journal?.epoch ?? hello.epochs[0]?.epoch;
  if (met.claims.length === 0 || birth === undefined) return;
  const found = await client.query<{ no: number }>(
    `insert into epochs (gateway, epoch) values ($1, $2)
     on conflict (gateway, epoch) do update set epoch = excluded.epoch returning no`,
    [hello.gateway, birth],
  );
  const [row] = found.rows;
  if (row !== undefined) await insertEntries(client, row.no, met.claims);
}
