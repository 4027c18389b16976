/**
 * Brings what happened into the order of its instants, and lets the scan run through them. The gateway feeds it as
 * things come in and runs it a millisecond behind; a backtest feeds it from the journal. Everything else is the same.
 */
import type { Scalar } from "@millwright/wire-contract";

import { instantUs, type Decision, type RuleScan } from "./scan.ts";

/** A time this far before the last instant means that the clock was set, and not that something came late. */
const clockBackUs = 1_000_000;
/** Rows that wait for their instant to be over: a second of a gateway at 100,000 values/s. Then instants end early. */
const waitingMax = 100_000;

export class RuleFeed {
  readonly #scan: RuleScan;
  readonly #decide: (decision: Decision) => void;
  // Columns, in the order of their instants; the first `#done` of `#count` rows have been seen. An array that is cut to
  // nothing gives its memory back, so that these stay as long as they once were.
  #atUs: number[] = [];
  #slot: number[] = [];
  #value: (Scalar | undefined)[] = [];
  #status: number[] = [];
  #measuredUs: number[] = [];
  #acts = new Map<number, (atUs: number) => void>();
  #count = 0;
  #done = 0;
  #late = 0;

  constructor(scan: RuleScan, decide: (decision: Decision) => void) {
    this.#scan = scan;
    this.#decide = decide;
  }

  /** What came after its instant had been scanned: it was seen in the next one. A backtest sees it in its own. */
  get late(): number {
    return this.#late;
  }

  /** The next instant that has something to do; Infinity: none. */
  get nextUs(): number {
    return Math.min(this.#headUs(), this.#scan.dueUs);
  }

  /** A value of an input, received at `atUs`. */
  value(
    atUs: number,
    slot: number,
    value: Scalar | undefined,
    status: number,
    measuredUs: number,
  ): void {
    const row = this.#rowFor(atUs);
    this.#slot[row] = slot;
    this.#value[row] = value;
    this.#status[row] = status;
    this.#measuredUs[row] = measuredUs;
  }

  /** Somebody does something to the rules themselves, in the order of all that happens. */
  act(atUs: number, act: (atUs: number) => void): void {
    const row = this.#rowFor(atUs);
    this.#slot[row] = -1;
    this.#value[row] = undefined;
    this.#status[row] = 0;
    this.#measuredUs[row] = 0;
    this.#acts.set(row, act);
  }

  /** The clock was set, by more than jitter: what was counted is counted anew. */
  clockSet(atUs: number): void {
    this.runTo(Infinity, false);
    this.#scan.rebase(instantOf(atUs));
  }

  /**
   * Scans each instant up to this one that has something to do.
   *
   * @param untilUs the last instant that is over
   * @param timers false: only what waits is seen, and nothing that is due later
   */
  runTo(untilUs: number, timers = true): void {
    const scan = this.#scan;
    for (;;) {
      const headUs = this.#headUs();
      const dueUs = timers || headUs !== Infinity ? scan.dueUs : Infinity;
      const atUs = Math.max(scan.nowUs, Math.min(headUs, dueUs));
      if (atUs > untilUs || (headUs === Infinity && dueUs === Infinity)) break;
      while (this.#headUs() <= atUs) {
        this.#apply(this.#done, atUs);
        this.#done++;
      }
      scan.scan(atUs, this.#decide);
    }
    if (this.#done === this.#count) this.#clear();
  }

  #headUs(): number {
    return this.#done < this.#count ? (this.#atUs[this.#done] ?? Infinity) : Infinity;
  }

  #apply(row: number, atUs: number): void {
    const slot = this.#slot[row] ?? -1;
    if (slot < 0) {
      this.#acts.get(row)?.(atUs);
      return;
    }
    const status = this.#status[row] ?? 0;
    this.#scan.set(slot, this.#value[row], status, this.#measuredUs[row] ?? 0, atUs);
  }

  /** Makes room at the place of the instant: behind what came before it, also within it. */
  #rowFor(receivedUs: number): number {
    const atUs = instantOf(receivedUs);
    const { nowUs } = this.#scan;
    if (atUs <= nowUs) {
      if (atUs < nowUs - clockBackUs) this.clockSet(atUs);
      else if (atUs < nowUs) this.#late++;
    }
    if (this.#count - this.#done >= waitingMax) this.runTo(this.#atUs[this.#count - 1] ?? atUs);
    let row = this.#count++;
    const order = this.#atUs;
    // Devices answer nearly in order: this moves nothing but when two of them cross.
    while (row > this.#done && (order[row - 1] ?? 0) > atUs) {
      this.#move(row - 1, row);
      row--;
    }
    order[row] = atUs;
    return row;
  }

  #move(from: number, to: number): void {
    this.#atUs[to] = this.#atUs[from] ?? 0;
    this.#slot[to] = this.#slot[from] ?? -1;
    this.#value[to] = this.#value[from];
    this.#status[to] = this.#status[from] ?? 0;
    this.#measuredUs[to] = this.#measuredUs[from] ?? 0;
    const act = this.#acts.get(from);
    if (act === undefined) return;
    this.#acts.delete(from);
    this.#acts.set(to, act);
  }

  #clear(): void {
    this.#count = 0;
    this.#acts.clear();
    this.#done = 0;
  }
}

/** The instant that holds a time. */
export function instantOf(us: number): number {
  return Math.floor(us / instantUs) * instantUs;
}
