import type { GatewayOrder } from "./orders.ts";
import type { TagId } from "./tag.ts";

/** Of which values, and of which time; `toUs` is excluded. */
export type PastRange = Pick<GatewayOrder, "tags" | "fromUs" | "toUs">;

/**
 * What a person at the gateway has ordered of what devices keep of their own past: `GET /api/local-orders` of the HMI, for its
 * own page.
 */
export interface LocalOrder extends PastRange {
  /** Rises from order to order, from 1 at each start. */
  readonly id: number;
  /** The name of who ordered it. */
  readonly by: string;
  readonly askedUs: number;
  readonly state: "fetching" | "done" | "broken-off" | "cancelled";
  /** 0 to 1, of the time and of the tags. */
  readonly done: number;
  /** Samples that were read and were not here before. */
  readonly samples: number;
  /** Tags of which their device gave less than it has, or nothing. */
  readonly unread: readonly TagId[];
  /** Why it was broken off; "" else. */
  readonly note: string;
}

/** A hole that a device may fill: `GET /api/local-orders/offers` of the HMI. */
export interface LocalOffer extends PastRange {
  /** Why it is not here, in the words of the ledger. */
  readonly reasons: readonly string[];
}
