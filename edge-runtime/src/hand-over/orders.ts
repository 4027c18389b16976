/** What the hub, and people at the gateway, want of what is kept here. */
import type { Refused } from "@millwright/kit";
import type { GatewayOrder, OrderState, TagAnswer, TagId } from "@millwright/wire-contract";

import type { Person } from "./people.ts";

/** What sync needs of the journal to serve the hub's orders. All that is changed is on disk when the call resolves. */
export interface OrderBook {
  /** Oldest first. */
  held(): readonly HeldOrder[];
  /** When all that is answered of it lies in the past, and when all of it does, µs. */
  times(held: HeldOrder): { readonly answersUs: number; readonly endsUs: number };
  /** All that the hub wants now: others are dropped, new ones begin as `waiting`. */
  want(orders: readonly GatewayOrder[]): Promise<void>;
  /** Moves an order on. Of one that is not held any more, nothing happens. */
  move(id: number, state: OrderState, note?: string): Promise<void>;
  /** Everything kept so far is told, and what is left out is claimed: then it is known what an answer heals. */
  tellAll(): Promise<void>;
  /** Commits what was read from devices, and then says how far the order has come; after the last piece it is answered. */
  fetched(id: number, piece: FetchedPiece): Promise<void>;
  /**
   * Seals the next piece of an answer.
   *
   * @returns its bytes, whether it was the last, and whether hours that it needs are still being made: nothing was sealed
   */
  answer(
    id: number,
  ): Promise<{ readonly bytes: number; readonly last: boolean; readonly waits?: boolean }>;
  /**
   * Reads what is kept of the range, and moves the order to `answered`; not while hours of it are being made: then it is to
   * be asked again. @param signal aborts: it rejects
   */
  compare(id: number, signal: AbortSignal): Promise<void>;
}

/** Of which values, and of which time; `toUs` is excluded. */
export type PastRange = Pick<GatewayOrder, "tags" | "fromUs" | "toUs">;

export interface HeldOrder {
  readonly order: GatewayOrder;
  readonly progress: OrderProgress;
}

/** How far an order of the hub has come. Kept with the journal. */
export interface OrderProgress {
  readonly state: OrderState;
  /** When it came, µs: what was measured before is answered from what is kept. */
  readonly receivedUs: number;
  /** Where the answer goes on: tags from this place of the order's list, from this time. */
  readonly tag: number;
  readonly atUs: number;
  /** Sealed for the road so far. */
  readonly samples: number;
  readonly bytes: number;
  /** For a person; "" when there is nothing to say. */
  readonly note: string;
  /** Samples that were read from devices and were not here before. */
  readonly fetched?: number;
  /** Tags of which their device gave less than it has, or nothing. */
  readonly unread?: readonly TagId[];
  /** Once it is `answered`. */
  readonly tags?: readonly TagAnswer[];
}

/** What was read of a device's own history for an order: the next tags of its list over the next piece of its time. */
export interface FetchedPiece extends Pick<OrderProgress, "tag" | "atUs"> {
  /** Those that were not here. */
  readonly samples: number;
  readonly unread: readonly TagId[];
  readonly last: boolean;
}

/** Reads what devices keep of their own past. */
export interface DeviceHistory {
  /**
   * Reads the next piece and hands it to the journal, as late; it is on disk with the next commit. What the journal has
   * already is left out, so that a piece may be read again. Waits for a device that is away; throws a `Fault` when one goes
   * away meanwhile.
   */
  fetch(
    order: PastRange,
    from: Pick<OrderProgress, "tag" | "atUs">,
    signal: AbortSignal,
  ): Promise<FetchedPiece>;
}

/** How people at the gateway have a device's own past read, with the hub away too. */
export interface LocalOrderDesk {
  /** Holes of these values that touch the time, the newest first; of values whose device gives a history now. */
  offers(range: PastRange, signal: AbortSignal): Promise<readonly LocalOffer[]>;
  /** Of this start, the newest first. */
  orders(): readonly LocalOrder[];
  /** Begins at once; refused while another one goes on, and where no device can be asked. */
  order(range: PastRange, person: Person): LocalOrder | Refused;
  /** What was read until then stays. False where it is over, or never was. */
  cancel(id: number): boolean;
}

/** What a person at the gateway has ordered of what devices keep of their own past. */
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

/** A hole that a device may fill. */
export interface LocalOffer extends PastRange {
  /** Why it is not here, in the words of the ledger. */
  readonly reasons: readonly string[];
}
