/**
 * Machines of one kind beside each other: what the middle of them does at each time, and who keeps away from it. The band
 * goes from the quantile of a tenth to that of nine tenths, so at each time a fifth of many machines lies out of it, and
 * more of few: what tells something is who stays there.
 */
import { bandMachinesMin } from "@millwright/wire-contract/peers";

/** Parts of all machines that lie below the lower edge, the middle and the upper edge. */
const shares = { low: 0.1, median: 0.5, high: 0.9 } as const;

/** By column; NaN where fewer than `bandMachinesMin` machines have a value. */
export interface PeerBand {
  readonly counts: Uint32Array;
  readonly low: Float64Array;
  readonly median: Float64Array;
  readonly high: Float64Array;
}

/** @param lines by machine its means by column, NaN where it has none; all are equally long */
export function bandOf(lines: readonly Float64Array[], columns: number): PeerBand {
  const band = {
    counts: new Uint32Array(columns),
    low: new Float64Array(columns).fill(NaN),
    median: new Float64Array(columns).fill(NaN),
    high: new Float64Array(columns).fill(NaN),
  };
  const together = new Float64Array(lines.length);
  for (let column = 0; column < columns; column++) {
    let count = 0;
    for (const line of lines) {
      const value = line[column] ?? NaN;
      if (!Number.isNaN(value)) together[count++] = value;
    }
    band.counts[column] = count;
    if (count < bandMachinesMin) continue;
    const sorted = together.subarray(0, count).sort();
    band.low[column] = quantileOf(sorted, shares.low);
    band.median[column] = quantileOf(sorted, shares.median);
    band.high[column] = quantileOf(sorted, shares.high);
  }
  return band;
}

/**
 * Between two values in proportion, as R, NumPy and spreadsheets have it by default (Hyndman and Fan 1996, definition 7).
 *
 * @param sorted rising, at least one
 * @param share 0 to 1
 */
export function quantileOf(sorted: Float64Array, share: number): number {
  const place = (sorted.length - 1) * share;
  const below = Math.floor(place);
  const [a, b] = [sorted[below] ?? NaN, sorted[below + 1] ?? NaN];
  const part = place - below;
  // What lies between two equal values is that value, to the last bit.
  return part === 0 || a === b ? a : a + (b - a) * part;
}

/** How one machine lay to the band. */
export interface PeerPlace {
  /** Columns in which it has a value and the others a band. */
  readonly columns: number;
  readonly above: number;
  readonly below: number;
  /** Mean of value − median over these columns; NaN where there is none. */
  readonly away: number;
}

export function placeOf(line: Float64Array, { low, median, high }: PeerBand): PeerPlace {
  let [columns, above, below, sum] = [0, 0, 0, 0];
  for (const [column, value] of line.entries()) {
    const middle = median[column] ?? NaN;
    if (Number.isNaN(value) || Number.isNaN(middle)) continue;
    columns++;
    sum += value - middle;
    if (value > (high[column] ?? Infinity)) above++;
    else if (value < (low[column] ?? -Infinity)) below++;
  }
  return { columns, above, below, away: columns === 0 ? NaN : sum / columns };
}
