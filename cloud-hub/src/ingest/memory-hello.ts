/** A hello in memory: what is known of the gateway's life, and what is kept of what the hello means for it. */
import type { Epoch, Hello } from "@millwright/wire-contract";

import type { AskedHead } from "./answer-marks.ts";
import { stepTold, type ClockStep } from "./clock-steps.ts";
import { advance } from "./completeness.ts";
import type { ClockHeard, KnownEpoch, Meeting } from "./meet-gateway.ts";
import { epochRows, reachedIn, type EpochRows, type GatewayRows } from "./memory-rows.ts";

/** All epochs of the gateway, with their completeness as the marks are now. */
export function readEpochs(rows: GatewayRows): readonly KnownEpoch[] {
  return [...rows.epochs].map(([epoch, row]) => {
    if (row.complete !== undefined) row.complete = advance(row.complete, [], reachedIn(row));
    const { rank, parent, startedUs, ended, fenced } = row;
    const completeUs = row.complete?.upToUs;
    const heard = newestIn(row);
    const steps = stepsIn(row);
    return { epoch, rank, parent, startedUs, completeUs, ended, fenced, heard, steps };
  });
}

/** Moves of the clock that it has told since it was complete. */
function stepsIn({ lanes, complete }: EpochRows): readonly ClockStep[] {
  const frames = [...(lanes.get("critical")?.frames.values() ?? [])].map(({ frame }) => frame);
  return frames
    .filter(({ seq }) => seq > (complete?.criticalSeq ?? 0))
    .flatMap(({ head, clock }) => (clock === undefined ? [] : (stepTold(head, clock) ?? [])));
}

/** What its clock said in the newest frame that has come of it. */
function newestIn({ lanes }: EpochRows): ClockHeard | undefined {
  const newest = [...lanes.values()].flatMap(
    ({ frames }) => frames.get(Math.max(...frames.keys())) ?? [],
  );
  const last = newest.toSorted((a, b) => a.receivedUs - b.receivedUs).at(-1);
  return last === undefined
    ? undefined
    : { saidUs: last.frame.head.sealedUs, atUs: last.receivedUs };
}

export function keepMeeting(rows: GatewayRows, hello: Hello, met: Meeting): void {
  const rowOf = (epoch: Epoch): EpochRows => epochRows(rows, epoch);
  for (const [epoch, upToUs] of met.covered) {
    const row = rowOf(epoch);
    const criticalSeq = row.lanes.get("critical")?.mark.seq ?? 0;
    row.complete = { upToUs, criticalSeq, waiting: row.complete?.waiting ?? [] };
  }
  const birth = hello.journal?.epoch ?? hello.epochs[0]?.epoch;
  if (birth !== undefined) {
    for (const claim of met.claims) rowOf(birth).entries.set(JSON.stringify(claim), claim);
  }
  for (const { epoch, parent, startedUs } of hello.epochs) {
    const row = rowOf(epoch);
    row.rank ??= met.ranks.get(epoch);
    row.parent = parent;
    row.startedUs = startedUs;
    const beginUs = met.begins.get(epoch);
    if (beginUs !== undefined) row.complete = { upToUs: beginUs, criticalSeq: 0, waiting: [] };
  }
  for (const epoch of met.ended) rowOf(epoch).ended = true;
  const own = hello.epochs.at(-1)?.epoch;
  if (met.fenced && own !== undefined) rowOf(own).fenced = true;
  rows.running = met.running;
}

/** Does this frame or void of the gateway lie in the prefix? The beginning of a lane always does. */
export function holds(rows: GatewayRows, { epoch, lane, seq, chain }: AskedHead): boolean {
  if (seq === 0) return true;
  const row = rows.epochs.get(epoch)?.lanes.get(lane);
  if (row === undefined || row.mark.seq < seq) return false;
  const has = row.voids.some(({ toSeq, chainAt }) => toSeq === seq && chainAt === chain);
  return row.frames.get(seq)?.frame.chain === chain || has;
}
