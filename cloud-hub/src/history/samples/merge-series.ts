/**
 * One tag's samples from two roads become one series in which no sample stands twice (invariant N2). The identity of a
 * sample is `(gateway, tag, clock segment, source time, ordinal)` (no-loss protocol 2); gateway, tag and segment are
 * those of the series, and the ordinal is the place among the samples of one time on one road.
 */
import type { Series } from "@millwright/aggregates";
import type { Scalar } from "@millwright/wire-contract";

export interface MergedSeries {
  readonly series: Series;
  /** Samples of one identity and one content: kept once. */
  readonly repeats: number;
  /** Samples of one identity and another content: both are kept. */
  readonly conflicts: number;
}

/** Both are sorted by time. What `a` holds of one time comes before what `b` adds to it. */
export function mergeSeries(a: Series, b: Series): MergedSeries {
  if (a.count === 0 || b.count === 0 || lastUs(a) < (b.measuredUs[0] ?? NaN)) {
    return { series: joinSeries([a, b]), repeats: 0, conflicts: 0 };
  }
  const out = new SeriesWriter(a.count + b.count);
  let repeats = 0;
  let conflicts = 0;
  let atA = 0;
  let atB = 0;
  while (atA < a.count || atB < b.count) {
    const us = Math.min(timeAt(a, atA), timeAt(b, atB));
    const endA = endOf(a, atA, us);
    const endB = endOf(b, atB, us);
    for (let row = atA; row < endA; row++) out.push(a, row);
    if (endB > atB) {
      const matched = new Set<number>();
      for (let row = atB; row < endB; row++) {
        let same = -1;
        for (let other = atA; other < endA && same < 0; other++) {
          if (!matched.has(other) && isSame(a, other, b, row)) same = other;
        }
        if (same >= 0) {
          matched.add(same);
          repeats++;
          continue;
        }
        // The place in its own road is taken by another content on the other road.
        if (row - atB < endA - atA) conflicts++;
        out.push(b, row);
      }
    }
    atA = endA;
    atB = endB;
  }
  return { series: out.finish(), repeats, conflicts };
}

/** Pairwise, so that many short roads cost little more than one. */
export function mergeAll(parts: readonly Series[]): MergedSeries {
  let level: readonly MergedSeries[] = parts.map((series) => ({
    series,
    repeats: 0,
    conflicts: 0,
  }));
  if (level.length === 0) return { series: emptySeries, repeats: 0, conflicts: 0 };
  while (level.length > 1) {
    const next: MergedSeries[] = [];
    for (let at = 0; at < level.length; at += 2) {
      const left = level[at];
      const right = level[at + 1];
      if (left === undefined) continue;
      if (right === undefined) {
        next.push(left);
        continue;
      }
      const both = mergeSeries(left.series, right.series);
      next.push({
        series: both.series,
        repeats: left.repeats + right.repeats + both.repeats,
        conflicts: left.conflicts + right.conflicts + both.conflicts,
      });
    }
    level = next;
  }
  return level[0] ?? { series: emptySeries, repeats: 0, conflicts: 0 };
}

export const emptySeries: Series = {
  count: 0,
  measuredUs: new Float64Array(0),
  value: new Float64Array(0),
  status: new Uint32Array(0),
};

/** Rows `from` to `end`, `end` excluded, as views of the same memory. */
export function sliceSeries(series: Series, from: number, end: number): Series {
  const part = {
    count: end - from,
    measuredUs: series.measuredUs.subarray(from, end),
    value: series.value.subarray(from, end),
    status: series.status.subarray(from, end),
  };
  if (series.wide === undefined) return part;
  const wide = new Map<number, Scalar>();
  for (let row = from; row < end; row++) {
    const scalar = series.wide.get(row);
    if (scalar !== undefined) wide.set(row - from, scalar);
  }
  return wide.size === 0 ? part : { ...part, wide };
}

/** The same in memory of its own. */
export function copyOf(series: Series): Series {
  const [measuredUs, value] = [series.measuredUs.slice(), series.value.slice()];
  return { ...series, measuredUs, value, status: series.status.slice() };
}

/** One after the other, in memory of their own unless only one has samples. */
export function joinSeries(parts: readonly Series[]): Series {
  const filled = parts.filter((part) => part.count > 0);
  const [first, second] = filled;
  if (first === undefined) return emptySeries;
  if (second === undefined) return first;
  const count = filled.reduce((sum, part) => sum + part.count, 0);
  const joined = {
    count,
    measuredUs: new Float64Array(count),
    value: new Float64Array(count),
    status: new Uint32Array(count),
  };
  const wide = new Map<number, Scalar>();
  let at = 0;
  for (const part of filled) {
    joined.measuredUs.set(part.measuredUs.subarray(0, part.count), at);
    joined.value.set(part.value.subarray(0, part.count), at);
    joined.status.set(part.status.subarray(0, part.count), at);
    for (const [row, scalar] of part.wide ?? []) wide.set(row + at, scalar);
    at += part.count;
  }
  return wide.size === 0 ? joined : { ...joined, wide };
}

/** The first row whose time is not before `us`; the series is sorted by time. */
export function rowAt(series: Series, us: number): number {
  let low = 0;
  let high = series.count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((series.measuredUs[middle] ?? NaN) < us) low = middle + 1;
    else high = middle;
  }
  return low;
}

class SeriesWriter {
  readonly #us: Float64Array;
  readonly #value: Float64Array;
  readonly #status: Uint32Array;
  readonly #wide = new Map<number, Scalar>();
  #count = 0;

  constructor(room: number) {
    this.#us = new Float64Array(room);
    this.#value = new Float64Array(room);
    this.#status = new Uint32Array(room);
  }

  push(from: Series, row: number): void {
    const at = this.#count++;
    this.#us[at] = from.measuredUs[row] ?? NaN;
    this.#value[at] = from.value[row] ?? NaN;
    this.#status[at] = from.status[row] ?? 0;
    const scalar = from.wide?.get(row);
    if (scalar !== undefined) this.#wide.set(at, scalar);
  }

  finish(): Series {
    const count = this.#count;
    const series = {
      count,
      measuredUs: this.#us.subarray(0, count),
      value: this.#value.subarray(0, count),
      status: this.#status.subarray(0, count),
    };
    return this.#wide.size === 0 ? series : { ...series, wide: this.#wide };
  }
}

function lastUs(series: Series): number {
  return series.measuredUs[series.count - 1] ?? NaN;
}

function timeAt(series: Series, row: number): number {
  return row < series.count ? (series.measuredUs[row] ?? NaN) : Infinity;
}

function endOf(series: Series, from: number, us: number): number {
  let end = from;
  while (end < series.count && series.measuredUs[end] === us) end++;
  return end;
}

function isSame(a: Series, atA: number, b: Series, atB: number): boolean {
  return (
    a.status[atA] === b.status[atB] &&
    Object.is(a.value[atA], b.value[atB]) &&
    isSameScalar(a.wide?.get(atA), b.wide?.get(atB))
  );
}

function isSameScalar(a: Scalar | undefined, b: Scalar | undefined): boolean {
  if (a instanceof Uint8Array && b instanceof Uint8Array) {
    return a.length === b.length && a.every((byte, at) => byte === b[at]);
  }
  return a === b;
}
