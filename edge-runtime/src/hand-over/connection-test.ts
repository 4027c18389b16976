/** What a test of the way to the hub says. */
import type { Refused } from "@millwright/kit";

/** In the order of the way. `broker`: what listens speaks as a NATS server does. */
export type ConnectionStep = "name" | "tcp" | "broker" | "tls" | "sign-in" | "streams" | "hub";

export interface StepFindings {
  readonly step: ConnectionStep;
  /** `unused`: the way goes on without it. */
  readonly outcome: "passed" | "failed" | "unused";
  /** What was found, in words, without secrets. */
  readonly found: string;
  readonly tookMs: number;
}

export interface ConnectionFindings {
  /** As far as the way went: after a step that failed there are none. */
  readonly steps: readonly StepFindings[];
  /** What to do about the step that failed; absent when none did. */
  readonly hint?: string;
}

export interface ConnectionTest {
  /** Where the way leads: the hub's address as in the settings. */
  readonly url: string;
  /** Goes the way once, by a connection of its own. Refuses while somebody else's test is under way. */
  run(signal: AbortSignal): Promise<ConnectionFindings | Refused>;
}
