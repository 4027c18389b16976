/** One batch, one transaction: the statements of `takeIn`, in the order that the protocol wants (6.1). */
import { frameContents, lossReasons, type LedgerEntry } from "@millwright/wire-contract";
import type pg from "pg";

import type { AdmittedFrame } from "./admission.ts";
import { laneMarkOf, type Intake, type Taken } from "./frame-store.ts";
import { stepTold } from "./clock-steps.ts";
import { noteComplete } from "./postgres-complete.ts";
import { decideLanes, hasMoved, moveMarks, type LaneWork } from "./postgres-lanes.ts";
import {
  insertQuarantine,
  moveUnfit,
  numbered,
  rejectedRow,
  trimRejected,
} from "./postgres-quarantine.ts";
import { cutRuns, rowBytes, runContent } from "../database/frame-runs.ts";
import { copyInto, CopyRows } from "../database/copy-rows.ts";
import { insertEvents } from "../database/event-rows.ts";
import { insertClock } from "../database/clock-rows.ts";
import { column, scopeIdOf, toColumn } from "../database/rows.ts";

export async function takeInto(client: pg.ClientBase, intake: Intake): Promise<Taken> {
  const lanes = await decideLanes(client, intake);
  const frames = lanes.flatMap((lane) => lane.decision.store.map((frame) => ({ lane, frame })));
  const forks = lanes.flatMap((lane) => lane.decision.forks);
  const undecodable = frames.filter(({ frame }) => frame.undecodable !== undefined);

  // First, because the frame that fits may be among those that are stored now.
  for (const lane of lanes) await moveUnfit(client, lane, intake.receivedUs);
  await insertFrames(client, intake.receivedUs, lanes);
  await insertVoids(client, lanes);
  await noteFramesInVoids(client, lanes);
  // A fork is no part of the prefix, and what it says is true all the same (6.4).
  const said = lanes.flatMap((lane) =>
    [...lane.decision.store, ...lane.decision.forks].map((frame) => ({ lane, frame })),
  );
  await insertDictionaries(client, said);
  for (const { lane, frame } of said) {
    if (frame.entries !== undefined) await insertEntries(client, lane.epochNo, frame.entries);
    if (frame.clock !== undefined) {
      const { gateway, seq, head, clock } = frame;
      const isNews = stepTold(head, clock) !== undefined;
      await insertClock(
        client,
        gateway,
        clock,
        isNews ? { epochNo: lane.epochNo, seq } : undefined,
      );
    }
    if (frame.events !== undefined) await insertEvents(client, frame.gateway, frame.events);
    for (const start of frame.starts ?? []) {
      await client.query(
        "update epochs set parent = $3, started_us = $4 where gateway = $1 and epoch = $2",
        [frame.gateway, start.epoch, start.parent ?? null, start.startedUs],
      );
    }
  }
  await insertQuarantine(client, intake.receivedUs, [
    ...forks.map((frame) => ({
      ...numbered(frame, "fork", "another frame has its number or its chain", frame.bytes),
      unsorted: frame.head.content === "samples" && frame.undecodable === undefined,
    })),
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
  await moveMarks(client, lanes);
  await noteComplete(client, lanes);
  const moved = lanes.filter(hasMoved);

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

interface FrameRow {
  readonly lane: LaneWork;
  /** One, or a run of them. */
  readonly frames: readonly AdmittedFrame[];
  readonly last: AdmittedFrame;
  readonly bytes: Uint8Array;
}

function rowsOf(lane: LaneWork): readonly FrameRow[] {
  const { store, storeVoids, mark } = lane.decision;
  // What waits above the mark may turn out not to fit, what lies in a void is noted by its number, and what was not
  // decoded yet may turn out not to be decodable: those are dealt with one by one.
  const single = lane.voids.length > 0 || storeVoids.length > 0;
  const runs = cutRuns(
    store,
    (frame) =>
      !single &&
      frame.seq <= mark.seq &&
      frame.samples !== undefined &&
      frame.undecodable === undefined,
  );
  return runs.flatMap((frames) => {
    const last = frames.at(-1);
    return last === undefined ? [] : [{ lane, frames, last, bytes: rowBytes(frames) }];
  });
}

const frameColumns = {
  epoch_no: "integer",
  lane: "smallint",
  seq: "bigint",
  content: "smallint",
  chain: "bigint",
  content_crc: "bigint",
  cum: "bigint",
  sample_count: "bigint",
  first_us: "bigint",
  last_us: "bigint",
  sealed_us: "bigint",
  received_us: "bigint",
  bytes: "bytea",
  run_from: "bigint",
} as const;
/** Of a row in the stream, beside its frames: fourteen lengths, and the numbers. */
const rowRoom = 160;

/**
 * The lanes are locked and were read before: nobody else can have written these numbers. One that is there all the same
 * is an error, and the batch is taken in once more.
 */
async function insertFrames(
  client: pg.ClientBase,
  receivedUs: number,
  lanes: readonly LaneWork[],
): Promise<void> {
  const rows = lanes.flatMap(rowsOf);
  const room = rows.reduce((sum, { bytes }) => sum + bytes.length + rowRoom, 0);
  const copied = new CopyRows(Object.values(frameColumns), room);
  for (const { lane, frames, last, bytes } of rows) {
    const [isRun, first] = [frames.length > 1, frames[0] ?? last];
    let [firstUs, lastUs, samples] = [Infinity, -Infinity, 0];
    for (const { head, sampleCount } of frames) {
      firstUs = Math.min(firstUs, head.firstUs);
      lastUs = Math.max(lastUs, head.lastUs);
      samples += sampleCount;
    }
    copied.push([
      lane.epochNo,
      lane.laneNumber,
      last.seq,
      isRun ? runContent : contentNumberOf(last),
      toColumn(last.chain),
      last.contentCrc,
      last.cum,
      samples,
      Math.round(firstUs),
      Math.round(lastUs),
      Math.round(last.head.sealedUs),
      receivedUs,
      bytes,
      isRun ? first.seq : null,
    ]);
  }
  await copyInto(client, "frames", Object.keys(frameColumns), copied);
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
        `insert into voids (epoch_no, lane, from_seq, to_seq, chain_before, chain_at, cum, sample_count, counts_from)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict do nothing`,
        [
          lane.epochNo,
          lane.laneNumber,
          gap.fromSeq,
          gap.toSeq,
          toColumn(gap.chainBefore),
          toColumn(gap.chainAt),
          gap.cum,
          gap.sampleCount,
          countsFrom(gap.fromSeq, lane),
        ],
      );
    }
  }
}

