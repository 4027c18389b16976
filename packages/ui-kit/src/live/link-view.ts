/** What the page may say about its stream, from how long ago it heard something (ux-guide 7). */
export type LinkView =
  | { readonly kind: "opening" }
  | { readonly kind: "live" | "slow"; readonly ageMs: number }
  | {
      readonly kind: "lost";
      /** Since the last sign of life, ms; undefined when there never was one. */
      readonly ageMs: number | undefined;
      /** Until the next try, ms; undefined while one is under way. */
      readonly retryInMs: number | undefined;
    };

export interface LinkFacts {
  readonly nowMs: number;
  /** When the page began to want a stream. */
  readonly startedMs: number;
  /** Last event of any kind; undefined when none came yet. */
  readonly heardMs: number | undefined;
  /** The browser said that the connection ended. */
  readonly broken: boolean;
  readonly retryAtMs: number | undefined;
}

/** Beats come each second: one may be late, two mean that something is wrong. */
export const slowAfterMs = 2_000;
/** Five beats missed. */
export const lostAfterMs = 5_000;
/** A connection that is known to have ended needs less patience; two tries fit in, so a restart of a page does not flash. */
export const lostWhenBrokenMs = 4_000;

export function judgeLink(facts: LinkFacts): LinkView {
  const patienceMs = facts.broken ? lostWhenBrokenMs : lostAfterMs;
  const retryInMs =
    facts.retryAtMs === undefined ? undefined : Math.max(0, facts.retryAtMs - facts.nowMs);
  if (facts.heardMs === undefined) {
    return facts.nowMs - facts.startedMs < patienceMs
      ? { kind: "opening" }
      : { kind: "lost", ageMs: undefined, retryInMs };
  }
  const ageMs = Math.max(0, facts.nowMs - facts.heardMs);
  if (ageMs < slowAfterMs) return { kind: "live", ageMs };
  if (ageMs < patienceMs) return { kind: "slow", ageMs };
  return { kind: "lost", ageMs, retryInMs };
}
