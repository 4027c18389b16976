/** A comparison with all machines in words: what is compared, how one machine lies to the others, and since when. */
import { clockWords, quantityWords, unitWords } from "@millwright/ui-kit";
import type { LiveTag, PeerAnswer, PeerMachine } from "@millwright/wire-contract";

import { sayPeer, sayPeerCount } from "./peer-messages.ts";
import {
  countsOf,
  expectedOut,
  isMostlyOut,
  percentOf,
  sideMostly,
  sideNow,
  sidesOut,
} from "./peer-view.ts";

/** A mean may lie between two steps of what a device says: one digit more than it has. */
export function meanWords(tag: LiveTag, value: number): string {
  return quantityWords({ ...tag, decimals: tag.decimals + 1 }, value);
}

/** Its machine, or the gateway where it belongs to none. */
export function machineWords({ asset, name }: Pick<PeerMachine, "asset" | "name">): string {
  return asset === "" ? name : `${asset}, ${name}`;
}

function shareWords(part: number, whole: number): string {
  return sayPeer("share", { percent: percentOf(part, whole) });
}

/** Which machines are compared, by which rule, and what is left out. */
export function ruleWords(tag: LiveTag, answer: PeerAnswer): string {
  const { found, unlike, machines } = answer;
  const count = tag.unit === "" ? "rule.no-unit" : "rule";
  return [
    sayPeerCount(count, found, { tag: tag.name, unit: unitWords(tag.unit) }),
    sayPeer("rule.same"),
    ...(unlike === 0 ? [] : [sayPeerCount("rule.unlike", unlike)]),
    ...(found > machines.length ? [sayPeer("rule.bound", { most: String(machines.length) })] : []),
  ].join(" ");
}

/** Is this machine unlike the others? */
export function ownWords(tag: LiveTag, own: PeerMachine, answer: PeerAnswer): string {
  const machine = machineWords(own);
  const { columns, above, below } = own;
  if (columns === 0)
    return [sayPeer("own.none", { machine }), nowWords(tag, own, answer)].join(" ");
  const side = sideMostly(own);
  const part = { within: columns - above - below, above, below }[side];
  const share = shareWords(part, columns);
  const words = sayPeer(`own.${side}`, { machine, share, away: awayWords(tag, own.away ?? 0) });
  return `${words} ${nowWords(tag, own, answer)}`;
}

function nowWords(tag: LiveTag, own: PeerMachine, { now, atUs }: PeerAnswer): string {
  const time = clockWords(atUs);
  const side = sideNow(own, now);
  if (own.now === null) return sayPeer("own.now.none", { time });
  const value = quantityWords(tag, own.now);
  if (side === undefined || now === undefined) return sayPeer("own.now.alone", { time, value });
  return sayPeer("own.now", {
    ...{ time, value, side: sayPeer(`side.${side}`) },
    low: meanWords(tag, now.low),
    high: meanWords(tag, now.high),
  });
}

function awayWords(tag: LiveTag, away: number): string {
  const value = meanWords(tag, Math.abs(away));
  if (value === meanWords(tag, 0)) return sayPeer("away.none");
  return sayPeer(away > 0 ? "away.above" : "away.below", { value });
}

/** Who is out of the band, and how many of machines that are alike would be. */
export function othersWords({ machines, now }: PeerAnswer): string {
  const compared = machines.filter(({ columns }) => columns > 0);
  const all = String(compared.length);
  const most = sayPeerCount("outside.most", compared.filter(isMostlyOut).length, { all });
  const outNow = machines.filter((one) => ["above", "below"].includes(sideNow(one, now) ?? ""));
  return [
    sayPeerCount("outside.now", outNow.length, { most }),
    sayPeer("outside.expected", { all, count: String(expectedOut(compared.length)) }),
  ].join(" ");
}

/** From the fewest to the most machines in a column. */
export function countsWords(answer: PeerAnswer): string {
  const [least, most] = countsOf(answer);
  const words =
    least === most
      ? String(most)
      : sayPeer("counts.range", { least: String(least), most: String(most) });
  return sayPeer("counts", { words });
}

/** Time out of the band and on which side of it. */
export function outsideWords(machine: PeerMachine): string {
  const { columns, above, below } = machine;
  if (columns === 0) return sayPeer("cell.none");
  const sides = sidesOut(machine);
  if (sides === "none") return sayPeer("cell.inside");
  const share = shareWords(above + below, columns);
  return sides === "both"
    ? sayPeer("cell.outside.both", { share })
    : sayPeer("cell.outside", { share, side: sayPeer(`side.short.${sides}`) });
}
