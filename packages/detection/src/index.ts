export { AlarmBudget } from "./budget.ts";
export { Detector, type AssetStatus, type DetectorListener } from "./detector.ts";
export type { EpisodeBody } from "./episode-track.ts";
export type { KnownState } from "./operating-state.ts";
export type { StateSource, WatchedAsset, WatchedTag, WatchPlan } from "./plan.ts";
export {
  joinTracks,
  parseSaved,
  parseTrack,
  parseTracks,
  type SavedDetection,
  type SavedTrack,
  type SavedTracks,
} from "./saved.ts";
