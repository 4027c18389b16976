/** One batch, one transaction: the statements of `takeIn`, in the order that the protocol wants (6.1). */
import {
  encodeDictionary,
  frameContents,
  laneNumbers,
  lossReasons,
  type Epoch,
  type GatewayId,
} from "@millwright/wire-contract";
import type pg from "pg";

import { unrankedEpoch } from "../hand-over.ts";
import type { AdmittedFrame, AdmittedVoid, LaneKey } from "./admission.ts";
import {
  byLane,
  laneMarkOf,
  rejectedBytesMax,
  rejectedRowsMax,
  type Intake,
  type Rejected,
  type Taken,
} from "./frame-store.ts";
import { column, fromColumn, scopeIdOf, toColumn } from "./postgres-rows.ts";
import { decideLane, type LaneDecision, type LaneKnowledge, type PrefixMark } from "./prefix.ts";

interface LaneWork {
  readonly key: LaneKey;
  readonly epochNo: number;
  readonly epochRank: number;
  readonly laneNumber: number;
  readonly before: PrefixMark;
  readonly decision: LaneDecision<AdmittedFrame, AdmittedVoid>;
}

/** Frames waiting above a hole are read in this number at most; a gateway has at most 8 MiB of them on the road. */
const waitingMax = 20_000;

export async function takeInto(client: pg.ClientBase, intake: Intake): Promise<Taken> {
  const lanes = await decide(client, intake);
  const frames = lanes.flatMap((lane) => lane.decision.store.map((frame) => ({ lane, frame })));
  const forks = lanes.flatMap((lane) => lane.decision.forks);
  const undecodable = frames.filter(({ frame }) => frame.undecodable !== undefined);

  await insertFrames(client, intake.receivedUs, frames);
  await insertVoids(client, lanes);
  for (const { lane, frame } of frames) {
    if (frame.dictionary !== undefined) await insertDictionary(client, lane.epochNo, frame);
    if (frame.entries !== undefined) await insertEntries(client, lane.epochNo, frame.entries);
    for (const start of frame.starts ?? []) {
      await client.query(
        "update epochs set parent = $3, started_us = $4 where gateway = $1 and epoch = $2",
        [frame.gateway, start.epoch, start.parent ?? null, start.startedUs],
      );
    }
  }
  for (const lane of lanes) await moveUnfit(client, lane, intake.receivedUs);
  await insertQuarantine(client, intake.receivedUs, [
    ...forks.map((frame) =>
      numbered(frame, "fork", "another frame has its number or its chain", frame.bytes),
    ),
    ...lanes.flatMap((lane) =>
      lane.decision.voidForks.map((gap) =>
        numbered(
          { ...gap, seq: gap.toSeq, chain: gap.chainAt },
          "fork",
          "a void that does not fit the chain",
          gap.bytes,
        ),
      ),
    ),
    ...undecodable.map(({ frame }) =>
      numbered(frame, "undecodable", frame.undecodable ?? "", new Uint8Array(0)),
    ),
    ...intake.rejected.map(rejectedRow),
  ]);
  if (intake.rejected.length > 0) await trimRejected(client, intake.rejected);
  const moved = lanes.filter((lane) => !sameMark(lane.before, lane.decision.mark));
  await moveMarks(client, moved);

  return {
    stored: frames.map(({ lane, frame }) => ({
      head: frame.head,
      body: frame.body,
      epochRank: lane.epochRank,
      ...(frame.samples === undefined ? {} : { samples: frame.samples }),
    })),
    repeats: lanes.reduce((sum, lane) => sum + lane.decision.repeats, 0),
    quarantined:
      forks.length +
      undecodable.length +
      intake.rejected.length +
      lanes.reduce(
        (sum, lane) => sum + lane.decision.voidForks.length + lane.decision.unfit.length,
        0,
      ),
    marks: moved.map((lane) => ({
      gateway: lane.key.gateway,
      mark: laneMarkOf(lane.key, lane.decision.mark),
    })),
  };
}

