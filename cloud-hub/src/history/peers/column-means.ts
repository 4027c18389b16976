/** Time-weighted means of one machine by column, from the rows of a tier. */
import { powers } from "../rollups/packed-buckets.ts";
import type { ReadRollup } from "../rollups/rollup-store.ts";
import type { PeerColumns } from "./peer-columns.ts";

/**
 * By column; NaN where no good value held in it. A column in which one held for a part of the time has the mean of that
 * part: what is not known does not count.
 */
export function columnMeans(rows: readonly ReadRollup[], columns: PeerColumns): Float64Array {
  const { tier, fromUs, stepUs, count } = columns;
  const sums = new Float64Array(count);
  const held = new Float64Array(count);
  for (const { slot, packed } of rows) {
    const { first, places, goodUs, decimals, base, integrals8, integralsDouble } = packed;
    // A text has no numbers.
    const integrals = integrals8 ?? integralsDouble;
    if (integrals === null) continue;
    const slotUs = slot * tier.slotUs;
    const shift = integrals8 === null ? 0 : base;
    const power = integrals8 === null ? 1 : (powers[decimals ?? 0] ?? 1);
    for (let at = 0; at < packed.count; at++) {
      const us = goodUsAt(goodUs, at, tier.widthUs);
      const startUs = slotUs + (places?.[at] ?? first + at) * tier.widthUs;
      const column = Math.floor((startUs - fromUs) / stepUs);
      if (us <= 0 || column < 0 || column >= count) continue;
      const integral = ((integrals[at] ?? NaN) + shift * us) / power;
      // An infinite value has no mean, and would take that of its neighbours along.
      if (!Number.isFinite(integral)) continue;
      sums[column] = (sums[column] ?? 0) + integral;
      held[column] = (held[column] ?? 0) + us;
    }
  }
  return sums.map((sum, column) => {
    const us = held[column] ?? 0;
    return us > 0 ? sum / us : NaN;
  });
}

/** null: a good value held all the time. */
function goodUsAt(column: readonly number[] | null, at: number, widthUs: number): number {
  if (column === null) return widthUs;
  return ((column.length === 1 ? column[0] : column[at]) ?? 0) + 2 ** 31;
}
