/** How the node is, for the gateway's page. Counts are samples since it was configured, unless said otherwise. */
export interface PublishState {
  /** "group/node" */
  readonly node: string;
  readonly url: string;
  readonly primaryHost?: string;
  readonly state: "connecting" | "waiting-for-host" | "catching-up" | "live";
  readonly sinceUs: number;
  /** Why the broker cannot be reached; "" when it can. */
  readonly why: string;
  /** What a person may do about it; "" where there is nothing to do. */
  readonly hint: string;
  /** Published tags. */
  readonly tags: number;
  readonly owed: number;
  readonly delivered: number;
  /** Not told in time, or let go by the journal before they could be. */
  readonly lost: number;
  readonly waiting: number;
  /** Births that somebody asked for since the start. */
  readonly rebirths: number;
  /** Metrics that somebody wanted to write since the start. */
  readonly refusedWrites: number;
}
