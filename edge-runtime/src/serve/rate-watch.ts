/** Samples a second, in and out. Over some seconds: frames go in groups, and devices are read in turns. */
import type { Clock, Service } from "@millwright/kit";
import type { SampleRates } from "@millwright/wire-contract";

/** Counts since the start. */
export interface SampleCounts {
  /** Offered to the journal. */
  readonly acquired: number;
  /** Taken by the hub's broker; undefined where the settings name no hub. */
  readonly told: number | undefined;
}

const lookEveryMs = 1_000;
/** Told samples wait for others of their frame for a second, and most devices are read once in one. */
const overMs = 10_000;

export class RateWatch implements Service {
  readonly name = "rate watch";
  readonly broken: Promise<never> = new Promise<never>(() => undefined);
  readonly #clock: Clock;
  readonly #count: () => SampleCounts;
  readonly #stopping = new AbortController();
  /** The oldest first; at most one is older than what is reckoned over. */
  readonly #looks: { readonly atMs: number; readonly counts: SampleCounts }[] = [];
  #watching: Promise<void> = Promise.resolve();

  constructor(clock: Clock, count: () => SampleCounts) {
    this.#clock = clock;
    this.#count = count;
  }

  /** Absent in the first second. */
  get rates(): SampleRates | undefined {
    const first = this.#looks[0];
    const last = this.#looks.at(-1);
    if (first === undefined || last === undefined || first === last) return undefined;
    const seconds = (last.atMs - first.atMs) / 1_000;
    const { acquired, told } = last.counts;
    return {
      acquiredPerS: (acquired - first.counts.acquired) / seconds,
      ...(told === undefined ? {} : { toldPerS: (told - (first.counts.told ?? 0)) / seconds }),
    };
  }

  start(): Promise<void> {
    this.#watching = this.#watch(this.#stopping.signal);
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error("the gateway stops"));
    await this.#watching;
  }

  async #watch(stop: AbortSignal): Promise<void> {
    for (;;) {
      this.#look();
      try {
        await this.#clock.sleep(lookEveryMs, stop);
      } catch {
        return;
      }
    }
  }

  #look(): void {
    const atMs = this.#clock.monotonicMs();
    this.#looks.push({ atMs, counts: this.#count() });
    while ((this.#looks[1]?.atMs ?? atMs) <= atMs - overMs) this.#looks.shift();
  }
}
