import { Ingest } from "@millwright/cloud-hub/parts";
import { silentLog, type Clock, type Log, type Random } from "@millwright/kit";

import type { CurrentValues } from "./current-values.ts";
import type { PlayedBroker } from "./played-broker.ts";
import type { PlayedDatabase } from "./played-database.ts";
import { PlayedInbox } from "./played-inbox.ts";

export interface HubOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly broker: PlayedBroker;
  readonly database: PlayedDatabase;
  readonly values?: CurrentValues;
  readonly log?: Log;
}

/** More than one, so that batches of one lane overtake each other. */
const writers = 2;
const startAgainMs = 500;

/** The hub: the real ingest between a played broker and a played database. */
export class PlayedHub {
  readonly #options: HubOptions;
  #life: AbortController | undefined;
  #ingest: Ingest | undefined;

  constructor(options: HubOptions) {
    this.#options = options;
  }

  /** For what comes beside the road; undefined before it has started. */
  get ingest(): Ingest | undefined {
    return this.#ingest;
  }

  /** Tries until broker and database are there, as whoever looks after the hub does. */
  start(): void {
    if (this.#life !== undefined) return;
    const life = new AbortController();
    this.#life = life;
    void this.#run(life.signal);
  }

  kill(): void {
    this.#life?.abort();
    this.#life = undefined;
  }

  async #run(life: AbortSignal): Promise<void> {
    const { clock, random, broker, database, values } = this.#options;
    while (!life.aborted) {
      const inbox = new PlayedInbox(broker, random.fork(`inbox ${clock.monotonicMs()}`));
      const ingest = new Ingest({
        inbox,
        store: database,
        writers,
        clock,
        random,
        log: this.#options.log ?? silentLog,
        committed: (commit) => {
          values?.take(commit);
        },
        beat: () => undefined,
        greeted: ({ gateway }) => {
          values?.greeted(gateway);
        },
        watched: () => [],
        safe: database.safe,
      });
      const end = (): void => {
        // First the connection: a process that was killed acknowledges nothing any more.
        void inbox.close();
        void ingest.stop();
      };
      try {
        await values?.makeAgain();
        await ingest.start();
        this.#ingest = ingest;
        if (hasAborted(life)) end();
        else life.addEventListener("abort", end, { once: true });
        return;
      } catch {
        await clock.sleep(startAgainMs, life).catch(() => undefined);
      }
    }
  }
}

/** A call, because a compiler that has seen `aborted` false once believes that it stays so across a wait. */
function hasAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
