import type { AlarmNote, AlarmPriority } from "./alarm.ts";
import type { EpisodeClass } from "./episode.ts";

/** An alarm, from its condition's coming until it went or was hidden, on the time axis of a chart. */
export interface AlarmMark {
  readonly kind: "alarm";
  /** Of the alarm; with `fromUs` the identity of this occurrence. */
  readonly id: string;
  readonly asset: string;
  readonly fromUs: number;
  /** Absent where it lasts longer than what was asked for. */
  readonly toUs?: number;
  readonly priority: AlarmPriority;
  readonly message: string;
  /** What people wrote about this occurrence, the oldest first; left out where nobody did. */
  readonly notes?: readonly AlarmNote[];
}

/** An episode on the time axis of a chart. */
export interface EpisodeMark {
  readonly kind: "episode";
  readonly id: string;
  readonly asset: string;
  readonly fromUs: number;
  /** Absent where it lasts longer than what was asked for. */
  readonly toUs?: number;
  readonly class: EpisodeClass;
}

export type TimeMark = AlarmMark | EpisodeMark;

/** What both servers answer of a time; µs since 1970 UTC. */
export interface TimeMarks {
  /** By their begin, the oldest first. */
  readonly marks: readonly TimeMark[];
  /** Older ones in the time asked for, which the answer has no room for. */
  readonly more: number;
  /** Present where more happened than is looked through: before it, some are missing. */
  readonly knownFromUs?: number;
}
