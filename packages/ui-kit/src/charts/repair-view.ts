/** What can be said and done about samples that the hub was not told: decided here, shown by `repair-list.tsx`. */
import type { TimeRange } from "../live/history.ts";

/** An entry of the hub's ledger, as far as it is looked at here. */
export interface LedgerPart {
  readonly fromUs: number;
  readonly toUs: number;
  /** Whether the gateway has the samples, or minutes and hours of them, or nothing. */
  readonly repair: "raw" | "thinned" | "none";
}

/** A repair as the hub tells it. */
export interface RepairOrder {
  readonly id: number;
  readonly tags: readonly string[];
  readonly fromUs: number;
  readonly toUs: number;
  readonly state: string;
  /** 0 to 1. */
  readonly done: number;
  readonly healed: number;
  readonly note: string;
  readonly comparison?: { readonly agrees: boolean };
}

export interface RepairView {
  /** What a repair would bring: absent when nothing is there, or all of it was brought or is on its way. */
  readonly offer?: TimeRange;
  /** Of this time the gateway has minutes and hours only. */
  readonly thinned?: TimeRange;
  /** Repairs of this tag that touch the range, the newest first. */
  readonly orders: readonly RepairOrder[];
  /** One of them is not over. */
  readonly running: boolean;
}

/** More would push the page away. */
const ordersShown = 3;
const overStates: readonly string[] = ["done", "refused", "cancelled"];

export function isOver({ state }: Pick<RepairOrder, "state">): boolean {
  return overStates.includes(state);
}

export function repairView(
  ledger: readonly LedgerPart[],
  all: readonly RepairOrder[],
  tag: string,
  range: TimeRange,
): RepairView {
  const own = all.filter(({ tags }) => tags.includes(tag));
  const orders = own
    .filter(({ fromUs, toUs }) => fromUs < range.toUs && toUs > range.fromUs)
    .slice(0, ordersShown);
  const offer = spanOf(ledger, "raw", range);
  const thinned = spanOf(ledger, "thinned", range);
  const covered =
    offer !== undefined &&
    own.some(
      (order) =>
        order.fromUs <= offer.fromUs &&
        order.toUs >= offer.toUs &&
        (!isOver(order) || order.comparison?.agrees === true),
    );
  return {
    ...(offer === undefined || covered ? {} : { offer }),
    ...(thinned === undefined ? {} : { thinned }),
    orders,
    running: orders.some((order) => !isOver(order)),
  };
}

/** From the first to the last moment of these entries, within the range. */
function spanOf(
  ledger: readonly LedgerPart[],
  repair: LedgerPart["repair"],
  range: TimeRange,
): TimeRange | undefined {
  const parts = ledger.filter((part) => part.repair === repair);
  if (parts.length === 0) return undefined;
  const fromUs = Math.max(range.fromUs, Math.min(...parts.map((part) => part.fromUs)));
  // An entry holds its last moment; a range ends before its end.
  const toUs = Math.min(range.toUs, Math.max(...parts.map((part) => part.toUs)) + 1);
  return fromUs < toUs ? { fromUs: Math.floor(fromUs), toUs: Math.floor(toUs) } : undefined;
}
