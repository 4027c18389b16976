import type { StatusCode } from "./status.ts";
import type { Scalar } from "./scalar.ts";
import type { GatewayId, TagId } from "./tag.ts";

/**
 * Where a current value comes from in the order of acquisition: the rank of its epoch, then its place on the raw lane,
 * then its row. Not its source time: a device whose clock is set back would freeze its value (no-loss protocol 9).
 */
export interface TwinPosition {
  readonly epochRank: number;
  readonly raw: number;
  readonly row: number;
}

/** The reported half of one property of a twin. Owned by the gateway. */
export interface ReportedValue {
  readonly gateway: GatewayId;
  readonly tag: TagId;
  readonly value: Scalar;
  readonly status: StatusCode;
  readonly measuredUs: number;
  readonly receivedUs: number;
  readonly confirmedUs: number;
  readonly changedUs: number;
  readonly position: TwinPosition;
}

/** Later in the order of acquisition? Equal positions are the same reading. */
export function isLater(a: TwinPosition, b: TwinPosition): boolean {
  if (a.epochRank !== b.epochRank) return a.epochRank > b.epochRank;
  if (a.raw !== b.raw) return a.raw > b.raw;
  return a.row > b.row;
}
