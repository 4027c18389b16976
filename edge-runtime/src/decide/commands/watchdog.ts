/**
 * A counter in the controller that runs for as long as this gateway lives (field practice 68). A dead gateway can write
 * nothing, so it is the controller that acts when the counter stands still. It is no command: nobody asked, nothing
 * expires, and a record of each would fill the journal; the settings that declare it are its grant.
 */
import type { Clock, Log, Service } from "@millwright/kit";
import type { TagId } from "@millwright/wire-contract";

import { isRefused } from "./checks.ts";
import type { MachineDoor, TagTerms } from "./tag-terms.ts";

export interface WatchdogOptions {
  readonly terms: TagTerms;
  readonly everyMs: number;
  readonly machine: MachineDoor;
  readonly clock: Clock;
  readonly log: Log;
}

export class Watchdog implements Service {
  readonly name: string;
  readonly broken: Promise<never> = new Promise<never>(() => undefined);
  readonly #options: WatchdogOptions;
  readonly #stopping = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #count = 0;
  #sinceMs: number | undefined;

  constructor(options: WatchdogOptions) {
    this.#options = options;
    this.name = `watchdog ${options.terms.tag}`;
  }

  start(): Promise<void> {
    this.#running = this.#run(this.#stopping.signal);
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error("the gateway stops"));
    await this.#running;
  }

  async #run(stop: AbortSignal): Promise<void> {
    const { clock, everyMs } = this.#options;
    for (;;) {
      // A write that takes longer than its turn is late news: the next one says the same and more.
      const turn = new AbortController();
      const end = AbortSignal.any([stop, turn.signal]);
      const written = this.#write(end);
      const waited = await clock.sleep(everyMs, stop).then(
        () => true,
        () => false,
      );
      turn.abort(new Error("its turn is over"));
      await written;
      if (!waited) return;
    }
  }

  async #write(signal: AbortSignal): Promise<void> {
    const { terms, machine, clock, log } = this.#options;
    const tag: TagId = terms.tag;
    let device = terms.toDevice(this.#count);
    if (isRefused(device)) {
      // Past what the type holds it begins anew.
      this.#count = 0;
      device = terms.toDevice(0);
      if (isRefused(device)) return;
    }
    const outcome = await machine.write(tag, device, () => undefined, signal);
    this.#count++;
    if (outcome.kind === "accepted" && this.#sinceMs !== undefined) {
      const downS = Math.round((clock.monotonicMs() - this.#sinceMs) / 1_000);
      log.info("decide.watchdog-back", { tag, downS });
      this.#sinceMs = undefined;
    } else if (outcome.kind !== "accepted" && this.#sinceMs === undefined) {
      this.#sinceMs = clock.monotonicMs();
      log.warn("decide.watchdog-not-written", { tag, why: outcome.reason });
    }
  }
}
