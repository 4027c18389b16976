import type { LossReason } from "@millwright/wire-contract";

/** A range in which samples are known to be missing, µs. No value holds in it, nor into it. */
export interface Gap {
  readonly fromUs: number;
  readonly toUs: number;
}

/**
 * Does a ledger entry of this reason mean that the value is not known meanwhile? What was stored here and is only not
 * told, kept or sent in full was known when its bucket was made.
 */
export function interruptsHold(reason: LossReason): boolean {
  switch (reason) {
    case "gateway down":
    case "device unreachable":
    case "device overload":
    case "link lost":
    case "lost at source":
    case "queue full":
    case "rejected":
    case "clock quarantined":
    case "frame corrupt":
    case "journal lost":
    case "hub restored":
    case "restored copy":
    case "paused by a person":
      return true;
    case "sampled slower than asked":
    case "filtered at source":
    case "told within bound":
    case "thinned":
    case "evicted":
    case "settings changed":
    case "sent one way":
      return false;
  }
}
