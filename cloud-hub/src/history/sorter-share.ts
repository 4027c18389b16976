/**
 * Sorters of one hub work side by side, each on gateways of its own: sorting is the larger part of what a sample costs the
 * hub, and one process uses one core. Gateways are shared out by the bucket of their subjects, because the counts of a day
 * stand in a row for each bucket (`history_days`).
 */
import { bucketCount, bucketOf, type GatewayId } from "@millwright/wire-contract";

export interface SorterShare {
  /** From 0. */
  readonly index: number;
  /** So many sorters there are. */
  readonly of: number;
}

export const allGateways: SorterShare = { index: 0, of: 1 };

/** Each bucket is in one share. */
export function bucketsOf({ index, of }: SorterShare): readonly number[] {
  return Array.from({ length: bucketCount }, (_, bucket) => bucket).filter(
    (bucket) => bucket % of === index,
  );
}

export function isOfShare({ index, of }: SorterShare, gateway: GatewayId): boolean {
  return bucketOf(gateway) % of === index;
}
