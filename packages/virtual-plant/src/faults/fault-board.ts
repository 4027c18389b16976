import type { PlantFault } from "./fault.ts";
import type { ActiveFault } from "./trouble.ts";

interface Pending {
  readonly fault: PlantFault;
  nextS: number;
  left: number;
}

/** What began and what ended in one step. */
export interface BoardChange {
  readonly begun: readonly ActiveFault[];
  readonly ended: readonly ActiveFault[];
}

// More faults at once than this are a runaway program, not a test.
const activeMax = 1_000;

/** Knows which faults are due and which are happening. Time is told to it; it starts no timers. */
export class FaultBoard {
  #pending: Pending[] = [];
  #active: ActiveFault[] = [];
  #nowS = 0;
  #lastId = 0;

  constructor(schedule: readonly PlantFault[]) {
    for (const fault of schedule) this.#plan(fault, fault.atS);
  }

  get active(): readonly ActiveFault[] {
    return this.#active;
  }

  /** Begins `fault` with the next step, or so many seconds later as it says; its repetitions count from there. */
  inject(fault: PlantFault): void {
    if (this.#pending.length + this.#active.length >= activeMax) {
      throw new Error(`more than ${activeMax} faults are planned or active`);
    }
    this.#plan(fault, this.#nowS + fault.atS);
  }

  /** Ends one active fault, or all and everything planned. */
  clear(id?: number): void {
    if (id === undefined) this.#pending = [];
    this.#active = this.#active.map((active) =>
      id === undefined || active.id === id
        ? { ...active, fault: { ...active.fault, forS: 0 } }
        : active,
    );
  }

  /** Moves on to `nowS`, s since the start of the plant. */
  step(nowS: number): BoardChange {
    this.#nowS = nowS;
    const ended = this.#active.filter(({ fault, sinceS }) => sinceS + fault.forS <= nowS);
    if (ended.length > 0) this.#active = this.#active.filter((active) => !ended.includes(active));
    const begun: ActiveFault[] = [];
    for (const pending of this.#pending) {
      if (pending.nextS > nowS) continue;
      begun.push({ id: ++this.#lastId, fault: pending.fault, sinceS: pending.nextS });
      pending.left--;
      pending.nextS += pending.fault.repeatEveryS ?? 0;
    }
    if (begun.length > 0) {
      this.#pending = this.#pending.filter(({ left }) => left > 0);
      this.#active = [...this.#active, ...begun];
    }
    return { begun, ended };
  }

  #plan(fault: PlantFault, nextS: number): void {
    const once = fault.repeatEveryS === undefined;
    this.#pending.push({ fault, nextS, left: once ? 1 : (fault.times ?? Infinity) });
  }
}
