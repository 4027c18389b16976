/** The time line of a gateway in words, and where each part of it lies in the picture. Nothing is drawn here. */
import { countWords, durationWords, momentWords } from "@millwright/ui-kit";

import type { LossEntry, TimeLine, TimeLineEntry } from "../../time-line-views.ts";
import { sayTimeLine, sayTimeLineCount } from "./time-line-messages.ts";

export const spans = { "8h": 8, "24h": 24, "7d": 7 * 24, "30d": 30 * 24 } as const;
export type SpanName = keyof typeof spans;

/** From top to bottom. */
export const lanes = ["hearing", "start", "configuration", "loss", "alarm peak"] as const;

/** By whole minutes, the last one begun: what is drawn moves once a minute. */
export function rangeOf(span: SpanName, nowUs: number): { fromUs: number; toUs: number } {
  const toUs = Math.ceil((nowUs + 1) / 60e6) * 60e6;
  return { fromUs: toUs - spans[span] * 3_600e6, toUs };
}

/** In shares of the width; a moment has no width. */
export function placeOf(
  entry: TimeLineEntry,
  { fromUs, toUs }: Pick<TimeLine, "fromUs" | "toUs">,
  nowUs: number,
): { readonly left: number; readonly width: number } {
  const shareOf = (us: number): number => Math.min(1, Math.max(0, (us - fromUs) / (toUs - fromUs)));
  const left = shareOf(entry.fromUs);
  return { left, width: Math.max(0, shareOf(endOf(entry, nowUs)) - left) };
}

function endOf(entry: TimeLineEntry, nowUs: number): number {
  if (!("toUs" in entry)) return isLasting(entry) ? Math.max(nowUs, entry.fromUs) : entry.fromUs;
  return entry.toUs ?? Math.max(nowUs, entry.fromUs);
}

/** What it is drawn as, and is called. */
export function nameOf(entry: TimeLineEntry): string {
  return entry.kind === "hearing" ? entry.state : entry.kind;
}

export function whatWords(entry: TimeLineEntry): string {
  switch (entry.kind) {
    case "hearing":
      return sayTimeLine(`what.${entry.state}`);
    case "start":
      return sayTimeLine(entry.after === undefined ? "what.start" : `what.start.${entry.after}`);
    case "configuration":
      return sayTimeLine("what.configuration");
    case "alarm peak":
      return sayTimeLine("what.alarm peak", { count: countWords(entry.alarms) });
    case "loss":
      return lossWords(entry);
  }
}

function lossWords({ reason, entries, samples, uncounted }: LossEntry): string {
  if (uncounted === entries) return sayTimeLineCount("what.loss.uncounted", entries, { reason });
  const values = { reason, samples: countWords(samples) };
  return uncounted === 0
    ? sayTimeLineCount("what.loss.counted", entries, values)
    : sayTimeLine("what.loss.partly", {
        ...values,
        uncounted: countWords(uncounted),
        count: countWords(entries),
      });
}

/** `12 min`, `12 min until now`, or "" for a moment. */
export function lastedWords(entry: TimeLineEntry, nowUs: number): string {
  const us = endOf(entry, nowUs) - entry.fromUs;
  if (us === 0) return "";
  const time = durationWords(us / 1_000);
  return isLasting(entry) ? sayTimeLine("list.lasts", { time }) : time;
}

function isLasting(entry: TimeLineEntry): boolean {
  return entry.kind === "hearing" && entry.toUs === undefined;
}

/** Of the one that is pointed at. */
export function entryWords(entry: TimeLineEntry, spanUs: number, nowUs: number): string {
  const what = whatWords(entry);
  const endUs = endOf(entry, nowUs);
  const from = momentWords(entry.fromUs, spanUs);
  if (endUs === entry.fromUs) return sayTimeLine("at.moment", { time: from, what });
  const time = durationWords((endUs - entry.fromUs) / 1_000);
  return isLasting(entry)
    ? sayTimeLine("at.lasts", { from, time, what })
    : sayTimeLine("at.span", { from, to: momentWords(endUs, spanUs), time, what });
}

const missed = ["silent", "sleeping", "hub away"] as const;
const counted = ["start", "configuration", "loss", "alarm peak"] as const;

/** All of it in one sentence. */
export function summaryWords(line: TimeLine, span: SpanName, nowUs: number): string {
  const { entries } = line;
  const parts = [
    ...missed.flatMap((state) => {
      const found = entries.filter((one) => one.kind === "hearing" && one.state === state);
      const us = found.reduce((sum, one) => sum + endOf(one, nowUs) - one.fromUs, 0);
      const time = durationWords(us / 1_000);
      return found.length === 0 ? [] : [sayTimeLineCount(`sum.${state}`, found.length, { time })];
    }),
    ...counted.flatMap((kind) => {
      const count = entries.filter((one) => one.kind === kind).length;
      return count === 0 ? [] : [sayTimeLineCount(`sum.${kind}`, count)];
    }),
  ];
  return parts.length === 0
    ? sayTimeLine(`none.${span}`)
    : sayTimeLine(`sum.${span}`, { what: parts.join("; ") });
}

/** What the hub does not know of that time; "" where it knows all. */
export function unknownWords(line: TimeLine): string {
  const { fromUs, toUs, heardFromUs, wholeFromUs } = line;
  const time = (us: number): string => momentWords(us, toUs - fromUs);
  return [
    heardFromUs === undefined
      ? ""
      : heardFromUs >= toUs
        ? sayTimeLine("known.none")
        : sayTimeLine("known.from", { time: time(heardFromUs) }),
    wholeFromUs === undefined ? "" : sayTimeLine("whole.from", { time: time(wholeFromUs) }),
  ]
    .filter((words) => words !== "")
    .join(" ");
}
