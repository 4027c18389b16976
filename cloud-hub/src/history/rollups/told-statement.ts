/** A frame of minutes or hours becomes what it says about the rows of a tier. */
import { decodeTold, type ToldBuckets } from "@millwright/aggregates";
import type { Refused } from "@millwright/kit";
import { decodeAggregates, type Dictionary } from "@millwright/wire-contract";

import { hourTier, minuteTier, type RollupTier } from "./rollup-store.ts";

export interface ToldStatement {
  readonly tier: RollupTier;
  /** Of the tier: the row that it speaks of. */
  readonly slot: number;
  readonly revision: number;
  readonly told: readonly ToldBuckets[];
}

export function readStatement(body: Uint8Array, dictionary: Dictionary): ToldStatement | Refused {
  const read = decodeAggregates(body);
  if ("kind" in read) return read;
  const tier = read.hours === undefined ? minuteTier : hourTier;
  const beginUs = read.hour * minuteTier.slotUs;
  const scaleOf = (tag: number): ReturnType<Dictionary["byIndex"]> => dictionary.byIndex(tag);
  const told = decodeTold(read.hours ?? read.minutes, beginUs, scaleOf, tier.widthUs);
  if ("kind" in told) return told;
  return { tier, slot: beginUs / tier.slotUs, revision: read.revision, told };
}
