/**
 * What to try after a break, in order, and what each outcome leads to (field practice 23). Closing the session first
 * would throw away the server's queue, which is the data we promised to keep; so nothing is closed before the last rung.
 */
export type Rung = "reactivate" | "transfer" | "create";

/**
 * - `held`: the server still has what we asked for
 * - `gone`: it says that it does not know it any more, or cannot do it
 */
export type RungOutcome = "held" | "gone";

/** Where a conversation begins, and where an outcome leads. A missing edge cannot be climbed. */
export const ladder = {
  reactivate: { held: "attached", gone: "transfer" },
  transfer: { held: "attached", gone: "create" },
  create: { held: "attached" },
} as const satisfies Record<Rung, Partial<Record<RungOutcome, Rung | "attached">>>;

/** What a resume point says that matters for the choice of the first rung. */
export interface BreakFacts {
  /** A subscription was left alive in the server. */
  readonly subscription: boolean;
  /** A session was left open in the server, and we can prove that it was ours. */
  readonly session: boolean;
  /** The tags or their settings are not those that the subscription was made for. */
  readonly itemsChanged: boolean;
}

/** The rung to begin with. */
export function firstRung(facts: BreakFacts): Rung {
  if (!facts.subscription || facts.itemsChanged) return "create";
  return facts.session ? "reactivate" : "transfer";
}

/** For the log and the note: which rung held, in words. */
export const rungWords: Readonly<Record<Rung, string>> = {
  reactivate: "session reactivated, subscription kept",
  transfer: "subscription taken over by a new session",
  create: "subscription made anew",
};

/**
 * Status names that mean "try the next rung"; any other failure ends the attempt and is tried again later, because
 * going on would give up a subscription that may still be alive.
 */
const goneNames = new Set([
  "BadSessionIdInvalid",
  "BadSessionClosed",
  "BadSessionNotActivated",
  "BadSecureChannelIdInvalid",
  "BadNonceInvalid",
  "BadApplicationSignatureInvalid",
  "BadIdentityChangeNotSupported",
  "BadIdentityTokenInvalid",
  "BadIdentityTokenRejected",
  "BadUserSignatureInvalid",
  "BadUserAccessDenied",
  "BadSubscriptionIdInvalid",
  "BadNoSubscription",
  "BadServiceUnsupported",
  "BadNotImplemented",
  "BadNotSupported",
  "BadNotFound",
  "BadSecurityChecksFailed",
]);

export function meansGone(statusName: string): boolean {
  return goneNames.has(statusName);
}
