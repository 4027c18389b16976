/** Frames that are stored and not yet sorted by tag: which they are, and what of them a pass takes. */
import { parseFrame, type FrameHead, type GatewayId } from "@millwright/wire-contract";
import type pg from "pg";

import { copyOut } from "../database/copied-rows.ts";
import { framesOfRow, holdsHistory, holdsSamples, runFramesMax } from "../database/frame-runs.ts";
import { numbers } from "../database/rows.ts";
import { dayUs } from "./samples/chunk.ts";

type Queryable = Pick<pg.ClientBase, "query">;

/** A part of one lane: all frames with these numbers. */
export interface LanePart {
  readonly epochNo: number;
  readonly lane: number;
  readonly gateway: GatewayId;
  /** The last number that is sorted. */
  readonly afterSeq: number;
  /** The last that this pass takes; at most the mark. */
  readonly toSeq: number;
}

/** What a pass takes of a lane, and how far the lane was stored then. */
export interface ChosenPart extends LanePart {
  readonly markSeq: number;
}

/** The place of a lane in the order in which lanes take their turns. */
export type LanePlace = Pick<LanePart, "gateway" | "epochNo" | "lane">;

/** Lanes that a pass looks at: more have frames in few passes, fewer would make many passes. */
const lanesMax = 5_000;

/** A lane is taken whole where a pass grows by no more than this: each visit writes rows of all its tags anew. */
const wholeLaneSlack = 1.25;

/**
 * Parts of lanes with about this many samples together, at least a frame of one.
 * @param behind the last lane that has had its turn; undefined at the begin of a round
 */
export async function chooseParts(
  client: Queryable,
  samplesMax: number,
  behind: LanePlace | undefined,
  isOurs: (gateway: GatewayId) => boolean = () => true,
): Promise<readonly ChosenPart[]> {
  for (let place = behind; ;) {
    const waiting = await readWaiting(client, place);
    const ours = waiting.filter(({ gateway }) => isOurs(gateway));
    const last = waiting.at(-1);
    if (ours.length > 0 || last === undefined || waiting.length < lanesMax)
      return partsOf(ours, samplesMax);
    place = { gateway: last.gateway, epochNo: last.epoch_no, lane: last.lane };
  }
}

async function readWaiting(
  client: Queryable,
  behind: LanePlace | undefined,
): Promise<readonly LaneRow[]> {
  const found = await client.query<LaneRow>(
    `select m.epoch_no, m.lane, e.gateway, coalesce(s.seq, 0) as after, m.seq, m.frame_samples + m.void_samples as samples
     from marks m join epochs e on e.no = m.epoch_no left join sorted_lanes s using (epoch_no, lane)
     where m.seq > coalesce(s.seq, 0) and ($1::text is null or (e.gateway, m.epoch_no, m.lane) > ($1, $2, $3))
     order by e.gateway, m.epoch_no, m.lane limit ${lanesMax}`,
    [behind?.gateway ?? null, behind?.epochNo ?? null, behind?.lane ?? null],
  );
  return found.rows;
}

function partsOf(rows: readonly LaneRow[], samplesMax: number): readonly ChosenPart[] {
  const parts: ChosenPart[] = [];
  let samples = 0;
  for (const row of rows) {
    if (samples >= samplesMax) break;
    const [afterSeq, markSeq] = [Number(row.after), Number(row.seq)];
    const perFrame = Math.max(1, Number(row.samples) / markSeq);
    const isShort = samples + (markSeq - afterSeq) * perFrame <= samplesMax * wholeLaneSlack;
    const toSeq = isShort
      ? markSeq
      : Math.min(markSeq, afterSeq + Math.ceil((samplesMax - samples) / perFrame));
    parts.push({
      epochNo: row.epoch_no,
      lane: row.lane,
      gateway: row.gateway,
      afterSeq,
      toSeq,
      markSeq,
    });
    samples += (toSeq - afterSeq) * perFrame;
  }
  return parts;
}

