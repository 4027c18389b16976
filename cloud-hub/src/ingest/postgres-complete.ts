/** What frames say of the completeness of their epochs, kept with the marks that prove it. */
import type { Complete, LaneMark } from "@millwright/wire-contract";
import type pg from "pg";

import { laneOfNumber } from "../database/rows.ts";
import { advance } from "./completeness.ts";
import type { LaneWork } from "./postgres-lanes.ts";

/** After the marks have moved. A gateway says it every ten seconds, so most batches cost nothing here. */
export async function noteComplete(
  client: pg.ClientBase,
  lanes: readonly LaneWork[],
): Promise<void> {
  const named = new Map<number, Complete[]>();
  for (const { epochNo, decision } of lanes) {
    for (const { head } of decision.store) {
      if (head.complete === undefined) continue;
      named.set(epochNo, [...(named.get(epochNo) ?? []), head.complete]);
    }
  }
  if (named.size === 0) return;
  const numbers = [...named.keys()];
  // Marks are locked before epochs, everywhere. One that no hello has named yet is complete up to nothing.
  const epochs = await client.query<{
    no: number;
    complete_us: bigint;
    complete_seq: bigint;
    complete_waiting: readonly Complete[];
  }>(
    `select no, complete_us, complete_seq, complete_waiting from epochs
     where no = any($1::int[]) and complete_us is not null order by no for no key update`,
    [numbers],
  );
  const marks = await client.query<{ epoch_no: number; lane: number; seq: bigint }>(
    "select epoch_no, lane, seq from marks where epoch_no = any($1::int[])",
    [numbers],
  );
  const reached = new Map<number, Pick<LaneMark, "lane" | "storedSeq">[]>();
  for (const { epoch_no, lane, seq } of marks.rows) {
    const mark = { lane: laneOfNumber(lane), storedSeq: Number(seq) };
    reached.set(epoch_no, [...(reached.get(epoch_no) ?? []), mark]);
  }
  const next = epochs.rows.map(({ no, complete_us, complete_seq, complete_waiting }) => ({
    no,
    ...advance(
      {
        upToUs: Number(complete_us),
        criticalSeq: Number(complete_seq),
        waiting: complete_waiting,
      },
      named.get(no) ?? [],
      reached.get(no) ?? [],
    ),
  }));
  await client.query(
    `update epochs e set complete_us = n.us, complete_seq = n.seq, complete_waiting = n.waiting
     from unnest($1::int[], $2::bigint[], $3::bigint[], $4::jsonb[]) n (no, us, seq, waiting) where e.no = n.no`,
    [
      next.map(({ no }) => no),
      next.map(({ upToUs }) => Math.round(upToUs)),
      next.map(({ criticalSeq }) => criticalSeq),
      next.map(({ waiting }) => JSON.stringify(waiting)),
    ],
  );
}
