/** Points of a line from buckets: of each the first, the least, the greatest and the last value. */
import { none2, none4, noTime, powers } from "./packed-buckets.ts";
import type { ReadRollup, RollupTier } from "./rollup-store.ts";

/** Grows as points come. */
export class LinePoints {
  #times = new Float64Array(1_024);
  #values = new Float64Array(1_024);
  #count = 0;

  /** @param value NaN breaks the line */
  push(us: number, value: number): void {
    if (this.#count === this.#times.length) {
      this.#times = grown(this.#times);
      this.#values = grown(this.#values);
    }
    this.#times[this.#count] = us;
    this.#values[this.#count] = value;
    this.#count++;
  }

  columns(): { readonly times: Float64Array; readonly values: Float64Array } {
    return {
      times: this.#times.subarray(0, this.#count),
      values: this.#values.subarray(0, this.#count),
    };
  }
}

function grown(column: Float64Array): Float64Array<ArrayBuffer> {
  const longer = new Float64Array(column.length * 2);
  longer.set(column);
  return longer;
}

/**
 * Where the least and the greatest lay in their bucket is not known: they are drawn in the middle between the first and
 * the last. A bucket in which samples lie and none is good breaks the line.
 */
export function pushLine(points: LinePoints, { slot, packed }: ReadRollup, tier: RollupTier): void {
  const { count, places, first, base, decimals, values2, values4, values8 } = packed;
  const power = powers[decimals ?? 0] ?? 1;
  const column = values2 ?? values4 ?? values8;
  if (column === null) return;
  const missing = values2 !== null ? none2 : values4 !== null ? none4 : NaN;
  const whole = values2 !== null || values4 !== null;
  const slotUs = slot * tier.slotUs;
  for (let at = 0; at < count; at++) {
    const startUs = slotUs + (places?.[at] ?? first + at) * tier.widthUs;
    const least = column[at] ?? NaN;
    if (least === missing || Number.isNaN(least)) {
      // A value that holds over a bucket without samples is the line between its neighbours.
      if (goodUs(packed.goodUs, at) === 0) points.push(startUs, NaN);
      continue;
    }
    const firstOffset = packed.firstUs?.[at] ?? noTime;
    const lastOffset = packed.lastUs?.[at] ?? noTime;
    const firstUs = startUs + (firstOffset === noTime ? 0 : firstOffset + 2 ** 31);
    // Where it lay is not told: somewhere in the bucket, which a pixel holds whole.
    const lastUs = startUs + (lastOffset === noTime ? tier.widthUs - 1 : lastOffset + 2 ** 31);
    const middleUs = (firstUs + lastUs) / 2;
    const value = (field: number): number => {
      const stored = column[field * count + at] ?? NaN;
      return whole ? (stored + base) / power : stored;
    };
    const [min, max, begin, end] = [value(0), value(1), value(2), value(3)];
    points.push(firstUs, begin);
    if (lastUs === firstUs) continue;
    if (min < begin && min < end) points.push(middleUs, min);
    if (max > begin && max > end) points.push(middleUs, max);
    points.push(lastUs, end);
  }
}

/**
 * The same for a pixel that is wider than a whole row: one first, least, greatest and last value of it, and times that
 * are right within the pixel.
 */
export function pushRow(points: LinePoints, { slot, packed }: ReadRollup, tier: RollupTier): void {
  const { count, places, first, base, decimals, values2, values4, values8 } = packed;
  const power = powers[decimals ?? 0] ?? 1;
  const column = values2 ?? values4 ?? values8;
  if (column === null) return;
  const missing = values2 !== null ? none2 : values4 !== null ? none4 : NaN;
  let least = Infinity;
  let greatest = -Infinity;
  let begin = -1;
  let end = -1;
  for (let at = 0; at < count; at++) {
    const min = column[at] ?? NaN;
    if (min === missing || Number.isNaN(min)) continue;
    const max = column[count + at] ?? NaN;
    if (begin < 0) begin = at;
    end = at;
    if (min < least) least = min;
    if (max > greatest) greatest = max;
  }
  const startUs = slot * tier.slotUs;
  const timeOf = (at: number): number => startUs + (places?.[at] ?? first + at) * tier.widthUs;
  if (begin < 0) {
    if (packed.goodUs !== null && goodUs(packed.goodUs, 0) === 0) points.push(startUs, NaN);
    return;
  }
  const value = (stored: number): number =>
    values2 !== null || values4 !== null ? (stored + base) / power : stored;
  const middleUs = (timeOf(begin) + timeOf(end)) / 2;
  points.push(timeOf(begin), value(column[2 * count + begin] ?? NaN));
  points.push(middleUs, value(least));
  points.push(middleUs, value(greatest));
  points.push(timeOf(end), value(column[3 * count + end] ?? NaN));
}

/** null: a good value held all the time. */
function goodUs(column: readonly number[] | null, at: number): number {
  if (column === null) return Infinity;
  return ((column.length === 1 ? column[0] : column[at]) ?? 0) + 2 ** 31;
}