/** A frame of samples, or of minutes that a gateway told, that is stored. */
export interface UnsortedFrame {
  readonly epochNo: number;
  readonly lane: number;
  readonly head: FrameHead;
  readonly body: Uint8Array;
  /** Of the row that holds it, which is the number of the last frame there. */
  readonly rowSeq: number;
}

interface LaneRow {
  readonly epoch_no: number;
  readonly lane: number;
  readonly gateway: GatewayId;
  readonly after: bigint;
  readonly seq: bigint;
  readonly samples: bigint;
}

interface FrameRow {
  readonly seq: bigint;
  readonly epoch_no: number;
  readonly lane: number;
  readonly bytes: Buffer;
  readonly run_from: bigint | null;
  /** What is wanted of its frames: those after the one, until the other. */
  readonly after: bigint;
  readonly until: bigint;
}

/** The frames of samples and of told minutes in these parts; by lane, in order of their numbers. */
export async function readParts(
  client: pg.ClientBase,
  parts: readonly LanePart[],
  damaged: (frame: DamagedFrame) => void,
): Promise<readonly UnsortedFrame[]> {
  const found = await copyOut(
    client,
    `select f.epoch_no, f.lane, f.seq, f.bytes, f.run_from, k.after, k.until
     from unnest('${numbers(parts.map(({ epochNo }) => epochNo))}'::int[], '${numbers(parts.map(({ lane }) => lane))}'::smallint[],
       '${numbers(parts.map(({ afterSeq }) => afterSeq))}'::bigint[], '${numbers(parts.map(({ toSeq }) => toSeq))}'::bigint[])
       k (epoch_no, lane, after, until)
     join frames f on f.epoch_no = k.epoch_no and f.lane = k.lane
       and f.seq > k.after and f.seq < k.until + ${runFramesMax} and coalesce(f.run_from, f.seq) <= k.until
     where ${holdsHistory} order by f.epoch_no, f.lane, f.seq`,
  );
  const frames: UnsortedFrame[] = [];
  while (found.next()) {
    const row = {
      epochNo: found.integer() ?? 0,
      lane: found.smallint() ?? 0,
      rowSeq: found.bigint() ?? 0,
      bytes: found.bytes() ?? new Uint8Array(0),
      runFrom: found.bigint() ?? null,
      after: found.bigint() ?? 0,
      until: found.bigint() ?? 0,
    };
    takeFrames(row, frames, damaged);
  }
  return frames;
}

/** So many frames that fill voids are taken in one pass. */
const fillingMax = 1_000;

/** The place of a frame in the order in which frames fill voids. */
export type FillingPlace = readonly [epochNo: number, lane: number, seq: number];

/** Before the first of them. */
export const noFillingYet: FillingPlace = [0, 0, 0];

/**
 * Frames that came into a void which the sorter had passed. Those whose dictionary has not come wait, and the others must
 * not wait with them: each pass looks at some behind those before.
 *
 * @param behind as the pass before said it
 */
export async function readFilling(
  client: Queryable,
  damaged: (frame: DamagedFrame) => void,
  isOurs: (gateway: GatewayId) => boolean,
  behind: FillingPlace,
): Promise<{ readonly frames: readonly UnsortedFrame[]; readonly behind: FillingPlace }> {
  const found = await client.query<FrameRow & { readonly gateway: GatewayId }>(
    `select e.gateway, f.epoch_no, f.lane, f.seq, f.bytes, f.run_from, f.seq - 1 as after, f.seq as until
     from frames_in_voids i join sorted_lanes s using (epoch_no, lane) join epochs e on e.no = i.epoch_no
     join frames f on f.epoch_no = i.epoch_no and f.lane = i.lane and f.seq = i.seq
     where not i.sorted and i.seq <= s.seq and ${holdsHistory} and (i.epoch_no, i.lane, i.seq) > ($1, $2, $3)
     order by i.epoch_no, i.lane, i.seq limit ${fillingMax}`,
    [...behind],
  );
  const frames = toFrames(
    found.rows.filter(({ gateway }) => isOurs(gateway)),
    damaged,
  );
  const last = found.rows.length < fillingMax ? undefined : found.rows.at(-1);
  return {
    frames,
    behind: last === undefined ? noFillingYet : [last.epoch_no, last.lane, Number(last.seq)],
  };
}

