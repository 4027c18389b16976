/**
 * `GET /api/gateways/:gateway/peers` of the hub: a value of one machine beside the same value of all machines that have it.
 * All of it in means of columns of time; null where nothing is proven.
 */
import type { HistoryGap } from "./history-answer.ts";

/** A band needs so many machines at the same time: of two each is as far from the middle as the other. */
export const bandMachinesMin = 3;

export interface PeerAnswer {
  readonly tier: "minutes" | "hours";
  /** Begin of the first column, µs, and the width of each. */
  readonly fromUs: number;
  readonly stepUs: number;
  /** Machines that have the value, this one among them. Of very many only the first are compared: `machines`. */
  readonly found: number;
  /** Machines with a value of that name in another unit, or of another kind: they are not compared. */
  readonly unlike: number;
  /** By column: machines with a proven value in it. */
  readonly counts: readonly number[];
  /** By column: below it lies a tenth of them, half, and nine tenths; null where too few have a value. */
  readonly low: readonly (number | null)[];
  readonly median: readonly (number | null)[];
  readonly high: readonly (number | null)[];
  /** Of the machine that was asked for, and why something of it is missing. */
  readonly own: readonly (number | null)[];
  readonly gaps: readonly HistoryGap[];
  /** When the newest values were looked at, µs by the hub's clock. */
  readonly atUs: number;
  /** Of the newest values; absent where too few machines have a proven one. */
  readonly now?: PeerBandNow;
  /** Those furthest from the others first. */
  readonly machines: readonly PeerMachine[];
}

export interface PeerBandNow {
  readonly count: number;
  readonly low: number;
  readonly median: number;
  readonly high: number;
}

export interface PeerMachine {
  readonly gateway: string;
  /** Of the gateway, as people call it. */
  readonly name: string;
  readonly site: string;
  /** "" where the value is the gateway's own. */
  readonly asset: string;
  readonly tag: string;
  /** Columns in which it could be compared, and how many of them it spent above and below the band. */
  readonly columns: number;
  readonly above: number;
  readonly below: number;
  /** Mean of what it was above the median of all; null where it could never be compared. */
  readonly away: number | null;
  /** The newest value; null where none is proven. */
  readonly now: number | null;
}
