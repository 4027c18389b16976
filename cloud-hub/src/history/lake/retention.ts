/**
 * What goes, and when: days of frames and chunks that are safe elsewhere, and everything that is older than the settings
 * want. The second is an act of policy, and stands in the audit log.
 */
import type { Clock, Log } from "@millwright/kit";
import { frameContents } from "@millwright/wire-contract";
import type pg from "pg";

import { writeAudit } from "../../database/audit.ts";
import { isBackupUnderWay } from "../../database/backup-lock.ts";
import { holdsHistory } from "../../database/frame-runs.ts";
import { listPartitions, type Partition } from "../../database/range-partitions.ts";
import { inTransaction } from "../../database/transaction.ts";
import { keptFromUs } from "../kept-from.ts";
import { hourTier, minuteTier, type RollupTier } from "../rollups/rollup-store.ts";
import { dayOf, dayUs, firstSensibleDay } from "../samples/chunk.ts";
import { keepSortersOut } from "../sorter-lock.ts";
import { isoDay } from "./iso-day.ts";
import type { LakeFolder } from "./lake-folder.ts";
import { filesToUpload, filesToVerify, listedFiles } from "./lake-store.ts";

/** Days that each tier is kept. */
export interface KeepDays {
  readonly samples: number;
  readonly minutes: number;
  readonly hours: number;
}

export interface RetentionOptions {
  readonly pool: pg.Pool;
  readonly lake: LakeFolder;
  readonly clock: Clock;
  readonly log: Log;
  /** Days before today that stay in the database as frames and chunks. */
  readonly hotDays: number;
  readonly keep: KeepDays;
}

/** Each file is read again within a week: a disk that changes bytes is found while the copies elsewhere are young. */
const verifyEveryUs = 7 * dayUs;
/** Files that are read again in one go. */
const verifiedAtOnce = 20;
/** Files that go to the bucket in one go: after a week without it, the rest follows with the next rounds. */
const uploadedAtOnce = 200;
const removedAtOnce = 1_000;
/** Readers that began before a file was replaced have ended after so long. */
const replacedMs = 600_000;

export class Retention {
  readonly #options: RetentionOptions;

  constructor(options: RetentionOptions) {
    this.#options = options;
  }

