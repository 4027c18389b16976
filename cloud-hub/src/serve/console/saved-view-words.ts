/** Saved views in words: what they show, who saved them, what is gone of them, and why something was not done. */
import { clockWords, momentWords } from "@millwright/ui-kit";
import { parseRange, rangeText, spanOf } from "@millwright/ui-kit/trends";

import type { GoneTag, SavedView, ViewContent } from "../../saved-view.ts";
import type { ViewFailure } from "./saved-view-door.ts";
import { saySaved, saySavedCount } from "./saved-view-messages.ts";
import { parseChartText, toChartText, type ChartText } from "./trends-address.ts";

export type NameOf = (gateway: string) => string;

/** As the screen itself would write it, so that two of the same time are the same text. */
export function plainContent<Content extends ViewContent>(content: Content): Content {
  const text = parseChartText(content.chart);
  return { ...content, chart: toChartText({ ...text, range: rangeText(rangeOf(text)) }) };
}

/** A time that says none is shown as the last hour. The present does not matter here: only the length of a live time is read. */
function rangeOf({ range }: ChartText): ReturnType<typeof parseRange> & object {
  const hourUs = 3_600_000_000;
  return parseRange(range, 0) ?? { fromUs: -hourUs, toUs: 0, live: true };
}

/** `the last 24 h`, or `20 Nov 2026 14:02 to 20 Nov 2026 15:02`; and whether it follows the present. */
export function timeOf(chart: string): { readonly words: string; readonly live: boolean } {
  const range = rangeOf(parseChartText(chart));
  if (range.live) {
    const time = rangeText(range).replace(/^(\d+)/, "$1 ");
    return { words: saySaved("time.last", { time }), live: true };
  }
  const minuteUs = 60_000_000;
  const seconds = spanOf(range) < 10 * minuteUs;
  const from = dayWords(range.fromUs, seconds);
  const end = dayWords(range.toUs, seconds);
  const day = momentWords(range.toUs, Infinity);
  // Of one day the date is said once.
  const to = from.startsWith(`${day} `) ? end.slice(day.length + 1) : end;
  return { words: saySaved("time.still", { from, to }), live: false };
}

/** `20 Nov 2026 14:02`: a view is kept for years. */
export function dayWords(us: number, seconds = false): string {
  return `${momentWords(us, Infinity)} ${clockWords(us).slice(0, seconds ? 8 : 5)}`;
}

/** `the last 24 h, event by event; 3 values of Press line 1, Press line 2`. */
export function showsWords({ chart, tags }: ViewContent, nameOf: NameOf): string {
  const { earlier, peers, windows } = parseChartText(chart);
  const time = [
    timeOf(chart).words,
    ...(earlier === undefined
      ? []
      : [saySaved("over.earlier", { time: earlier.replace(/^(\d+)/, "$1 ") })]),
    ...(peers ? [saySaved("over.peers")] : []),
    ...(windows === undefined ? [] : [saySaved("over.windows")]),
  ].join(", ");
  const gateways = [...new Set(tags.map(({ gateway }) => nameOf(gateway)))].join(", ");
  return saySavedCount("row.shows", tags.length, { time, gateways });
}

export function savedWords({ name, person, savedUs }: SavedView): {
  readonly name: string;
  readonly person: string;
  readonly time: string;
} {
  return { name, person, time: dayWords(savedUs) };
}

export function goneWords({ gateway, tag, what }: GoneTag, nameOf: NameOf): string {
  return what === "tag"
    ? saySaved("gone.tag", { gateway: nameOf(gateway), tag })
    : saySaved("gone.gateway", { gateway, tag });
}

export function failureWords(failure: ViewFailure, most: number): string {
  switch (failure.cause) {
    case "taken":
    case "changed":
      return saySaved(`refused.${failure.cause}`, savedWords(failure.view));
    case "gone":
      return saySaved("refused.gone");
    case "full":
      return saySaved("refused.full", { most: String(most) });
    case "other":
      return saySaved("refused.other", { reason: failure.reason });
    case "unreachable":
      return saySaved("refused.unreachable");
  }
}

export function listWords(count: number | undefined): string {
  return count === undefined
    ? saySaved("list.open.unknown")
    : saySaved("list.open", { count: String(count) });
}
