/** What is known of the lanes that a batch touches, under lock, and what is to become of the batch (protocol 6.1). */
import { laneNumbers, parseFrame, type Epoch, type GatewayId } from "@millwright/wire-contract";
import type pg from "pg";

import { unrankedEpoch } from "../hand-over.ts";
import type { AdmittedFrame, AdmittedVoid, LaneKey } from "./admission.ts";
import { byLane, type Intake } from "./frame-store.ts";
import { framesOfRow } from "../database/frame-runs.ts";
import { column, fromColumn, toColumn } from "../database/rows.ts";
import {
  decideLane,
  type ChainedFrame,
  type ChainedVoid,
  type LaneDecision,
  type LaneKnowledge,
  type PrefixMark,
} from "./prefix.ts";

export interface LaneWork {
  readonly key: LaneKey;
  readonly epochNo: number;
  readonly epochRank: number;
  readonly laneNumber: number;
  readonly before: PrefixMark;
  /** The greatest number stored before. */
  readonly topSeq: number;
  readonly voids: readonly KnownVoid[];
  readonly decision: LaneDecision<AdmittedFrame, AdmittedVoid>;
}

/** A void, and the first number that it accounts for: those before were stored when it came. */
interface KnownVoid extends ChainedVoid {
  readonly countsFrom: number;
}

/** Frames waiting above a hole are read in this number at most; a gateway has at most 8 MiB of them on the road. */
const waitingMax = 20_000;

/** Locks the marks first, in the order of their keys, then reads what is known, then decides. */
export async function decideLanes(
  client: pg.ClientBase,
  intake: Intake,
): Promise<readonly LaneWork[]> {
  const lanes = byLane(intake);
  if (lanes.length === 0) return [];
  const locked = await lockMarks(client, lanes);
  const places = lanes.map(({ key, frames, voids }): Place => {
    const row = locked.get(`${key.gateway}/${key.epoch}/${laneNumbers[key.lane]}`);
    if (row === undefined) throw new Error(`no mark for ${key.gateway} ${key.epoch} ${key.lane}`);
    return { key, frames, voids, ...row };
  });
  const known = await readKnowledge(client, places);
  return places.map((place, at) => {
    const knowledge = known[at] ?? { mark: place.mark, frames: [], voids: [], released: new Set() };
    return {
      key: place.key,
      epochNo: place.epochNo,
      epochRank: place.rank,
      laneNumber: place.laneNumber,
      before: place.mark,
      topSeq: place.topSeq,
      voids: knowledge.voids,
      decision: decideLane(knowledge, place.frames, place.voids),
    };
  });
}

interface LockedMark {
  readonly epochNo: number;
  readonly laneNumber: number;
  readonly rank: number;
  readonly mark: PrefixMark;
  readonly topSeq: number;
}

interface Place extends LockedMark {
  readonly key: LaneKey;
  readonly frames: readonly AdmittedFrame[];
  readonly voids: readonly AdmittedVoid[];
}

async function lockMarks(
  client: pg.ClientBase,
  lanes: readonly { readonly key: LaneKey }[],
): Promise<ReadonlyMap<string, LockedMark>> {
  const gateways = column(lanes, ({ key }) => key.gateway);
  const epochs = column(lanes, ({ key }) => key.epoch);
  const numbers = column(lanes, ({ key }) => laneNumbers[key.lane]);
  // In one order everywhere: two writers that meet the same gateways would wait for each other.
  await client.query(
    `insert into gateways (gateway)
     select distinct gateway from unnest($1::text[]) k (gateway) order by gateway on conflict do nothing`,
    [gateways],
  );
  await client.query(
    `insert into epochs (gateway, epoch)
     select distinct gateway, epoch from unnest($1::text[], $2::text[]) k (gateway, epoch)
     order by gateway, epoch on conflict do nothing`,
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
    top_seq: bigint;
  }>(
    `select m.*, e.rank, e.gateway, e.epoch
     from unnest($1::text[], $2::text[], $3::smallint[]) k (gateway, epoch, lane)
     join epochs e using (gateway, epoch) join marks m on m.epoch_no = e.no and m.lane = k.lane
     order by m.epoch_no, m.lane for update of m`,
    [gateways, epochs, numbers],
  );
  return new Map(
    locked.rows.map((row) => [
      `${row.gateway}/${row.epoch}/${row.lane}`,
      {
        epochNo: row.epoch_no,
        laneNumber: row.lane,
        rank: row.rank ?? unrankedEpoch,
        mark: {
          seq: Number(row.seq),
          chain: fromColumn(row.chain),
          cum: Number(row.cum),
          frameSamples: Number(row.frame_samples),
          voidSamples: Number(row.void_samples),
        },
        topSeq: Number(row.top_seq),
      },
    ]),
  );
}

type KnownLane = LaneKnowledge & { readonly voids: readonly KnownVoid[] };

