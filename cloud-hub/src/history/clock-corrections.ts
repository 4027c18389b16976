/**
 * What is to be added to stamps of a clock segment when they are read (no-loss protocol 2, clock segment). A gateway says it
 * in a clock record; where that was lost, the heads of frames that were sealed later repeat it.
 */
import type { FrameHead, GatewayId } from "@millwright/wire-contract";
import type pg from "pg";

import { insertClock } from "../database/clock-rows.ts";

type Queryable = Pick<pg.ClientBase, "query">;

/** Of one segment. */
export interface ClockCorrection {
  readonly gateway: GatewayId;
  readonly segment: number;
  /** µs. */
  readonly offsetUs: number;
}

/** Segments that a pass of the sorter corrects: a gateway has few between its start and the moment at which its clock is set. */
const correctionsPerPass = 100;

interface CorrectionRow {
  readonly gateway: GatewayId;
  readonly segment: bigint;
  readonly offset_us: bigint;
}

export class ClockCorrections {
  readonly #offsets: ReadonlyMap<string, number>;

  constructor(corrections: readonly ClockCorrection[]) {
    this.#offsets = new Map(corrections.map((one) => [keyOf(one), one.offsetUs]));
  }

  /** Of stamps that the gateway made. */
  of({ gateway, clock }: Pick<FrameHead, "gateway" | "clock">): number {
    if (clock.disciplined) return 0;
    return this.#offsets.get(keyOf({ gateway, ...clock })) ?? clock.offsetUs;
  }
}

/** Of all segments of these gateways; of each the newest correction. */
export async function readCorrections(
  client: Queryable,
  gateways: readonly GatewayId[],
): Promise<readonly ClockCorrection[]> {
  const found = await client.query<CorrectionRow>(
    `select distinct on (gateway, segment) gateway, segment, offset_us from clock_records
     where gateway = any($1::text[]) and disciplined order by gateway, segment, at_us desc`,
    [gateways],
  );
  return found.rows.map(toCorrection);
}

/** Those that samples which are sorted already may not be read with. */
export async function correctionsToApply(client: Queryable): Promise<readonly ClockCorrection[]> {
  const found = await client.query<CorrectionRow>(
    `select distinct on (gateway, segment) gateway, segment, offset_us from clock_records
     where not applied and disciplined and offset_us <> 0 order by gateway, segment, at_us desc
     limit ${correctionsPerPass}`,
  );
  return found.rows.map(toCorrection);
}

export async function noteApplied(
  client: Queryable,
  corrections: readonly ClockCorrection[],
): Promise<void> {
  await client.query(
    `update clock_records r set applied = true from unnest($1::text[], $2::bigint[]) k (gateway, segment)
     where r.gateway = k.gateway and r.segment = k.segment`,
    [corrections.map(({ gateway }) => gateway), corrections.map(({ segment }) => segment)],
  );
}

/** What heads say of segments of which no record says it: a journal that was put back may have lost the record. */
export async function learnFromHeads(
  client: Queryable,
  heads: readonly FrameHead[],
): Promise<void> {
  const learnt = new Map<string, FrameHead>();
  for (const head of heads) {
    const { disciplined, offsetUs } = head.clock;
    if (!disciplined && offsetUs !== 0) learnt.set(keyOf({ ...head, ...head.clock }), head);
  }
  if (learnt.size === 0) return;
  const gateways = [...new Set([...learnt.values()].map(({ gateway }) => gateway))];
  for (const known of await readCorrections(client, gateways)) learnt.delete(keyOf(known));
  for (const { gateway, clock, sealedUs } of learnt.values()) {
    await insertClock(client, gateway, { ...clock, disciplined: true, atUs: sealedUs });
  }
}

function toCorrection(row: CorrectionRow): ClockCorrection {
  return {
    gateway: row.gateway,
    segment: Number(row.segment),
    offsetUs: Number(row.offset_us),
  };
}

function keyOf({ gateway, segment }: Pick<ClockCorrection, "gateway" | "segment">): string {
  return `${gateway}/${segment}`;
}
