/** What times that are laid over each other say, in English. It comes with the screen of charts. */
import { createVoice, english, type Say, type SayCount, type Voice } from "@millwright/ui-kit";

const texts = {
  "rule.label": "From the beginning of",
  "rule.none": "choose an event",
  "rule.alarm.one": "alarm {message} ({count} time)",
  "rule.alarm.other": "alarm {message} ({count} times)",
  "rule.episode.one": "episode {class} ({count} time)",
  "rule.episode.other": "episodes {class} ({count} times)",
  "rule.above": "value above a limit",
  "rule.below": "value below a limit",
  "rule.gone": "{what}, not in the time shown",
  "limit.label": "Limit, {unit}",
  "limit.label.no-unit": "Limit",
  "least.label": "For at least",
  "least.0": "any time",
  "length.label": "Shown from the beginning on",
  "length.15min": "15 min",
  "length.1h": "1 h",
  "length.8h": "8 h",
  "length.24h": "24 h",
  choose: "Which times are to be laid over each other?",
  "choose.what":
    "Choose an alarm or an episode of this machine that began in the time shown, or a limit that the value went over. Each time has a line from a quarter before its beginning on.",
  failed: "The events of this time could not be read.",
  none: "{what} did not begin in the time shown",
  "none.what": "Choose a longer time, or another event.",
  "none.limit":
    "The value was not {side} {limit} for so long in the time shown. A time that began before it, or in a gap, has no beginning to lay it by.",
  "told.one": "{what}: {count} time from {from} to {to}.",
  "told.other": "{what}: {count} times from {from} to {to}.",
  "told.last": "The last {most} of them are shown.",
  "told.older": "Older ones are not known here; choose a shorter time to see them.",
  "told.step":
    "Looked for in steps of {step}: shorter times within a step may be missed. The beginnings are exact where samples are kept.",
  "what.alarm": "Alarm {message}",
  "what.episode": "Episode {class}",
  "what.above": "Above {limit}",
  "what.below": "Below {limit}",
  "what.above.for": "Above {limit} for {time}",
  "what.below.for": "Below {limit} for {time}",
  "side.above": "above",
  "side.below": "below",
  "no-value": "no value",
  lasted: "lasted {time}",
  lasts: "lasts still, or its end is not known",
  "read.at": "Values {time} from the beginning",
  "read.begin": "Values at the beginning",
  legend: "Times shown, the newest last",
  "table.show": "Show as a table",
  "table.save": "Save all as CSV",
  "table.time": "From the beginning",
} as const;

export type WindowText = keyof typeof texts;

const voice: Voice<WindowText> = createVoice({ language: english, texts });
export const sayWindow: Say<WindowText> = voice.say;
export const sayWindowCount: SayCount<WindowText> = voice.sayCount;
