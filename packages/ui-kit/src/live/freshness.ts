/**
 * What may be said about one value now (ux-guide 7). A value is stale when the stream is lost or when the last proof
 * that it still holds is too old; a value that simply does not change is not stale.
 */
import type { LiveTag, LiveValue } from "@millwright/wire-contract";
import { staleAfterMs } from "@millwright/wire-contract/freshness";
import { severityOf, statusWords } from "@millwright/wire-contract/status";

import { numberOf } from "../words/numbers.ts";

export type ValueState = "missing" | "good" | "uncertain" | "stale" | "bad";

export interface ValueView {
  readonly state: ValueState;
  /** Last proof that the value still holds, µs; 0 without one. */
  readonly proofUs: number;
  /** Since that proof, ms; Infinity without one. */
  readonly ageMs: number;
  /** Words for an uncertain or bad status; "" otherwise. */
  readonly reason: string;
  /** Since when value and status are what they are, µs. */
  readonly sinceUs: number;
  /** Has not changed for so long that a reader would ask. */
  readonly unchanged: boolean;
  /** Where it lies against the normal range; "unknown" when it has none or cannot be trusted. */
  readonly range: "unknown" | "inside" | "below" | "above";
}

export interface FreshnessContext {
  /** The gateway's clock, µs. */
  readonly nowUs: number;
  /** The stream to the page is lost. */
  readonly lost: boolean;
  /** Last proof of all values of the tag's device at once, µs; 0 when it gives none. */
  readonly confirmedUs: number;
}

/** A value still for a minute is worth a word; sooner, every slow temperature would carry one. */
const unchangedAfterMs = 60_000;

export function viewValue(
  tag: Pick<LiveTag, "expectedMs" | "low" | "high">,
  value: LiveValue | undefined,
  context: FreshnessContext,
): ValueView {
  if (value === undefined || value.r === 0) {
    return {
      state: "missing",
      proofUs: 0,
      ageMs: Infinity,
      reason: "",
      sinceUs: 0,
      unchanged: false,
      range: "unknown",
    };
  }
  const proofUs = Math.max(value.c, context.confirmedUs);
  const ageMs = proofUs === 0 ? Infinity : Math.max(0, (context.nowUs - proofUs) / 1_000);
  const severity = severityOf(value.s);
  const stale = context.lost || ageMs > staleAfterMs(tag.expectedMs);
  const state: ValueState =
    severity === "bad"
      ? "bad"
      : value.v === null
        ? "missing"
        : stale
          ? "stale"
          : severity === "uncertain"
            ? "uncertain"
            : "good";
  return {
    state,
    proofUs,
    ageMs,
    reason: statusWords(value.s),
    sinceUs: value.u,
    unchanged: context.nowUs - value.u > unchangedAfterMs * 1_000,
    range: state === "good" || state === "uncertain" ? rangeOf(tag, value.v) : "unknown",
  };
}

function rangeOf(tag: Pick<LiveTag, "low" | "high">, value: LiveValue["v"]): ValueView["range"] {
  const number = numberOf(value);
  if (number === undefined || (tag.low === null && tag.high === null)) return "unknown";
  if (tag.low !== null && number < tag.low) return "below";
  if (tag.high !== null && number > tag.high) return "above";
  return "inside";
}
