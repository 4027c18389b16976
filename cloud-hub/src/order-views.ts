import type { Refused } from "@millwright/kit";
import type {
  GatewayId,
  LedgerEntry,
  LossCount,
  OrderSource,
  OrderState,
  Resolution,
  TagId,
} from "@millwright/wire-contract";

/** What people see of orders, and what they may do: the door of `orders/` for pages and API. */

export type OrderKind = "repair" | "recording";
export type OrderOutcome = "done" | "refused" | "cancelled";

/** What is asked of a gateway. */
export interface OrderWish {
  readonly tags: readonly TagId[];
  /** Measured times, µs; `toUs` is excluded. */
  readonly fromUs: number;
  readonly toUs: number;
  /** In which form the answer is wanted. */
  readonly resolution: Resolution;
  /** Whether the devices are asked for what they kept of the range, before the gateway answers. */
  readonly source: OrderSource;
  /** What the answer may bring onto the road, kbit/s. */
  readonly kbitPerS: number;
}

/** What one side holds of a tag in the range of an order. */
export interface Holding {
  /** Samples that differ from one another; minutes or hours, where these were ordered. */
  readonly samples: number;
  /** SHA-256 of them (docs/wire-format.md, 4 and 5). */
  readonly digest: string;
}

/** Both sides over the same range, by tag, from the first sample that the gateway still has. */
export interface OrderComparison {
  readonly agrees: boolean;
  readonly tags: readonly {
    readonly tag: TagId;
    readonly gateway: Holding;
    readonly hub: Holding;
  }[];
}

export interface OrderView {
  readonly id: number;
  readonly gateway: string;
  readonly kind: OrderKind;
  readonly tags: readonly TagId[];
  readonly fromUs: number;
  /** Excluded. */
  readonly toUs: number;
  readonly resolution: Resolution;
  readonly source: OrderSource;
  readonly kbitPerS: number;
  readonly askedUs: number;
  /** `asked`: the gateway has not said anything yet. */
  readonly state: "asked" | OrderState | OrderOutcome;
  /** Part that is done, 0 to 1. */
  readonly done: number;
  /** Sealed by the gateway for this order so far. */
  readonly samples: number;
  readonly bytes: number;
  /** Samples that were claimed as missing and are stored now. */
  readonly healed: number;
  readonly note: string;
  readonly endedUs?: number;
  readonly comparison?: OrderComparison;
}

/**
 * - `raw`: the gateway has the samples, as far as the ledger knows
 * - `thinned`: it has minutes and hours of them, and the samples no more
 * - `device`: the gateway never had them, or has them no more; the device keeps a history of the tag and gives it
 * - `none`: they are nowhere
 */
export type RepairOffer = "raw" | "thinned" | "device" | "none";

/** An entry of the ledger with what it is charged. */
export interface LedgerView extends Pick<
  LedgerEntry,
  "reason" | "scope" | "fromUs" | "toUs" | "count"
> {
  /** Brought by repairs since. */
  readonly repaired: number;
  /**
   * Claimed minus stored, each missing sample to one entry (no-loss protocol 7). Of an entry that counts: all that it still
   * stands for. Of one that names a time: what should have come of this tag in the range and did not, where no other is
   * charged for it. Absent when the range is longer than a month.
   */
  readonly charged?: LossCount;
  readonly repair: RepairOffer;
}

export interface OrderBoard {
  /** The newest first. */
  list(gateway: string, kind: OrderKind): Promise<readonly OrderView[]>;
  ask(gateway: string, kind: OrderKind, wish: OrderWish): Promise<OrderView | Refused>;
  /** Whether there was something to cancel. */
  cancel(gateway: string, kind: OrderKind, id: number): Promise<boolean>;
  /** What the ledger says about a tag in a range, also of what was only not told. */
  ledger(
    gateway: string,
    tag: string,
    fromUs: number,
    toUs: number,
  ): Promise<readonly LedgerView[]>;
  /** All entries of a gateway that touch a range, as CSV, in the order in which it told them. */
  ledgerCsv(gateway: string, fromUs: number, toUs: number): AsyncIterable<string>;
}

/** What a person at the hub has acknowledged, and what the gateway said to it. */
export interface AcknowledgementView {
  readonly id: number;
  readonly gateway: GatewayId;
  readonly alarm: string;
  readonly raisedUs: number;
  readonly person: string;
  readonly askedUs: number;
  /** `waiting`: the gateway has not answered; it may be away. The alarm is acknowledged with `accepted` and not before. */
  readonly state: "waiting" | "accepted" | "refused";
  /** Why it was refused; "" otherwise. */
  readonly reason: string;
  /** By the clock of the gateway, µs. */
  readonly answeredUs?: number;
}

/** For people who have signed in: each acknowledgement has a name. */
export interface AcknowledgementBoard {
  /** Asking again while it waits gives what waits. @param raisedUs the occurrence that the person saw */
  acknowledge(
    gateway: string,
    alarm: string,
    raisedUs: number,
    person: string,
  ): Promise<AcknowledgementView | Refused>;
  /** The newest first. */
  list(gateway: string): Promise<readonly AcknowledgementView[]>;
}
