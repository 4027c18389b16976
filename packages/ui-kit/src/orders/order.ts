/** What was ordered of a gateway, as its hub tells it: a repair of the past, or a recording of a time to come. */
import type { TimeRange } from "../live/history.ts";

export interface PlacedOrder extends TimeRange {
  readonly id: number;
  readonly tags: readonly string[];
  readonly state: string;
  /** 0 to 1. */
  readonly done: number;
  readonly note: string;
  readonly comparison?: { readonly agrees: boolean };
}

const overStates: readonly string[] = ["done", "refused", "cancelled"];

export function isOrderOver({ state }: Pick<PlacedOrder, "state">): boolean {
  return overStates.includes(state);
}
