/** What people see of the time line of a gateway: the door of `time-line/` for pages and API. Types only. */
import type { EndOfRun, LossReason } from "@millwright/wire-contract";

/** `heard`: beats come, also when it is behind. `sleeping`: it said that it stops. `hub away`: nobody was there to hear it. */
export type HearingState = "heard" | "silent" | "sleeping" | "hub away";

/** How the hub heard of it for a time, by the hub's clock. */
export interface HearingEntry {
  readonly kind: "hearing";
  readonly state: HearingState;
  readonly fromUs: number;
  /** Absent while it lasts. */
  readonly toUs?: number;
}

/** It was started, by the clock of the gateway. */
export interface StartEntry {
  readonly kind: "start";
  readonly fromUs: number;
  /** How the run before had ended; absent where it has not said, as before its first start. */
  readonly after?: EndOfRun;
}

/** It began to use another list of tags, by the clock of the gateway. */
export interface ConfigurationEntry {
  readonly kind: "configuration";
  readonly fromUs: number;
}

/** Entries of the ledger of one reason that lie close to each other, by the clock of the gateway. */
export interface LossEntry {
  readonly kind: "loss";
  readonly reason: LossReason;
  readonly fromUs: number;
  readonly toUs: number;
  readonly entries: number;
  /** Claimed by those whose count is known. */
  readonly samples: number;
  /** Entries of which nobody counted how many samples. */
  readonly uncounted: number;
}

/** More alarms came than a person can take in (ANSI/ISA-18.2, more than ten in ten minutes), by the clock of the gateway. */
export interface AlarmPeakEntry {
  readonly kind: "alarm peak";
  readonly fromUs: number;
  readonly toUs: number;
  /** Alarms that came in that time. */
  readonly alarms: number;
}

export type TimeLineEntry =
  HearingEntry | StartEntry | ConfigurationEntry | LossEntry | AlarmPeakEntry;

/** `GET /api/gateways/:gateway/time-line`. */
export interface TimeLine {
  readonly fromUs: number;
  readonly toUs: number;
  /** By their begin, the oldest first. */
  readonly entries: readonly TimeLineEntry[];
  /** Before it the hub has noted nothing of when the gateway was heard; absent where it has. */
  readonly heardFromUs?: number;
  /** Before it something is left out, because there is too much of it; absent where nothing is. */
  readonly wholeFromUs?: number;
}
