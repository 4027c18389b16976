import type { OperatingState } from "@millwright/wire-contract/events";

/** What is watched: settings joined with the dictionary. */
export interface WatchPlan {
  readonly assets: readonly WatchedAsset[];
  /** So many episodes a day are bearable, on all assets together. */
  readonly episodesPerDayMax: number;
  /** Normal time in its states that an asset needs before its statistics judge, s. */
  readonly learnS: number;
}

export interface WatchedAsset {
  readonly id: string;
  readonly tags: readonly WatchedTag[];
  /** In these anything is judged and learnt; each has baselines of its own. */
  readonly states: readonly OperatingState[];
  /** Absent: it is always running. */
  readonly state?: StateSource;
  /** Dictionary indices of setpoints: when one moves, what was learnt holds no longer. */
  readonly setpoints: readonly number[];
}

export interface WatchedTag {
  /** Dictionary index. */
  readonly tag: number;
  readonly id: string;
  /** The longest time between two proofs that a value still holds, in health, s. */
  readonly expectedS: number;
  /** High less low of its normal range; NaN where none is stated. */
  readonly range: number;
  /** Whether statistics learn it; limits and missing data are watched in any case. */
  readonly learnt: boolean;
  /** Place in the asset of a tag that this one is judged against, as a temperature against that of the hall; -1 for none. */
  readonly relativeTo: number;
  /** NaN where there is none. */
  readonly low: number;
  readonly high: number;
  readonly perSecondMax: number;
}

/** What tells the operating state: the number of a tag, or a quantity above a limit. */
export interface StateSource {
  readonly tag: number;
  readonly values?: ReadonlyMap<number, OperatingState>;
  readonly above?: number;
  /** As of a watched tag. */
  readonly expectedS: number;
  readonly settleS: number;
}
