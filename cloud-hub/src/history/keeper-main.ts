/** The keeper's process: sorts frames as they come. Started by `keeper.ts`; ends with the one who started it. */
import { createLog, messageChain, systemClock, type Clock, type Log } from "@millwright/kit";

import { openPool } from "../database/pool.ts";
import type { KeeperSettings } from "./keeper-settings.ts";
import { SeriesBook } from "./series-book.ts";
import { Sorter } from "./sorter.ts";

/** A pass reads and writes some hundred megabytes on a slow disk. */
const statementMs = 600_000;

const stopping = new AbortController();
// The hub has ended, or wants this process to end. A signal of the terminal is the hub's to handle.
process.once("disconnect", () => {
  stopping.abort();
});
process.on("SIGINT", () => undefined);

process.once("message", (settings) => {
  void keep(settings as KeeperSettings, systemClock, stopping.signal).finally(() => {
    process.exit(process.exitCode ?? 0);
  });
});

async function keep(settings: KeeperSettings, clock: Clock, signal: AbortSignal): Promise<void> {
  const log = createLog("history-keeper", settings.logLevel);
  const { databaseUrl: url, sortEveryMs, hotDays } = settings;
  const pool = openPool({ url, connectionsMax: 3, statementMs, log });
  const sorter = new Sorter({ pool, book: new SeriesBook(), clock, log, hotDays });
  const trouble = new Trouble(log);
  while (!signal.aborted) {
    const startedMs = clock.monotonicMs();
    await trouble.tell("history.sorting-failed", async () => {
      await sorter.sortAll(signal);
    });
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

  async tell(code: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
      if (this.#since.delete(code)) this.#log.info(`${code}-no-more`, {});
    } catch (failure) {
      if (!this.#since.has(code)) this.#log.error(code, { reason: messageChain(failure) });
      this.#since.add(code);
    }
  }
}
