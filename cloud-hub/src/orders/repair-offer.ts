/** Whether a better copy of what an entry claims lies on the gateway. */
import type { LedgerEntry, LossReason } from "@millwright/wire-contract";

import type { RepairOffer } from "../order-views.ts";

/** These were kept by the gateway, and were not told or did not stay here. */
const keptThere: readonly LossReason[] = ["told within bound", "hub restored", "sent one way"];

/** Whether an answer of the gateway can lessen what is charged: it never had the samples of other entries. */
export function isHealable(reason: LossReason): boolean {
  return keptThere.includes(reason);
}

/** @param all that the ledger says of the same tag and range */
export function repairOffer(
  entry: Pick<LedgerEntry, "reason" | "fromUs" | "toUs">,
  all: readonly Pick<LedgerEntry, "reason" | "fromUs" | "toUs">[],
): RepairOffer {
  if (entry.reason === "thinned") return isGone(entry, all, "evicted") ? "none" : "thinned";
  if (!keptThere.includes(entry.reason)) return "none";
  if (isGone(entry, all, "evicted")) return "none";
  return isGone(entry, all, "thinned") ? "thinned" : "raw";
}

/** Nothing of the range is left in this form. */
function isGone(
  { fromUs, toUs }: Pick<LedgerEntry, "fromUs" | "toUs">,
  all: readonly Pick<LedgerEntry, "reason" | "fromUs" | "toUs">[],
  reason: LossReason,
): boolean {
  return all.some((one) => one.reason === reason && one.fromUs <= fromUs && one.toUs >= toUs);
}