/** Locks the marks first, in the order of their keys, then reads what is known, then decides. */
async function decide(client: pg.ClientBase, intake: Intake): Promise<readonly LaneWork[]> {
  const lanes = byLane(intake);
  if (lanes.length === 0) return [];
  const gateways = column(lanes, ({ key }) => key.gateway);
  const epochs = column(lanes, ({ key }) => key.epoch);
  const numbers = column(lanes, ({ key }) => laneNumbers[key.lane]);
  await client.query(
    "insert into gateways (gateway) select distinct unnest($1::text[]) on conflict do nothing",
    [gateways],
  );
  await client.query(
    `insert into epochs (gateway, epoch)
     select distinct * from unnest($1::text[], $2::text[]) on conflict do nothing`,
    [gateways, epochs],
  );
  await client.query(
    `insert into marks (epoch_no, lane)
     select e.no, k.lane from unnest($1::text[], $2::text[], $3::smallint[]) k (gateway, epoch, lane)
     join epochs e using (gateway, epoch) order by e.no, k.lane on conflict do nothing`,
    [gateways, epochs, numbers],
  );
  const locked = await client.query<{
    epoch_no: number;
    rank: number | null;
    gateway: GatewayId;
    epoch: Epoch;
    lane: number;
    seq: bigint;
    chain: bigint;
    cum: bigint;
    frame_samples: bigint;
    void_samples: bigint;
  }>(
    `select m.*, e.rank, e.gateway, e.epoch
     from unnest($1::text[], $2::text[], $3::smallint[]) k (gateway, epoch, lane)
     join epochs e using (gateway, epoch) join marks m on m.epoch_no = e.no and m.lane = k.lane
     order by m.epoch_no, m.lane for update of m`,
    [gateways, epochs, numbers],
  );

  const work: LaneWork[] = [];
  for (const { key, frames, voids } of lanes) {
    const row = locked.rows.find(
      (one) =>
        one.gateway === key.gateway &&
        one.epoch === key.epoch &&
        one.lane === laneNumbers[key.lane],
    );
    if (row === undefined) throw new Error(`no mark for ${key.gateway} ${key.epoch} ${key.lane}`);
    const before: PrefixMark = {
      seq: Number(row.seq),
      chain: fromColumn(row.chain),
      cum: Number(row.cum),
      frameSamples: Number(row.frame_samples),
      voidSamples: Number(row.void_samples),
    };
    const known = await knowledge(client, row.epoch_no, row.lane, before, frames, voids);
    work.push({
      key,
      epochNo: row.epoch_no,
      epochRank: row.rank ?? unrankedEpoch,
      laneNumber: row.lane,
      before,
      decision: decideLane(known, frames, voids),
    });
  }
  return work;
}

async function knowledge(
  client: pg.ClientBase,
  epochNo: number,
  lane: number,
  mark: PrefixMark,
  frames: readonly AdmittedFrame[],
  voids: readonly AdmittedVoid[],
): Promise<LaneKnowledge> {
  const seqs = [
    ...frames.flatMap((frame) => [frame.seq, frame.seq - 1]),
    ...voids.flatMap((gap) => [gap.toSeq, gap.fromSeq - 1]),
  ];
  const rows = await client.query<{
    seq: bigint;
    chain: bigint;
    content_crc: bigint;
    cum: bigint;
    sample_count: bigint;
  }>(
    `(select seq, chain, content_crc, cum, sample_count from frames
      where epoch_no = $1 and lane = $2 and seq > $3 order by seq limit ${waitingMax})
     union
     select seq, chain, content_crc, cum, sample_count from frames
      where epoch_no = $1 and lane = $2 and seq = any($4::bigint[])`,
    [epochNo, lane, mark.seq, seqs],
  );
  const least = Math.min(mark.seq, ...seqs);
  const gaps = await client.query<{
    from_seq: bigint;
    to_seq: bigint;
    chain_before: bigint;
    chain_at: bigint;
    cum: bigint;
    sample_count: bigint;
  }>("select * from voids where epoch_no = $1 and lane = $2 and to_seq >= $3", [
    epochNo,
    lane,
    least,
  ]);
  return {
    mark,
    frames: rows.rows.map((row) => ({
      seq: Number(row.seq),
      chain: fromColumn(row.chain),
      contentCrc: Number(row.content_crc),
      cum: Number(row.cum),
      sampleCount: Number(row.sample_count),
    })),
    voids: gaps.rows.map((row) => ({
      fromSeq: Number(row.from_seq),
      toSeq: Number(row.to_seq),
      chainBefore: fromColumn(row.chain_before),
      chainAt: fromColumn(row.chain_at),
      cum: Number(row.cum),
      sampleCount: Number(row.sample_count),
    })),
  };
}

