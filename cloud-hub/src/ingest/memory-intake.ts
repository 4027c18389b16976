/** One batch, one transaction, in memory: the same decisions as in PostgreSQL, and nothing runs in between. */
import type { Dictionary, GatewayId } from "@millwright/wire-contract";
import type { EventsBody } from "@millwright/wire-contract/events";

import { digestOf } from "../database/event-rows.ts";
import type { AdmittedFrame, AdmittedVoid, LaneKey } from "./admission.ts";
import { advance } from "./completeness.ts";
import { byLane, laneMarkOf, rejectedRowsMax, type Intake, type Taken } from "./frame-store.ts";
import {
  epochRows,
  laneRows,
  reachedIn,
  rowsOf,
  toStored,
  type EpochRows,
  type FrameRow,
  type GatewayRows,
  type LaneRows,
  type MemoryRows,
} from "./memory-rows.ts";
import { decideLane, nothingReleased, type LaneDecision, type PrefixMark } from "./prefix.ts";

export function takeInto(rows: MemoryRows, intake: Intake): Taken {
  const before = rows.quarantine.length;
  const decided = byLane(intake).map(({ key, frames, voids }): Decided => {
    const epoch = epochRows(rowsOf(rows, key.gateway), key.epoch);
    const lane = laneRows(epoch, key.lane);
    const known = {
      mark: lane.mark,
      frames: [...lane.frames.values()].map((row) => row.frame),
      voids: lane.voids,
      released: nothingReleased,
    };
    return { key, epoch, lane, decision: decideLane(known, frames, voids) };
  });
  const marks = decided.flatMap(({ key, lane, decision }) =>
    sameMark(lane.mark, decision.mark)
      ? []
      : [{ gateway: key.gateway, mark: laneMarkOf(key, decision.mark) }],
  );
  for (const one of decided) apply(rows, one, intake.receivedUs);
  for (const frame of intake.frames) noteComplete(rows, frame);
  reject(rows, intake);
  return {
    stored: decided.flatMap(({ epoch, decision }) =>
      decision.store.map((frame) => toStored(frame, epoch.rank)),
    ),
    repeats: decided.reduce((sum, { decision }) => sum + decision.repeats, 0),
    quarantined: rows.quarantine.length - before,
    marks,
  };
}

interface Decided {
  readonly key: LaneKey;
  readonly epoch: EpochRows;
  readonly lane: LaneRows;
  readonly decision: LaneDecision<AdmittedFrame, AdmittedVoid>;
}

function apply(
  rows: MemoryRows,
  { key, epoch, lane, decision }: Decided,
  receivedUs: number,
): void {
  const { gateway } = key;
  const keep = (reason: string, bytes: number): void => {
    rows.quarantine.push({ kind: "kept", gateway, epoch: key.epoch, reason, receivedUs, bytes });
  };
  // A fork that comes again says nothing new.
  const isNews = (seq: number, chain: bigint, row?: FrameRow): boolean => {
    const known = lane.forks.has(`${seq}/${chain}`);
    if (!known) lane.forks.set(`${seq}/${chain}`, row);
    return !known;
  };
  const keepSaid = (frame: AdmittedFrame): void => {
    if (frame.dictionary !== undefined) {
      putDictionary(rowsOf(rows, gateway), epoch, frame, frame.dictionary);
    }
    if (frame.events !== undefined) putEvents(rows, frame.gateway, frame.events);
    for (const entry of frame.entries ?? []) epoch.entries.set(JSON.stringify(entry), entry);
  };
  for (const seq of decision.unfit) {
    const row = lane.frames.get(seq);
    if (row !== undefined && isNews(seq, row.frame.chain, row)) {
      keep("does not fit the chain before it", row.frame.bytes.length);
    }
    lane.frames.delete(seq);
  }
  for (const frame of decision.store) {
    const undecodable = frame.undecodable !== undefined;
    lane.frames.set(frame.seq, { frame, receivedUs, undecodable });
    if (undecodable) keep(frame.undecodable, frame.bytes.length);
    keepSaid(frame);
  }
  lane.voids.push(...decision.storeVoids);
  for (const frame of decision.forks) {
    const undecodable = frame.undecodable !== undefined;
    if (!isNews(frame.seq, frame.chain, { frame, receivedUs, undecodable })) continue;
    keep("another frame has its number or its chain", frame.bytes.length);
    keepSaid(frame);
  }
  for (const { toSeq, chainAt, bytes } of decision.voidForks) {
    if (isNews(toSeq, chainAt)) keep("a void that does not fit the chain", bytes.length);
  }
  lane.mark = decision.mark;
}

function putEvents(rows: MemoryRows, gateway: GatewayId, { journalUs, lines }: EventsBody): void {
  const { events } = rowsOf(rows, gateway);
  for (const line of lines) {
    const key = `${journalUs}/${line.number}/${digestOf(line)}`;
    if (!events.has(key)) events.set(key, { id: ++rows.lastEvent, gateway, journalUs, line });
  }
}

function putDictionary(
  { dictionaries }: GatewayRows,
  epoch: EpochRows,
  { seq }: AdmittedFrame,
  dictionary: Dictionary,
): void {
  const { hash } = dictionary;
  dictionaries.set(hash, dictionary);
  if ((epoch.dictionary?.seq ?? 0) < seq) epoch.dictionary = { hash, seq };
}

function noteComplete(
  rows: MemoryRows,
  { gateway, epoch, head: { complete } }: AdmittedFrame,
): void {
  const row = rowsOf(rows, gateway).epochs.get(epoch);
  if (row?.complete === undefined || complete === undefined) return;
  row.complete = advance(row.complete, [complete], reachedIn(row));
}

function reject({ quarantine }: MemoryRows, { rejected, receivedUs }: Intake): void {
  for (const { gateway, reason, bytes } of rejected) {
    const held = quarantine.filter((row) => row.kind === "rejected" && row.gateway === gateway);
    if (held.length >= rejectedRowsMax && held[0] !== undefined) {
      quarantine.splice(quarantine.indexOf(held[0]), 1);
    }
    quarantine.push({
      kind: "rejected",
      gateway,
      reason,
      receivedUs,
      bytes: bytes.length,
    });
  }
}

function sameMark(a: PrefixMark, b: PrefixMark): boolean {
  return a.seq === b.seq && a.frameSamples === b.frameSamples && a.voidSamples === b.voidSamples;
}
