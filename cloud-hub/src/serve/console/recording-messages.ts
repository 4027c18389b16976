/** What recordings say, in English. It comes with the screens that show them. */
import { createVoice, english, type Say, type SayCount, type Voice } from "@millwright/ui-kit";

const texts = {
  title: "Recordings",
  open: "Record in full …",
  "form.what":
    "A recording brings every sample of these values to the hub, for training for example, whatever is left out of what it is told otherwise.",
  "form.values.one": "{gateway}, {count} value: {names}",
  "form.values.other": "{gateway}, {count} values: {names}",
  "form.of": "Values of",
  "form.of.all": "the whole gateway ({count})",
  "form.of.asset": "{asset} ({count})",
  "form.begins": "Begins",
  "form.begins.now": "now",
  "form.begins.at": "at a time",
  "form.begins.time": "Begins at",
  "form.lasts": "For",
  "form.until": "It ends {to}.",
  "form.past": "What is measured already is brought as far as the gateway still has it.",
  "form.no-time": "Say at which time it begins.",
  "form.over": "That time is over. Choose a later beginning, or a longer time.",
  "form.order.one": "Record {count} value",
  "form.order.other": "Record {count} values",
  "form.close": "Close",
  "amount.all": "About {samples} samples, going by the last 2 h.",
  "amount.part":
    "About {samples} samples of {known} of the {values} values, going by the last 2 h; how often the rest comes is not known.",
  "amount.none":
    "How many samples it will be is not known: too little came of these values in the last 2 h.",
  "amount.many": "How many samples it will be is reckoned for up to {most} values only.",
  "amount.reading": "How many samples it will be is being read.",
  "form.ordered.one": "{count} recording is ordered; below stands how far it is.",
  "form.ordered.other": "{count} recordings are ordered; below stands how far they are.",
  "form.refused": "{gateway}: nothing was ordered, {why}.",
  "form.unreachable":
    "{gateway}: the hub did not say whether it was ordered. The list below says it as soon as the hub answers; if it is not there, press once more.",
  failed: "The hub did not say which recordings there are.",
  none: "No recording was ordered of this gateway.",
  "one.one": "{count} value, {from} to {to}: {how}",
  "one.other": "{count} values, {from} to {to}: {how}",
  asked: "waits for the gateway to take it.",
  before: "the gateway has it, and begins in {time}.",
  earlier: "runs; what was measured before the gateway had the order is being brought.",
  runs: "runs, {percent} %, {time} to go.",
  ends: "its time is over; what is still on its way is stored and compared.",
  same: "recorded, both sides hold the same {samples} samples.",
  "same-noted": "recorded, both sides hold the same {samples} samples; {why}.",
  differs:
    "recorded, but the gateway holds {gateway} samples and the hub {hub}. Show it, and repair what is missing.",
  refused: "refused, {why}.",
  cancelled: "cancelled; what came before is kept.",
  cancel: "Cancel",
  "cancel.reads": "Cancel the recording of {from} to {to}",
  "cancel.refused": "It was not cancelled: {why}.",
  "cancel.unreachable":
    "The hub did not say whether it was cancelled. The list says it as soon as the hub answers.",
  show: "Show",
  "show.reads": "Show {from} to {to} in a chart",
  file: "Parquet",
  "file.reads": "Parquet of {from} to {to}",
} as const;

export type RecordingText = keyof typeof texts;

const voice: Voice<RecordingText> = createVoice({ language: english, texts });
export const sayRecording: Say<RecordingText> = voice.say;
export const sayRecordingCount: SayCount<RecordingText> = voice.sayCount;
