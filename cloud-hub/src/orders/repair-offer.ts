/** Whether a better copy of what an entry claims lies on the gateway, or in the device. */
import type { LedgerEntry, LossReason, OrderSource } from "@millwright/wire-contract";

import type { RepairOffer } from "../order-views.ts";

/** These were kept by the gateway, and were not told or did not stay here. */
const keptThere: readonly LossReason[] = ["told within bound", "hub restored", "sent one way"];

/**
 * The device had them, and they did not come to the gateway or did not stay there. Not among these: what was kept back or
 * refused with good reason (a filter of the server, a time that cannot be).
 */
const keptByDevice: readonly LossReason[] = [
  "gateway down",
  "device unreachable",
  "device overload",
  "link lost",
  "lost at source",
  "queue full",
  "thinned",
  "evicted",
  "frame corrupt",
  "journal lost",
  "restored copy",
];

/** Whether an answer can lessen what is charged: the gateway alone never had the samples of other entries. */
export function isHealable(reason: LossReason, source: OrderSource): boolean {
  return keptThere.includes(reason) || (source === "device" && keptByDevice.includes(reason));
}

/**
 * @param all that the ledger says of the same tag and range
 * @param inDevice the device keeps a history of the tag and gives it
 */
export function repairOffer(
  entry: Pick<LedgerEntry, "reason" | "fromUs" | "toUs">,
  all: readonly Pick<LedgerEntry, "reason" | "fromUs" | "toUs">[],
  inDevice: boolean,
): RepairOffer {
  const offer = gatewayOffer(entry, all);
  return offer === "none" && inDevice && isHealable(entry.reason, "device") ? "device" : offer;
}

function gatewayOffer(
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