/**
 * Frames of a gateway that no pass has taken and whose samples touch the range: what a chart shows of the last minutes.
 * @param framesMax the newest are answered
 */
export async function readTail(
  client: Queryable,
  gateway: GatewayId,
  fromUs: number,
  toUs: number,
  framesMax: number,
): Promise<readonly UnsortedFrame[]> {
  const found = await client.query<FrameRow>(
    `select f.epoch_no, f.lane, f.seq, f.bytes, f.run_from, coalesce(s.seq, 0) as after, f.seq as until
     from epochs e join marks m on m.epoch_no = e.no and m.top_seq > 0
     left join sorted_lanes s on s.epoch_no = m.epoch_no and s.lane = m.lane
     cross join lateral (
       select * from frames f where f.epoch_no = m.epoch_no and f.lane = m.lane and f.seq > coalesce(s.seq, 0)
         and ${holdsSamples} and f.last_us >= $2 and f.first_us <= $3 order by f.seq desc limit $4) f
     where e.gateway = $1 and m.top_seq > coalesce(s.seq, 0)
     order by f.sealed_us desc, f.seq desc limit $4`,
    [gateway, Math.floor(fromUs), Math.ceil(toUs), framesMax],
  );
  return toFrames(found.rows.toReversed(), () => undefined).slice(-framesMax);
}

/** SQL: rows of a gateway ($1) that no pass has taken and whose samples touch a range ($2, $3). */
const tailRows = `from epochs e join marks m on m.epoch_no = e.no and m.top_seq > 0
     left join sorted_lanes s on s.epoch_no = m.epoch_no and s.lane = m.lane
     join frames f on f.epoch_no = m.epoch_no and f.lane = m.lane and f.seq > coalesce(s.seq, 0)
       and ${holdsSamples} and f.last_us >= $2 and f.first_us <= $3
     where e.gateway = $1 and m.top_seq > coalesce(s.seq, 0)`;

/** Times of the frames that `readTail` would find, each of them once: a sorter that stands still leaves many. */
export async function spansOfTail(
  client: Queryable,
  gateway: GatewayId,
  fromUs: number,
  toUs: number,
): Promise<readonly { readonly fromUs: number; readonly toUs: number }[]> {
  const found = await client.query<{ from_us: bigint; to_us: bigint }>(
    `select min(f.first_us) as from_us, max(f.last_us) as to_us
     ${tailRows}
     group by f.first_us / ${dayUs}, f.last_us / ${dayUs}`,
    [gateway, Math.floor(fromUs), Math.ceil(toUs)],
  );
  return found.rows.map((row) => ({ fromUs: Number(row.from_us), toUs: Number(row.to_us) }));
}

/** How many frames `readTail` would find if it took all of them. */
export async function framesInTail(
  client: Queryable,
  gateway: GatewayId,
  fromUs: number,
  toUs: number,
): Promise<number> {
  const found = await client.query<{ frames: string }>(
    `select coalesce(sum(f.seq - coalesce(f.run_from, f.seq) + 1), 0) as frames ${tailRows}`,
    [gateway, Math.floor(fromUs), Math.ceil(toUs)],
  );
  return Number(found.rows[0]?.frames);
}

/** A row with a frame whose bytes are not those that were stored: a disk has changed them. */
export interface DamagedFrame {
  readonly epochNo: number;
  readonly lane: number;
  readonly seq: number;
}

