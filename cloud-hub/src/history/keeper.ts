/**
 * Keeps history of a share of the gateways in the background, in a process of its own: sorting and compacting use a core
 * for seconds, and a library that crashes there must not take ingest with it.
 */
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { setPriority } from "node:os";
import { join } from "node:path";

import {
  Backoff,
  messageChain,
  race,
  type Clock,
  type Log,
  type LogFields,
  type Random,
  type Service,
} from "@millwright/kit";

import type { KeeperSettings } from "./keeper-settings.ts";

export interface HistoryKeeperOptions {
  readonly settings: Omit<KeeperSettings, "databaseUrl">;
  /** Known once the database runs. */
  readonly databaseUrl: () => string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

const program = join(import.meta.dirname, "keeper-main.ts");
/** Starting a hub has other work to do first, and there is little to sort. */
const firstStartMs = 60_000;
/** A process that ends again and again is started once in ten minutes: the log says so each time. */
const restartMsMax = 600_000;
/** Samples of one pass and their columns fit several times over. */
const heapMebibytes = 1_024;
/** Columns of a step live as long as the step: a young generation that holds them is not copied again and again. */
const youngMebibytes = 96;
/**
 * What outlives a step is some 25 MB, which is searched anew for every 20 MB that are made when the collector chooses by
 * that: a tenth of all the processor time of sorting. So much may gather first.
 */
const untouchedMebibytes = 512;
/**
 * On a busy machine a third of the processor that the rest of the hub gets: what is not stored yet waits at gateways, what is
 * not sorted yet is in the database.
 */
const nice = 5;

export class HistoryKeeper implements Service {
  readonly name = "history-keeper";
  // One that ends is started again; charts of the last days are drawn meanwhile as well.
  readonly broken: Promise<never> = new Promise<never>(() => undefined);
  readonly #options: HistoryKeeperOptions;
  readonly #stopping = new AbortController();
  #child: ChildProcess | undefined;
  #work: Promise<void> = Promise.resolve();

  constructor(options: HistoryKeeperOptions) {
    this.#options = options;
  }

  /** Of the process that runs now; 0 while there is none. */
  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  start(): Promise<void> {
    this.#work = this.#keep(this.#stopping.signal);
    return Promise.resolve();
  }

  /** A pass that is cut off is done again after the next start: it is one transaction. */
  async stop(deadline: AbortSignal): Promise<void> {
    this.#stopping.abort();
    const child = this.#child;
    if (child?.connected === true) child.disconnect();
    await race(this.#work, deadline).catch(() => child?.kill("SIGKILL"));
  }

  async #keep(stopping: AbortSignal): Promise<void> {
    const { settings, clock, random, log } = this.#options;
    const backoff = new Backoff(1_000, restartMsMax, random);
    const firstMs = Math.min(firstStartMs, settings.sortEveryMs);
    await clock.sleep(firstMs, stopping).catch(() => undefined);
    while (!stopping.aborted) {
      const startedMs = clock.monotonicMs();
      // A machine that has no room for one more process just now must not lose the hub with it.
      const ended = await this.#run().catch((failure: unknown) => ({
        reason: messageChain(failure),
      }));
      this.#child = undefined;
      if (hasAborted(stopping)) return;
      if (clock.monotonicMs() - startedMs > restartMsMax) backoff.succeeded();
      const waitMs = backoff.nextMs();
      log.error("history.keeper-ended", { ...ended, againInMs: Math.round(waitMs) });
      await clock.sleep(waitMs, stopping).catch(() => undefined);
    }
  }

  /** One life of the process. Resolves with how it ended; rejects when it could not be started. */
  async #run(): Promise<LogFields> {
    const { settings, databaseUrl } = this.#options;
    const sent: KeeperSettings = { ...settings, databaseUrl: databaseUrl() };
    const child = fork(program, [], {
      execArgv: [
        `--max-old-space-size=${heapMebibytes}`,
        `--max-semi-space-size=${youngMebibytes}`,
        `--initial-old-space-size=${untouchedMebibytes}`,
        // Columns of numbers have nothing in them to be followed, so that threads of the collector mostly wait for each other:
        // with them sorting took a sixth more of the processor's time.
        "--single-threaded-gc",
      ],
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    const end = once(child, "exit") as Promise<[number | null, string | null]>;
    // One that could not be started has no number, and `end` rejects with the reason.
    if (child.pid !== undefined) {
      this.#child = child;
      // Before it has threads, which begin with it.
      giveWay(child.pid);
      child.send(sent, () => undefined);
    }
    const [code, signal] = await end;
    return { code, signal };
  }
}

function giveWay(pid: number): void {
  try {
    setPriority(pid, nice);
  } catch {
    // Where a sandbox forbids it, sorting has the same right to the processor as the rest of the hub.
  }
}

/** A call, because a compiler that has seen `aborted` false once believes that it stays so across a wait. */
function hasAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
