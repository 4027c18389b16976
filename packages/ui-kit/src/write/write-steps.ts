/**
 * How a write goes on a screen (ux-guide 6), as a table of moves: enter, review, confirm, and what the gateway says. Pure:
 * a move that is not here cannot happen, so nothing is sent but by a confirmation after a review.
 */

/** What the gateway says of a command. */
export type WriteWord =
  "sent" | "confirmed" | "accepted" | "refused" | "unknown" | "unconfirmed" | "expired" | "dry-run";

export interface WriteAnswer {
  readonly outcome: WriteWord;
  /** Nothing more will be said. */
  readonly final: boolean;
  readonly reason?: string;
  /** As text, for a person. */
  readonly readBack?: string;
}

export type WriteStep =
  | { readonly step: "enter"; readonly text: string }
  /** `seen` stood in the machine when the review began: what was agreed to. */
  | {
      readonly step: "review";
      readonly text: string;
      readonly value: WriteValue;
      readonly seen: WriteValue;
      readonly atMs: number;
    }
  | { readonly step: "under way"; readonly order: WriteOrder; readonly answer?: WriteAnswer }
  /** No answer in time: it may or may not have been done. */
  | { readonly step: "unanswered"; readonly order: WriteOrder }
  | { readonly step: "ended"; readonly order: WriteOrder; readonly answer: WriteAnswer };

export type WriteValue = number | boolean | string;

/** What is sent: the same again is the same command. */
export interface WriteOrder {
  readonly key: string;
  readonly value: WriteValue;
  readonly seen: WriteValue;
}

export type WriteMove =
  | { readonly move: "typed"; readonly text: string }
  | {
      readonly move: "review";
      readonly value: WriteValue;
      readonly seen: WriteValue;
      readonly nowMs: number;
    }
  | { readonly move: "back" }
  | { readonly move: "confirm"; readonly key: string; readonly nowMs: number }
  /** The link to the gateway was lost: what was not confirmed has to be reviewed anew. */
  | { readonly move: "lost" }
  | { readonly move: "answer"; readonly key: string; readonly answer: WriteAnswer }
  | { readonly move: "no answer"; readonly key: string }
  | { readonly move: "ask again" };

/** A finger that taps twice is quicker; who reads what he confirms is not (ux-guide 6). */
export const confirmAfterMs = 400;

export function nextWriteStep(now: WriteStep, move: WriteMove): WriteStep {
  switch (move.move) {
    case "typed":
      return now.step === "enter" ? { step: "enter", text: move.text } : now;
    case "review": {
      if (now.step !== "enter") return now;
      const { value, seen, nowMs: atMs } = move;
      return { step: "review", text: now.text, value, seen, atMs };
    }
    case "back":
      return now.step === "review" ? { step: "enter", text: now.text } : now;
    case "lost":
      return now.step === "review" ? { step: "enter", text: now.text } : now;
    case "confirm":
      if (now.step !== "review" || move.nowMs - now.atMs < confirmAfterMs) return now;
      return { step: "under way", order: { key: move.key, value: now.value, seen: now.seen } };
    case "answer":
      if (!("order" in now) || now.order.key !== move.key || now.step === "ended") return now;
      return move.answer.final
        ? { step: "ended", order: now.order, answer: move.answer }
        : { step: "under way", order: now.order, answer: move.answer };
    case "no answer":
      // Once the gateway has said that the machine took it, its last word is waited for.
      return now.step === "under way" &&
        now.order.key === move.key &&
        now.answer?.outcome !== "accepted"
        ? { step: "unanswered", order: now.order }
        : now;
    case "ask again":
      return now.step === "unanswered" ? { step: "under way", order: now.order } : now;
  }
}

/** Why a number cannot be asked for, in the order in which a person would mend it. */
export type EntryProblem = "empty" | "no number" | "too low" | "too high" | "too far";

export interface EntryBounds {
  /** -Infinity and Infinity where there is none. */
  readonly low: number;
  readonly high: number;
  readonly stepMax: number;
  /** Least difference that arrives in the machine; 0 where there is none. */
  readonly resolution: number;
}

/** A typed number as it will stand in the machine, or why not. @param present what stands there now */
export function readEntry(
  text: string,
  bounds: EntryBounds,
  present: number | undefined,
): { readonly value: number } | { readonly problem: EntryProblem } {
  const trimmed = text.trim().replace(",", ".");
  if (trimmed === "" || trimmed === "-") return { problem: "empty" };
  const typed = Number(trimmed);
  if (!Number.isFinite(typed)) return { problem: "no number" };
  const { resolution, low, high, stepMax } = bounds;
  // Twelve digits: what a product of a whole number and a step has behind them is rounding.
  const value =
    resolution > 0 ? Number((Math.round(typed / resolution) * resolution).toPrecision(12)) : typed;
  if (value < low) return { problem: "too low" };
  if (value > high) return { problem: "too high" };
  if (present !== undefined && Math.abs(value - present) > stepMax * (1 + 1e-9)) {
    return { problem: "too far" };
  }
  return { value };
}
