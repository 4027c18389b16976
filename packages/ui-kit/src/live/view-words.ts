/** One short line about a value: its age when all is well, otherwise what is not. */
import type { LiveTag } from "@millwright/wire-contract";

import { ageWords, sinceWords } from "../words/durations.ts";
import { sayKit } from "../words/english.ts";
import { amountScale, quantityWords } from "../words/amounts.ts";
import { numberWords } from "../words/numbers.ts";
import type { ValueView } from "./freshness.ts";

/** Without the normal range: what stands beside the digits. */
export function noteOf(view: ValueView, nowUs: number): string {
  switch (view.state) {
    case "missing":
      return sayKit("state.missing");
    case "bad":
      return view.sinceUs > 0
        ? sayKit("state.bad-since", { reason: view.reason, time: sinceWords(view.sinceUs, nowUs) })
        : sayKit("state.bad", { reason: view.reason });
    case "stale":
      return sayKit("state.stale", { age: ageWords(view.ageMs) });
    case "uncertain":
      return sayKit("state.uncertain", { reason: view.reason });
    case "good":
      if (view.range === "above" || view.range === "below") return sayKit(`state.${view.range}`);
      return view.unchanged
        ? sayKit("state.unchanged", { time: sinceWords(view.sinceUs, nowUs) })
        : ageWords(view.ageMs);
  }
}

/** As short as a tile needs it, "" when all is well: the reason and the times are one tap away. */
export function shortNoteOf(view: ValueView): string {
  switch (view.state) {
    case "missing":
      return sayKit("state.missing");
    case "bad":
      return sayKit("state.bad-short");
    case "stale":
      return sayKit("state.stale", { age: ageWords(view.ageMs) });
    case "uncertain":
      return sayKit("state.uncertain-short");
    case "good":
      return view.range === "above" || view.range === "below" ? sayKit(`state.${view.range}`) : "";
  }
}

/** `normal 40 to 80`; "" where none is stated. */
export function rangeWords(tag: Pick<LiveTag, "low" | "high" | "decimals" | "unit">): string {
  // Ends of an amount of data may have different prefixes, so each says its own.
  const words = (end: number): string =>
    amountScale(tag.unit, end) === undefined
      ? numberWords(end, tag.decimals)
      : quantityWords(tag, end);
  const low = tag.low === null ? undefined : words(tag.low);
  const high = tag.high === null ? undefined : words(tag.high);
  if (low !== undefined && high !== undefined) return sayKit("range.normal", { low, high });
  if (low !== undefined) return sayKit("range.least", { low });
  return high === undefined ? "" : sayKit("range.most", { high });
}
