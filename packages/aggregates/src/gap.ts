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

/**
 * Whether samples stand in a gap after all, because they came late or were read from the device's own history: none of its
 * halves is empty. What was measured at its ends does not fill it.
 *
 * @param timesUs of samples, rising; those outside the gap are passed over
 */
export function isFilled({ fromUs, toUs }: Gap, timesUs: ArrayLike<number>): boolean {
  const most = (toUs - fromUs) / 2;
  let before = fromUs;
  for (let at = firstAfter(timesUs, fromUs); at < timesUs.length; at++) {
    const us = Math.min(timesUs[at] ?? toUs, toUs);
    if (us - before > most) return false;
    if (us === toUs) return true;
    before = us;
  }
  return toUs - before <= most;
}

/** Place of the first that is later. */
function firstAfter(timesUs: ArrayLike<number>, us: number): number {
  let [from, to] = [0, timesUs.length];
  while (from < to) {
    const middle = (from + to) >>> 1;
    if ((timesUs[middle] ?? Infinity) > us) to = middle;
    else from = middle + 1;
  }
  return from;
}
