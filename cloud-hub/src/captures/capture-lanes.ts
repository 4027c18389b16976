/** Frames of captures in the database: what waits to be put together, and how far that has come. */
import { frameContents, laneNumbers, type Epoch, type GatewayId } from "@millwright/wire-contract";
import type pg from "pg";

import { inTransaction } from "../database/transaction.ts";

const lane = laneNumbers.capture;

export interface CaptureLane {
  readonly epochNo: number;
  readonly gateway: GatewayId;
  readonly epoch: Epoch;
  /** The last number that was put together. */
  readonly doneSeq: number;
  /** The end of the prefix. */
  readonly markSeq: number;
}

export interface CaptureFrameRow {
  readonly seq: number;
  readonly bytes: Uint8Array;
}

/** Lanes in which the record of a capture has come: all of its pieces lie before it. */
export async function lanesToAssemble(pool: pg.Pool): Promise<readonly CaptureLane[]> {
  const found = await pool.query<{
    no: number;
    gateway: GatewayId;
    epoch: Epoch;
    done: bigint;
    seq: bigint;
  }>(
    `select e.no, e.gateway, e.epoch, coalesce(c.seq, 0) as done, m.seq
     from marks m join epochs e on e.no = m.epoch_no left join capture_marks c on c.epoch_no = m.epoch_no
     where m.lane = ${lane} and m.seq > coalesce(c.seq, 0) and exists (
       select from frames f where f.epoch_no = m.epoch_no and f.lane = ${lane}
         and f.content = ${frameContents.capture} and f.seq > coalesce(c.seq, 0) and f.seq <= m.seq)
     order by e.no`,
  );
  return found.rows.map((row) => ({
    epochNo: row.no,
    gateway: row.gateway,
    epoch: row.epoch,
    doneSeq: Number(row.done),
    markSeq: Number(row.seq),
  }));
}

/** Frames above `afterSeq` up to the mark, in order. */
export async function framesOf(
  pool: pg.Pool,
  { epochNo, markSeq }: CaptureLane,
  afterSeq: number,
  max: number,
): Promise<readonly CaptureFrameRow[]> {
  const found = await pool.query<{ seq: bigint; bytes: Buffer }>(
    `select seq, bytes from frames where epoch_no = $1 and lane = ${lane} and seq > $2 and seq <= $3
     order by seq limit $4`,
    [epochNo, afterSeq, markSeq, max],
  );
  return found.rows.map(({ seq, bytes }) => ({ seq: Number(seq), bytes }));
}

/** The frames up to this one have done their work. In the transaction that lists what was made of them. */
export async function noteDone(
  client: pg.ClientBase,
  epochNo: number,
  { seq, chain, cum }: { readonly seq: number; readonly chain: bigint; readonly cum: number },
): Promise<void> {
  await client.query(
    `insert into capture_marks values ($1, $2, $3, $4)
     on conflict (epoch_no) do update set seq = excluded.seq, chain = excluded.chain, cum = excluded.cum`,
    [epochNo, seq, BigInt.asIntN(64, chain), cum],
  );
  await client.query(`delete from frames where epoch_no = $1 and lane = ${lane} and seq <= $2`, [
    epochNo,
    seq,
  ]);
}

/**
 * What came above the last capture that was put together is let go and asked for again: the mark goes back, and a new
 * incarnation makes gateways say hello. They still hold it, because it was never safe.
 */
export async function askAgain(pool: pg.Pool, { epochNo }: CaptureLane): Promise<void> {
  await inTransaction(pool, async (client) => {
    await client.query(`select from marks where epoch_no = $1 and lane = ${lane} for update`, [
      epochNo,
    ]);
    const done = await client.query<{ seq: bigint; chain: bigint; cum: bigint }>(
      "select seq, chain, cum from capture_marks where epoch_no = $1",
      [epochNo],
    );
    const { seq, chain, cum } = done.rows[0] ?? { seq: 0n, chain: 0n, cum: 0n };
    await client.query(
      `update marks set seq = $2, chain = $3, cum = $4, top_seq = $2,
         frame_samples = $4 - v.samples, void_samples = v.samples
       from (select coalesce(sum(sample_count), 0)::bigint as samples from voids
         where epoch_no = $1 and lane = ${lane} and to_seq <= $2) v
       where epoch_no = $1 and lane = ${lane}`,
      [epochNo, seq, chain, cum],
    );
    for (const table of ["frames", "frames_in_voids"]) {
      await client.query(
        `delete from ${table} where epoch_no = $1 and lane = ${lane} and seq > $2`,
        [epochNo, seq],
      );
    }
    await client.query(`delete from voids where epoch_no = $1 and lane = ${lane} and to_seq > $2`, [
      epochNo,
      seq,
    ]);
    await client.query("update hub set salt = gen_random_uuid()::text");
  });
}
