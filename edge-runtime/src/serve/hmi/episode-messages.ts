/** What the HMI says of operating states and episodes, in English. */
import { createVoice, english, type Say, type SayCount, type Voice } from "@millwright/ui-kit";

const texts = {
  "state.off": "Stopped",
  "state.starting": "Starting",
  "state.running": "Running",
  "state.changeover": "Changeover",
  "state.cleaning": "Cleaning",
  "state.maintenance": "Maintenance",
  "state.unknown": "State unknown",
  "state.since": "{state} since {time}",
  "score.label": "Anomaly score",
  "score.reads": "anomaly score {score}, an episode begins at 1",
  "score.learning": "learning what is normal, {share} %",
  "score.most": "over 99",
  anomaly: "Anomaly since {time}",
  "anomaly.short": "Anomaly",
  title: "Episodes",
  none: "No episode of {asset} is kept",
  "none.what":
    "An episode is a stretch of time in which values were not as they usually are. It stands here from its begin on.",
  failed: "The episodes could not be read.",
  lasts: "since {time}",
  ended: "{from} to {to}",
  "class.spike": "Spike",
  "class.drift": "Drift",
  "class.oscillation": "Oscillation",
  "class.flat-line": "Flat line",
  "class.missing": "Missing data",
  "class.pattern": "Unusual pattern",
  "level.limit": "limit",
  "level.statistic": "statistics",
  "level.model": "model",
  "seen.by": "Seen by {levels}: {detectors}",
  "episode.score": "{score} times the limit",
  "why.title": "Why: the values that contribute most",
  "why.share": "{share} % of it",
  "why.band": "expected {low} to {high}, at the peak {actual}",
  "why.missing": "no value came",
  "why.actual": "at the peak {actual}",
  "why.more.one": "and {count} more value",
  "why.more.other": "and {count} more values",
  "beside.older":
    "It goes on, and had not grown for an hour when other values became unusual. Those are a newer episode.",
  "beside.newer": "An older episode of this machine goes on. This one is about other values.",
  "episode.trend": "Trends from 10 min before",
  "verdict.ask": "Give a verdict",
  "verdict.change": "Change the verdict",
  "verdict.question": "Was something wrong?",
  "verdict.back": "Not now",
  "verdict.confirmed": "Yes, confirmed",
  "verdict.false": "No, all was normal",
  "verdict.unknown": "Nobody knows",
  "verdict.is.open": "No verdict yet",
  "verdict.is.confirmed": "Confirmed by {person}",
  "verdict.is.false": "False, says {person}",
  "verdict.is.unknown": "Unknown, says {person}",
  "verdict.sending": "Sending",
  "verdict.refused": "Not done: {reason}",
  "verdict.no-answer": "The gateway did not answer. Look at the verdict before you try again.",
  "sign-in": "Sign in to give a verdict",
  "anew.ask": "Repaired or sensor changed",
  "anew.question": "What is normal is learnt anew. What was done?",
  "anew.repair": "Repair",
  "anew.sensor-change": "Sensor change",
  "anew.calibration": "Calibration",
} as const;

export type EpisodeText = keyof typeof texts;

const voice: Voice<EpisodeText> = createVoice({ language: english, texts });
export const sayEpisode: Say<EpisodeText> = voice.say;
/** How many times the limit: past a hundred, how much more says nothing more. */
export function scoreWords(score: number, decimals: number): string {
  return score > 99 ? sayEpisode("score.most") : score.toFixed(decimals);
}
export const sayEpisodeCount: SayCount<EpisodeText> = voice.sayCount;
