import { reducePerColumn } from "@millwright/kit";
import type { SampleColumns } from "@millwright/wire-contract";

import type { ReadCursor, SampleSlice } from "./reading.ts";

/** A slice of samples as far as a chart can show it: a chart of a day moves kilobytes between threads, not megabytes. */
export interface LineSlice {
  readonly times: Float64Array;
  /** NaN breaks the line. */
  readonly values: Float64Array;
  readonly next?: ReadCursor;
  /** As of `SampleSlice`. */
  readonly again?: true;
}

export interface ChartRange {
  readonly fromUs: number;
  readonly toUs: number;
  /** Pixel columns, or twos of them: each has four points at most. */
  readonly columns: number;
}

export function toLineSlice(
  { columns: samples, next, again }: SampleSlice,
  { fromUs, toUs, columns }: ChartRange,
): LineSlice {
  const { measuredUs, value, status } = samples;
  const line = reducePerColumn(measuredUs, value, status, fromUs, toUs, columns);
  const brokenUs = firstBadUs(samples, line.times[0] ?? Infinity);
  // Alone a line does not begin with a break; older slices come before this one.
  const { times, values } =
    brokenUs === Infinity
      ? line
      : {
          times: Float64Array.of(brokenUs, ...line.times),
          values: Float64Array.of(NaN, ...line.values),
        };
  return {
    times,
    values,
    ...(next === undefined ? {} : { next }),
    ...(again === undefined ? {} : { again }),
  };
}

function firstBadUs({ count, measuredUs, value, status }: SampleColumns, belowUs: number): number {
  let firstUs = Infinity;
  for (let row = 0; row < count; row++) {
    const us = measuredUs[row] ?? NaN;
    const bad = (status[row] ?? 0) >>> 30 >= 2 || Number.isNaN(value[row] ?? NaN);
    if (bad && us < belowUs && us < firstUs) firstUs = us;
  }
  return firstUs;
}
