/**
 * What the database says about its verified backups: how far gateways may delete, and how old the newest is. Read again
 * every few seconds, because a backup is made by a process of its own, and perhaps by a person at a terminal.
 */
import { messageChain, type Clock, type Log } from "@millwright/kit";
import { laneNumbers, type Epoch, type GatewayId, type LaneMark } from "@millwright/wire-contract";
import type pg from "pg";

import { mayBeHeld } from "../database/held-epochs.ts";
import { poolConnections } from "../database/connections.ts";
import { openPool } from "../database/pool.ts";

export interface BackupBookOptions {
  readonly databaseUrl: string;
  readonly releaseBelow: "stored" | "backup";
  readonly clock: Clock;
  readonly log: Log;
}

const readEveryMs = 5_000;

/** Read at once: whoever asks has a true answer. */
export async function openBackupBook(options: BackupBookOptions): Promise<BackupBook> {
  const pool = openPool({
    url: options.databaseUrl,
    connectionsMax: poolConnections.backupBook,
    statementMs: 60_000,
    log: options.log,
  });
  const book = new BackupBook(options, pool);
  try {
    await book.reload();
    return book;
  } catch (failure) {
    await pool.end();
    throw failure;
  }
}

export class BackupBook implements AsyncDisposable {
  readonly #options: BackupBookOptions;
  readonly #pool: pg.Pool;
  readonly #safe = new Map<string, number>();
  #newestUs = 0;
  #newestId = "0";

  constructor(options: BackupBookOptions, pool: pg.Pool) {
    this.#options = options;
    this.#pool = pool;
  }

  /** Moment of the newest verified backup, µs; 0 when there is none. */
  get newestUs(): number {
    return this.#newestUs;
  }

  /**
   * The mark as gateways may use it: `safeSeq` is what the newest verified backup holds (no-loss protocol 6.6). Of an epoch
   * that nobody held when the book was read nothing is safe until it is read again, after the next backup.
   */
  lower(gateway: GatewayId, mark: LaneMark): LaneMark {
    if (this.#options.releaseBelow === "stored") return mark;
    const safe = this.#safe.get(keyOf(gateway, mark.epoch, laneNumbers[mark.lane])) ?? 0;
    return { ...mark, safeSeq: Math.min(safe, mark.storedSeq) };
  }

  /** All of it anew: the database may be another one than before, and then promises less. */
  async reload(): Promise<void> {
    const newest = await this.#pool.query<{ id: bigint; made_us: bigint }>(
      "select coalesce(max(id), 0) as id, coalesce(max(made_us), 0) as made_us from backups",
    );
    const marks = await this.#pool.query<{
      gateway: GatewayId;
      epoch: Epoch;
      lane: number;
      seq: bigint;
    }>(
      `select e.gateway, e.epoch, s.lane, s.seq from safe_marks s join epochs e on e.no = s.epoch_no
       where ${mayBeHeld}`,
    );
    this.#safe.clear();
    for (const { gateway, epoch, lane, seq } of marks.rows)
      this.#safe.set(keyOf(gateway, epoch, lane), Number(seq));
    this.#newestUs = Number(newest.rows[0]?.made_us ?? 0n);
    this.#newestId = String(newest.rows[0]?.id ?? 0n);
  }

  /** Until `signal` aborts. */
  async watch(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    let failed = false;
    while (!signal.aborted) {
      await clock.sleep(readEveryMs, signal).catch(() => undefined);
      if (hasAborted(signal)) return;
      try {
        const newest = await this.#pool.query<{ id: bigint }>(
          "select coalesce(max(id), 0) as id from backups",
        );
        if (String(newest.rows[0]?.id ?? 0n) !== this.#newestId) await this.reload();
        failed = false;
      } catch (failure) {
        if (!failed) log.warn("backup.not-read", { reason: messageChain(failure) });
        failed = true;
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool.end();
  }
}

function keyOf(gateway: GatewayId, epoch: Epoch, lane: number): string {
  return `${gateway}/${epoch}/${lane}`;
}

/** A call, because a compiler that has seen `aborted` false once believes that it stays so across a wait. */
function hasAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
