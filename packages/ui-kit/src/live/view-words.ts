/** One short line about a value: its age when all is well, otherwise what is not. */
import type { LiveTag } from "@millwright/wire-contract";

import { ageWords, sinceWords } from "../words/durations.ts";
import { sayKit } from "../words/english.ts";
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

/** `normal 40 to 80`; "" where none is stated. */
export function rangeWords(tag: Pick<LiveTag, "low" | "high" | "decimals">): string {
  const low = tag.low === null ? undefined : numberWords(tag.low, tag.decimals);
  const high = tag.high === null ? undefined : numberWords(tag.high, tag.decimals);
  if (low !== undefined && high !== undefined) return sayKit("range.normal", { low, high });
  if (low !== undefined) return sayKit("range.least", { low });
  return high === undefined ? "" : sayKit("range.most", { high });
}
