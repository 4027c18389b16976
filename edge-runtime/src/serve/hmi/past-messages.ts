/** What the HMI says of what devices keep of their own past, in English. */
import { createVoice, english, type Say, type SayCount, type Voice } from "@millwright/ui-kit";

const texts = {
  title: "In the history of the device",
  "offer.one": "{from} to {to}: {why}. The device keeps a history of {names}.",
  "offer.other": "{from} to {to}: {why}. The devices keep a history of {names}.",
  more: "{shown} of {count} are listed. Show less time to see the others.",
  ask: "Read from the device",
  question: "Read {from} to {to} from the device? Its live values go on meanwhile.",
  back: "Back",
  confirm: "Yes, read it",
  "sign-in": "Sign in to have it read",
  fetching:
    "Reading {from} to {to} from the device: {percent} %, {samples} samples so far, for {person}.",
  done: "{from} to {to}: {samples} samples were read from the device for {person}.",
  less: "The device gave less than all of {names}.",
  "broken-off": "{from} to {to}: broken off after {samples} samples: {why}.",
  cancelled: "{from} to {to}: cancelled after {samples} samples.",
  cancel: "Cancel",
  "no-answer": "The gateway did not answer. Look at the list before you try again.",
} as const;

type PastText = keyof typeof texts;

const voice: Voice<PastText> = createVoice({ language: english, texts });
export const sayPast: Say<PastText> = voice.say;
export const sayPastCount: SayCount<PastText> = voice.sayCount;
