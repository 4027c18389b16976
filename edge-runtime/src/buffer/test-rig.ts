import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { PlayedClock, seededRandom, silentLog } from "@millwright/kit";
import type { DeviceId, GatewayId, LaneMark, TagId } from "@millwright/wire-contract";

import type { DeclaredTag, OutboxFrame, OutboxLane, SampleBatch } from "../hand-over.ts";
import type { HeldLane } from "./lane-book.ts";
import { openJournalCore, type JournalCore, type JournalOptions } from "./journal.ts";

/** For the tests of this folder: a journal in a folder that goes with the test, and batches to put into it. */

export const gateway = "press-hall" as GatewayId;
export const device = "plc-1" as DeviceId;

export interface Rig {
  readonly folder: string;
  readonly clock: PlayedClock;
  readonly broken: unknown[];
  options(change?: Partial<JournalOptions>): JournalOptions;
  open(change?: Partial<JournalOptions>): JournalCore;
}

/** @param context of a test, or of the suite whose tests share the rig */
export function newRig(context: { after(end: () => Promise<void>): void }, seed = "rig"): Rig {
  const folder = mkdtempSync(path.join(tmpdir(), "journal-"));
  const clock = new PlayedClock();
  const random = seededRandom(seed);
  const broken: unknown[] = [];
  const opened: JournalCore[] = [];
  context.after(async () => {
    for (const journal of opened) await journal.abandon();
    rmSync(folder, { recursive: true, force: true });
  });
  const options = (change: Partial<JournalOptions> = {}): JournalOptions => ({
    folder,
    gateway,
    commitEveryMs: 1_000,
    keepRawHours: 72,
    tellEveryMs: 1_000,
    bytesMax: 256 * 2 ** 20,
    clock,
    random,
    log: silentLog,
    onBroken: (failure) => broken.push(failure),
    ...change,
  });
  return {
    folder,
    clock,
    broken,
    options,
    open(change) {
      const journal = openJournalCore(options(change));
      opened.push(journal);
      return journal;
    },
  };
}

export function tag(id: string, change: Partial<DeclaredTag> = {}): DeclaredTag {
  return {
    id: id as TagId,
    name: id,
    device,
    type: "float64",
    kind: "measurement",
    unit: "Cel",
    decimals: 1,
    scale: 1,
    offset: 0,
    clock: "gateway",
    expectedMs: 1_000,
    low: NaN,
    high: NaN,
    asset: "Pump 1",
    texts: new Map(),
    filteredAtSource: "",
    ...change,
  };
}

/** One sample for each value, all of tag index 0 unless said otherwise, one µs apart. */
export function batchOf(
  values: readonly number[],
  measuredUs: number,
  change: Partial<SampleBatch> = {},
): SampleBatch {
  return {
    device,
    receivedUs: measuredUs,
    late: false,
    count: values.length,
    tag: new Int32Array(values.length),
    measuredUs: Float64Array.from(values, (_value, row) => measuredUs + row),
    value: Float64Array.from(values),
    status: new Uint32Array(values.length),
    ...change,
  };
}

export async function laneOf(journal: JournalCore, lane: HeldLane): Promise<OutboxLane> {
  const found = (await journal.outbox.lanes()).findLast((one) => one.lane === lane);
  if (found === undefined) throw new Error(`lane ${lane} is not held`);
  return found;
}

/** All frames of a lane of the running epoch. */
export async function framesOf(
  journal: JournalCore,
  lane: HeldLane,
): Promise<readonly OutboxFrame[]> {
  return journal.outbox.framesAfter(journal.epoch, lane, 0, Infinity);
}

export function hex(chain: bigint): string {
  return chain.toString(16).padStart(16, "0");
}

export function markOf(
  { epoch, lane }: Pick<LaneMark, "epoch" | "lane">,
  storedSeq: number,
  chain: bigint,
  safeSeq = storedSeq,
): LaneMark {
  return { epoch, lane, storedSeq, chain: hex(chain), safeSeq };
}
