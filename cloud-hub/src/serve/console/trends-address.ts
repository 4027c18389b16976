import { hrefOf } from "@millwright/ui-kit";
import { parseTimeText, toTimeText, type TimeText } from "@millwright/ui-kit/trends";

import { parseWindows, toWindowParts, type WindowsAsked } from "./window-address.ts";

/** Behind the range of an address: the value is compared with that of all machines that have it. */
const peersMark = "machines";
const between = "~";

/** What a chart shows of its values: a time, and what is laid over it. At most one of the three is there. */
export interface ChartText extends TimeText {
  /** The first value beside that of all machines that have it. */
  readonly peers: boolean;
  /** The first value from the beginning of each of several times on. */
  readonly windows: WindowsAsked | undefined;
}

export function parseChartText(text: string): ChartText {
  const [range = "", ...over] = text.split(between);
  const windows = parseWindows(over);
  const peers = over[0] === peersMark;
  const { earlier } = parseTimeText(text);
  return { range, earlier, peers, windows };
}

export function toChartText({ peers, windows, ...time }: ChartText): string {
  if (peers) return [time.range, peersMark].join(between);
  if (windows !== undefined) return [time.range, ...toWindowParts(windows)].join(between);
  return toTimeText(time);
}

/** A tag id is its gateway's own: another gateway may use the same. */
export interface ChosenTag {
  readonly gateway: string;
  readonly tag: string;
}

/** The address `#/trends/RANGE/GATEWAY/TAG/GATEWAY/TAG`. Each tag once, and no more than a chart has pens. */
export function chosenOf(place: readonly string[], most: number): readonly ChosenTag[] {
  const rest = place.slice(2);
  const found = new Map<string, ChosenTag>();
  for (let at = 0; at + 1 < rest.length; at += 2) {
    const one = { gateway: rest[at] ?? "", tag: rest[at + 1] ?? "" };
    found.set(keyOf(one), one);
  }
  return [...found.values()].slice(0, most);
}

export function keyOf({ gateway, tag }: ChosenTag): string {
  return `${gateway} ${tag}`;
}

export function trendsHref(range: string, chosen: readonly ChosenTag[]): string {
  return hrefOf("trends", range, ...chosen.flatMap(({ gateway, tag }) => [gateway, tag]));
}

/** Where the samples behind the chart can be had as a file, one for each gateway. Times in whole µs. */
export function exportHref(
  gateway: string,
  tags: readonly string[],
  range: { readonly fromUs: number; readonly toUs: number },
): string {
  const query = new URLSearchParams({
    gateway,
    tags: tags.join(","),
    from: String(Math.floor(range.fromUs)),
    to: String(Math.ceil(range.toUs)),
  });
  return `/api/history/export?${query.toString()}`;
}