/** All frames as one blob that the database cuts up: an array of blobs would travel as hexadecimal text. */
async function insertFrames(
  client: pg.ClientBase,
  receivedUs: number,
  frames: readonly { lane: LaneWork; frame: AdmittedFrame }[],
): Promise<void> {
  if (frames.length === 0) return;
  let at = 1;
  const offsets = frames.map(({ frame }) => {
    const offset = at;
    at += frame.bytes.length;
    return offset;
  });
  const heads = frames.map(({ frame }) => frame.head);
  const inserted = await client.query(
    `insert into frames (epoch_no, lane, seq, content, chain, content_crc, cum, sample_count,
       first_us, last_us, sealed_us, received_us, bytes)
     select f.epoch_no, f.lane, f.seq, f.content, f.chain, f.crc, f.cum, f.samples,
       f.first_us, f.last_us, f.sealed_us, $1, substring($2::bytea from f.at for f.size)
     from unnest($3::int[], $4::smallint[], $5::bigint[], $6::smallint[], $7::bigint[], $8::bigint[],
       $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[], $14::int[], $15::int[])
       f (epoch_no, lane, seq, content, chain, crc, cum, samples, first_us, last_us, sealed_us, at, size)
     on conflict do nothing`,
    [
      receivedUs,
      Buffer.concat(frames.map(({ frame }) => frame.bytes)),
      column(frames, ({ lane }) => lane.epochNo),
      column(frames, ({ lane }) => lane.laneNumber),
      column(heads, (head) => head.seq),
      column(frames, ({ frame }) => contentNumberOf(frame)),
      column(heads, (head) => toColumn(head.chain)),
      column(frames, ({ frame }) => frame.contentCrc),
      column(heads, (head) => head.cum),
      column(heads, (head) => head.sampleCount),
      column(heads, (head) => Math.round(head.firstUs)),
      column(heads, (head) => Math.round(head.lastUs)),
      column(heads, (head) => Math.round(head.sealedUs)),
      offsets,
      column(frames, ({ frame }) => frame.bytes.length),
    ],
  );
  // The lanes are locked and were read before: nobody else can have written these numbers.
  if (inserted.rowCount !== frames.length)
    throw new Error("a frame was stored past the lock of its lane");
}

/** What cannot be decoded is found by its number, and never by those who look for samples. */
function contentNumberOf(frame: AdmittedFrame): number {
  if (frame.undecodable !== undefined || frame.head.content === "unknown") return 0;
  return frameContents[frame.head.content];
}

async function insertVoids(client: pg.ClientBase, lanes: readonly LaneWork[]): Promise<void> {
  for (const lane of lanes) {
    for (const gap of lane.decision.storeVoids) {
      await client.query(
        "insert into voids values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing",
        [
          lane.epochNo,
          lane.laneNumber,
          gap.fromSeq,
          gap.toSeq,
          toColumn(gap.chainBefore),
          toColumn(gap.chainAt),
          gap.cum,
          gap.sampleCount,
        ],
      );
    }
  }
}

async function insertDictionary(
  client: pg.ClientBase,
  epochNo: number,
  frame: AdmittedFrame,
): Promise<void> {
  if (frame.dictionary === undefined) return;
  // The same dictionary is sealed anew in each epoch: the row says when it was last in force.
  await client.query(
    `insert into dictionaries values ($1, $2, $3, $4, $5)
     on conflict (gateway, hash) do update set epoch_no = excluded.epoch_no, sealed_us = excluded.sealed_us
     where dictionaries.epoch_no <= excluded.epoch_no`,
    [
      frame.gateway,
      toColumn(frame.dictionary.hash),
      epochNo,
      Math.round(frame.head.sealedUs),
      Buffer.from(encodeDictionary(frame.dictionary)),
    ],
  );
}