/**
 * One question for all lanes, because a batch may hold frames of thousands of gateways; and none where frames arrive
 * in order and nothing waits, as they nearly always do: the mark is all that has to be known then.
 */
async function readKnowledge(
  client: pg.ClientBase,
  places: readonly Place[],
): Promise<readonly KnownLane[]> {
  const numbers = places.map(numbersBelowMark);
  const [waiting, below, voids] = [
    await readWaiting(client, places),
    await readNumbers(client, places, numbers),
    await readVoids(client, places, numbers),
  ];
  const missing = places.map((place, at) => {
    const stored = new Set((below[at] ?? []).map((frame) => frame.seq));
    return place.frames
      .map((frame) => frame.seq)
      .filter((seq) => seq <= place.mark.seq && !stored.has(seq));
  });
  const inVoids = await readInVoids(client, places, missing);
  return places.map((place, at) => {
    const known = voids[at] ?? [];
    const filled = inVoids[at] ?? new Set<number>();
    const owed = (seq: number): boolean =>
      known.some((gap) => gap.countsFrom <= seq && seq <= gap.toSeq) && !filled.has(seq);
    return {
      mark: place.mark,
      frames: [...(waiting[at] ?? []), ...(below[at] ?? [])],
      voids: known,
      released: new Set((missing[at] ?? []).filter((seq) => !owed(seq))),
    };
  });
}

/** Numbers at or below the mark that arrive, and those before them, whose chains they must fit. */
function numbersBelowMark(place: Place): readonly number[] {
  const asked = [
    ...place.frames.flatMap((frame) => [frame.seq, frame.seq - 1]),
    ...place.voids.flatMap((gap) => [gap.toSeq, gap.fromSeq - 1]),
  ];
  const arriving = new Set(place.frames.map((frame) => frame.seq));
  // The chain at the mark itself stands in the mark.
  return asked.filter(
    (seq) => seq > 0 && (seq < place.mark.seq || (seq === place.mark.seq && arriving.has(seq))),
  );
}

interface FrameRow {
  readonly at: number;
  readonly seq: bigint;
  readonly chain: bigint;
  readonly content_crc: bigint;
  readonly cum: bigint;
  readonly sample_count: bigint;
}

async function readWaiting(
  client: pg.ClientBase,
  places: readonly Place[],
): Promise<readonly ChainedFrame[][]> {
  const found: ChainedFrame[][] = places.map(() => []);
  const asked = places
    .map((place, at) => ({ place, at }))
    .filter(({ place }) => place.topSeq > place.mark.seq);
  if (asked.length === 0) return found;
  const rows = await client.query<FrameRow>(
    `select k.at, f.* from unnest($1::int[], $2::int[], $3::smallint[], $4::bigint[]) k (at, epoch_no, lane, seq)
     cross join lateral (
       select seq, chain, content_crc, cum, sample_count from frames f
       where f.epoch_no = k.epoch_no and f.lane = k.lane and f.seq > k.seq order by seq limit ${waitingMax}) f`,
    [
      column(asked, ({ at }) => at),
      column(asked, ({ place }) => place.epochNo),
      column(asked, ({ place }) => place.laneNumber),
      column(asked, ({ place }) => place.mark.seq),
    ],
  );
  for (const row of rows.rows) found[row.at]?.push(toChained(row));
  return found;
}

async function readNumbers(
  client: pg.ClientBase,
  places: readonly Place[],
  numbers: readonly (readonly number[])[],
): Promise<readonly ChainedFrame[][]> {
  const found: ChainedFrame[][] = places.map(() => []);
  const asked = flat(places, numbers);
  if (asked.length === 0) return found;
  // Rows do not overlap: the first at or above a number is the one that holds it, if any does.
  const rows = await client.query<FrameRow & { readonly run: Buffer | null }>(
    `with held as (
       select distinct k.at, k.epoch_no, k.lane, f.seq, f.received_us
       from unnest($1::int[], $2::int[], $3::smallint[], $4::bigint[]) k (at, epoch_no, lane, seq)
       cross join lateral (
         select f.seq, f.run_from, f.received_us from frames f
         where f.epoch_no = k.epoch_no and f.lane = k.lane and f.seq >= k.seq order by f.seq limit 1) f
       where coalesce(f.run_from, f.seq) <= k.seq)
     select h.at, f.seq, f.chain, f.content_crc, f.cum, f.sample_count,
       case when f.run_from is not null then f.bytes end as run
     from held h join frames f using (epoch_no, lane, seq, received_us)`,
    columnsOf(asked),
  );
  const wanted = places.map((_, at) => new Set(numbers[at]));
  for (const row of rows.rows) {
    for (const frame of row.run === null ? [toChained(row)] : chainedOfRun(row.run)) {
      if (wanted[row.at]?.delete(frame.seq) === true) found[row.at]?.push(frame);
    }
  }
  return found;
}

