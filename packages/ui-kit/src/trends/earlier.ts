/** The same values at an earlier time, laid over those of the time shown and aligned at its start (ux-guide 8, H4). */
import type { HistoryLine } from "@millwright/wire-contract/history";

import { sayKit } from "../words/english.ts";
import { drawnAs } from "./drawn.ts";
import type { TrendSource } from "./trend-source.ts";

/** A shift, a day, a week and a month before, µs. */
const earlierUs = {
  "8h": 28_800e6,
  "1d": 86_400e6,
  "7d": 604_800e6,
  "30d": 2_592_000e6,
} as const;
export type Earlier = keyof typeof earlierUs;
export const earlierTimes: readonly Earlier[] = ["8h", "1d", "7d", "30d"];

/** Between a range and what it is compared with, in an address: `24h~7d`. */
const mark = "~";

export interface TimeText {
  readonly range: string;
  readonly earlier: Earlier | undefined;
}

/** What an address does not name, or names wrongly, is compared with nothing. */
export function parseTimeText(text: string): TimeText {
  const [range = "", wanted] = text.split(mark);
  return { range, earlier: earlierTimes.find((one) => one === wanted) };
}

export function toTimeText({ range, earlier }: TimeText): string {
  return earlier === undefined ? range : `${range}${mark}${earlier}`;
}

/** For each value but states, which as bands would cover those of the time shown. */
export function earlierSources(
  sources: readonly TrendSource[],
  earlier: Earlier | undefined,
): readonly TrendSource[] {
  if (earlier === undefined) return [];
  const words = sayKit(`trends.earlier.${earlier}`);
  return sources.flatMap(({ key, tag, base, place }, pen) => {
    if (drawnAs(tag) === "bands") return [];
    return [
      {
        key: `${key} ${earlier}`,
        tag,
        base,
        place: place === "" ? words : `${place}, ${words}`,
        earlier: { us: earlierUs[earlier], pen, words },
      },
    ];
  });
}

/** A line as it lies over the present. Its gaps are holes in it: hatched, they would be taken for gaps of the present. */
export function laidOver(line: HistoryLine, us: number): HistoryLine {
  return { ...line, times: line.times.map((time) => time + us), gaps: [] };
}
