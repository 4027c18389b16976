/** How windows of a stack are cut into runs. Pure. */

/** Windows that one run takes. */
export interface Cut {
  /** The first window, when they lie side by side. */
  readonly first: number;
  readonly count: number;
  /** Places of the windows, when they do not lie side by side. */
  readonly windows?: Int32Array;
  /** All windows are of one row: its weights go in once. Otherwise each window has its own row. */
  readonly same: boolean;
  /** The first row, when the rows lie side by side. */
  readonly row: number;
  /** The rows, one a window, when they do not. */
  readonly rows?: Int32Array;
}

/** Shorter runs cost more in the calls (some 20 µs each) than a copy of their weights does. */
const sideBySideLeast = 32;

/**
 * Windows of rows that lie side by side, and of one row, are run where they are. The others are run together at the end
 * with their weights copied out.
 */
export function cutsOf(rows: Int32Array): readonly Cut[] {
  const cuts: Cut[] = [];
  const scattered: number[] = [];
  let first = 0;
  while (first < rows.length) {
    const row = rows[first] ?? 0;
    const step = (rows[first + 1] ?? -1) - row;
    let count = 1;
    if (step === 0 || step === 1) {
      while (first + count < rows.length && rows[first + count] === row + step * count) count++;
    }
    if (count >= sideBySideLeast || count === rows.length) {
      cuts.push({ first, count, same: step === 0, row });
    } else {
      for (let each = 0; each < count; each++) scattered.push(first + each);
    }
    first += count;
  }
  if (scattered.length > 0) {
    const windows = Int32Array.from(scattered);
    const own = windows.map((window) => rows[window] ?? 0);
    cuts.push({ first: 0, count: windows.length, windows, same: false, row: 0, rows: own });
  }
  return cuts;
}
