/** The points of one chart: what was recorded, then what arrived since, with holes where nothing holds. */
import type { HistoryLine } from "@millwright/wire-contract/history";

/** Points kept at most: a day at 1 Hz, where a server does not reduce it, and live ones at most 10 a second beside it. */
const pointsMax = 100_000;

export class Trace {
  #times: number[] = [];
  #values: (number | null)[] = [];
  #heldUs = -Infinity;
  /** The end of what the last point holds stands behind it. */
  #endsHeld = false;

  /** Seconds since 1970 UTC. */
  get times(): readonly number[] {
    this.#takeEnd();
    return this.#times;
  }

  /** null is a hole: no line is drawn across it. */
  get values(): readonly (number | null)[] {
    this.#takeEnd();
    return this.#values;
  }

  /** The last value is proven to hold until then, though nothing was recorded: a constant is a line, not a point. */
  hold(us: number): void {
    this.#heldUs = us;
  }

  /**
   * What a line goes through: the points, and the end of what the last one holds. These are the trace's own arrays, a day
   * of samples long, and change with it.
   */
  drawn(): readonly [readonly number[], readonly (number | null)[]] {
    this.#takeEnd();
    const last = this.#values.at(-1);
    const held = this.#heldUs / 1e6;
    if (last !== undefined && last !== null && held > (this.#times.at(-1) ?? Infinity)) {
      this.#times.push(held);
      this.#values.push(last);
      this.#endsHeld = true;
    }
    return [this.#times, this.#values];
  }

  /** Takes recorded points in place of all there were. Later live points are kept. */
  load(history: Pick<HistoryLine, "times" | "values">): void {
    this.#takeEnd();
    const [liveTimes, liveValues] = [this.#times, this.#values];
    const endUs = history.times.at(-1) ?? -Infinity;
    let live = liveTimes.length;
    while (live > 0 && (liveTimes[live - 1] ?? 0) * 1e6 > endUs) live--;
    const recorded = history.values.length;
    const count = Math.min(recorded, pointsMax);
    const times = new Array<number>(count);
    const values = new Array<number | null>(count);
    let taken = 0;
    let before = -Infinity;
    let inHole = false;
    // As `push` takes each of them: a page may be given a day of samples.
    for (let row = recorded - count; row < recorded; row++) {
      const time = (history.times[row] ?? NaN) / 1e6;
      const value = history.values[row] ?? NaN;
      const isHole = !Number.isFinite(value);
      if (!(time > before) || (isHole && inHole)) continue;
      before = time;
      inHole = isHole;
      times[taken] = time;
      values[taken] = isHole ? null : value;
      taken++;
    }
    times.length = taken;
    values.length = taken;
    // Others may still read the arrays of before.
    this.#times = times;
    this.#values = values;
    for (; live < liveTimes.length; live++) {
      this.push((liveTimes[live] ?? 0) * 1e6, liveValues[live] ?? null);
    }
  }

  clear(): void {
    this.#endsHeld = false;
    this.#times = [];
    this.#values = [];
  }

  /** What comes next does not belong to what is there: no line goes from one to the other. */
  interrupt(): void {
    this.#takeEnd();
    const last = this.#times.at(-1);
    if (last !== undefined) this.push(last * 1e6 + 1, null);
  }

  /** Appends a point; one that is not later than the last is left out, because a chart runs one way. */
  push(us: number, value: number | null): void {
    this.#takeEnd();
    const time = us / 1e6;
    const count = this.#times.length;
    if (count > 0 && time <= (this.#times[count - 1] ?? NaN)) return;
    // One hole is enough.
    if (value === null && count > 0 && this.#values[count - 1] === null) return;
    this.#times.push(time);
    this.#values.push(value);
    if (this.#times.length > pointsMax) this.#forget(pointsMax / 10);
  }

  /** Forgets what lies before a time, but for the last point before it: the line enters from the left. */
  trim(fromUs: number): void {
    this.#takeEnd();
    let count = 0;
    while ((this.#times[count + 1] ?? Infinity) * 1e6 < fromUs) count += 1;
    if (count > 0) this.#forget(count);
  }

  #takeEnd(): void {
    if (!this.#endsHeld) return;
    this.#endsHeld = false;
    this.#times.pop();
    this.#values.pop();
  }

  #forget(count: number): void {
    this.#times.splice(0, count);
    this.#values.splice(0, count);
  }
}
