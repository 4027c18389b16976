/** Where a person is offered to have a device's own past read: decided from claims of the ledger and what is here. Pure. */
import { isFilled } from "@millwright/aggregates";
import type { LedgerEntry, TagId } from "@millwright/wire-contract";

import type { LocalOffer } from "./hand-over.ts";

/** A claim, and the times of what is here of its time. */
export interface ClaimedHole {
  readonly tag: TagId;
  readonly claim: Pick<LedgerEntry, "reason" | "fromUs" | "toUs" | "count">;
  /** µs, rising; reduced to a few points that leave no gap of their own. */
  readonly timesUs: ArrayLike<number>;
}

/** Holes that lie so close are one to a person: a gateway that starts is down first, and then without its devices. */
const adjoiningUs = 5_000_000;
/** An order of more would keep a device busy for an hour: it is ordered in parts. */
export const offeredUsMax = 31 * 86_400_000_000;

/**
 * Whether a device may have what is missing. A claim that counts its samples is left to an order of the hub: the hub credits
 * those, and would go on charging what it was told without an order.
 */
export function isHole({ claim, timesUs }: ClaimedHole): boolean {
  if (claim.count.kind === "exact" || claim.toUs <= claim.fromUs) return false;
  return !isFilled(claim, timesUs);
}

/** Holes of the same time in one offer, the newest first. */
export function offersOf(holes: readonly ClaimedHole[]): readonly LocalOffer[] {
  const ofTags = new Map<TagId, Span[]>();
  const rising = holes.filter(isHole).toSorted((a, b) => a.claim.fromUs - b.claim.fromUs);
  for (const { tag, claim } of rising) {
    const spans = ofTags.get(tag) ?? [];
    const last = spans.at(-1);
    if (last !== undefined && claim.fromUs <= last.toUs + adjoiningUs) {
      last.toUs = Math.max(last.toUs, claim.toUs);
      last.reasons.add(claim.reason);
    } else {
      spans.push({ fromUs: claim.fromUs, toUs: claim.toUs, reasons: new Set([claim.reason]) });
    }
    ofTags.set(tag, spans);
  }
  const offers = new Map<string, { tags: TagId[]; span: Span }>();
  for (const [tag, spans] of ofTags) {
    for (const span of spans) {
      const key = [span.fromUs, span.toUs, ...span.reasons].join(" ");
      const offer = offers.get(key) ?? { tags: [], span };
      offer.tags.push(tag);
      offers.set(key, offer);
    }
  }
  return [...offers.values()]
    .map(({ tags, span: { fromUs, toUs, reasons } }) => {
      return { tags, fromUs: Math.max(fromUs, toUs - offeredUsMax), toUs, reasons: [...reasons] };
    })
    .toSorted((a, b) => b.fromUs - a.fromUs);
}

interface Span {
  readonly fromUs: number;
  toUs: number;
  readonly reasons: Set<string>;
}
