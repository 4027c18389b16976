/**
 * A line of many samples as a chart can show it: for each pixel column the first, the least, the greatest and the last
 * sample, so that a peak of one sample in a day is still seen. Where nothing trustworthy was recorded the line breaks:
 * no line is ever drawn across a gap.
 */
export interface ReducedLine {
  /** µs, rising. */
  readonly times: Float64Array;
  /** NaN breaks the line. */
  readonly values: Float64Array;
}

/**
 * @param times µs, in any order; equal times keep their order
 * @param status OPC UA status codes; a bad one (severity 2 and up) breaks the line at its time
 * @param gaps ranges in which samples are known to be missing, µs; each breaks the line
 * @returns at most four points and one break for each column and gap
 */
export function reducePerColumn(
  times: Float64Array,
  values: Float64Array,
  status: Uint32Array,
  fromUs: number,
  toUs: number,
  columns: number,
  gaps: readonly { readonly fromUs: number; readonly toUs: number }[] = [],
): ReducedLine {
  const order = rowsInTime(times, fromUs, toUs);
  const breaks = gaps
    .filter((gap) => gap.toUs >= fromUs && gap.fromUs <= toUs)
    .map((gap) => gap.fromUs)
    .sort((a, b) => a - b);
  const outTimes: number[] = [];
  const outValues: number[] = [];
  const usPerColumn = (toUs - fromUs) / columns;

  let nextBreak = 0;
  let column = -1;
  let first = -1;
  let least = -1;
  let greatest = -1;
  let last = -1;

  const emit = (row: number): void => {
    outTimes.push(times[row] ?? NaN);
    outValues.push(values[row] ?? NaN);
  };
  const breakAt = (us: number): void => {
    // One break is enough, and a line does not begin with one.
    if (outValues.length === 0 || Number.isNaN(outValues.at(-1))) return;
    outTimes.push(us);
    outValues.push(NaN);
  };
  const flush = (): void => {
    if (first < 0) return;
    // Positions in `order` are positions in time; no allocation, because a chart flushes thousands of columns.
    const earlier = Math.min(least, greatest);
    const later = Math.max(least, greatest);
    emit(order[first] ?? 0);
    if (earlier > first && earlier < last) emit(order[earlier] ?? 0);
    if (later > earlier && later > first && later < last) emit(order[later] ?? 0);
    if (last > first) emit(order[last] ?? 0);
    first = -1;
  };

  for (let at = 0; at < order.length; at++) {
    const row = order[at] ?? 0;
    const time = times[row] ?? NaN;
    const value = values[row] ?? NaN;
    while (nextBreak < breaks.length && (breaks[nextBreak] ?? Infinity) < time) {
      flush();
      breakAt(Math.max(breaks[nextBreak] ?? fromUs, outTimes.at(-1) ?? fromUs));
      nextBreak++;
    }
    if ((status[row] ?? 0) >>> 30 >= 2 || Number.isNaN(value)) {
      flush();
      breakAt(time);
      continue;
    }
    const into = Math.min(columns - 1, Math.floor((time - fromUs) / usPerColumn));
    if (into !== column) {
      flush();
      column = into;
    }
    if (first < 0) {
      first = least = greatest = at;
    } else {
      if (value < (values[order[least] ?? 0] ?? 0)) least = at;
      if (value > (values[order[greatest] ?? 0] ?? 0)) greatest = at;
    }
    last = at;
  }
  flush();
  if (nextBreak < breaks.length)
    breakAt(Math.max(breaks[nextBreak] ?? toUs, outTimes.at(-1) ?? fromUs));
  return { times: Float64Array.from(outTimes), values: Float64Array.from(outValues) };
}

/** Row numbers within the range, by time. Nearly always they are in order already, and then nothing is sorted. */
function rowsInTime(times: Float64Array, fromUs: number, toUs: number): Uint32Array {
  const rows = new Uint32Array(times.length);
  let count = 0;
  let rising = true;
  let before = -Infinity;
  for (let row = 0; row < times.length; row++) {
    const time = times[row] ?? NaN;
    if (!(time >= fromUs && time <= toUs)) continue;
    if (time < before) rising = false;
    before = time;
    rows[count++] = row;
  }
  const within = rows.subarray(0, count);
  if (!rising) within.sort((a, b) => (times[a] ?? 0) - (times[b] ?? 0) || a - b);
  return within;
}
