/** What is drawn of a tag: measurements as a line, counters as a rate, states as bands. */
import type { LiveTag } from "@millwright/wire-contract";

/** Points in time order; null is a hole. */
export interface Drawn {
  /** Seconds since 1970 UTC. */
  readonly times: readonly number[];
  readonly values: readonly (number | null)[];
}

export type DrawnAs = "line" | "rate" | "bands";

export function drawnAs(tag: Pick<LiveTag, "kind" | "type" | "texts">): DrawnAs {
  if (tag.kind === "state" || tag.type === "bool" || Object.keys(tag.texts).length > 0) {
    return "bands";
  }
  return tag.kind === "counter" ? "rate" : "line";
}

const hourS = 3_600;

/** A tag as its drawing is read: a rate has another unit, and no range of the count means anything to it. */
export function drawnTag(tag: LiveTag): LiveTag {
  if (drawnAs(tag) !== "rate") return tag;
  const unit = tag.unit === "" ? "1/h" : `${tag.unit}/h`;
  return { ...tag, unit, decimals: tag.decimals + 1, low: null, high: null };
}

/**
 * Counts as counted for each hour: between two changes of the count what was counted over the time between, as steps. A
 * count that falls began anew or rolled over: there the rate has a hole, as where nothing was recorded. What was counted
 * before the first change was counted since an unknown time, and says no rate. A count that has stood for more than twice
 * the time between its last two changes is taken to stand still.
 *
 * @param leastS changes nearer than that are taken together: a column of the chart shows no finer ones
 */
export function rateOf({ times, values }: Drawn, leastS: number): Drawn {
  const outTimes: number[] = [];
  const outValues: (number | null)[] = [];
  const push = (time: number, value: number | null): void => {
    outTimes.push(time);
    outValues.push(value);
  };
  let count = -Infinity;
  /** Of the last change that a step ended with. */
  let changedS = NaN;
  let stepS = Infinity;
  let lastS = NaN;
  const endStep = (): void => {
    if (lastS - changedS <= 2 * stepS || Number.isNaN(changedS)) return;
    push(changedS, 0);
    push(lastS, 0);
  };
  for (const [at, value] of values.entries()) {
    const time = times[at] ?? 0;
    if (value === null || value < count) {
      endStep();
      push(time, null);
      count = value ?? -Infinity;
      changedS = NaN;
      stepS = Infinity;
    } else if (count === -Infinity) {
      count = value;
    } else if (value > count && Number.isNaN(changedS)) {
      count = value;
      changedS = time;
    } else if (value > count && time - changedS >= leastS) {
      const rate = ((value - count) / (time - changedS)) * hourS;
      push(changedS, rate);
      push(time, rate);
      stepS = time - changedS;
      changedS = time;
      count = value;
    }
    lastS = time;
  }
  endStep();
  return { times: outTimes, values: outValues };
}

/** A time in which a state held; `value` is null where nothing is known. */
export interface Band {
  readonly from: number;
  readonly to: number;
  readonly value: number | null;
}

/** Each point holds until the next. Bands of one state that touch are one. */
export function bandsOf({ times, values }: Drawn): readonly Band[] {
  const bands: { from: number; to: number; value: number | null }[] = [];
  for (const [at, value] of values.entries()) {
    const from = times[at] ?? 0;
    const last = bands.at(-1);
    if (last !== undefined) last.to = from;
    if (last === undefined || last.value !== value) bands.push({ from, to: from, value });
  }
  return bands.filter(({ from, to, value }) => value !== null && to > from);
}

/**
 * The recorded value nearest to a moment, and of a state the one that held; undefined before the first, in a hole and
 * after the last.
 */
export function valueAt(drawn: Drawn, second: number, as: DrawnAs): number | undefined {
  const { times, values } = drawn;
  const after = firstAfter(times, second);
  const before = values[after - 1] ?? undefined;
  const next = values[after] ?? undefined;
  if (before === undefined) return times[after] === second ? next : undefined;
  if (as !== "line")
    return after < times.length || times[after - 1] === second ? before : undefined;
  if (next === undefined) return times[after - 1] === second ? before : undefined;
  const nearer = second - (times[after - 1] ?? 0) <= (times[after] ?? 0) - second;
  return nearer ? before : next;
}

/** Place of the first time after `second`. */
export function firstAfter(times: readonly number[], second: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] ?? 0) <= second) low = middle + 1;
    else high = middle;
  }
  return low;
}