/** What lies at or below the mark was accounted for when the mark moved over it. */
function countsFrom(fromSeq: number, lane: LaneWork): number {
  return Math.max(fromSeq, lane.before.seq + 1);
}

/**
 * Once the days of frames are dropped, this is what tells a frame that fills its void from one that was stored before
 * and comes again.
 */
async function noteFramesInVoids(client: pg.ClientBase, lanes: readonly LaneWork[]): Promise<void> {
  for (const lane of lanes) {
    const { store, storeVoids } = lane.decision;
    const filling = store.filter(({ seq }) =>
      lane.voids.some((gap) => gap.countsFrom <= seq && seq <= gap.toSeq),
    );
    if (filling.length > 0) {
      await client.query(
        `insert into frames_in_voids select $1, $2, unnest($3::bigint[]) on conflict do nothing`,
        [lane.epochNo, lane.laneNumber, column(filling, (frame) => frame.seq)],
      );
    }
    for (const gap of storeVoids) {
      await client.query(
        `insert into frames_in_voids select epoch_no, lane, seq from frames
         where epoch_no = $1 and lane = $2 and seq between $3 and $4 on conflict do nothing`,
        [lane.epochNo, lane.laneNumber, countsFrom(gap.fromSeq, lane), gap.toSeq],
      );
    }
  }
}

/** One question for all: when a fleet is met for the first time, each gateway brings one. */
async function insertDictionaries(
  client: pg.ClientBase,
  said: readonly { readonly lane: LaneWork; readonly frame: AdmittedFrame }[],
): Promise<void> {
  const bodies = new Map<string, DictionaryRow>();
  const last = new Map<number, DictionaryRow>();
  for (const { lane, frame } of said) {
    if (frame.dictionary === undefined) continue;
    const { hash } = frame.dictionary;
    const row = { hash, epochNo: lane.epochNo, frame };
    bodies.set(`${frame.gateway}/${hash}`, row);
    if ((last.get(row.epochNo)?.frame.seq ?? 0) < frame.seq) last.set(row.epochNo, row);
  }
  if (last.size === 0) return;
  const rows = [...bodies.values()];
  await client.query(
    `insert into dictionaries (gateway, hash, body, first_us)
     select * from unnest($1::text[], $2::bigint[], $3::bytea[], $4::bigint[]) on conflict do nothing`,
    [
      column(rows, ({ frame }) => frame.gateway),
      column(rows, ({ hash }) => toColumn(hash)),
      rows.map(({ frame }) => Buffer.from(frame.body)),
      column(rows, ({ frame }) => Math.round(frame.head.sealedUs)),
    ],
  );
  await noteLastDictionaries(client, [...last.values()]);
}

/**
 * The same dictionary is sealed anew in each epoch, so that each says which is its own. Epochs may come in any order, and
 * are ranked when a hello names them.
 */
async function noteLastDictionaries(
  client: pg.ClientBase,
  last: readonly DictionaryRow[],
): Promise<void> {
  const numbers = column(last, ({ epochNo }) => epochNo);
  // Locked in the order in which all lock them.
  await client.query("select from epochs where no = any($1::int[]) order by no for no key update", [
    numbers,
  ]);
  await client.query(
    `update epochs e set dictionary = n.hash, dictionary_seq = n.seq
     from unnest($1::int[], $2::bigint[], $3::bigint[]) n (no, hash, seq)
     where e.no = n.no and e.dictionary_seq < n.seq`,
    [numbers, column(last, ({ hash }) => toColumn(hash)), column(last, ({ frame }) => frame.seq)],
  );
}

interface DictionaryRow {
  readonly hash: bigint;
  readonly epochNo: number;
  readonly frame: AdmittedFrame;
}

export async function insertEntries(
  client: pg.ClientBase,
  epochNo: number,
  entries: readonly LedgerEntry[],
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
