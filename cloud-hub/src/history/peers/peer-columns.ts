/** The columns of time in which machines are compared: whole minutes or hours, as wide as the time shown needs. */
import { widths } from "@millwright/aggregates";

import { hourTier, minuteTier, type RollupTier } from "../rollups/rollup-store.ts";

export interface PeerColumns {
  readonly tier: RollupTier;
  /** Begin of the first one, µs. */
  readonly fromUs: number;
  /** Of each, a multiple of the tier's buckets. */
  readonly stepUs: number;
  readonly count: number;
}

/**
 * A band has no peaks of one sample that a wider column would hide, and each column costs a bucket of each machine: at most
 * so many, which is one for four pixels of a wide screen.
 */
const columnsMax = 300;
/** From there on hours: twenty minutes of a hundred machines are as many buckets as can be read within a second. */
const hoursFromUs = 20 * widths.minute;

/**
 * @param asked columns that the chart has room for
 * @param minutesFromUs what lies before has no minutes any more, but its hours
 */
export function peerColumns(
  fromUs: number,
  toUs: number,
  asked: number,
  minutesFromUs: number,
): PeerColumns {
  const wanted = (toUs - fromUs) / Math.min(asked, columnsMax);
  const tier = wanted >= hoursFromUs || fromUs < minutesFromUs ? hourTier : minuteTier;
  const stepUs = Math.max(1, Math.ceil(wanted / tier.widthUs)) * tier.widthUs;
  // At multiples of the step: a chart that moves on with the time keeps its columns.
  const beginUs = Math.floor(fromUs / stepUs) * stepUs;
  return { tier, fromUs: beginUs, stepUs, count: Math.ceil((toUs - beginUs) / stepUs) };
}
