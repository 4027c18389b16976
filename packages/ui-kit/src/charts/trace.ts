/** The points of one chart: what was recorded, then what arrived since, with holes where nothing holds. */
import type { HistoryLine } from "@millwright/wire-contract/history";

/** Points kept at most: a day at 1 Hz, where a server does not reduce it, and live ones at most 10 a second beside it. */
const pointsMax = 100_000;

export class Trace {
  /** Seconds since 1970 UTC. */
  readonly times: number[] = [];
  /** null is a hole: no line is drawn across it. */
  readonly values: (number | null)[] = [];

  #heldUs = -Infinity;

  /** The last value is proven to hold until then, though nothing was recorded: a constant is a line, not a point. */
  hold(us: number): void {
    this.#heldUs = us;
  }

  /** What a line goes through: the points, and the end of what the last one holds. */
  drawn(): readonly [readonly number[], readonly (number | null)[]] {
    const last = this.values.at(-1);
    const held = this.#heldUs / 1e6;
    if (last === undefined || last === null || !(held > (this.times.at(-1) ?? Infinity))) {
      return [this.times, this.values];
    }
    return [
      [...this.times, held],
      [...this.values, last],
    ];
  }

  /** Takes recorded points in place of all there were. Later live points are kept. */
  load(history: Pick<HistoryLine, "times" | "values">): void {
    const endUs = history.times.at(-1) ?? -Infinity;
    const later = this.times
      .map((time, index) => [time, this.values[index] ?? null] as const)
      .filter(([time]) => time * 1e6 > endUs);
    this.times.length = 0;
    this.values.length = 0;
    for (const [index, value] of history.values.entries()) {
      this.push(history.times[index] ?? 0, Number.isFinite(value) ? value : null);
    }
    for (const [time, value] of later) this.push(time * 1e6, value);
  }

  clear(): void {
    this.times.length = 0;
    this.values.length = 0;
  }

  /** What comes next does not belong to what is there: no line goes from one to the other. */
  interrupt(): void {
    const last = this.times.at(-1);
    if (last !== undefined) this.push(last * 1e6 + 1, null);
  }

  /** Appends a point; one that is not later than the last is left out, because a chart runs one way. */
  push(us: number, value: number | null): void {
    const time = us / 1e6;
    const last = this.times.at(-1);
    if (last !== undefined && time <= last) return;
    // One hole is enough.
    if (value === null && this.values.at(-1) === null) return;
    this.times.push(time);
    this.values.push(value);
    if (this.times.length > pointsMax) this.#forget(pointsMax / 10);
  }

  /** Forgets what lies before a time, but for the last point before it: the line enters from the left. */
  trim(fromUs: number): void {
    let count = 0;
    while ((this.times[count + 1] ?? Infinity) * 1e6 < fromUs) count += 1;
    if (count > 0) this.#forget(count);
  }

  #forget(count: number): void {
    this.times.splice(0, count);
    this.values.splice(0, count);
  }
}
