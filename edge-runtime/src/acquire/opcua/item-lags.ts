import type { Change } from "./intake.ts";
import type { ItemPlan } from "./items.ts";
import { toUs } from "./values.ts";

/** Items next to each other whose clocks are behind by about as much, as a resume point holds them. */
export type LagRun = readonly [first: number, last: number, behindUs: number];

/** What a value needs from its sampling to its message beyond both intervals; clocks that are set by NTP agree better. */
const usualUs = 2_000_000;
/** Kept in whole minutes: what is asked for twice is known again by its time, what is not asked for is missing. */
const stepUs = 60_000_000;
/** Machines stand behind one another in the table of tags; a resume point is written with each commit. */
const runsMax = 64;

/**
 * How far behind the server's own clock those are that stamp its values: the machines behind one server have clocks of their
 * own. A new process knows of all items one time only up to which they are on disk, by the server's clock; a machine whose
 * clock is behind has stamped with an earlier time what it measured after it.
 */
export class ItemLags {
  readonly #usualUs: Float64Array;
  /** 0 for a clock that is right. */
  readonly #behindUs: Float64Array;
  #runs: readonly LagRun[] | undefined;

  /** @param runs as a conversation for the same items left them */
  constructor(items: readonly ItemPlan[], publishingMs: number, runs: readonly LagRun[] = []) {
    this.#usualUs = Float64Array.from(items, ({ samplingMs }) => {
      return usualUs + (publishingMs + samplingMs) * 1_000;
    });
    this.#behindUs = new Float64Array(items.length);
    for (const [first, last, behindUs] of runs) this.#behindUs.fill(behindUs, first, last + 1);
  }

  /**
   * Values as they change, none that waited in the server.
   *
   * @param publishedUs by the server's clock
   * @param seenUs source time of the value before
   */
  note(changes: readonly Change[], publishedUs: number, seenUs: (item: number) => number): void {
    for (const { item, value } of changes) {
      const measuredUs = toUs(value.sourceTimestamp, value.sourcePicoseconds);
      // What a subscription begins with was measured at any time, and what is bad may bear the time of the last good one.
      if (!(measuredUs > seenUs(item)) || value.statusCode.value >>> 30 !== 0) continue;
      const lagUs = publishedUs - measuredUs;
      const isBehind = lagUs > (this.#usualUs[item] ?? Infinity);
      const before = this.#behindUs[item] ?? 0;
      const fits = isBehind ? before >= lagUs && before - lagUs < 2 * stepUs : before === 0;
      if (fits) continue;
      this.#behindUs[item] = isBehind ? Math.ceil(lagUs / stepUs) * stepUs : 0;
      this.#runs = undefined;
    }
  }

  /** So much before a time of the server's clock an item may have been stamped that was measured after it, µs. */
  behindUs(item: number): number {
    return Math.max(this.#behindUs[item] ?? 0, this.#usualUs[item] ?? 0);
  }

  /** For the resume point. */
  get runs(): readonly LagRun[] {
    this.#runs ??= runsOf(this.#behindUs);
    return this.#runs;
  }
}

/** Undefined for what is none. */
export function parseLagRun(run: unknown): LagRun | undefined {
  if (!Array.isArray(run)) return undefined;
  const [first, last, behindUs] = run as readonly unknown[];
  const isPlace = Number.isSafeInteger(first) && Number.isSafeInteger(last);
  return isPlace && typeof behindUs === "number"
    ? [Number(first), Number(last), behindUs]
    : undefined;
}

function runsOf(behindUs: Float64Array): readonly LagRun[] {
  const runs: [number, number, number][] = [];
  for (const [item, us] of behindUs.entries()) {
    if (us === 0) continue;
    const run = runs.at(-1);
    const isNext = run?.[1] === item - 1 && Math.abs(run[2] - us) <= stepUs;
    if (run === undefined || (!isNext && runs.length < runsMax)) runs.push([item, item, us]);
    else {
      run[1] = item;
      run[2] = Math.max(run[2], us);
    }
  }
  return runs;
}
