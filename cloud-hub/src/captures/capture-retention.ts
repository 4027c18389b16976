/** What becomes of captures that are stored: copies in the bucket, reading them again, and their end by age. */
import { messageChain, type Clock, type Log } from "@millwright/kit";
import type pg from "pg";

import { writeAudit } from "../database/audit.ts";
import { isBackupUnderWay } from "../database/backup-lock.ts";
import { inTransaction } from "../database/transaction.ts";
import type { CaptureFiles } from "./capture-files.ts";

export interface CaptureRetentionOptions {
  readonly pool: pg.Pool;
  readonly files: CaptureFiles;
  /** Days that captures are kept. */
  readonly keepDays: number;
  readonly clock: Clock;
  readonly log: Log;
}

const dayUs = 86_400_000_000;
/** As files of the lake: a disk that changes bytes is found while the copies elsewhere are young. */
const verifyEveryUs = 7 * dayUs;
/** Files in one round, of some 50 kB mostly; after a week without the bucket the rest follows with the next rounds. */
const atOnce = 200;

export class CaptureRetention {
  readonly #options: CaptureRetentionOptions;
  #troubled = false;

  constructor(options: CaptureRetentionOptions) {
    this.#options = options;
  }

  /** All that is due. What fails is tried again with the next round. */
  async run(): Promise<void> {
    const { log } = this.#options;
    try {
      await this.expire();
      await this.uploadMissing();
      await this.verifySome();
      this.#troubled = false;
    } catch (failure) {
      if (!this.#troubled) log.warn("captures.not-tended", { reason: messageChain(failure) });
      this.#troubled = true;
    }
  }

  /** Deletes by age: an act of policy, in the audit log. A backup under way has listed what there was. */
  async expire(): Promise<void> {
    const { pool, clock, keepDays, log } = this.#options;
    if (await isBackupUnderWay(pool)) return;
    const beforeUs = clock.nowUs() - keepDays * dayUs;
    await inTransaction(pool, async (client) => {
      const rows = await client.query<{ byte_count: bigint }>(
        "update captures set state = 'expired' where start_us < $1 and state <> 'expired' returning byte_count",
        [Math.floor(beforeUs)],
      );
      if (rows.rows.length === 0) return;
      const bytes = rows.rows.reduce((sum, row) => sum + Number(row.byte_count), 0);
      const before = new Date(beforeUs / 1_000).toISOString();
      await writeAudit(client, {
        atUs: clock.nowUs(),
        actor: "policy",
        act: "captures expired",
        details: { before, captures: rows.rows.length, bytes },
      });
    });
    // The rows go last: what a kill or a bucket that is away has left is still known.
    const gone = await pool.query<{ sha256: string; used: boolean }>(
      `select sha256, bool_or(state <> 'expired') as used from captures
       where sha256 in (select sha256 from captures where state = 'expired') group by sha256`,
    );
    for (const { sha256, used } of gone.rows) {
      if (!used) await this.#options.files.remove(sha256);
      await pool.query("delete from captures where sha256 = $1 and state = 'expired'", [sha256]);
    }
    if (gone.rows.length > 0) log.info("captures.expired", { files: gone.rows.length });
  }

  /** Into the bucket, where there is one. */
  async uploadMissing(): Promise<void> {
    const { pool, files, clock } = this.#options;
    const found = await pool.query<{ sha256: string }>(
      "select distinct sha256 from captures where state = 'stored' and uploaded_us is null limit $1",
      [atOnce],
    );
    for (const { sha256 } of found.rows) {
      if (!(await files.verify(sha256))) await this.#noteDamaged(sha256);
      else if (!(await files.upload(sha256))) return;
      else
        await pool.query("update captures set uploaded_us = $2 where sha256 = $1", [
          sha256,
          Math.round(clock.nowUs()),
        ]);
    }
  }

  /** Those whose bytes were not looked at for the longest time. */
  async verifySome(): Promise<void> {
    const { pool, files, clock } = this.#options;
    const found = await pool.query<{ sha256: string }>(
      `select sha256 from captures where state = 'stored' and verified_us < $1
       group by sha256 order by min(verified_us) limit $2`,
      [Math.round(clock.nowUs() - verifyEveryUs), atOnce],
    );
    for (const { sha256 } of found.rows) {
      if (await files.verify(sha256))
        await pool.query("update captures set verified_us = $2 where sha256 = $1", [
          sha256,
          Math.round(clock.nowUs()),
        ]);
      else await this.#noteDamaged(sha256);
    }
  }

  /** Not listed any more: nobody is shown other bytes than those that were taken. */
  async #noteDamaged(sha256: string): Promise<void> {
    const { pool, clock, log } = this.#options;
    await inTransaction(pool, async (client) => {
      await client.query(
        "update captures set state = 'damaged' where sha256 = $1 and state = 'stored'",
        [sha256],
      );
      await writeAudit(client, {
        atUs: clock.nowUs(),
        actor: "policy",
        act: "capture damaged",
        details: { sha256 },
      });
    });
    log.error("captures.file-damaged", { sha256 });
  }
}