async function insertEntries(
  client: pg.ClientBase,
  epochNo: number,
  entries: NonNullable<AdmittedFrame["entries"]>,
): Promise<void> {
  await client.query(
    `insert into ledger_entries
     select $1, * from unnest($2::bigint[], $3::smallint[], $4::text[], $5::text[], $6::bigint[],
       $7::bigint[], $8::text[], $9::bigint[]) on conflict do nothing`,
    [
      epochNo,
      column(entries, (entry) => entry.number),
      column(entries, (entry) => lossReasons[entry.reason]),
      column(entries, (entry) => entry.scope.kind),
      column(entries, (entry) => scopeIdOf(entry.scope)),
      column(entries, (entry) => Math.round(entry.fromUs)),
      column(entries, (entry) => Math.round(entry.toUs)),
      column(entries, (entry) => entry.count.kind),
      column(entries, (entry) => (entry.count.kind === "unknown" ? 0 : entry.count.samples)),
    ],
  );
}

/** Frames that waited and did not fit leave their number to the frame that will. */
async function moveUnfit(client: pg.ClientBase, lane: LaneWork, receivedUs: number): Promise<void> {
  if (lane.decision.unfit.length === 0) return;
  await client.query(
    `with gone as (
       delete from frames where epoch_no = $1 and lane = $2 and seq = any($3::bigint[]) returning *)
     insert into quarantine (gateway, epoch, lane, seq, chain, kind, reason, received_us, byte_count, bytes)
     select $4, $5, lane, seq, chain, 'fork', 'does not fit the chain before it', $6, length(bytes), bytes
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

async function moveMarks(client: pg.ClientBase, lanes: readonly LaneWork[]): Promise<void> {
  if (lanes.length === 0) return;
  const marks = lanes.map((lane) => lane.decision.mark);
  await client.query(
    `update marks m set seq = n.seq, chain = n.chain, cum = n.cum,
       frame_samples = n.frames, void_samples = n.voids
     from unnest($1::int[], $2::smallint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[])
       n (epoch_no, lane, seq, chain, cum, frames, voids)
     where m.epoch_no = n.epoch_no and m.lane = n.lane`,
    [
      column(lanes, (lane) => lane.epochNo),
      column(lanes, (lane) => lane.laneNumber),
      column(marks, (mark) => mark.seq),
      column(marks, (mark) => toColumn(mark.chain)),
      column(marks, (mark) => mark.cum),
      column(marks, (mark) => mark.frameSamples),
      column(marks, (mark) => mark.voidSamples),
    ],
  );
}

export interface QuarantineInsert {
  readonly gateway: string;
  readonly epoch: string | null;
  readonly lane: number;
  readonly seq: number | null;
  readonly chain: bigint | null;
  readonly kind: string;
  readonly reason: string;
  readonly byteCount: number;
  readonly bytes: Uint8Array;
}

export async function insertQuarantine(
  client: Pick<pg.ClientBase, "query">,
  receivedUs: number,
  rows: readonly QuarantineInsert[],
): Promise<void> {
  for (const row of rows) {
    await client.query(
      `insert into quarantine (gateway, epoch, lane, seq, chain, kind, reason, received_us, byte_count, bytes)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict do nothing`,
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
      ],
    );
  }
}

function numbered(
  of: LaneKey & { readonly seq: number; readonly chain: bigint; readonly bytes: Uint8Array },
  kind: string,
  reason: string,
  bytes: Uint8Array,
): QuarantineInsert {
  const { gateway, epoch, seq, chain } = of;
  const lane = laneNumbers[of.lane];
  return { gateway, epoch, lane, seq, chain, kind, reason, byteCount: of.bytes.length, bytes };
}

function rejectedRow(rejected: Rejected): QuarantineInsert {
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

async function trimRejected(client: pg.ClientBase, rejected: readonly Rejected[]): Promise<void> {
  for (const gateway of new Set(rejected.map((one) => one.gateway))) {
    await client.query(
      `delete from quarantine where gateway = $1 and kind = 'rejected' and id <= (
         select id from quarantine where gateway = $1 and kind = 'rejected'
         order by id desc offset ${rejectedRowsMax} limit 1)`,
      [gateway],
    );
  }
}

function sameMark(a: PrefixMark, b: PrefixMark): boolean {
  return a.seq === b.seq && a.frameSamples === b.frameSamples && a.voidSamples === b.voidSamples;
}
