/** Samples a second, in and out. Over some seconds: frames go in groups, and devices are read in turns. */
import { recurring, type Clock, type Service } from "@millwright/kit";
import type { SampleRates } from "@millwright/wire-contract";

/** Counts since the start. */
export interface SampleCounts {
  /** Offered to the journal. */
  readonly acquired: number;
  /** Taken by the hub's broker; undefined where the settings name no hub. */
  readonly told: number | undefined;
}

const often = { everyMs: 1_000, firstMs: 0 };
/** Told samples wait for others of their frame for a second, and most devices are read once in one. */
const overMs = 10_000;

export class RateWatch {
  readonly service: Service;
  readonly #clock: Clock;
  readonly #count: () => SampleCounts;
  /** The oldest first; at most one is older than what is reckoned over. */
  readonly #looks: { readonly atMs: number; readonly counts: SampleCounts }[] = [];

  constructor(clock: Clock, count: () => SampleCounts) {
    this.#clock = clock;
    this.#count = count;
    this.service = recurring("rate watch", clock, often, () => {
      this.#look();
    });
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

  #look(): void {
    const atMs = this.#clock.monotonicMs();
    this.#looks.push({ atMs, counts: this.#count() });
    while ((this.#looks[1]?.atMs ?? atMs) <= atMs - overMs) this.#looks.shift();
  }
}