function toFrames(
  rows: readonly FrameRow[],
  damaged: (frame: DamagedFrame) => void,
): UnsortedFrame[] {
  const frames: UnsortedFrame[] = [];
  for (const { epoch_no: epochNo, lane, seq, bytes, run_from: runFrom, after, until } of rows) {
    const range = { rowSeq: Number(seq), after: Number(after), until: Number(until) };
    takeFrames({ epochNo, lane, bytes, runFrom, ...range }, frames, damaged);
  }
  return frames;
}

interface RowOfFrames {
  readonly epochNo: number;
  readonly lane: number;
  readonly rowSeq: number;
  readonly bytes: Uint8Array;
  /** Null for a row of one frame. */
  readonly runFrom: number | bigint | null;
  readonly after: number;
  readonly until: number;
}

/** Checked by its CRC once more: a disk that changed a byte must not draw a line. */
function takeFrames(
  { epochNo, lane, rowSeq, bytes, runFrom, after, until }: RowOfFrames,
  frames: UnsortedFrame[],
  damaged: (frame: DamagedFrame) => void,
): void {
  let isDamaged = false;
  for (const one of framesOfRow(bytes, runFrom)) {
    const parsed = parseFrame(one);
    if (parsed.kind !== "frame") isDamaged = true;
    else if (parsed.head.seq > after && parsed.head.seq <= until)
      frames.push({ epochNo, lane, head: parsed.head, body: parsed.body, rowSeq });
  }
  if (isDamaged) damaged({ epochNo, lane, seq: rowSeq });
}

/** The parts are sorted: the next pass goes on behind them. */
export async function noteSorted(
  client: Queryable,
  parts: readonly LanePart[],
  filling: readonly UnsortedFrame[],
): Promise<void> {
  const columns = [
    parts.map(({ epochNo }) => epochNo),
    parts.map(({ lane }) => lane),
    parts.map(({ toSeq }) => toSeq),
  ];
  await client.query(
    `insert into sorted_lanes select * from unnest($1::int[], $2::smallint[], $3::bigint[])
     on conflict (epoch_no, lane) do update set seq = excluded.seq`,
    columns,
  );
  await client.query(
    `update frames_in_voids i set sorted = true
     from unnest($1::int[], $2::smallint[], $3::bigint[]) k (epoch_no, lane, seq)
     where not i.sorted and i.epoch_no = k.epoch_no and i.lane = k.lane and i.seq = k.seq`,
    [
      filling.map(({ epochNo }) => epochNo),
      filling.map(({ lane }) => lane),
      filling.map(({ head }) => head.seq),
    ],
  );
  // Frames of the parts themselves that lie in a void were sorted with them.
  await client.query(
    `update frames_in_voids i set sorted = true
     from unnest($1::int[], $2::smallint[], $3::bigint[], $4::bigint[]) k (epoch_no, lane, seq, after)
     where not i.sorted and i.epoch_no = k.epoch_no and i.lane = k.lane and i.seq > k.after and i.seq <= k.seq
       and exists (select from frames f where f.epoch_no = i.epoch_no and f.lane = i.lane and f.seq = i.seq)`,
    [...columns, parts.map(({ afterSeq }) => afterSeq)],
  );
}

/**
 * As ingest notes what it cannot decode: those who look for samples pass it by, and it outlives its day. A run that is
 * not sorted to its end is noted by the pass that comes to it.
 */
export async function noteUnreadable(
  client: Queryable,
  frames: readonly DamagedFrame[],
): Promise<void> {
  if (frames.length === 0) return;
  await client.query(
    `update frames f set content = 0 from unnest($1::int[], $2::smallint[], $3::bigint[]) k (epoch_no, lane, seq)
     join sorted_lanes s using (epoch_no, lane)
     where f.epoch_no = k.epoch_no and f.lane = k.lane and f.seq = k.seq and k.seq <= s.seq`,
    [
      frames.map(({ epochNo }) => epochNo),
      frames.map(({ lane }) => lane),
      frames.map(({ seq }) => seq),
    ],
  );
}
