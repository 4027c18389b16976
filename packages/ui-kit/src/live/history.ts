/** Recorded values of one tag: what the two history addresses answer, and the gaps between the values. */

/** Points in time order; a NaN value is a gap. */
export interface History {
  readonly timesUs: Float64Array;
  readonly values: Float64Array;
}

/** Why nothing stands between two times, as the ledger tells it. */
export interface Gap {
  readonly reason: string;
  readonly fromUs: number;
  readonly toUs: number;
  readonly count: { readonly kind: string; readonly samples?: number };
}

export interface TimeRange {
  readonly fromUs: number;
  readonly toUs: number;
}

/** n times in µs, then n values, little endian, as doubles. Throws when the length cannot be that. */
export function parseHistory(body: ArrayBuffer): History {
  if (body.byteLength % 16 !== 0) {
    throw new Error(`history answer has ${body.byteLength} bytes, not a multiple of 16`);
  }
  const count = body.byteLength / 16;
  return {
    timesUs: new Float64Array(body, 0, count),
    values: new Float64Array(body, count * 8, count),
  };
}

/** Lowest, highest and mean of what is drawn; undefined when there is no number. */
export function summaryOf(
  history: History,
): { readonly min: number; readonly max: number; readonly mean: number } | undefined {
  let min = Infinity;
  let max = -Infinity;
  let sum = 0;
  let count = 0;
  for (const value of history.values) {
    if (!Number.isFinite(value)) continue;
    min = Math.min(min, value);
    max = Math.max(max, value);
    sum += value;
    count += 1;
  }
  return count === 0 ? undefined : { min, max, mean: sum / count };
}

export function historyAddress(
  base: string,
  tag: string,
  range: TimeRange,
  columns: number,
): string {
  const query = new URLSearchParams({
    tag,
    from: String(Math.round(range.fromUs)),
    to: String(Math.round(range.toUs)),
    columns: String(Math.max(1, Math.min(4_096, Math.round(columns)))),
  });
  return `${base}/history?${query.toString()}`;
}

export function gapsAddress(base: string, tag: string, range: TimeRange): string {
  const query = new URLSearchParams({
    tag,
    from: String(Math.round(range.fromUs)),
    to: String(Math.round(range.toUs)),
  });
  return `${base}/gaps?${query.toString()}`;
}