  /** All that is due. Each step is a transaction: what a kill leaves is done the next time. */
  async run(): Promise<void> {
    // Also a table that it would wait for keeps others waiting behind it, those who store frames among them.
    if (await isBackupUnderWay(this.#options.pool)) return;
    await this.releaseFrames();
    await this.releaseChunks();
    await this.expireSamples();
    await this.#expireRollups(minuteTier, this.#options.keep.minutes, "minutes");
    await this.#expireRollups(hourTier, this.#options.keep.hours, "hours");
    await this.#uploadMissing();
    await this.#verifySome();
    await this.#tidyFolder();
  }

  /** Days of frames that are all sorted: their samples are in chunks. What could not be decoded stays. */
  async releaseFrames(): Promise<readonly string[]> {
    const { pool, log } = this.#options;
    const released: string[] = [];
    for (const partition of await listPartitions(pool, "frames")) {
      if (partition.to > this.#firstHotDay() * dayUs) continue;
      const done = await inTransaction(pool, async (client) => {
        await keepSortersOut(client);
        const waiting = await client.query(
          `select from ${partition.name} f left join sorted_lanes s on s.epoch_no = f.epoch_no and s.lane = f.lane
           left join frames_in_voids i on i.epoch_no = f.epoch_no and i.lane = f.lane and i.seq = f.seq
           where f.seq > coalesce(s.seq, 0)
             -- Came into a void that the sorters had passed. They take only what history is made from.
             or (not coalesce(i.sorted, true) and ${holdsHistory})
             -- Of captures that are not put together yet; those that are have left none.
             or f.content in (${frameContents.capture}, ${frameContents.piece}) limit 1`,
        );
        if (waiting.rows.length > 0) return false;
        await client.query(
          `insert into frames_undecodable select * from ${partition.name} where content = 0 on conflict do nothing`,
        );
        await client.query(`drop table ${partition.name}`);
        return true;
      });
      if (!done) continue;
      released.push(partition.name);
      log.info("history.frames-released", { partition: partition.name });
    }
    return released;
  }

  /** Days whose listed files hold every sample, and whose bytes were found whole just now. */
  async releaseChunks(): Promise<readonly number[]> {
    const { pool, log } = this.#options;
    const days = await pool.query<{ day: number }>(
      `select day from history_days where day < $1 group by day
       having bool_and(compacted = version) and not bool_and(released) order by day`,
      [this.#firstHotDay()],
    );
    const partitions = await listPartitions(pool, "chunks");
    const released: number[] = [];
    for (const { day } of days.rows) {
      if (!(await this.#isWhole(day))) continue;
      const partition = partitions.find((one) => one.from <= day && day < one.to);
      const done = await this.#releaseDay(day, partition);
      if (!done) continue;
      released.push(day);
      log.info("history.day-released", { day: isoDay(day) });
    }
    return released;
  }

  async #isWhole(day: number): Promise<boolean> {
    const { pool, lake } = this.#options;
    const buckets = await pool.query<{ bucket: number }>(
      "select bucket from history_days where day = $1",
      [day],
    );
    for (const { bucket } of buckets.rows) {
      for (const file of await listedFiles(pool, day, bucket)) {
        if (!(await lake.verify(file))) return false;
      }
    }
    return true;
  }

  async #releaseDay(day: number, partition: Partition | undefined): Promise<boolean> {
    return inTransaction(this.#options.pool, async (client) => {
      await keepSortersOut(client);
      const changed = await client.query(
        "select from history_days where day = $1 and compacted <> version limit 1",
        [day],
      );
      if (changed.rows.length > 0) return false;
      const sums = await client.query<{ chunks: bigint; files: bigint }>(
        `select (select coalesce(sum(samples), 0)::bigint from chunks where day = $1) as chunks,
           (select coalesce(sum(samples), 0)::bigint from lake_files where day = $1 and state = 'listed') as files`,
        [day],
      );
      const { chunks, files } = sums.rows[0] ?? { chunks: 0n, files: 0n };
      // The last line before samples go: both sides are counted.
      if (chunks > files)
        throw new Error(`${isoDay(day)}: ${chunks} samples in the database, ${files} in its files`);
      await client.query(
        partition === undefined
          ? `delete from chunks_other_days where day = ${day}`
          : `drop table ${partition.name}`,
      );
      await client.query("update history_days set released = true where day = $1", [day]);
      return true;
    });
  }

  /** Samples that are older than the settings want. */
  async expireSamples(): Promise<void> {
    const { pool, clock, keep, log } = this.#options;
    const first = dayOf(clock.nowUs()) - keep.samples;
    if (!(await this.#hasOlderSamples(first))) return;
    const gone = await inTransaction(pool, async (client) => {
      await keepSortersOut(client);
      const files = await client.query<{ samples: bigint; byte_count: bigint; day: number }>(
        "update lake_files set state = 'expired' where state = 'listed' and day < $1 returning samples, byte_count, day",
        [first],
      );
      // What a clock that was not set has stamped may still get its true time, and lies there for as long as it is young.
      const young = await client.query<{ day: number }>(
        `select distinct day from history_days where day < ${firstSensibleDay} and changed_us >= $1`,
        [Math.round(first * dayUs)],
      );
      const spared = young.rows.map(({ day }) => day);
      const chunks = await client.query<{ samples: bigint; day: number }>(
        `select day, sum(samples)::bigint as samples from chunks where day < $1 and not day = any($2::int[])
         group by day`,
        [first, spared],
      );
      for (const { name, to } of await listPartitions(client, "chunks")) {
        if (to <= first) await client.query(`drop table ${name}`);
      }
      const old = "day < $1 and not day = any($2::int[])";
      await client.query(`delete from chunks_other_days where ${old}`, [first, spared]);
      await client.query(`delete from history_days where ${old}`, [first, spared]);
      const days = new Set([...files.rows, ...chunks.rows].map(({ day }) => day));
      if (days.size === 0) return undefined;
      const samples = [...files.rows, ...chunks.rows].reduce(
        (sum, row) => sum + Number(row.samples),
        0,
      );
      const details = {
        tier: "samples",
        before: isoDay(first),
        days: days.size,
        files: files.rows.length,
        samples,
        bytes: files.rows.reduce((sum, row) => sum + Number(row.byte_count), 0),
      };
      await writeAudit(client, {
        atUs: clock.nowUs(),
        actor: "policy",
        act: "history expired",
        details,
      });
      return details;
    });
    if (gone !== undefined) log.info("history.expired", gone);
  }

  /**
   * Nearly never. Asked before the sorters are kept out, because whoever does that waits for the passes under way, and
   * those that are to come wait for him.
   */
  async #hasOlderSamples(first: number): Promise<boolean> {
    const { pool } = this.#options;
    const found = await pool.query<{ any: boolean }>(
      `select exists (select from lake_files where state = 'listed' and day < $1)
         or exists (select from history_days where day < $1 and day not in (
           select day from history_days where day < ${firstSensibleDay} and changed_us >= $2)) as any`,
      [first, Math.round(first * dayUs)],
    );
    if (found.rows[0]?.any === true) return true;
    const partitions = await listPartitions(pool, "chunks");
    return partitions.some(({ to }) => to <= first);
  }

  async #expireRollups(tier: RollupTier, keepDays: number, name: string): Promise<void> {
    const { pool, clock, log } = this.#options;
    const table = tier.table.name;
    const fromUs = keptFromUs(tier, keepDays, clock.nowUs());
    const first = fromUs / tier.slotUs;
    const old = (await listPartitions(pool, table)).filter(({ to }) => to <= first);
    const older = `from ${table}_other where slot < $1`;
    // As with samples: sorters are not kept out for nothing.
    if (old.length === 0 && (await pool.query(`select ${older} limit 1`, [first])).rowCount === 0)
      return;
    const gone = await inTransaction(pool, async (client) => {
      await keepSortersOut(client);
      for (const partition of old) await client.query(`drop table ${partition.name}`);
      const rest = await client.query(`delete ${older}`, [first]);
      const details = {
        tier: name,
        before: isoDay(dayOf(fromUs)),
        partitions: old.length,
        rows: rest.rowCount ?? 0,
      };
      await writeAudit(client, {
        atUs: clock.nowUs(),
        actor: "policy",
        act: "history expired",
        details,
      });
      return details;
    });
    log.info("history.expired", gone);
  }

  /** Into the bucket, where there is one; what it did not take is tried again the next time. */
  async #uploadMissing(): Promise<void> {
    const { pool, lake, clock } = this.#options;
    for (const file of await filesToUpload(pool, uploadedAtOnce)) {
      if ((await lake.checked(file)) === undefined) continue;
      if (!(await lake.upload(file))) return;
      await pool.query("update lake_files set uploaded_us = $2 where id = $1", [
        file.id,
        Math.round(clock.nowUs()),
      ]);
    }
  }

  async #verifySome(): Promise<void> {
    const { pool, lake, clock } = this.#options;
    for (const file of await filesToVerify(pool, clock.nowUs() - verifyEveryUs, verifiedAtOnce)) {
      if (!(await lake.verify(file))) continue;
      await pool.query("update lake_files set verified_us = $2 where id = $1", [
        file.id,
        Math.round(clock.nowUs()),
      ]);
    }
  }

  /** Files that are not valid any more, and those that a kill has left. */
  async #tidyFolder(): Promise<void> {
    const { pool, lake, clock } = this.#options;
    const nowMs = clock.nowUs() / 1_000;
    const rows = await pool.query<{ path: string; state: string }>(
      "select path, state from lake_files where state = 'listed' or listed_us >= $1",
      [Math.round((nowMs - replacedMs) * 1_000)],
    );
    const valid = new Set(
      rows.rows.filter(({ state }) => state !== "expired").map(({ path }) => path),
    );
    lake.removeOthers(valid, nowMs - replacedMs);
    const gone = await pool.query<{ id: bigint; path: string }>(
      "select id, path from lake_files where state = 'expired' or state = 'replaced' and listed_us < $1 limit $2",
      [Math.round((nowMs - replacedMs) * 1_000), removedAtOnce],
    );
    for (const { id, path } of gone.rows) {
      await lake.remove(path);
      await pool.query("delete from lake_files where id = $1", [id]);
    }
  }

  #firstHotDay(): number {
    return dayOf(this.#options.clock.nowUs()) - this.#options.hotDays;
  }
}
