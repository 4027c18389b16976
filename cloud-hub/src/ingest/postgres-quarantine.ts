/** Rows for a person to look at: forks, frames that cannot be decoded, bytes that are no frames. */
import { laneNumbers } from "@millwright/wire-contract";
import type pg from "pg";

import type { LaneKey } from "./admission.ts";
import { rejectedBytesMax, rejectedRowsMax, type Rejected } from "./frame-store.ts";
import type { LaneWork } from "./postgres-lanes.ts";
import { toColumn } from "../database/rows.ts";

/** Frames that waited and did not fit leave their number to the frame that will. */
export async function moveUnfit(
  client: pg.ClientBase,
  lane: LaneWork,
  receivedUs: number,
): Promise<void> {
  if (lane.decision.unfit.length === 0) return;
  await client.query(
    "delete from frames_in_voids where epoch_no = $1 and lane = $2 and seq = any($3::bigint[])",
    [lane.epochNo, lane.laneNumber, lane.decision.unfit],
  );
  await client.query(
    `with gone as (
       delete from frames where epoch_no = $1 and lane = $2 and seq = any($3::bigint[]) returning *)
     insert into quarantine
       (gateway, epoch, lane, seq, chain, kind, reason, received_us, byte_count, bytes, sorted)
     select $4, $5, lane, seq, chain, 'fork', 'does not fit the chain before it', $6, length(bytes), bytes, content <> 1
     from gone on conflict do nothing`,
    [
      lane.epochNo,
      lane.laneNumber,
      lane.decision.unfit,
      lane.key.gateway,
      lane.key.epoch,
      receivedUs,
    ],
  );
}

interface QuarantineInsert {
  readonly gateway: string;
  readonly epoch: string | null;
  readonly lane: number;
  readonly seq: number | null;
  readonly chain: bigint | null;
  readonly kind: string;
  readonly reason: string;
  readonly byteCount: number;
  readonly bytes: Uint8Array;
  /** Its samples are for the sorter to take. */
  readonly unsorted?: boolean;
}

export async function insertQuarantine(
  client: Pick<pg.ClientBase, "query">,
  receivedUs: number,
  rows: readonly QuarantineInsert[],
): Promise<void> {
  for (const row of rows) {
    await client.query(
      `insert into quarantine
         (gateway, epoch, lane, seq, chain, kind, reason, received_us, byte_count, bytes, sorted)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) on conflict do nothing`,
      [
        row.gateway,
        row.epoch,
        row.lane,
        row.seq,
        row.chain === null ? null : toColumn(row.chain),
        row.kind,
        row.reason,
        receivedUs,
        row.byteCount,
        Buffer.from(row.bytes),
        row.unsorted !== true,
      ],
    );
  }
}

export function numbered(
  of: LaneKey & { readonly seq: number; readonly chain: bigint; readonly bytes: Uint8Array },
  kind: string,
  reason: string,
  bytes: Uint8Array,
): QuarantineInsert {
  const { gateway, epoch, seq, chain } = of;
  const lane = laneNumbers[of.lane];
  return { gateway, epoch, lane, seq, chain, kind, reason, byteCount: of.bytes.length, bytes };
}

export function rejectedRow(rejected: Rejected): QuarantineInsert {
  return {
    gateway: rejected.gateway,
    epoch: null,
    lane: laneNumbers[rejected.lane],
    seq: null,
    chain: null,
    kind: "rejected",
    reason: rejected.reason,
    byteCount: rejected.bytes.length,
    bytes: rejected.bytes.subarray(0, rejectedBytesMax),
  };
}

export async function trimRejected(
  client: pg.ClientBase,
  rejected: readonly Rejected[],
): Promise<void> {
  for (const gateway of new Set(rejected.map((one) => one.gateway))) {
    await client.query(
      `delete from quarantine where gateway = $1 and kind = 'rejected' and id <= (
         select id from quarantine where gateway = $1 and kind = 'rejected'
         order by id desc offset ${rejectedRowsMax} limit 1)`,
      [gateway],
    );
  }
}
