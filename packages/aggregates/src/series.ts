import type { SampleColumns, Scalar } from "@millwright/wire-contract";

/** Samples of one tag. */
export type Series = Omit<SampleColumns, "tag">;

/**
 * The rows within `fromUs` .. `toUs` (`toUs` excluded), sorted by measured time; rows of one time keep their order. Rows
 * without a time are left out. Answers the columns themselves, or a view, when nothing has to move.
 */
export function inTime(series: Series, fromUs: number, toUs: number): Series {
  const { count, measuredUs } = series;
  if (isInTime(series, fromUs, toUs)) return series;
  const rows = new Uint32Array(count);
  let taken = 0;
  let rising = true;
  let previous = -Infinity;
  for (let row = 0; row < count; row++) {
    const us = measuredUs[row] ?? NaN;
    if (!(us >= fromUs && us < toUs)) continue;
    if (us < previous) rising = false;
    previous = us;
    rows[taken++] = row;
  }
  const order = rows.subarray(0, taken);
  if (!rising) order.sort((a, b) => (measuredUs[a] ?? 0) - (measuredUs[b] ?? 0) || a - b);
  const sorted = {
    count: taken,
    measuredUs: new Float64Array(taken),
    value: new Float64Array(taken),
    status: new Uint32Array(taken),
  };
  const wide = new Map<number, Scalar>();
  for (let at = 0; at < taken; at++) {
    const row = order[at] ?? 0;
    sorted.measuredUs[at] = measuredUs[row] ?? NaN;
    sorted.value[at] = series.value[row] ?? NaN;
    sorted.status[at] = series.status[row] ?? 0;
    const scalar = series.wide?.get(row);
    if (scalar !== undefined) wide.set(at, scalar);
  }
  return wide.size === 0 ? sorted : { ...sorted, wide };
}

/** As nearly always: then nothing is made anew. */
function isInTime({ count, measuredUs }: Series, fromUs: number, toUs: number): boolean {
  // Compared with what lies beside it in memory: a number that is carried along would be an object of its own for each row.
  for (let row = 1; row < count; row++) {
    if (!((measuredUs[row] ?? NaN) >= (measuredUs[row - 1] ?? NaN))) return false;
  }
  return count === 0 || ((measuredUs[0] ?? NaN) >= fromUs && (measuredUs[count - 1] ?? NaN) < toUs);
}
