/** What detection sees, what models tell it, and what it tells rules, alarms and screens. */
import type {
  Contribution,
  EpisodeEvent,
  OperatingState,
  Verdict,
} from "@millwright/wire-contract/events";

/** What rules, alarms and screens are told of detection. */
export interface EpisodeDesk {
  /** Assets that the settings declare; undefined for any other. */
  health(asset: string): AssetHealth | undefined;
  assets(): readonly AssetHealth[];
  /** Those that last: of an asset one for each cause. */
  episodes(): readonly Episode[];
  /**
   * The verdict of a person on an episode, which becomes a label record. Both are on disk when it resolves.
   *
   * @returns undefined when there is no such episode
   */
  judge(
    episode: string,
    verdict: Verdict,
    person: string,
    failureMode: string,
  ): Promise<Episode | undefined>;
  /** A repair, a sensor change or a calibration: what was learnt of the asset is learnt anew. On disk when it resolves. */
  resetBaselines(
    asset: string,
    reason: "repair" | "sensor-change" | "calibration",
    person: string,
    note: string,
  ): Promise<void>;
  /** Called when an episode began, grew, ended or was judged, and when a state changed. Returns what takes the call back. */
  onChanged(listener: (asset: string) => void): () => void;
}

/** One episode as it stands: the newest of its events. */
export interface Episode {
  /** Permanent, "E-" and a number; the subject of its events. */
  readonly id: string;
  readonly asset: string;
  readonly event: EpisodeEvent;
}

/** What detect knows of one asset now. */
export interface AssetHealth {
  readonly state: AssetState;
  /** Highest score over its limit among all levels, smoothed by nothing: 1 is where an episode would begin. 0 when nothing can be judged. */
  readonly score: number;
  /** Share of the learning that is done, 0..1: before 1 statistics do not judge. */
  readonly learnt: number;
  /** The newest of the episodes that last, if any. */
  readonly episode?: Episode;
}

/** What an asset is doing, and whether limits and learning that name the state hold yet (field practice 58). */
interface AssetState {
  /** As tags name it. */
  readonly asset: string;
  /** `unknown`: what tells it has not been read yet, is bad, or is a value that the settings do not name. */
  readonly state: OperatingState | "unknown";
  readonly sinceUs: number;
  /** The settling time after the change has passed; until then nothing is judged and nothing is learnt. */
  readonly settled: boolean;
}

/** Where results of models come in: the same fusion makes episodes of them as of limits and statistics. */
export interface DetectionFeed {
  /**
   * One window of one detector was judged. Costs nothing while the score is low.
   *
   * @param detector bundle with its version: "bearing-health 1.2.0"
   * @param score over its own limit: at 1 it is abnormal; NaN when it could not be judged, which ends nothing
   * @param contributions the tags that have most to do with it, at most 8; looked at from 0.6 on
   */
  scored(
    asset: string,
    detector: string,
    atUs: number,
    score: number,
    contributions: readonly Contribution[],
  ): void;
}
