export type BundleRole = "live" | "shadow" | "canary";

/** What happened to a bundle on this gateway. */
export interface ModelEvent {
  readonly what:
    "loaded" | "refused" | "swapped" | "returned" | "stopped" | "crashed" | "drifting" | "steady";
  readonly bundle: string;
  readonly version: string;
  readonly role: BundleRole;
  /** Why, and what to do; names tensor, tag or file. */
  readonly reason: string;
  /** Windows that were not scored because of it. */
  readonly windowsLost?: number;
}
