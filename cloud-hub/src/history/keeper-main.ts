/**
 * A keeper's process: sorts frames of its gateways as they come; the first one also writes days that are over into files, and
 * lets go what is due. Started by `keeper.ts`; ends with the one who started it.
 */
import { createLog, messageChain, systemClock, type Clock, type Log } from "@millwright/kit";

import { sorterConnections } from "../database/connections.ts";
import { openPool } from "../database/pool.ts";
import type { KeeperSettings } from "./keeper-settings.ts";
import { Compactor } from "./lake/compactor.ts";
import { noteDamaged } from "./lake/damage.ts";
import { bucketIn, LakeFolder } from "./lake/lake-folder.ts";
import { ReleasedReader } from "./lake/released-reader.ts";
import { Retention } from "./lake/retention.ts";
import { SeriesBook } from "./series-book.ts";
import { Sorter } from "./sorter.ts";

/** A pass reads and writes some hundred megabytes on a slow disk. */
const statementMs = 600_000;

/** A day is written once its last frames have come and an outage's history with them, as a rule. */
const settleMs = 3_600_000;
/** Some ten megabytes a file, and 200 MB of memory while it is sorted. */
const samplesPerFile = 4_000_000;

const stopping = new AbortController();
// The hub has ended, or wants this process to end. A signal of the terminal is the hub's to handle.
process.once("disconnect", () => {
  stopping.abort();
});
process.on("SIGINT", () => undefined);

process.once("message", (message) => {
  const settings = message as KeeperSettings;
  const log = createLog("history-keeper", settings.logLevel);
  void keep(settings, systemClock, log, stopping.signal)
    .catch((failure: unknown) => {
      log.error("history.keeper-failed", { reason: messageChain(failure) });
      process.exitCode = 1;
    })
    .finally(() => {
      process.exit(process.exitCode ?? 0);
    });
});

async function keep(
  settings: KeeperSettings,
  clock: Clock,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  const { databaseUrl: url, sortEveryMs, hotDays, share } = settings;
  const pool = openPool({ url, connectionsMax: sorterConnections, statementMs, log });
  const book = new SeriesBook();
  const lake = new LakeFolder({
    folder: settings.lake.folder,
    ...bucketIn(settings.lake),
    damaged: (file, reason) => noteDamaged(pool, file, reason, clock, log),
  });
  using released = new ReleasedReader(pool, lake);
  const sorter = new Sorter({ pool, book, clock, log, hotDays, released, share });
  const compactor = new Compactor({ pool, book, lake, clock, log, settleMs, samplesPerFile });
  const retention = new Retention({ pool, lake, clock, log, hotDays, keep: settings.keep });
  const trouble = new Trouble(log);
  while (!signal.aborted) {
    const startedMs = clock.monotonicMs();
    await trouble.tell("history.sorting-failed", () => sorter.sortAll(signal));
    if (share.index === 0) {
      await trouble.tell("history.compacting-failed", () => compactor.compactDue(signal));
      await trouble.tell("history.retention-failed", () => retention.run());
    }
    const leftMs = sortEveryMs - (clock.monotonicMs() - startedMs);
    await clock.sleep(Math.max(0, leftMs), signal).catch(() => undefined);
  }
  await pool.end();
}

/** Says when trouble begins and when it ends, and not each time. */
class Trouble {
  readonly #log: Log;
  readonly #since = new Set<string>();

  constructor(log: Log) {
    this.#log = log;
  }

  async tell(code: string, work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
      if (this.#since.delete(code)) this.#log.info(`${code}-no-more`, {});
    } catch (failure) {
      if (!this.#since.has(code)) this.#log.error(code, { reason: messageChain(failure) });
      this.#since.add(code);
    }
  }
}