async function readVoids(
  client: pg.ClientBase,
  places: readonly Place[],
  numbers: readonly (readonly number[])[],
): Promise<readonly KnownVoid[][]> {
  const found: KnownVoid[][] = places.map(() => []);
  const rows = await client.query<{
    at: number;
    from_seq: bigint;
    to_seq: bigint;
    chain_before: bigint;
    chain_at: bigint;
    cum: bigint;
    sample_count: bigint;
    counts_from: bigint;
  }>(
    `select k.at, v.* from unnest($1::int[], $2::int[], $3::smallint[], $4::bigint[]) k (at, epoch_no, lane, least)
     join voids v on v.epoch_no = k.epoch_no and v.lane = k.lane and v.to_seq >= k.least`,
    [
      places.map((_, at) => at),
      column(places, (place) => place.epochNo),
      column(places, (place) => place.laneNumber),
      places.map((place, at) => Math.min(place.mark.seq, ...(numbers[at] ?? []))),
    ],
  );
  for (const row of rows.rows) {
    found[row.at]?.push({
      fromSeq: Number(row.from_seq),
      toSeq: Number(row.to_seq),
      chainBefore: fromColumn(row.chain_before),
      chainAt: fromColumn(row.chain_at),
      cum: Number(row.cum),
      sampleCount: Number(row.sample_count),
      countsFrom: Number(row.counts_from),
    });
  }
  return found;
}

async function readInVoids(
  client: pg.ClientBase,
  places: readonly Place[],
  numbers: readonly (readonly number[])[],
): Promise<readonly Set<number>[]> {
  const found = places.map(() => new Set<number>());
  const asked = flat(places, numbers);
  if (asked.length === 0) return found;
  const rows = await client.query<{ at: number; seq: bigint }>(
    `select k.at, i.seq from unnest($1::int[], $2::int[], $3::smallint[], $4::bigint[]) k (at, epoch_no, lane, seq)
     join frames_in_voids i using (epoch_no, lane, seq)`,
    columnsOf(asked),
  );
  for (const row of rows.rows) found[row.at]?.add(Number(row.seq));
  return found;
}

interface Asked {
  readonly at: number;
  readonly place: Place;
  readonly seq: number;
}

function flat(places: readonly Place[], numbers: readonly (readonly number[])[]): Asked[] {
  return places.flatMap((place, at) => (numbers[at] ?? []).map((seq) => ({ at, place, seq })));
}

function columnsOf(asked: readonly Asked[]): unknown[] {
  return [
    column(asked, ({ at }) => at),
    column(asked, ({ place }) => place.epochNo),
    column(asked, ({ place }) => place.laneNumber),
    column(asked, ({ seq }) => seq),
  ];
}

/** Each frame says in its head what a row says of one that stands alone. One that the disk has changed says nothing. */
function chainedOfRun(bytes: Uint8Array): readonly ChainedFrame[] {
  return framesOfRow(bytes, 0n).flatMap((one) => {
    const parsed = parseFrame(one);
    if (parsed.kind === "corrupt") return [];
    const { seq, chain, cum, sampleCount } = parsed.head;
    return [{ seq, chain, contentCrc: parsed.contentCrc, cum, sampleCount }];
  });
}

function toChained(row: FrameRow): ChainedFrame {
  return {
    seq: Number(row.seq),
    chain: fromColumn(row.chain),
    contentCrc: Number(row.content_crc),
    cum: Number(row.cum),
    sampleCount: Number(row.sample_count),
  };
}

/** Moves the marks, and notes the greatest number stored. */
export async function moveMarks(client: pg.ClientBase, lanes: readonly LaneWork[]): Promise<void> {
  const moved = lanes.filter((lane) => hasMoved(lane) || lane.decision.store.length > 0);
  if (moved.length === 0) return;
  const marks = moved.map((lane) => lane.decision.mark);
  await client.query(
    `update marks m set seq = n.seq, chain = n.chain, cum = n.cum,
       frame_samples = n.frames, void_samples = n.voids, top_seq = n.top
     from unnest($1::int[], $2::smallint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[],
       $8::bigint[])
       n (epoch_no, lane, seq, chain, cum, frames, voids, top)
     where m.epoch_no = n.epoch_no and m.lane = n.lane`,
    [
      column(moved, (lane) => lane.epochNo),
      column(moved, (lane) => lane.laneNumber),
      column(marks, (mark) => mark.seq),
      column(marks, (mark) => toColumn(mark.chain)),
      column(marks, (mark) => mark.cum),
      column(marks, (mark) => mark.frameSamples),
      column(marks, (mark) => mark.voidSamples),
      column(moved, (lane) =>
        lane.decision.store.reduce(
          (top, frame) => Math.max(top, frame.seq),
          Math.max(lane.topSeq, lane.decision.mark.seq),
        ),
      ),
    ],
  );
}

export function hasMoved({ before, decision: { mark } }: LaneWork): boolean {
  return (
    before.seq !== mark.seq ||
    before.frameSamples !== mark.frameSamples ||
    before.voidSamples !== mark.voidSamples
  );
}
