/**
 * RTU has no transaction number: a late answer of equal unit, function and length passes for the next one (field
 * practice 36). Waiting until the line is quiet is not enough, because a device that is always slow answers into the
 * next question for ever. So who left a question unanswered **owes**, by unit and function; and an owing function is
 * not used again before the unit has answered a question with another function. Units answer in the order in which
 * they were asked, so that answer proves that the owed one is out of the way. Exceptions name their function too.
 */

/** Functions that only read, in the order in which they are tried. */
const readFunctions = [3, 4, 1, 2] as const;
export type ReadFunction = (typeof readFunctions)[number];

export interface LateAnswers {
  /** The unit was asked and the answer did not come, or what came was no answer. */
  owes(unit: number, fn: number, nowMs: number): void;
  /** An answer of a question that was asked after those that are owed. */
  answered(unit: number): void;
  /** True while the unit owes an answer that may still come. */
  owing(unit: number): boolean;
  /** What to do before `fn` may be asked: nothing, ask with another function, or wait. */
  before(unit: number, fn: number, nowMs: number): "ask" | ReadFunction | "wait";
}

/** Serial devices do not queue longer than this, ms; ten time-outs where that is more. */
export function lateForMs(timeoutMs: number): number {
  return Math.max(10_000, 10 * timeoutMs);
}

/**
 * @param forgottenAfterMs an answer later than this is taken to have been dropped. The bound of the promise: an answer that is
 *   later still cannot be told from the next one by anybody on such a line.
 */
export function rememberLateAnswers(forgottenAfterMs: number): LateAnswers {
  // At most 247 units with a handful of functions each.
  const owed = new Map<number, Map<number, number>>();
  return {
    owes(unit, fn, nowMs) {
      const functions = owed.get(unit) ?? new Map<number, number>();
      functions.set(fn, nowMs);
      owed.set(unit, functions);
    },
    answered(unit) {
      owed.delete(unit);
    },
    owing: (unit) => (owed.get(unit)?.size ?? 0) > 0,
    before(unit, fn, nowMs) {
      const functions = owed.get(unit);
      if (functions === undefined) return "ask";
      for (const [owing, sinceMs] of functions) {
        if (nowMs - sinceMs > forgottenAfterMs) functions.delete(owing);
      }
      if (!functions.has(fn)) return "ask";
      return readFunctions.find((other) => !functions.has(other)) ?? "wait";
    },
  };
}
