/**
 * Makes backups by the schedule, each in a process of its own: reading and checking everything uses a core for as long as
 * it takes, and must not take ingest with it.
 */
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

import { messageChain, race, type Clock, type Log, type Service } from "@millwright/kit";

import { nextBackupInMs } from "./backup-state.ts";
import type { BackupOrder, BackupOutcome } from "./backup-order.ts";

export interface BackupKeeperOptions {
  /** Where, what and how many; the address of the database is known once it runs. */
  readonly order: Omit<BackupOrder, "databaseUrl">;
  readonly databaseUrl: () => string;
  readonly everyMs: number;
  /** Moment of the newest verified backup, µs; undefined until it is known. */
  readonly newestUs: () => number | undefined;
  /** A backup was made: it counts from now on. */
  readonly made: () => Promise<void>;
  readonly clock: Clock;
  readonly log: Log;
}

const program = join(import.meta.dirname, "../commands/backup-main.ts");
/** A person may make one meanwhile, and a clock may be set: it is looked often whether one is due. */
const lookEveryMs = 1_000;

export class BackupKeeper implements Service {
  readonly name = "backup-keeper";
  // A backup that fails is said on the page and tried again; the hub goes on.
  readonly broken: Promise<never> = new Promise<never>(() => undefined);
  readonly #options: BackupKeeperOptions;
  readonly #stopping = new AbortController();
  #child: ChildProcess | undefined;
  #failure = "";
  #failedAtUs = 0;
  #work: Promise<void> = Promise.resolve();

  constructor(options: BackupKeeperOptions) {
    this.#options = options;
  }

  /** Why the last attempt failed; "" when it did not. */
  get failure(): string {
    return this.#failure;
  }

  start(): Promise<void> {
    this.#work = this.#keep(this.#stopping.signal);
    return Promise.resolve();
  }

  /** One that is under way ends without a backup; the next one removes what it has left. */
  async stop(deadline: AbortSignal): Promise<void> {
    this.#stopping.abort();
    this.#child?.kill("SIGTERM");
    await race(this.#work, deadline).catch(() => this.#child?.kill("SIGKILL"));
  }

  async #keep(stopping: AbortSignal): Promise<void> {
    const { everyMs, newestUs, clock } = this.#options;
    while (!stopping.aborted) {
      const newest = newestUs();
      if (
        newest !== undefined &&
        nextBackupInMs(newest, everyMs, this.#failedAtUs, clock.nowUs()) === 0
      )
        await this.#make();
      await clock.sleep(Math.min(lookEveryMs, everyMs), stopping).catch(() => undefined);
    }
  }

  async #make(): Promise<void> {
    const { made, clock, log } = this.#options;
    const startedMs = clock.monotonicMs();
    const outcome = await this.#run().catch((failure: unknown): BackupOutcome => ({
      kind: "failed",
      reason: `its process could not be started: ${messageChain(failure)}`,
    }));
    this.#child = undefined;
    if (this.#stopping.signal.aborted) return;
    const tookS = Math.round((clock.monotonicMs() - startedMs) / 1_000);
    const { failure, path, bytes } = read(outcome);
    this.#failure = failure;
    this.#failedAtUs = failure === "" ? 0 : clock.nowUs();
    if (failure === "") log.info("backup.made", { path, bytes, tookS });
    else log.error("backup.failed", { reason: failure, tookS });
    await made().catch(() => undefined);
  }

  /** Rejects when the process could not be started. */
  async #run(): Promise<BackupOutcome> {
    const { order, databaseUrl } = this.#options;
    const sent: BackupOrder = { ...order, databaseUrl: databaseUrl() };
    const child = fork(program, [], { stdio: ["ignore", "inherit", "inherit", "ipc"] });
    const end = once(child, "exit");
    let outcome: BackupOutcome = { kind: "failed", reason: "its process ended and said nothing" };
    child.on("message", (message) => {
      outcome = message as BackupOutcome;
    });
    // One that could not be started has no number, and `end` rejects with the reason.
    if (child.pid !== undefined) {
      this.#child = child;
      child.send(sent, () => undefined);
    }
    await end;
    return outcome;
  }
}

function read(outcome: BackupOutcome): { failure: string; path: string; bytes: number } {
  return outcome.kind === "made"
    ? { failure: "", path: outcome.path, bytes: outcome.bytes }
    : { failure: outcome.reason, path: "", bytes: 0 };
}
