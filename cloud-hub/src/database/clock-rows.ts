/** Clock records as rows. What a gateway knows of the segments of its clock outlives the frames that said it. */
import {
  clockCauses,
  type ClockCause,
  type ClockRecord,
  type GatewayId,
} from "@millwright/wire-contract";
import type pg from "pg";

type Queryable = Pick<pg.ClientBase, "query">;

interface ClockRow {
  readonly segment: bigint;
  readonly offset_us: bigint;
  readonly disciplined: boolean;
  readonly at_us: bigint;
  readonly cause: number;
  readonly step_us: bigint;
}

const causes = new Map<number, ClockCause>(
  (Object.keys(clockCauses) as ClockCause[]).map((cause) => [clockCauses[cause], cause]),
);

/** The critical frame that told of a record. */
export interface ToldIn {
  readonly epochNo: number;
  readonly seq: number;
}

/**
 * Told again, it says nothing new. A hub that was put back may hear that first: the frame that told of it when it happened
 * is noted when it comes.
 *
 * @param told when it happened; absent of what was told again, or is known from the heads of other frames
 */
export async function insertClock(
  client: Queryable,
  gateway: GatewayId,
  { segment, offsetUs, disciplined, atUs, cause, stepUs }: ClockRecord,
  told?: ToldIn,
): Promise<void> {
  await client.query(
    `insert into clock_records (gateway, segment, offset_us, disciplined, at_us, cause, step_us, epoch_no, seq)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
     on conflict (gateway, segment, offset_us, disciplined, at_us, cause, step_us)
     do update set epoch_no = excluded.epoch_no, seq = excluded.seq
     where clock_records.epoch_no is null and excluded.epoch_no is not null`,
    [
      gateway,
      segment,
      Math.round(offsetUs),
      disciplined,
      Math.round(atUs),
      cause === undefined ? 0 : clockCauses[cause],
      Math.round(stepUs ?? 0),
      told?.epochNo ?? null,
      told?.seq ?? null,
    ],
  );
}

/** Known in the range, oldest first; the newest `recordsMax`. */
export async function readClocks(
  client: Queryable,
  gateway: GatewayId,
  fromUs: number,
  toUs: number,
  recordsMax: number,
): Promise<readonly ClockRecord[]> {
  const found = await client.query<ClockRow>(
    `select * from clock_records where gateway = $1 and at_us between $2 and $3
     order by at_us desc, segment limit $4`,
    [gateway, Math.floor(fromUs), Math.ceil(toUs), recordsMax],
  );
  return found.rows.map(toRecord).toReversed();
}

function toRecord(row: ClockRow): ClockRecord {
  const cause = causes.get(row.cause);
  return {
    segment: Number(row.segment),
    offsetUs: Number(row.offset_us),
    disciplined: row.disciplined,
    atUs: Number(row.at_us),
    ...(cause === undefined ? {} : { cause }),
    ...(row.step_us === 0n ? {} : { stepUs: Number(row.step_us) }),
  };
}
