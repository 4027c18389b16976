/** What a comparison with all machines says of one of them, before it is put into words. */
import type { PeerAnswer, PeerMachine } from "@millwright/wire-contract";

export type Side = "within" | "above" | "below";

/** Of the newest value; undefined where there is none, or no band to lie to. */
export function sideNow(
  { now }: Pick<PeerMachine, "now">,
  band: PeerAnswer["now"],
): Side | undefined {
  if (now === null || band === undefined) return undefined;
  return now > band.high ? "above" : now < band.low ? "below" : "within";
}

type TimeOut = Pick<PeerMachine, "columns" | "above" | "below">;

/** It spent more than half of its time out of the band. */
export function isMostlyOut({ columns, above, below }: TimeOut): boolean {
  return above + below > columns / 2;
}

/** Where it was most of the time. */
export function sideMostly(machine: TimeOut): Side {
  if (!isMostlyOut(machine)) return "within";
  return machine.above >= machine.below ? "above" : "below";
}

/** On which sides it was when it was out: on both where neither is a tenth of the other. */
export function sidesOut({ above, below }: TimeOut): "none" | "above" | "below" | "both" {
  if (above + below === 0) return "none";
  if (Math.min(above, below) * 10 > Math.max(above, below)) return "both";
  return above >= below ? "above" : "below";
}

/** A part in percent: neither nothing nor all, where it is not. */
export function percentOf(part: number, whole: number): string {
  const percent = (part / whole) * 100;
  if (percent > 0 && percent < 1) return "<1";
  if (percent > 99 && percent < 100) return ">99";
  return String(Math.round(percent));
}

/** Of so many that are alike: those that lie beyond a tenth at either end, as the band is reckoned. */
export function expectedOut(machines: number): number {
  return Math.min(machines, 2 * Math.ceil((machines - 1) / 10));
}

/** The fewest and the most machines that are in a column together. */
export function countsOf({ counts }: Pick<PeerAnswer, "counts">): readonly [number, number] {
  const there = counts.filter((count) => count > 0);
  const most = there.reduce((a, b) => Math.max(a, b), 0);
  return [there.reduce((a, b) => Math.min(a, b), most), most];
}

/** Where the band ends, µs; undefined where there is none. */
export function bandEndUs({
  median,
  fromUs,
  stepUs,
}: Pick<PeerAnswer, "median" | "fromUs" | "stepUs">): number | undefined {
  const last = median.findLastIndex((value) => value !== null);
  return last < 0 ? undefined : fromUs + (last + 1) * stepUs;
}

/** Of the cursor; without one the last that has a band. @param us undefined: no cursor */
export function columnAt(
  { fromUs, stepUs, median }: Pick<PeerAnswer, "median" | "fromUs" | "stepUs">,
  us: number | undefined,
): number {
  return us === undefined
    ? median.findLastIndex((value) => value !== null)
    : Math.floor((us - fromUs) / stepUs);
}
