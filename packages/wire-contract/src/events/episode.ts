/** What the values did (detection levels 1 to 3). */
export type EpisodeClass = "spike" | "drift" | "oscillation" | "flat-line" | "missing" | "pattern";

/** Who saw it: a limit or other plain rule, a robust statistic, a model. */
export type DetectionLevel = "limit" | "statistic" | "model";

export type Verdict = "open" | "confirmed" | "false" | "unknown";

/** How much one tag has to do with an episode. */
export interface Contribution {
  readonly tag: string;
  /** 0..1; all of an episode add up to 1. */
  readonly share: number;
  /** At the peak, in the unit of the tag. NaN is written as null. */
  readonly actual: number | null;
  readonly expected: number | null;
  /** Half width of the expected band, same unit. */
  readonly within: number | null;
}

/** One stretch of abnormal behaviour of an asset. Told when it begins, at its peak's growth, at its end and at a verdict: the newest event of an id holds. */
export interface EpisodeEvent {
  readonly what: "began" | "grew" | "ended" | "verdict";
  readonly beginUs: number;
  readonly peakUs: number;
  /** Absent while it lasts. */
  readonly endUs?: number;
  /** Score over its own limit: 1 is where it begins. */
  readonly score: number;
  /** 0..1, for order on a screen. */
  readonly severity: number;
  readonly class: EpisodeClass;
  readonly levels: readonly DetectionLevel[];
  readonly contributions: readonly Contribution[];
  /** Detector or bundle, with its version: "bearing-health 1.2.0". */
  readonly detectors: readonly string[];
  readonly verdict: Verdict;
  readonly person?: string;
}

/** What somebody knows of a stretch of time: teaches and judges detectors (field practice 79). */
export interface LabelEvent {
  readonly fromUs: number;
  readonly toUs: number;
  readonly label: "fault" | "no-fault" | "unknown";
  readonly failureMode: string;
  readonly author: string;
  /** 0..1 */
  readonly sureness: number;
  /** "episode" when it is the verdict on one, "chart" when a range was marked, "work" when a repair found it. */
  readonly source: "episode" | "chart" | "work";
  readonly episode?: string;
}
