export type BundleRole = "live" | "shadow" | "canary";

/**
 * What happened to a bundle on this gateway.
 *
 * - `loaded`, `refused`: when it was to be taken into service
 * - `swapped`: another content of the same folder has taken over; `returned`: the version before has
 * - `stopped`: it is run no more; `crashed`: it ended the detect host, or ran when it ended
 * - `drifting`, `steady`: inputs or scores have left, or are back in, what it was trained on
 * - `outside`, `inside`: an input has left its trained range, so windows are not scored; it is back
 * - `compared`, `disagreed`: a shadow against the bundle in service of the same asset
 */
export interface ModelEvent {
  readonly what:
    | "loaded"
    | "refused"
    | "swapped"
    | "returned"
    | "stopped"
    | "crashed"
    | "drifting"
    | "steady"
    | "outside"
    | "inside"
    | "compared"
    | "disagreed";
  /** "" when the whole detect host is meant. */
  readonly bundle: string;
  readonly version: string;
  readonly role: BundleRole;
  /** Why, and what to do; names tensor, tag or file. */
  readonly reason: string;
  /** Windows that were not scored because of it. */
  readonly windowsLost?: number;
  /** Of `loaded` and `swapped`: the assets that it watches. */
  readonly assets?: readonly string[];
  /** Of `drifting` and `steady`: tags of the inputs that drift, with the population stability index of each. */
  readonly drift?: readonly ModelDrift[];
  readonly comparison?: ModelComparison;
}

export interface ModelDrift {
  /** "" for the scores of the model. */
  readonly tag: string;
  /** Below 0.1 the same population, above 0.25 another one. */
  readonly index: number;
}

/** Windows that both have judged since the last `compared`, or in one disagreement. */
export interface ModelComparison {
  /** Version in service. */
  readonly against: string;
  readonly fromUs: number;
  readonly toUs: number;
  readonly windows: number;
  /** Of them: both normal, or both not. */
  readonly agreed: number;
}
