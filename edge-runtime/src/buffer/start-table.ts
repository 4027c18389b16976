import type Database from "better-sqlite3";
import type { DeviceId, Epoch, LossScope, StartRecord } from "@millwright/wire-contract";

import type { Loss } from "../hand-over.ts";

/**
 * The starts of the gateway. Each begins an epoch, after a crash as after a clean stop (no-loss protocol 2 and 4.5), and
 * what lies between the last commit of the one before and its beginning is claimed.
 */

/**
 * What was in memory when the gateway stopped may have been measured this long before the last commit. Bounds the claim
 * of a device whose clock is far off.
 */
export const inMemoryUs = 10_000_000;

interface StartRow {
  readonly rank: number;
  readonly epoch: Epoch;
  readonly parent: Epoch | null;
  readonly last_commit_us: number;
  readonly started_us: number;
}

export interface Start {
  /** Starts are counted from 1; keys of frames begin with it. */
  readonly rank: number;
  readonly record: StartRecord;
}

export class StartTable {
  readonly #newest;
  readonly #oldest;
  readonly #next;
  readonly #insert;
  readonly #newestFrame;

  constructor(db: Database.Database) {
    this.#newest = db.prepare<[number], StartRow>("select * from start order by rank desc limit ?");
    this.#oldest = db.prepare<[], StartRow>("select * from start order by rank limit 1");
    this.#next = db.prepare<[number], StartRow>(
      "select * from start where rank > ? order by rank limit 1",
    );
    this.#insert = db.prepare(
      "insert into start (rank, epoch, parent, last_commit_us, started_us) values (?, ?, ?, ?, ?)",
    );
    const newestFrame = (table: string): Database.Statement<[], number> =>
      db.prepare<[], number>(`select sealed_us from ${table} order by id desc limit 1`).pluck();
    this.#newestFrame = {
      samples: newestFrame("sample_frame"),
      critical: newestFrame("critical_frame"),
    };
  }

  /** Newest first. */
  newest(max: number): Start[] {
    return this.#newest.all(max).map((row) => ({ rank: row.rank, record: recordOf(row) }));
  }

  /** The first start of this journal. */
  first(): StartRecord | undefined {
    return optional(this.#oldest.get());
  }

  /** The start that ended the epoch of this rank, where another one began. */
  after(rank: number): StartRecord | undefined {
    return optional(this.#next.get(rank));
  }

  add({ rank, record }: Start): void {
    const { epoch, parent, lastCommitUs, startedUs } = record;
    this.#insert.run(rank, epoch, parent ?? null, lastCommitUs, startedUs);
  }

  /**
   * Up to when all samples that were taken are on disk. Frames of other lanes prove nothing: on a full disk they may have
   * found room that samples, which are more, did not.
   *
   * @param takenUs when the samples of the newest frame were taken from memory, where they had to wait for room
   */
  samplesKeptUs(closedUs: number, nowUs: number, takenUs = Infinity): number {
    const samplesUs = Math.min(this.#newestFrame.samples.get() ?? 0, takenUs);
    if (samplesUs === 0) return this.lastCommitUs(closedUs, nowUs);
    return closedUs <= nowUs ? Math.max(samplesUs, closedUs) : samplesUs;
  }

  /**
   * @param closedUs when the journal was closed, where it was
   * @param nowUs what was sealed later than this was sealed before the clock was set back: when samples came after it,
   *   their time counts
   */
  lastCommitUs(closedUs: number, nowUs: number): number {
    const samplesUs = this.#newestFrame.samples.get() ?? 0;
    const others = [this.#newestFrame.critical.get() ?? 0, closedUs];
    const believed = samplesUs === 0 ? others : others.filter((atUs) => atUs <= nowUs);
    return Math.max(samplesUs, ...believed);
  }
}

function recordOf(row: StartRow): StartRecord {
  return {
    epoch: row.epoch,
    ...(row.parent === null ? {} : { parent: row.parent }),
    lastCommitUs: row.last_commit_us,
    startedUs: row.started_us,
  };
}

function optional(row: StartRow | undefined): StartRecord | undefined {
  return row === undefined ? undefined : recordOf(row);
}

/**
 * One claim for each device, from the last commit of samples to now: it covers what was in memory when the gateway
 * stopped.
 *
 * @param firstUs least measured time in the newest sample frame
 */
export function lossesWhileDown(
  devices: readonly DeviceId[],
  firstUs: number | undefined,
  keptUs: number,
  nowUs: number,
): Loss[] {
  let fromUs = Math.min(keptUs, Math.max(firstUs ?? keptUs, keptUs - inMemoryUs));
  let toUs = nowUs;
  if (nowUs < keptUs) {
    // The clock was set back since, or is not set yet. What was in memory bears times of the old clock, just after the
    // commit, or of the new one, just before now.
    fromUs = Math.min(fromUs, nowUs - inMemoryUs);
    toUs = keptUs + inMemoryUs;
  }
  const scopes: readonly LossScope[] =
    devices.length === 0
      ? [{ kind: "gateway" }]
      : devices.map((device) => ({ kind: "device", device }));
  return scopes.map((scope) => ({
    reason: "gateway down",
    scope,
    fromUs,
    toUs,
    count: { kind: "unknown" },
  }));
}
